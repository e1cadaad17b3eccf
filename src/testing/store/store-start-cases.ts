/** The promises of a store about executions that are to start later. */
import { deepEqual, equal } from 'node:assert/strict'
import type { ClaimRequest, SnapshotStore } from '../../persistence/snapshot-store.js'
import { aClaim, aCommit, anAccepted } from './store-builders.js'
import { type StoreCase, storeCase } from './store-case.js'

async function claimed(store: SnapshotStore, given: Partial<ClaimRequest> = {}): Promise<string[]> {
  return (await store.claim(aClaim(given))).map(({ id }) => id)
}

/** An acceptance that is to start at that time, owned by nobody. */
const later = (id: string, startAt: number, given: Partial<Parameters<typeof aCommit>[0]> = {}) =>
  anAccepted(id, { acceptedAt: 1 }, { owner: null, startAt, dueAt: startAt, ...given })

/** Times before which executions must not start, and inputs that take the place of others. */
export const startCases: readonly StoreCase[] = [
  storeCase('what is to start later is claimed once it is due, and not before', async ({ store }) => {
    await store.commit([later('late', 5_001), later('due', 5_000), anAccepted('free', { acceptedAt: 4_000 }, { owner: null })])
    equal(await store.nextDue(['tickets']), 5_000)
    // in the order in which they may start
    deepEqual(await claimed(store), ['free', 'due'])
    deepEqual(await claimed(store), [])
    equal(await store.nextDue(['tickets']), 5_001)
    deepEqual(await claimed(store, { now: 5_001 }), ['late'])
    equal((await store.load('late'))?.startAt, 5_001)
  }),

  storeCase('a command wakes what is to start later; an event waits', async ({ store }) => {
    await store.commit([later('a', 9_000), later('b', 9_000)])
    await store.enqueue({ executionId: 'a', kind: 'event', payload: '1', at: 1 })
    deepEqual(await claimed(store), [])
    await store.enqueue({ executionId: 'a', kind: 'command', payload: '1', at: 1 })
    deepEqual(await claimed(store), ['a'])
    await store.commit([aCommit({ id: 'a', revision: 2, epoch: 2, owner: null, status: 'queued', startAt: 9_000, dueAt: 9_000 })])
    deepEqual(await claimed(store), ['a'])
    await store.retire('owner-2', { giveBack: true })
    deepEqual(await claimed(store), ['a'])
    // one by name
    deepEqual(await claimed(store, { from: { kind: 'one', id: 'b' } }), ['b'])
  }),

  storeCase('nobody takes it out of the queue of another before its time', async ({ store }) => {
    await store.commit([
      later('late', 5_001, { owner: 'owner-1' }),
      later('due', 5_000, { owner: 'owner-1' }),
      anAccepted('old', { acceptedAt: 4_000 }),
    ])
    const from = { kind: 'queued', owners: ['owner-1'] } as const
    deepEqual(await claimed(store, { from }), ['old', 'due'])
    deepEqual(await claimed(store, { from }), [])
    deepEqual(await claimed(store, { from: { kind: 'lost', owners: ['owner-1'] } }), ['late'])
  }),

  storeCase('once it has started, and given back, it is as free as others', async ({ store }) => {
    await store.commit([later('a', 9_000), later('b', 9_000)])
    await store.commit([
      aCommit({ id: 'a', revision: 2, owner: null, startedAt: 9_000, status: 'queued' }),
      aCommit({ id: 'b', revision: 2, owner: null, startedAt: 9_000, status: 'running' }),
    ])
    equal((await store.load('a'))?.startAt, null)
    deepEqual(await claimed(store), ['b', 'a'])
  }),

  storeCase('a commit moves the time, and gives another input', async ({ store }) => {
    const long = 'x'.repeat(5_000)
    await store.commit([later('a', 6_000)])
    let revision = 1
    for (const input of ['2', long, `${long}y`, '3']) {
      const startAt = 6_000 + ++revision
      await store.commit([aCommit({ id: 'a', revision, owner: null, status: 'queued', startAt, dueAt: startAt, input })])
      const stored = await store.load('a')
      deepEqual([stored?.input, stored?.startAt, stored?.acceptedAt], [input, startAt, 1])
      equal(await store.nextDue(['tickets']), startAt)
    }
    // and keeps both where it says nothing of them, or is stale
    const [stale] = await store.commit([aCommit({ id: 'a', revision: 9, owner: null, status: 'queued', input: 'no' })])
    equal(stale?.status, 'stale')
    await store.commit([aCommit({ id: 'a', revision: 6, owner: null, status: 'paused' })])
    const stored = await store.load('a')
    deepEqual([stored?.input, stored?.startAt], ['3', null])
    equal((await store.query({ status: ['paused'], limit: 1 })).executions[0]?.input, '3')
  }),
]
