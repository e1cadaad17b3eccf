/** Waiting executions leave memory and come back; versions of programs. B14, B16, B18. */
import { describe, expect, test } from 'vitest'
import { assign, fromPromise, setup } from 'xstate'
import { defineEntryPoint, type EntryPointOptions } from '../../src/index.js'
import { begin } from '../harness/begin.js'
import { eventually, turns } from '../harness/eventually.js'
import { SimulatedClock } from '../../src/testing/clock/simulated-clock.js'
import { memoryPlace, places } from '../harness/store-place.js'

const reminder = setup({
  types: { context: {} as { notes: string[] }, events: {} as { type: 'NOTE'; text: string } | { type: 'APPROVE' } },
}).createMachine({
  id: 'reminder',
  context: { notes: [] },
  initial: 'open',
  on: { NOTE: { actions: assign({ notes: ({ context, event }) => [...context.notes, event.text] }) } },
  states: {
    open: { on: { APPROVE: 'approved' }, after: { 86_400_000: 'expired' } },
    approved: { type: 'final' },
    expired: { type: 'final' },
  },
})

describe.each(places)('passivation, on %s', (_, place) => {
  async function asleep() {
    const clock = new SimulatedClock()
    const shared = place()
    const store = shared.connect()
    const entryPoints = [defineEntryPoint({ id: 'reminder', program: reminder, passivateAfter: 1_000 })] as const
    // a day of looks every few seconds would be a minute of disk
    const runtime = await begin({ store, clock, entryPoints, pollInterval: 3_600_000, lease: 4 * 3_600_000 })
    const execution = await runtime.trigger('reminder')
    await eventually('it to wait', async () => (await execution.get()).status === 'waiting')
    const owner = async () => (await store.load(execution.id))?.owner
    await clock.advance(999, () => turns())
    expect(await owner()).not.toBeNull()
    await clock.advance(1, () => turns())
    await eventually('it to leave', async () => (await owner()) === null)
    expect(await execution.get()).toMatchObject({ status: 'waiting' })
    return { clock, shared, store, entryPoints, runtime, execution, owner }
  }

  test('B14: an event brings one back that has left memory', async () => {
    const { execution } = await asleep()
    expect(await execution.send({ type: 'NOTE', text: 'hello' })).toMatchObject({ status: 'delivered' })
    expect(await execution.get()).toMatchObject({ status: 'waiting', context: { notes: ['hello'] } })
    await execution.send({ type: 'APPROVE' })
    expect(await execution.result()).toMatchObject({ status: 'completed' })
  })

  test('B14: a due timer brings one back, on time', async () => {
    const { clock, execution } = await asleep()
    await clock.advance(86_400_000 - 1_001, () => turns(3))
    expect(await execution.get()).toMatchObject({ status: 'waiting' })
    await clock.advance(1, () => turns())
    await eventually('the end', async () => {
      // a timer that is armed when it is due fires with the next look at the clock
      await clock.advance(0, () => turns(1))
      return (await execution.get()).status === 'completed'
    })
    expect(await execution.get()).toMatchObject({ value: 'expired' })
  })

  test("B14: an event in another process's runtime brings one back there", async () => {
    const { clock, shared, entryPoints, execution } = await asleep()
    const other = await begin({ store: shared.connect(), clock, entryPoints })
    const there = other.execution<typeof reminder>(execution.id)
    expect(await there.send({ type: 'NOTE', text: 'from there' })).toMatchObject({ status: 'delivered' })
    await there.send({ type: 'APPROVE' })
    expect(await there.result()).toMatchObject({ status: 'completed' })
    expect(await execution.get()).toMatchObject({ context: { notes: ['from there'] } })
  })

  test('B14: one whose timer fires in the very turn in which it was to leave stays, and goes on', async () => {
    const clock = new SimulatedClock()
    const call = setup({ actors: { answer: fromPromise(() => Promise.resolve()) } }).createMachine({
      id: 'call',
      initial: 'ringing',
      states: {
        ringing: { after: { 1_000: 'answering' } },
        answering: { invoke: { src: 'answer', onDone: 'answered' } },
        answered: { type: 'final' },
      },
    })
    const calls = defineEntryPoint({ id: 'calls', program: call, passivateAfter: 1_000 })
    const runtime = await begin({ store: place().connect(), clock, entryPoints: [calls], pollInterval: 3_600_000 })
    const execution = await runtime.trigger('calls')
    await eventually('it to wait', async () => (await execution.get()).status === 'waiting')
    await clock.advance(1_000)
    await eventually('the end', async () => (await execution.get()).status === 'completed')
  })

  test('B14: pause, cancel and a result reach one that has left memory', async () => {
    const { execution } = await asleep()
    expect(await execution.pause()).toMatchObject({ status: 'paused' })
    expect(await execution.resume()).toMatchObject({ status: 'resumed' })
    expect(await execution.result({ timeout: 0 })).toEqual({ status: 'timeout' })
    expect(await execution.cancel()).toEqual({ status: 'cancelled' })
  })

  test('B18: one that has left memory is brought back by its timer after a restart, though it fell due meanwhile', async () => {
    const { clock, shared, entryPoints, runtime, execution } = await asleep()
    await runtime.stop()
    await clock.advance(10 * 86_400_000)
    const next = await begin({ store: shared.connect(), clock, entryPoints })
    await clock.advance(0, () => turns())
    expect(await next.execution(execution.id).result()).toMatchObject({ status: 'completed' })
    expect(await next.execution(execution.id).get()).toMatchObject({ value: 'expired' })
  })
})

