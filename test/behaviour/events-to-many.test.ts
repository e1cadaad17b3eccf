/** An event to many: every execution of a correlation or a session that has not ended gets it, once, and what fails keeps it from nobody. */
import { describe, expect, onTestFinished, test } from 'vitest'
import { assign, setup } from 'xstate'
import { createClient, defineEntryPoint, type Runtime, type StatewardError } from '../../src/index.js'
import type { SnapshotStore } from '../../src/persistence/snapshot-store.js'
import { createTestRuntime } from '../../src/testing/index.js'
import { begin } from '../support/begin.js'
import { eventually } from '../support/eventually.js'
import { memoryPlace, places } from '../support/store-place.js'

const noting = setup({ types: { context: {} as { notes: number[] }, events: {} as { type: 'NOTE'; n: number } } }).createMachine({
  id: 'noting',
  context: { notes: [] },
  on: { NOTE: { actions: assign({ notes: ({ context, event }) => [...context.notes, event.n] }) } },
})
const notes = defineEntryPoint({ id: 'notes', program: noting, passivateAfter: 0 })
const others = defineEntryPoint({ id: 'others', program: noting })
const entryPoints = [notes, others]
const note = (n: number) => ({ type: 'NOTE', n })

async function notesOf(runtime: Pick<Runtime, 'execution'>, id: string): Promise<unknown> {
  const record = await runtime.execution(id).get()
  return 'context' in record ? (record.context as { notes: number[] } | undefined)?.notes : record.status
}

describe.each(places)('on %s', (_, place) => {
  test('all of a session, or of a correlation, get the event, wherever they are; the others do not', async () => {
    const shared = place()
    const runtime = await begin({ store: shared.connect(), entryPoints })
    const client = createClient({ store: shared.connect(), entryPoints, pollInterval: 5 })
    onTestFinished(() => client.close())
    const of = async (entryPoint: 'notes' | 'others', ids: object) => (await runtime.trigger(entryPoint, undefined, ids)).id
    const [a, b, c, d] = [
      await of('notes', { sessionId: 's', correlationId: 'c' }),
      await of('others', { sessionId: 's' }),
      await of('notes', { correlationId: 'c' }),
      await of('notes', {}),
    ] as const
    for (const id of [a, b, c, d])
      await eventually('it to wait', async () => ((await runtime.execution(id).get()).status as string) === 'waiting')
    expect(await runtime.send({ sessionId: 's' }, note(1))).toEqual({ delivered: 2 })
    expect(await runtime.send({ correlationId: 'c' }, note(2))).toEqual({ delivered: 2 })
    expect(await runtime.send({ correlationId: 'c', sessionId: 's' }, note(3))).toEqual({ delivered: 1 })
    expect(await runtime.send({ sessionId: 's', entryPoint: 'others' }, note(4))).toEqual({ delivered: 1 })
    // its correlation is its own id
    expect(await runtime.send({ correlationId: d }, note(5))).toEqual({ delivered: 1 })
    expect(await runtime.send({ correlationId: d, entryPoint: 'others' }, note(6))).toEqual({})
    await runtime.execution(c).pause()
    await runtime.execution(a).cancel()
    const counts = await client.send({ correlationId: 'c' }, note(7))
    expect(counts).toEqual({ queued: 1 })
    await runtime.execution(c).resume()
    await eventually('the paused one to have it', async () => JSON.stringify(await notesOf(runtime, c)) === '[2,7]')
    expect([await notesOf(runtime, a), await notesOf(runtime, b), await notesOf(runtime, d)]).toEqual([[1, 2, 3], [1, 4], [5]])
    expect(await runtime.send({ correlationId: 'nobody' }, note(8))).toEqual({})
  })

  test('hundreds get two events in the order of the calls, each once, though nobody waits between them', async () => {
    const runtime = await begin({ store: place().connect(), entryPoints })
    const all = await Promise.all(Array.from({ length: 150 }, () => runtime.trigger('notes', undefined, { sessionId: 's' })))
    const sent = [1, 2, 3].map((n) => runtime.send({ sessionId: 's' }, note(n)))
    for (const counts of await Promise.all(sent)) expect(Object.values(counts).reduce((sum, n) => sum + n, 0)).toBe(150)
    for (const { id } of all)
      await eventually('it to have all', async () => JSON.stringify(await notesOf(runtime, id)) === '[1,2,3]')
  })

  test('what was triggered before is meant, though nobody has waited for it, and what is triggered after is not', async () => {
    const runtime = await begin({ store: place().connect(), entryPoints })
    const before = runtime.trigger('others', undefined, { sessionId: 's' })
    const counts = runtime.send({ sessionId: 's' }, note(1))
    const after = runtime.trigger('others', undefined, { sessionId: 's' })
    const answered = await counts
    expect(Object.values(answered)).toEqual([1])
    const [first, second] = [await before, await after]
    await eventually('the first to have it', async () => JSON.stringify(await notesOf(runtime, first.id)) === '[1]')
    expect(await notesOf(runtime, second.id)).toEqual([])
  })

  test('one that can not be reached keeps the event from no other, and the error names it', async () => {
    const broken = new Set<string>()
    const failing = (inner: SnapshotStore) => ({
      load: async (id: string) => {
        if (broken.has(id)) throw new Error('the disk is tired')
        return inner.load(id)
      },
    })
    const runtime = await begin({ store: place().connect(failing), entryPoints })
    const all = await Promise.all([1, 2, 3].map(() => runtime.trigger('notes', undefined, { sessionId: 's' })))
    for (const each of all)
      await eventually('it to have left memory', async () => (await runtime.execution(each.id).get()).status === 'waiting')
    await eventually('all to have left memory', async () => {
      const { executions } = await runtime.executions({ sessionId: 's' })
      return executions.every(({ status }) => status === 'waiting')
    })
    await runtime.execution(all[1]!.id).pause()
    broken.add(all[1]!.id)
    const error = (await runtime.send({ sessionId: 's' }, note(1)).catch((reason: unknown) => reason)) as StatewardError
    broken.clear()
    expect(error).toMatchObject({
      code: 'store_failed',
      details: { failed: 1, answered: { delivered: 2 }, failures: [{ id: all[1]?.id, error: { code: 'store_failed' } }] },
    })
    expect(await Promise.all(all.map(({ id }) => notesOf(runtime, id)))).toEqual([[1], [], [1]])
  })

  test('a list that can not be read is told, with the answers of those who have the event', async () => {
    let isTired = false
    const failing = (inner: SnapshotStore) => ({
      query: async (query: Parameters<SnapshotStore['query']>[0]) => {
        if (isTired) throw new Error('the disk is tired')
        return inner.query(query)
      },
    })
    const runtime = await begin({ store: place().connect(failing), entryPoints })
    await runtime.trigger('others', undefined, { sessionId: 's' })
    isTired = true
    await expect(runtime.send({ sessionId: 's' }, note(1))).rejects.toMatchObject({
      code: 'store_failed',
      details: { failed: 1, answered: {}, failures: [{ sessionId: 's' }] },
    })
    isTired = false
    expect(Object.values(await runtime.send({ sessionId: 's' }, note(2)))).toEqual([1])
  })
})

