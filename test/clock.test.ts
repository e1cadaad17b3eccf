/** The machine's clock, with the timers of Node that it is made of. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { systemClock } from '../src/clock.js'

const day = 86_400_000

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance', 'Date'] }))
afterEach(() => void vi.useRealTimers())

test.each([1, 24, 25, 60, 400])('a timer of %i days comes when they have passed, and once', async (days) => {
  const came: number[] = []
  const begun = systemClock.now()
  systemClock.setTimeout(() => came.push(systemClock.now() - begun), days * day)
  await vi.advanceTimersByTimeAsync(days * day - 1)
  expect(came).toEqual([])
  await vi.advanceTimersByTimeAsync(day)
  expect(came).toEqual([days * day])
})

test('a timer of 60 days that is cleared after 30 does not come', async () => {
  const came: string[] = []
  const timer = systemClock.setTimeout(() => came.push('it came'), 60 * day)
  await vi.advanceTimersByTimeAsync(30 * day)
  systemClock.clearTimeout(timer)
  await vi.advanceTimersByTimeAsync(100 * day)
  expect(came).toEqual([])
})