describe('versions', () => {
  const old = (state = 'open') =>
    setup({ types: { context: {} as { notes: number }, events: {} as { type: 'APPROVE' } } }).createMachine({
      id: 'deal',
      context: { notes: 1 },
      initial: state,
      states: { [state]: { on: { APPROVE: 'done' } }, done: { type: 'final' } },
    })
  const renamed = old('review')
  type Options = Partial<EntryPointOptions<ReturnType<typeof old>, 'deal'>>

  async function deployed(options: Options) {
    const place = memoryPlace()
    const first = await begin({
      store: place.connect(),
      entryPoints: [defineEntryPoint({ id: 'deal', program: old(), version: '1' })],
    })
    const { id } = await first.trigger('deal')
    await eventually('it to wait', async () => (await first.execution(id).get()).status === 'waiting')
    await first.stop()
    const entryPoints = [defineEntryPoint({ id: 'deal', program: renamed, version: '2', ...options })] as const
    const runtime = await begin({ store: place.connect(), entryPoints })
    return { runtime, id, execution: runtime.execution<typeof renamed>(id) }
  }

  test('B16: one whose snapshot does not fit is held as paused with reason program_mismatch, and nothing of it is lost', async () => {
    const { runtime, execution, id } = await deployed({})
    const misfits = []
    for await (const misfit of runtime.misfits()) misfits.push(misfit)
    expect(misfits).toMatchObject([{ id, entryPoint: 'deal' }])
    await execution.send({ type: 'APPROVE' })
    await eventually('the hold', async () => (await execution.get()).status === 'paused')
    expect(await execution.get()).toMatchObject({
      value: 'open',
      context: { notes: 1 },
      program: { version: '1' },
      pause: { reason: expect.stringContaining('program_mismatch') },
    })
  })

  test('B16: a kept old version goes on with what began under it', async () => {
    const { runtime, execution } = await deployed({ versions: { '1': old() } })
    for await (const misfit of runtime.misfits()) expect(misfit).toBeUndefined()
    await execution.send({ type: 'APPROVE' })
    expect(await execution.result()).toMatchObject({ status: 'completed' })
    expect(await execution.get()).toMatchObject({ program: { version: '1' } })
  })

  test('B16: a migration makes it fit the new version', async () => {
    const seen: unknown[] = []
    const { execution } = await deployed({
      migrate: (snapshot, from) => {
        seen.push(from.version)
        return { ...snapshot, value: 'review', context: { notes: 2 } }
      },
    })
    await execution.send({ type: 'APPROVE' })
    expect(await execution.result()).toMatchObject({ status: 'completed' })
    expect(seen).toContain('1')
    expect(await execution.get()).toMatchObject({ context: { notes: 2 }, program: { version: '2' } })
  })

  test('B16: a migration that throws, or fits nothing, holds it as paused', async () => {
    for (const migrate of [
      () => {
        throw new Error('cannot')
      },
      (snapshot: object) => ({ ...snapshot, value: 'nowhere' }),
    ]) {
      const { execution } = await deployed({ migrate: migrate as never })
      await execution.send({ type: 'APPROVE' })
      await eventually('the hold', async () => (await execution.get()).status === 'paused')
      expect(await execution.get()).toMatchObject({
        pause: { reason: expect.stringContaining('program_mismatch') },
        value: 'open',
      })
    }
  })
})
