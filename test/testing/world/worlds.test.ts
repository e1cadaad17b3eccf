/** Several simulated worlds: on one store, and on one clock. */
import { describe, expect, test } from 'vitest'
import { createMachine } from 'xstate'
import { defineEntryPoint, fromStep } from '../../../src/index.js'
import { memoryStore } from '../../../src/memory.js'
import { createTestRuntime, delayed, returns, SimulatedClock } from '../../../src/testing/index.js'

const reminder = createMachine({
  id: 'reminder',
  initial: 'quiet',
  states: { quiet: { after: { 1_000: 'over' } }, over: { type: 'final' } },
})
const reminders = defineEntryPoint({ id: 'reminders', program: reminder })
const jobs = defineEntryPoint({ id: 'jobs', program: fromStep<string>(() => 'for real') })

describe('worlds on one store', () => {
  test('give out no id twice, at the same time or one after the other', async () => {
    const store = memoryStore()
    const clock = new SimulatedClock()
    const one = createTestRuntime({ entryPoints: [reminders], store, clock, id: 'one' })
    const two = createTestRuntime({ entryPoints: [reminders], store, clock, id: 'two' })
    const [first, second] = await Promise.all([one.trigger('reminders'), two.trigger('reminders')])
    expect([first.id, second.id]).toEqual(['execution-1', 'execution-2'])
    const owners = await store.owners()
    expect(owners.map(({ id }) => id).toSorted()).toEqual(['one', 'two'])
    expect(new Set(owners.map(({ key }) => key)).size).toBe(2)
    await Promise.all([first.result(), second.result()])
    await one.stop()
    await two.stop()
    const later = createTestRuntime({ entryPoints: [reminders], store })
    const third = await later.trigger('reminders')
    expect([third.id, await third.result()]).toEqual(['execution-3', { status: 'completed' }])
    await later.stop()
  })

  test('take over from each other what a dead one held', async () => {
    const store = memoryStore()
    const clock = new SimulatedClock()
    const one = createTestRuntime({ entryPoints: [jobs], store, clock, id: 'one' })
    one.mock('jobs', delayed(60_000, returns('by the first')))
    const { id } = await one.trigger('jobs')
    await one.settle()
    one.crash()
    const two = createTestRuntime({ entryPoints: [jobs], store, clock, id: 'two' })
    two.mock('jobs', delayed(1_000, returns('by the second')))
    expect(await two.execution(id).result()).toEqual({ status: 'completed', output: 'by the second' })
    await two.stop()
  })

  test('are two owners also where each opens the store in its own way, and a taken id is refused', async () => {
    const shared = memoryStore()
    const clock = new SimulatedClock()
    const open = () => createTestRuntime({ entryPoints: [reminders], store: () => ({ ...shared }), clock })
    const [one, two] = [open(), open()]
    const first = await one.trigger('reminders')
    await expect(two.trigger('reminders')).rejects.toMatchObject({ code: 'duplicate_execution', details: { id: first.id } })
    const second = await two.trigger('reminders', undefined, { id: 'second' })
    expect(new Set((await one.store.owners()).map(({ key }) => key)).size).toBe(2)
    expect((await one.store.load(first.id))?.owner).not.toBe((await one.store.load(second.id))?.owner)
  })

  test('of the same name are refused while the other one lives', async () => {
    const store = memoryStore()
    const one = createTestRuntime({ entryPoints: [jobs], store, id: 'same' })
    const two = createTestRuntime({ entryPoints: [jobs], store, id: 'same' })
    await one.start()
    await expect(two.start()).rejects.toMatchObject({ code: 'owner_in_use' })
    await one.stop()
    await two.start()
    await two.stop()
  })
})

describe('time that passes for several reasons at once', () => {
  test('passes as far as each of them asks, and no call is refused because another one was faster', async () => {
    const world = createTestRuntime({ entryPoints: [reminders] })
    const began = world.clock.now()
    const execution = await world.trigger('reminders')
    const [outcome] = await Promise.all([
      execution.result(),
      world.advance(500),
      world.advanceTo(began + 1_500),
      world.runToIdle(),
    ])
    expect([outcome, world.clock.now() - began]).toEqual([{ status: 'completed' }, 1_500])
    await world.stop()
  })

  test('passes on a shared clock for all worlds, each timer at its own time', async () => {
    const clock = new SimulatedClock(0)
    const one = createTestRuntime({ entryPoints: [reminders], clock })
    const two = createTestRuntime({ entryPoints: [{ ...reminders, id: 'others' }], clock })
    const [first, second] = [await one.trigger('reminders'), await two.trigger('others')]
    await Promise.all([first.result(), one.advance(3_000)])
    await two.settle()
    expect(await second.get()).toMatchObject({ status: 'completed', updatedAt: 1_000 })
    await one.stop()
    await two.stop()
  })

  test('does not pass for the stop of a process that is killed before it has stopped', async () => {
    const world = createTestRuntime({ entryPoints: [reminders, jobs] })
    const before = world.clock.now()
    world.hold('jobs', { heedsSignal: false })
    const [waiting] = [await world.trigger('reminders'), await world.trigger('jobs')]
    const deploy = world.redeploy()
    world.crash()
    await deploy
    await world.settle()
    await new Promise((resolve) => setImmediate(resolve))
    expect([world.clock.now() - before, await waiting.get()]).toMatchObject([0, { status: 'waiting' }])
    world.crash()
  })

  test.each([0, -1, 0.5, Number.NaN])('a limit of %d instants is refused, before anything moves', async (limit) => {
    const world = createTestRuntime({ entryPoints: [reminders] })
    await expect(world.runToIdle({ limit })).rejects.toMatchObject({ code: 'invalid_option' })
    for (const ms of ['5', null] as unknown as number[])
      await expect(world.advance(ms)).rejects.toMatchObject({ code: 'invalid_option' })
  })
})
