/** The promises of a store about forgetting. */
import { deepEqual, equal } from 'node:assert/strict'
import { terminalStatuses } from '../../events/execution-status.js'
import type { PruneRequest, SnapshotStore } from '../../persistence/snapshot-store.js'
import { aCommit, anAccepted, anEnd } from './store-builders.js'
import { type StoreCase, storeCase } from './store-case.js'

const hour = 60 * 60 * 1000
const day = 24 * hour

async function prune(store: SnapshotStore, given: Partial<PruneRequest>): Promise<number> {
  return (await store.prune({ entryPoint: 'tickets', now: 10_000, limit: 100, ...given })).executions
}

async function left(store: SnapshotStore): Promise<string[]> {
  return (await store.query({ limit: 100 })).executions.map(({ id }) => id).toSorted()
}

/** Executions that ended one after the other, at 100, 200, … */
async function endAll(store: SnapshotStore, ids: readonly string[]): Promise<void> {
  await store.commit(ids.flatMap((id, index) => [anAccepted(id), anEnd(id, 2, { endedAt: 100 * (index + 1) })]))
}

/** Pruning. */
export const pruneCases: readonly StoreCase[] = [
  storeCase('those that ended before a time are forgotten', async ({ store }) => {
    await endAll(store, ['a', 'b', 'c'])
    equal(await prune(store, { endedBefore: 200 }), 1)
    deepEqual(await left(store), ['b', 'c'])
    equal(await prune(store, { endedBefore: 200 }), 0)
  }),

  storeCase('as many as asked for are kept, those that ended last', async ({ store }) => {
    await endAll(store, ['a', 'b', 'c', 'd'])
    await store.commit([anAccepted('e'), anEnd('e', 2, { endedAt: 150 })])
    equal(await prune(store, { keep: 5 }), 0)
    equal(await prune(store, { keep: 3 }), 2)
    deepEqual(await left(store), ['b', 'c', 'd'])
    equal(await prune(store, { keep: 2, endedBefore: 400 }), 2)
    deepEqual(await left(store), ['d'])
    equal(await prune(store, { keep: 0 }), 1)
  }),

  storeCase('nothing goes that was not asked for', async ({ store }) => {
    await endAll(store, ['a', 'b'])
    equal(await prune(store, {}), 0)
    equal(await prune(store, { entryPoint: 'other', keep: 0, endedBefore: 9_000 }), 0)
    deepEqual(await left(store), ['a', 'b'])
  }),

  storeCase('so many go in a call, oldest first', async ({ store }) => {
    await endAll(store, ['a', 'b', 'c', 'd', 'e'])
    equal(await prune(store, { endedBefore: 500, limit: 2 }), 2)
    deepEqual(await left(store), ['c', 'd', 'e'])
    equal(await prune(store, { endedBefore: 500, keep: 1, limit: 3 }), 2)
    equal(await prune(store, { keep: 0, limit: 0 }), 0)
    deepEqual(await left(store), ['e'])
  }),

  storeCase('a call tells whether there is more to forget, and the last one that there is not', async ({ store }) => {
    await endAll(store, ['a', 'b', 'c', 'd', 'e'])
    let calls = 0
    for (let more = true; more; calls++) {
      const pruned = await store.prune({ entryPoint: 'tickets', keep: 1, now: 10_000, limit: 2 })
      more = pruned.more ?? pruned.executions > 0
    }
    deepEqual([await left(store), calls < 5], [['e'], true])
  }),

  storeCase(
    'forgotten ids are told as expired as far back as asked for at least, the latest before others',
    async ({ store }) => {
      const ids = Array.from({ length: 40 }, (_, index) => `id${index}`)
      await endAll(store, ids)
      for (const now of Array.from({ length: 20 }, (_, index) => 20_000 + index))
        await prune(store, { keep: 0, limit: 2, now, traces: 10 })
      const known = await Promise.all(ids.map((id) => store.absence(id)))
      equal(
        known.slice(-10).every((each) => each === 'expired'),
        true,
      )
    },
  ),

  storeCase('what has not ended, or is owed, is never forgotten', async ({ store }) => {
    const statuses = ['queued', 'running', 'waiting', 'pausing', 'paused', 'cancelling'] as const
    await store.commit(statuses.map((status) => anAccepted(status, {}, { status, owner: null, endedAt: 1 })))
    await store.commit([anAccepted('owed'), anEnd('owed', 2, { owed: true, endedAt: 1 })])
    equal(await prune(store, { keep: 0, endedBefore: 9_000 }), 0)
    deepEqual(await left(store), [...statuses, 'owed'].toSorted())
    await store.commit([anEnd('owed', 3, { endedAt: 1 })])
    equal(await prune(store, { keep: 0, endedBefore: 9_000 }), 1)
  }),

  storeCase('executions of every end are forgotten', async ({ store }) => {
    await store.commit(terminalStatuses.flatMap((status) => [anAccepted(status), anEnd(status, 2, { status })]))
    equal(await prune(store, { keep: 0 }), terminalStatuses.length)
  }),

  storeCase('all that belongs to a forgotten execution goes with it, and nothing else', async ({ store }) => {
    const events = [{ type: 'x', at: 1, data: null }]
    const long = 'x'.repeat(100_000)
    for (const id of ['a', 'b']) {
      await store.commit([anAccepted(id, { idempotencyKey: id, sessionId: 's', input: long }, { events, checkpoints: 9 })])
    }
    const sent = await Promise.all(
      ['a', 'b'].map((executionId) => store.enqueue({ executionId, kind: 'command', payload: '1', at: 1 })),
    )
    await store.commit(['a', 'b'].map((id) => anEnd(id, 2, { endedAt: id === 'a' ? 1 : 2, events, checkpoints: 9 })))
    equal(await prune(store, { endedBefore: 2 }), 1)
    equal(await store.load('a'), undefined)
    deepEqual(await store.checkpoints('a'), [])
    deepEqual(await store.events({ since: 0, execution: 'a', limit: 9 }), [])
    deepEqual(
      (await store.events({ since: 0, limit: 9 })).map(({ executionId }) => executionId),
      ['b', 'b'],
    )
    deepEqual((await store.events({ since: 0, entryPoint: 'tickets', limit: 9 })).length, 2)
    deepEqual(
      (await store.query({ sessionId: 's', limit: 9 })).executions.map(({ id }) => id),
      ['b'],
    )
    deepEqual(await store.counts(), { tickets: { completed: 1 } })
    equal((await store.checkpoints('b')).length, 2)
    equal((await store.load('b'))?.input, long)
    const answers = await Promise.all(sent.map((each) => store.answer(each.status === 'queued' ? each.seq : 0)))
    deepEqual(
      answers.map(({ status }) => status),
      ['unknown', 'finished'],
    )
    deepEqual(await store.commit([aCommit({ id: 'a', revision: 3 })]), [{ status: 'not_found' }])
    deepEqual(await store.enqueue({ executionId: 'a', kind: 'event', payload: '1', at: 1 }), { status: 'not_found' })
    const [again] = await store.commit([anAccepted('c', { idempotencyKey: 'a' })])
    equal(again?.status, 'committed')
    deepEqual([(await store.load('c'))?.revision, await store.checkpoints('c')], [1, []])
  }),

  storeCase('an expired id is told from an unknown one, for ninety days', async ({ store }) => {
    await endAll(store, ['a'])
    equal(await store.absence('a'), 'unknown')
    await prune(store, { keep: 0, now: day })
    deepEqual([await store.absence('a'), await store.absence('b')], ['expired', 'unknown'])
    await prune(store, { now: 91 * day })
    equal(await store.absence('a'), 'expired')
    await prune(store, { now: 91 * day + 1 })
    equal(await store.absence('a'), 'unknown')
  }),

  storeCase('an answer waits for an hour, a message that is not consumed for ever', async ({ store }) => {
    await store.commit([anAccepted('a')])
    const send = async () => {
      const queued = await store.enqueue({ executionId: 'a', kind: 'command', payload: '1', at: 1 })
      return queued.status === 'queued' ? queued.seq : 0
    }
    const answered = await send()
    const open = await send()
    await store.commit([aCommit({ id: 'a', revision: 2, updatedAt: day, consumed: [{ seq: answered, answer: '1' }] })])
    await prune(store, { now: day + hour })
    deepEqual(await store.answer(answered), { status: 'answered', answer: '1' })
    await prune(store, { now: day + hour + 1 })
    deepEqual([await store.answer(answered), await store.answer(open)], [{ status: 'unknown' }, { status: 'pending' }])
  }),

  storeCase('an execution that was accepted after a prune is whole', async ({ store }) => {
    await endAll(store, ['a', 'b'])
    await prune(store, { keep: 0 })
    await store.commit([anAccepted('c'), anAccepted('d')])
    const verdicts = await store.commit([aCommit({ id: 'c', revision: 2 }), aCommit({ id: 'a', revision: 3 }), anEnd('d', 2)])
    deepEqual(
      verdicts.map(({ status }) => status),
      ['committed', 'not_found', 'committed'],
    )
    deepEqual([(await store.load('c'))?.revision, (await store.load('d'))?.status], [2, 'completed'])
    deepEqual(await left(store), ['c', 'd'])
  }),
]
