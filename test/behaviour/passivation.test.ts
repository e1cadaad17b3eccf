/** Waiting executions leave memory and come back; versions of programs. */
import { describe, expect, onTestFinished, test } from 'vitest'
import { assign, fromPromise, setup } from 'xstate'
import { defineEntryPoint, type EntryPointOptions } from '../../src/index.js'
import { createTestRuntime } from '../../src/testing/index.js'
import { memoryPlace, places } from '../support/store-place.js'

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

describe.each(places)('passivation, on %s', (_, placeOf) => {
  async function asleep() {
    const place = placeOf()
    const entryPoints = [defineEntryPoint({ id: 'reminder', program: reminder, passivateAfter: 1_000 })] as const
    const world = createTestRuntime({ entryPoints, store: place.open })
    onTestFinished(() => world.stop())
    const execution = await world.trigger('reminder')
    const owner = async () => (await world.store.load(execution.id))?.owner
    await world.advance(999)
    expect(await owner()).not.toBeNull()
    await world.advance(1)
    expect(await owner()).toBeNull()
    expect(await execution.get()).toMatchObject({ status: 'waiting' })
    return { place, entryPoints, world, execution }
  }

  test('an event brings one back that has left memory', async () => {
    const { execution } = await asleep()
    expect(await execution.send({ type: 'NOTE', text: 'hello' })).toMatchObject({ status: 'delivered' })
    expect(await execution.get()).toMatchObject({ status: 'waiting', context: { notes: ['hello'] } })
    await execution.send({ type: 'APPROVE' })
    expect(await execution.result()).toMatchObject({ status: 'completed' })
  })

  test('a due timer brings one back, on time', async () => {
    const { world, execution } = await asleep()
    await world.advance(86_400_000 - 1_001)
    expect(await execution.get()).toMatchObject({ status: 'waiting' })
    await world.advance(1)
    expect(await execution.get()).toMatchObject({ status: 'completed', value: 'expired' })
  })

  test("an event in another process's runtime brings one back there", async () => {
    const { place, entryPoints, world, execution } = await asleep()
    const other = createTestRuntime({ entryPoints, store: place.open, clock: world.clock, id: 'other' })
    const there = other.execution<typeof reminder>(execution.id)
    expect(await there.send({ type: 'NOTE', text: 'from there' })).toMatchObject({ status: 'delivered' })
    await there.send({ type: 'APPROVE' })
    expect(await there.result()).toMatchObject({ status: 'completed' })
    expect(await execution.get()).toMatchObject({ context: { notes: ['from there'] } })
    await other.stop()
  })

  test('one whose timer fires in the very turn in which it was to leave stays, and goes on', async () => {
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
    const world = createTestRuntime({ entryPoints: [calls], store: placeOf().open })
    const execution = await world.trigger('calls')
    await world.settle()
    // both, with nothing between them
    await world.clock.advance(1_000)
    await world.settle()
    expect(await execution.get()).toMatchObject({ status: 'completed' })
    await world.stop()
  })

  test('pause, cancel and a result reach one that has left memory', async () => {
    const { execution } = await asleep()
    expect(await execution.pause()).toMatchObject({ status: 'paused' })
    expect(await execution.resume()).toMatchObject({ status: 'resumed' })
    expect(await execution.result({ timeout: 0 })).toEqual({ status: 'timeout' })
    expect(await execution.cancel()).toEqual({ status: 'cancelled' })
  })

  test.each(['a stop', 'a crash'] as const)(
    'one that has left memory is brought back by its timer after %s, though it fell due meanwhile',
    async (how) => {
      const { world, execution } = await asleep()
      if (how === 'a stop') await world.stop()
      else world.crash()
      await world.clock.advance(10 * 86_400_000)
      await world.restart()
      await world.advance(0)
      expect(await execution.get()).toMatchObject({ status: 'completed', value: 'expired' })
    },
  )
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
    const first = createTestRuntime({
      store: place.open,
      entryPoints: [defineEntryPoint({ id: 'deal', program: old(), version: '1' })],
    })
    const { id } = await first.trigger('deal')
    await first.settle()
    expect(await first.execution(id).get()).toMatchObject({ status: 'waiting' })
    await first.stop()
    const entryPoints = [defineEntryPoint({ id: 'deal', program: renamed, version: '2', ...options })] as const
    const runtime = createTestRuntime({ store: place.open, entryPoints, clock: first.clock })
    onTestFinished(() => runtime.stop())
    return { runtime, id, execution: runtime.execution<typeof renamed>(id) }
  }

  test('one whose snapshot does not fit is held as paused with reason program_mismatch, and nothing of it is lost', async () => {
    const { runtime, execution, id } = await deployed({})
    await runtime.start()
    const misfits = []
    for await (const misfit of runtime.misfits()) misfits.push(misfit)
    expect(misfits).toMatchObject([{ id, entryPoint: 'deal' }])
    await execution.send({ type: 'APPROVE' })
    await runtime.settle()
    expect(await execution.get()).toMatchObject({
      status: 'paused',
      value: 'open',
      context: { notes: 1 },
      program: { version: '1' },
      pause: { reason: expect.stringContaining('program_mismatch') },
    })
  })

  test('a kept old version goes on with what began under it', async () => {
    const { runtime, execution } = await deployed({ versions: { '1': old() } })
    await runtime.start()
    for await (const misfit of runtime.misfits()) expect(misfit).toBeUndefined()
    await execution.send({ type: 'APPROVE' })
    expect(await execution.result()).toMatchObject({ status: 'completed' })
    expect(await execution.get()).toMatchObject({ program: { version: '1' } })
  })

  test('a migration makes it fit the new version', async () => {
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

  test('a migration that throws, or fits nothing, holds it as paused', async () => {
    for (const migrate of [
      () => {
        throw new Error('cannot')
      },
      (snapshot: object) => ({ ...snapshot, value: 'nowhere' }),
    ]) {
      const { runtime, execution } = await deployed({ migrate: migrate as never })
      await execution.send({ type: 'APPROVE' })
      await runtime.settle()
      expect(await execution.get()).toMatchObject({
        status: 'paused',
        pause: { reason: expect.stringContaining('program_mismatch') },
        value: 'open',
      })
    }
  })
})