test('an event to nobody in particular, or that is none, is refused', async () => {
  const runtime = await begin({ store: memoryPlace().connect(), entryPoints })
  const refused = (to: unknown, event: unknown, error: object) =>
    expect(runtime.send(to as never, event as never)).rejects.toMatchObject(error)
  for (const to of [{}, { entryPoint: 'notes' }, { correlationId: undefined }, undefined, 'c'])
    await refused(to, note(1), { code: 'invalid_option' })
  await refused({ sessionId: 'a b' }, note(1), { code: 'invalid_option', details: { option: 'sessionId' } })
  await refused({ session: 's' }, note(1), { code: 'invalid_option', details: { option: 'session' } })
  await refused({ sessionId: 's', entryPoint: 'nowhere' }, note(1), { code: 'unknown_entry_point' })
  await refused({ sessionId: 's' }, { type: 'xstate.done' }, { code: 'invalid_event' })
  const message = "Executions can't be sent nothing; send an object with a `type`."
  await refused({ sessionId: 's' }, undefined, { code: 'invalid_event', message })
  await refused({ sessionId: 's' }, { type: 'NOTE', to: () => 1 }, { code: 'not_storable', details: { path: 'to' } })
})

test('in a test runtime each gets it once, over the death of the process', async () => {
  const world = createTestRuntime({ entryPoints })
  const all = await Promise.all([1, 2, 3].map(() => world.trigger('notes', undefined, { sessionId: 's' })))
  await world.settle()
  const answer = world.send({ sessionId: 's' }, note(1))
  await Promise.resolve()
  world.crash()
  await world.restart()
  expect(Object.values(await answer).reduce((sum, n) => sum + n, 0)).toBe(3)
  await world.settle()
  expect(await Promise.all(all.map(({ id }) => notesOf(world, id)))).toEqual([[1], [1], [1]])
  await world.stop()
})
