/** The promises of a store about claims. */
import { deepEqual, equal } from 'node:assert/strict'
import type { ExecutionStatus } from '../../events/execution-status.js'
import type { ClaimRequest, SnapshotStore } from '../../persistence/snapshot-store.js'
import { aClaim, aCommit, anAccepted, anEnd } from './store-builders.js'
import { type StoreCase, storeCase } from './store-case.js'

const lost: ClaimRequest['from'] = { kind: 'lost', owners: ['owner-1'] }

async function claimed(store: SnapshotStore, given: Partial<ClaimRequest> = {}): Promise<string[]> {
  return (await store.claim(aClaim(given))).map(({ id }) => id)
}

/** Accepts an execution and brings it to a status with one more commit. */
async function bring(
  store: SnapshotStore,
  id: string,
  status: ExecutionStatus,
  given: Partial<Parameters<typeof aCommit>[0]> = {},
) {
  await store.commit([anAccepted(id), aCommit({ id, revision: 2, status, owner: null, ...given })])
}

/** Six executions, accepted in this order, of which the middle ones are under way. */
async function mixed(store: SnapshotStore, owner: string | null): Promise<void> {
  await store.commit([
    anAccepted('low', { acceptedAt: 1, priority: -1 }, { owner }),
    anAccepted('young', { acceptedAt: 9 }, { owner }),
    anAccepted('old', { acceptedAt: 2 }, { owner }),
    anAccepted('tie-1', { acceptedAt: 3 }, { owner }),
    anAccepted('tie-2', { acceptedAt: 3 }, { owner }),
    anAccepted('high', { acceptedAt: 8, priority: 5 }, { owner }),
  ])
  await store.commit([
    aCommit({ id: 'young', revision: 2, owner, status: 'running' }),
    aCommit({ id: 'old', revision: 2, owner, status: 'pausing' }),
  ])
}

const claimOrder = ['old', 'young', 'high', 'tie-1', 'tie-2', 'low']

