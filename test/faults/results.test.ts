/** Attacks on answers: nobody waits for ever, and a retried call does no harm. */
import { describe, expect, test } from 'vitest'
import { setup } from 'xstate'
import { defineEntryPoint } from '../../src/index.js'
import { memoryStore } from '../../src/memory.js'
import { faultyStore } from '../../src/testing/store/faulty-store.js'
import { begin } from '../support/begin.js'
import { eventually } from '../support/eventually.js'
import { StepsInFlight } from '../support/steps-in-flight.js'
import { worker } from '../support/programs.js'

const noting = (notes: string[]) =>
  setup({
    types: { events: {} as { type: 'END' } | { type: 'GO' } },
    actions: { note: () => void notes.push('noted') },
  }).createMachine({
    id: 'noting',
    initial: 'open',
    states: {
      open: { on: { END: 'done', GO: 'going' } },
      going: { entry: { type: 'note', params: {} }, on: { END: 'done' } },
      done: { type: 'final', entry: { type: 'note', params: {} } },
    },
  })

const standing = async (handle: { get(): Promise<object> }, status: string) =>
  eventually(`it to be ${status}`, async () => ((await handle.get()) as { status: string }).status === status)

describe('answers', () => {
  test('who asks for a result just when others get it gets it as well', async () => {
    const work = defineEntryPoint({ id: 'work', program: noting([]) })
    const runtime = await begin({ store: memoryStore(), entryPoints: [work], pollInterval: 60_000 })
    const execution = await runtime.trigger('work')
    await standing(execution, 'waiting')
    const others = execution.result()
    await execution.send({ type: 'END' })
    expect(await execution.result({ timeout: 2_000 })).toMatchObject({ status: 'completed' })
    await others
  })

  test('a drain ends although an acceptance failed', async () => {
    const store = faultyStore(memoryStore())
    const flights = new StepsInFlight()
    const work = defineEntryPoint({ id: 'work', program: worker(flights) })
    const runtime = await begin({ store, entryPoints: [work] })
    store.inject({ kind: 'throw', call: 'commit', times: 2 })
    await expect(runtime.trigger('work', { label: 'a' })).rejects.toMatchObject({ code: 'store_failed' })
    await runtime.drain()
    expect(await store.lastSeq()).toBe(0)
  })

  test.each(['drop_oldest', 'reject'] as const)(
    'a key that is given again while its execution is queued harms nobody in a full queue (%s)',
    async (overflow) => {
      const flights = new StepsInFlight()
      const work = defineEntryPoint({ id: 'work', program: worker(flights), maxConcurrent: 1, maxQueued: 2, overflow })
      const runtime = await begin({ store: memoryStore(), entryPoints: [work] })
      await runtime.trigger('work', { label: 'a' })
      const oldest = await runtime.trigger('work', { label: 'b' })
      const queued = await runtime.trigger('work', { label: 'c' }, { idempotencyKey: 'k' })
      const again = await runtime.trigger('work', { label: 'c' }, { idempotencyKey: 'k' })
      expect(again.id).toBe(queued.id)
      expect(await oldest.get()).toMatchObject({ status: 'queued' })
      expect(await queued.get()).toMatchObject({ status: 'queued' })
    },
  )

  test('a key of an execution that has ended drops nobody of a full queue', async () => {
    const flights = new StepsInFlight()
    const work = defineEntryPoint({
      id: 'work',
      program: worker(flights),
      maxConcurrent: 1,
      maxQueued: 1,
      overflow: 'drop_oldest',
    })
    const runtime = await begin({ store: memoryStore(), entryPoints: [work] })
    const ended = await runtime.trigger('work', { label: 'a' }, { idempotencyKey: 'k' })
    ;(await flights.started('a.1')).end()
    ;(await flights.started('a.2')).end()
    await ended.result()
    await runtime.trigger('work', { label: 'b' })
    const queued = await runtime.trigger('work', { label: 'c' })
    expect((await runtime.trigger('work', { label: 'a' }, { idempotencyKey: 'k' })).id).toBe(ended.id)
    expect(await queued.get()).toMatchObject({ status: 'queued' })
  })

  test('an action that is owed runs once, though a pause comes right after it', async () => {
    const notes: string[] = []
    const work = defineEntryPoint({ id: 'work', program: noting(notes) })
    const runtime = await begin({ store: memoryStore(), entryPoints: [work] })
    const execution = await runtime.trigger('work')
    await standing(execution, 'waiting')
    await Promise.all([execution.send({ type: 'GO' }), execution.pause()])
    await standing(execution, 'paused')
    await execution.resume()
    await standing(execution, 'waiting')
    expect(notes).toEqual(['noted'])
  })

  test('an action that is owed runs once, though the runtime stops right after it', async () => {
    const notes: string[] = []
    const store = memoryStore()
    const work = defineEntryPoint({ id: 'work', program: noting(notes) })
    const first = await begin({ store, entryPoints: [work] })
    const execution = await first.trigger('work')
    await standing(execution, 'waiting')
    await Promise.all([execution.send({ type: 'GO' }), first.stop()])
    const second = await begin({ store, entryPoints: [work] })
    await second.execution(execution.id).pause()
    await second.execution(execution.id).resume()
    expect(notes).toEqual(['noted'])
  })
})
