/** A store that does what it is told, and whose answer does not arrive, or not as it was: nothing is stuck, nothing is done twice. */
import { describe, expect, test } from 'vitest'
import { assign, setup } from 'xstate'
import { defineEntryPoint } from '../../src/index.js'
import { memoryStore } from '../../src/persistence/memory/memory-store.js'
import { SimulatedClock } from '../../src/testing/clock/simulated-clock.js'
import { faultyStore } from '../../src/testing/store/faulty-store.js'
import { begin } from '../support/begin.js'
import { eventually, turns } from '../support/eventually.js'
import { StepsInFlight } from '../support/steps-in-flight.js'
import { ends } from '../support/journal.js'
import { approval, worker } from '../support/programs.js'

const settled = () => turns(30)

const patient = setup({
  types: { context: {} as { notes: number }, events: {} as { type: 'NOTE' } | { type: 'GO' } },
}).createMachine({
  id: 'patient',
  context: { notes: 0 },
  initial: 'waiting',
  on: { NOTE: { actions: assign({ notes: ({ context }) => context.notes + 1 }) } },
  states: { waiting: { after: { 1_000: 'done' }, on: { GO: 'done' } }, done: { type: 'final' } },
})

describe('a claim whose answer was lost', () => {
  async function passivated() {
    const clock = new SimulatedClock()
    const store = faultyStore(memoryStore())
    const work = defineEntryPoint({ id: 'work', program: patient, passivateAfter: 10 })
    const runtime = await begin({ store, clock, pollInterval: 700, entryPoints: [work] })
    const execution = await runtime.trigger('work')
    await clock.advance(20, settled)
    expect(await store.load(execution.id)).toMatchObject({ status: 'waiting', owner: null })
    return { clock, store, runtime, execution }
  }

  test('of executions that are due is made good at the next look', async () => {
    const { clock, store, execution } = await passivated()
    await clock.advance(970, settled)
    store.inject({ kind: 'throw', call: 'claim', when: 'after', nth: 1 })
    await clock.advance(10, settled)
    expect(store.failures).toBe(1)
    expect((await store.load(execution.id))?.owner).not.toBeNull()
    await clock.advance(800, settled)
    expect(await execution.get()).toMatchObject({ status: 'completed' })
    expect(await ends(store, execution.id)).toEqual(['completed'])
  })

  test('of one execution that a command wanted leaves its timer running, though the command is not given again', async () => {
    const { clock, store, execution } = await passivated()
    store.inject({ kind: 'throw', call: 'claim', when: 'after', nth: 1 })
    await expect(execution.send({ type: 'GO' })).rejects.toMatchObject({ code: 'store_failed' })
    expect((await store.load(execution.id))?.owner).not.toBeNull()
    await clock.advance(2_000, settled)
    expect(await execution.get()).toMatchObject({ status: 'completed' })
  })

  test('of one whose row can not be read is no trouble to the others', async () => {
    const { clock, store, runtime, execution: broken } = await passivated()
    const whole = await runtime.trigger('work')
    await clock.advance(20, settled)
    const row = (await store.load(broken.id))!
    const [verdict] = await store.commit([{ ...row, revision: row.revision + 1, state: 'garbage', events: [], consumed: [] }])
    expect(verdict).toMatchObject({ status: 'committed' })
    await clock.advance(950, settled)
    store.inject({ kind: 'throw', call: 'claim', when: 'after', nth: 1 }, { kind: 'throw', call: 'claim', nth: 2 })
    await clock.advance(3_000, settled)
    expect(store.failures).toBe(2)
    expect(await whole.get()).toMatchObject({ status: 'completed' })
    expect(await store.load(broken.id)).toMatchObject({ status: 'waiting', state: 'garbage' })
  })
})