/** Claims and due times. */
export const claimCases: readonly StoreCase[] = [
  storeCase('a claim gives the executions as they stand then: owned, under a greater epoch', async ({ store }) => {
    await bring(store, 'a', 'running')
    const before = await store.load('a')
    const [execution] = await store.claim(aClaim())
    deepEqual(execution, { ...before, owner: 'owner-2', epoch: 2 })
    deepEqual(await store.load('a'), execution)
    deepEqual(await claimed(store), [])
  }),

  storeCase('a claim and a page give whole rows', async ({ store }) => {
    const names = { sessionId: 's', correlationId: 'c', idempotencyKey: 'k', parentId: 'p', input: '"in"', priority: 1.5 }
    const fields = { startedAt: 5, dueAt: 6, owed: true, output: '"out"', error: '"err"', state: '"st"', recoveries: 3 }
    await store.commit([anAccepted('a', names), aCommit({ id: 'a', revision: 2, owner: null, ...fields })])
    const row = await store.load('a')
    for (const query of [{}, { sessionId: 's' }, { status: ['running' as const] }])
      deepEqual((await store.query({ ...query, limit: 9 })).executions, [row])
    deepEqual(await store.claim(aClaim()), [{ ...row, owner: 'owner-2', epoch: 2 }])
    deepEqual((await store.query({ owner: 'owner-2', limit: 9 })).executions, [await store.load('a')])
  }),

  storeCase('priorities are compared as the numbers that they are', async ({ store }) => {
    const given = [0.25, 0.5, -0.5, 2, 10, -10, 1e9, 0]
    await store.commit(
      given.map((priority, index) => anAccepted(`${priority}`, { priority, acceptedAt: index }, { owner: null })),
    )
    const wanted = given.toSorted((a, b) => b - a).map(String)
    deepEqual(await claimed(store), wanted)
  }),

  storeCase('as many are claimed, and told in a page, as are asked for', async ({ store }) => {
    const ids = Array.from({ length: 1_500 }, (_, index) => `id${index}`)
    await store.commit(ids.map((id) => anAccepted(id, {}, { owner: null })))
    equal((await store.query({ limit: 1_400 })).executions.length, 1_400)
    deepEqual(await claimed(store, { limit: 1_400 }), ids.slice(0, 1_400))
    equal((await store.query({ owner: 'owner-2', limit: 1_399 })).executions.length, 1_399)
    deepEqual(await claimed(store, { limit: 1_400 }), ids.slice(1_400))
  }),

  storeCase('the lost are claimed in order: under way before queued, then priority, age and acceptance', async ({ store }) => {
    await mixed(store, 'owner-1')
    deepEqual(await claimed(store, { from: lost, limit: 3 }), claimOrder.slice(0, 3))
    deepEqual(await claimed(store, { from: lost, limit: 100 }), claimOrder.slice(3))
    deepEqual(await claimed(store, { from: lost }), [])
  }),

  storeCase('the released are claimed in the same order', async ({ store }) => {
    await mixed(store, null)
    deepEqual(await claimed(store, { limit: 0 }), [])
    deepEqual(await claimed(store, { limit: 4 }), claimOrder.slice(0, 4))
    deepEqual(await claimed(store), claimOrder.slice(4))
  }),

  storeCase('of several lost owners, all are claimed in one order', async ({ store }) => {
    await store.commit([
      anAccepted('c', { acceptedAt: 3 }, { owner: 'x' }),
      anAccepted('a', { acceptedAt: 1 }, { owner: 'y' }),
      anAccepted('b', { acceptedAt: 2 }, { owner: 'x' }),
      anAccepted('d', { acceptedAt: 0 }, { owner: 'z' }),
    ])
    deepEqual(await claimed(store, { from: { kind: 'lost', owners: ['x', 'y', 'x'] } }), ['a', 'b', 'c'])
    deepEqual(await claimed(store, { from: { kind: 'lost', owners: [] } }), [])
  }),

  storeCase('what comes while nobody holds an execution wakes it, also when it was given back unread', async ({ store }) => {
    const send = (executionId: string, kind: 'event' | 'command' = 'event') =>
      store.enqueue({ executionId, kind, payload: '1', at: 1 })
    await bring(store, 'waits', 'waiting')
    await bring(store, 'paused', 'paused')
    await send('waits')
    await send('paused')
    // the events of a paused one wait for its resume
    deepEqual(await claimed(store), ['waits'])
    deepEqual(await claimed(store), [])
    // given back with what nobody has read
    await store.commit([aCommit({ id: 'waits', revision: 3, epoch: 2, owner: null, status: 'waiting' })])
    deepEqual(await claimed(store), ['waits'])
    await store.retire('owner-2', { giveBack: true })
    deepEqual(await claimed(store), ['waits'])
    await store.commit([aCommit({ id: 'waits', revision: 4, epoch: 4, owner: null, status: 'paused' })])
    deepEqual(await claimed(store), [])
    await send('waits', 'command')
    await send('paused', 'command')
    deepEqual((await claimed(store)).toSorted(), ['paused', 'waits'])
    // with all of it read
    const messages = (await store.inbox({ execution: 'waits' })).map(({ seq }) => ({ seq, answer: '1' }))
    await store.commit([aCommit({ id: 'waits', revision: 5, epoch: 5, owner: null, status: 'waiting', consumed: messages })])
    deepEqual(await claimed(store), [])
    // and what comes while somebody holds it is his to read
    await bring(store, 'held', 'waiting', { owner: 'owner-1' })
    await send('held')
    deepEqual(await claimed(store), [])
    await store.commit([aCommit({ id: 'held', revision: 3, owner: null, status: 'waiting' })])
    deepEqual(await claimed(store), ['held'])
  }),

  storeCase(
    'a recovery is counted for what was under way or owed an action, not for what was queued or only waited',
    async ({ store }) => {
      const statuses = ['queued', 'running', 'waiting', 'pausing', 'paused', 'cancelling'] as const
      for (const status of statuses) await bring(store, status, status, { owner: 'owner-1', recoveries: 2 })
      await store.commit([anAccepted('ended'), anEnd('ended', 2, { owner: 'owner-1', owed: true, recoveries: 2 })])
      await bring(store, 'owing', 'waiting', { owner: 'owner-1', owed: true, recoveries: 2 })
      const found = await store.claim(aClaim({ from: lost }))
      const counts = new Map(found.map(({ id, recoveries }) => [id, recoveries]))
      const under = ['running', 'pausing', 'paused', 'cancelling', 'ended', 'owing']
      for (const id of [...statuses, 'ended', 'owing']) equal(counts.get(id), under.includes(id) ? 3 : 2, id)
      await store.retire('owner-2', { giveBack: true })
      for (const { recoveries, id } of await store.claim(aClaim())) equal(recoveries, counts.get(id), id)
    },
  ),

  storeCase(
    'of the queues of others is claimed what never started, in order, under a greater epoch and without a recovery',
    async ({ store }) => {
      await mixed(store, 'owner-1')
      await store.commit([
        anAccepted('resumed', {}, { startedAt: 5 }),
        anAccepted('suspect', {}, { recoveries: 1 }),
        anAccepted('other', { entryPoint: 'other' }),
        anAccepted('free', {}, { owner: null }),
        anAccepted('own', {}, { owner: 'owner-2' }),
        anAccepted('third', { acceptedAt: 4 }, { owner: 'owner-3' }),
      ])
      const from = { kind: 'queued', owners: ['owner-1', 'owner-3'] } as const
      deepEqual(await claimed(store, { from, limit: 0 }), [])
      deepEqual(await claimed(store, { from: { kind: 'queued', owners: [] } }), [])
      deepEqual(await claimed(store, { from, limit: 3 }), ['high', 'tie-1', 'tie-2'])
      deepEqual(await claimed(store, { from }), ['third', 'low'])
      deepEqual(await claimed(store, { from }), [])
      const taken = await store.load('high')
      deepEqual([taken?.owner, taken?.epoch, taken?.recoveries, taken?.status], ['owner-2', 2, 0, 'queued'])
      const [late] = await store.commit([aCommit({ id: 'high', revision: 2 })])
      deepEqual(late, { status: 'stale', revision: 1, epoch: 2, owner: 'owner-2' })
      for (const id of ['old', 'resumed', 'suspect', 'other']) equal((await store.load(id))?.owner, 'owner-1', id)
      // and what came out of the queue before the claim stays where it is
      await store.commit([anAccepted('quick'), aCommit({ id: 'quick', revision: 2, startedAt: 5 })])
      deepEqual(await claimed(store, { from }), [])
    },
  ),

  storeCase('what has ended is claimed only while its outbox is owed', async ({ store }) => {
    await store.commit(['held', 'held-owed', 'free', 'free-owed'].map((id) => anAccepted(id)))
    await store.commit([
      anEnd('held', 2, { owner: 'owner-1' }),
      anEnd('held-owed', 2, { owner: 'owner-1', owed: true }),
      anEnd('free', 2, { dueAt: 1 }),
      anEnd('free-owed', 2, { owed: true }),
    ])
    deepEqual(await claimed(store, { from: lost }), ['held-owed'])
    deepEqual(await claimed(store), ['free-owed'])
    deepEqual(await claimed(store, { from: { kind: 'one', id: 'free' } }), [])
  }),

  storeCase('the released that have nothing to do are left alone', async ({ store }) => {
    for (const status of ['waiting', 'paused'] as const) {
      await bring(store, `${status}-idle`, status)
      await bring(store, `${status}-later`, status, { dueAt: 5_001 })
      await bring(store, `${status}-due`, status, { dueAt: 5_000 })
      await bring(store, `${status}-owed`, status, { owed: true })
      await bring(store, `${status}-mail`, status)
      await store.enqueue({ executionId: `${status}-mail`, kind: 'command', payload: '1', at: 1 })
    }
    await bring(store, 'paused-letter', 'paused')
    await store.enqueue({ executionId: 'paused-letter', kind: 'event', payload: '1', at: 1 })
    for (const status of ['running', 'pausing', 'cancelling'] as const) await bring(store, status, status)
    await bring(store, 'held', 'running', { owner: 'owner-1' })
    await store.enqueue({ executionId: 'held', kind: 'event', payload: '1', at: 1 })
    const busy = ['waiting', 'paused'].flatMap((status) => ['due', 'owed', 'mail'].map((why) => `${status}-${why}`))
    deepEqual(await claimed(store), [...busy, 'running', 'pausing', 'cancelling'])
    deepEqual((await claimed(store, { now: 5_001 })).toSorted(), ['paused-later', 'waiting-later'])
  }),

  storeCase('an inbox that was emptied gives no reason for a claim', async ({ store }) => {
    await bring(store, 'a', 'waiting')
    const queued = await store.enqueue({ executionId: 'a', kind: 'command', payload: '1', at: 1 })
    const consumed = [{ seq: queued.status === 'queued' ? queued.seq : 0, answer: '"done"' }]
    await store.commit([aCommit({ id: 'a', revision: 3, owner: null, status: 'waiting', consumed })])
    deepEqual(await claimed(store), [])
  }),

  storeCase('one execution is claimed by its id if nobody owns it and it has not ended', async ({ store }) => {
    await bring(store, 'idle', 'waiting')
    await bring(store, 'held', 'waiting', { owner: 'owner-1' })
    await bring(store, 'ended', 'completed', { endedAt: 1 })
    for (const id of ['held', 'ended', 'nobody']) deepEqual(await claimed(store, { from: { kind: 'one', id } }), [], id)
    const from = { kind: 'one', id: 'idle' } as const
    deepEqual(await claimed(store, { from, entryPoints: ['other'] }), [])
    const [execution] = await store.claim(aClaim({ from }))
    deepEqual([execution?.id, execution?.epoch, execution?.recoveries], ['idle', 2, 0])
  }),

  storeCase('a claim takes executions of its entry points alone', async ({ store }) => {
    await store.commit([anAccepted('a', {}, { owner: null }), anAccepted('b', { entryPoint: 'other' }, { owner: null })])
    await store.commit([anAccepted('c'), anAccepted('d', { entryPoint: 'other' })])
    deepEqual(await claimed(store, { entryPoints: [] }), [])
    deepEqual(await claimed(store, { entryPoints: ['nowhere', 'other'] }), ['b'])
    deepEqual(await claimed(store, { entryPoints: ['other'], from: lost }), ['d'])
    deepEqual(await claimed(store, { entryPoints: ['tickets', 'other'] }), ['a'])
  }),

  storeCase(
    'two that race for the same executions never get the same one',
    async ({ store, second }) => {
      const other = await second()
      const ids = Array.from({ length: 30 }, (_, index) => `id${index}`)
      await store.commit(ids.map((id) => anAccepted(id, {}, { owner: null })))
      const claims = Array.from({ length: 10 }, (_, index) =>
        claimed(index % 2 === 0 ? store : other, { owner: `owner-${index}`, limit: 4 }),
      )
      const taken = (await Promise.all(claims)).flat()
      deepEqual(taken.toSorted(), ids.toSorted())
      const one = await Promise.all(
        [store, other].map((each) => claimed(each, { owner: 'late', from: { kind: 'lost', owners: ['owner-0'] } })),
      )
      equal(one.flat().length, 4)
    },
    'second',
  ),

  storeCase('the next due time is that of the unowned executions of these entry points', async ({ store }) => {
    const next = (...entryPoints: string[]) => store.nextDue(entryPoints)
    equal(await next('tickets'), null)
    await store.commit([
      anAccepted('a', {}, { owner: null, status: 'waiting', dueAt: 300 }),
      anAccepted('b', {}, { owner: null, status: 'waiting', dueAt: 200 }),
      anAccepted('c', {}, { status: 'waiting', dueAt: 100 }),
      anAccepted('d', { entryPoint: 'other' }, { owner: null, status: 'paused', dueAt: 50 }),
      anAccepted('e', {}, { owner: null, status: 'completed', endedAt: 1, dueAt: 1 }),
      anAccepted('f', {}, { owner: null, status: 'waiting' }),
    ])
    deepEqual([await next('tickets'), await next('other'), await next('tickets', 'other')], [200, 50, 50])
    deepEqual([await next(), await next('nowhere')], [null, null])
    await store.claim(aClaim({ from: { kind: 'one', id: 'b' } }))
    equal(await next('tickets'), 300)
    await store.commit([aCommit({ id: 'b', revision: 2, epoch: 2, owner: null, status: 'waiting', dueAt: 250 })])
    equal(await next('tickets'), 250)
    await store.commit([aCommit({ id: 'b', revision: 3, epoch: 2, owner: null, status: 'waiting' })])
    equal(await next('tickets'), 300)
    await store.retire('owner-1', { giveBack: true })
    equal(await next('tickets'), 100)
  }),

  storeCase('the due are claimed earliest first when there are more than the limit', async ({ store }) => {
    const ids = Array.from({ length: 200 }, (_, index) => `id${index}`)
    await store.commit(ids.map((id, index) => anAccepted(id, {}, { owner: null, status: 'waiting', dueAt: 1_000 - index })))
    deepEqual((await claimed(store, { limit: 3 })).toSorted(), ['id197', 'id198', 'id199'])
    equal(await store.nextDue(['tickets']), 804)
    equal((await claimed(store, { now: 900, limit: 500 })).length, 97)
    equal((await claimed(store, { limit: 500 })).length, 100)
    equal(await store.nextDue(['tickets']), null)
  }),
]
