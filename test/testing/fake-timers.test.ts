/** A test suite that fakes the timers can use the kit all the same, and let a real runtime's time pass by its test runner. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { createMachine } from 'xstate'
import { createRuntime, defineEntryPoint, fromStep } from 'stateward'
import { memoryStore } from 'stateward/memory'
import { createTestRuntime, exploreCrashes, hangs } from 'stateward/testing'

const machine = createMachine({
  id: 'reminder',
  initial: 'quiet',
  states: { quiet: { after: { 60_000: 'reminded' } }, reminded: { type: 'final' } },
})
const reminders = defineEntryPoint({ id: 'reminders', program: machine })
const steps = defineEntryPoint({ id: 'steps', program: fromStep(() => Promise.resolve('for real')) })

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

describe('the kit, under faked timers', () => {
  test('lets simulated time pass', async () => {
    const world = createTestRuntime({ entryPoints: [reminders] })
    const execution = await world.trigger('reminders')
    await world.advance(60_000)
    expect(await execution.get()).toMatchObject({ status: 'completed' })
    await world.stop()
  })

  test('runs steps, mocked or not', async () => {
    const world = createTestRuntime({ entryPoints: [steps] })
    expect(await (await world.trigger('steps')).result()).toMatchObject({ output: 'for real' })
    world.mock('steps', () => 'mocked')
    expect(await (await world.trigger('steps')).result()).toMatchObject({ output: 'mocked' })
    await world.stop()
  })

  test('explores', async () => {
    const report = await exploreCrashes(reminders, async (world) => {
      await world.trigger('reminders')
      await world.runToIdle()
    })
    expect(report.failures).toEqual([])
  })

  test('still tells what is awaited in vain', async () => {
    const world = createTestRuntime({ entryPoints: [steps] })
    world.mock('steps', hangs())
    await expect((await world.trigger('steps')).result()).rejects.toMatchObject({ code: 'stuck' })
    await world.stop()
  })
})

describe('a real runtime, under faked timers', () => {
  test('starts and answers without any time passing', async () => {
    const runtime = createRuntime({ store: memoryStore(), entryPoints: [reminders, steps] })
    await runtime.start()
    const execution = await runtime.trigger('reminders')
    expect(await (await runtime.trigger('steps')).result()).toMatchObject({ output: 'for real' })
    expect(await execution.get()).toMatchObject({ status: 'waiting' })
    await runtime.stop()
  })

  test('goes on as its test runner lets time pass', async () => {
    const runtime = createRuntime({ store: memoryStore(), entryPoints: [reminders] })
    await runtime.start()
    const execution = await runtime.trigger('reminders')
    await vi.advanceTimersByTimeAsync(59_000)
    expect(await execution.get()).toMatchObject({ status: 'waiting' })
    // it is out of memory by now, and looked for every 500 ms
    await vi.advanceTimersByTimeAsync(1_500)
    expect(await execution.result({ timeout: 0 })).toMatchObject({ status: 'completed' })
    await runtime.stop()
  })
})
