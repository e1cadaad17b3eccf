/** The limits of an execution in time. */
import { describe, expect, test } from 'vitest'
import { dueAt, ExecutionDeadlines } from '../../../src/actors/execution/execution-deadlines.js'
import type { Limits } from '../../../src/events/execution-events.js'
import { WallClock } from '../../../src/wall-clock.js'
import { SimulatedClock } from '../../../src/testing/clock/simulated-clock.js'

describe('the clocks of an execution', () => {
  function clocks(then: (what: string) => void = () => undefined) {
    const clock = new SimulatedClock(0)
    const told: string[] = []
    const note = (what: string) => {
      told.push(`${what} ${clock.now()}`)
      then(what)
    }
    return { clock, told, made: new ExecutionDeadlines(new WallClock(clock), { reached: note, idle: () => note('idle') }) }
  }
  const limits: Limits = { retryAt: 50, stopBy: 30, queueUntil: 10, timeoutAt: 20, deadlineAt: 40 }

  test('tell each limit at its time', async () => {
    const { clock, told, made } = clocks()
    made.set(limits)
    await clock.advance(100)
    expect(told).toEqual(['queueTimeout 10', 'timeout 20', 'stop 30', 'deadline 40', 'retry 50'])
  })

  test('tell of those that meet the one that weighs most', async () => {
    const { clock, told, made } = clocks()
    made.set({ retryAt: 5, queueUntil: 5, timeoutAt: 5, deadlineAt: 5 })
    await clock.advance(10)
    expect(told).toEqual(['deadline 5'])
  })

  test('go by the limits that are set when one is reached, and by none once they are cleared', async () => {
    const { clock, told, made } = clocks((what) => what === 'queueTimeout' && made.set({ deadlineAt: 70 }))
    made.set(limits)
    await clock.advance(60)
    made.leaveAfter(5)
    made.stay()
    made.leaveAfter(8)
    await clock.advance(9)
    made.leaveAfter(1)
    made.clear()
    await clock.advance(100)
    expect(told).toEqual(['queueTimeout 10', 'idle 68'])
  })

  test('wake a stored execution by what counts in its status', () => {
    const at = (status: Parameters<typeof dueAt>[0], timer?: number) => dueAt(status, limits, timer)
    expect([at('queued', 1), at('running', 1), at('waiting', 1), at('paused', 1)]).toEqual([10, 20, 1, 40])
    expect(dueAt('running', {}, undefined)).toBeNull()
  })
})