describe('a commit that its driver has made twice', () => {
  test('counts as made: nothing runs twice, and every call is answered', async () => {
    const store = faultyStore(memoryStore())
    const flights = new StepsInFlight()
    flights.free.add('a.1').add('a.2')
    const entryPoints = [
      defineEntryPoint({ id: 'work', program: worker(flights) }),
      defineEntryPoint({ id: 'approvals', program: approval }),
    ]
    const runtime = await begin({ store, entryPoints })
    store.inject({ kind: 'duplicate', call: 'commit' })
    const work = await runtime.trigger('work', { label: 'a' }, { idempotencyKey: 'key' })
    const asked = await runtime.trigger('approvals', undefined, { id: 'mine' })
    expect(await work.result()).toMatchObject({ status: 'completed' })
    expect(await asked.pause()).toMatchObject({ status: 'paused' })
    expect(await asked.resume()).toMatchObject({ status: 'resumed' })
    expect(await asked.send({ type: 'APPROVE' })).toMatchObject({ status: 'delivered' })
    expect(await asked.result()).toMatchObject({ status: 'completed' })
    for (const { id } of [work, asked]) expect(await ends(store, id)).toEqual(['completed'])
    expect(flights.all.map(({ label }) => label)).toEqual(['a.1', 'a.2'])
    expect(store.hits).toBeGreaterThan(5)
  })

  test('is told from one of another owner, which stops without effect', async () => {
    const inner = memoryStore()
    const store = faultyStore(inner)
    const entryPoints = [defineEntryPoint({ id: 'approvals', program: approval })]
    const runtime = await begin({ store, entryPoints, pollInterval: 60_000 })
    const execution = await runtime.trigger('approvals')
    await eventually('it to wait', async () => (await execution.get()).status === 'waiting')
    const { owner, epoch } = (await inner.load(execution.id))!
    await inner.claim({ owner: 'else', now: 1, limit: 1, entryPoints: ['approvals'], from: { kind: 'lost', owners: [owner!] } })
    await expect(execution.send({ type: 'APPROVE' })).rejects.toMatchObject({ code: 'stale_owner' })
    expect(await inner.load(execution.id)).toMatchObject({ owner: 'else', epoch: epoch + 1, status: 'waiting' })
  })

  test('does not make one execution of two that were given one id in the same instant', async () => {
    const clock = new SimulatedClock()
    const program = setup({ types: { context: {} } }).createMachine({
      id: 'short',
      initial: 'done',
      states: { done: { type: 'final' } },
    })
    const entryPoints = [
      defineEntryPoint({ id: 'short', program }),
      defineEntryPoint({ id: 'work', program: approval }),
      defineEntryPoint({ id: 'others', program: approval }),
    ]
    const runtime = await begin({ store: memoryStore(), clock, entryPoints })
    const taken = { code: 'duplicate_execution' }
    await runtime.trigger('short', undefined, { id: 'one' })
    await expect(runtime.trigger('short', undefined, { id: 'one' })).rejects.toMatchObject(taken)
    await runtime.trigger('work', undefined, { id: 'two' })
    await expect(runtime.trigger('others', undefined, { id: 'two' })).rejects.toMatchObject(taken)
    await expect(runtime.trigger('work', undefined, { id: 'two' })).rejects.toMatchObject(taken)
  })
})

test('an execution that was taken up from a read that lagged behind is taken up again', async () => {
  const clock = new SimulatedClock()
  const store = faultyStore(memoryStore())
  const runtime = await begin({ store, clock, entryPoints: [defineEntryPoint({ id: 'work', program: patient })] })
  const execution = await runtime.trigger('work')
  await settled()
  await store.load(execution.id)
  await execution.send({ type: 'NOTE' })
  store.inject({ kind: 'throw', call: 'commit', times: 2 }, { kind: 'stale', call: 'load', times: 1 })
  await expect(execution.send({ type: 'NOTE' })).rejects.toMatchObject({ code: 'store_failed' })
  await clock.advance(500, settled)
  expect(store.hits).toBe(3)
  expect(await execution.get()).toMatchObject({ status: 'waiting', context: { notes: 1 } })
  await clock.advance(2_000, settled)
  expect(await execution.get()).toMatchObject({ status: 'completed', context: { notes: 1 } })
  expect(await ends(store, execution.id)).toEqual(['completed'])
})
