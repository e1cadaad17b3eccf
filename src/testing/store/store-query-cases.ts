/** The promises of a store about pages and counts of executions. */
import { deepEqual, equal, rejects } from 'node:assert/strict'
import { isStatewardError } from '../../errors.js'
import type { ExecutionQuery, SnapshotStore } from '../../persistence/snapshot-store.js'
import { aCommit, anAccepted, anEnd } from './store-builders.js'
import { type StoreCase, storeCase } from './store-case.js'

async function ids(store: SnapshotStore, query: Partial<ExecutionQuery>): Promise<string[]> {
  return (await store.query({ limit: 100, ...query })).executions.map(({ id }) => id)
}

async function pages(store: SnapshotStore, query: ExecutionQuery): Promise<string[][]> {
  const found: string[][] = []
  for (let cursor: string | undefined, more = true; more;) {
    const page = await store.query({ ...query, ...(cursor === undefined ? {} : { cursor }) })
    found.push(page.executions.map(({ id }) => id))
    cursor = page.cursor
    more = cursor !== undefined
  }
  return found
}

/** Queries and counts. */
export const queryCases: readonly StoreCase[] = [
  storeCase('the newest accepted come first, and each filter narrows', async ({ store }) => {
    await store.commit([
      anAccepted('a', { acceptedAt: 1, sessionId: 's1', correlationId: 'c1', idempotencyKey: 'k1' }),
      anAccepted('b', { acceptedAt: 2, sessionId: 's1', parentId: 'a' }),
      anAccepted('c', { acceptedAt: 3, sessionId: 's2', correlationId: 'c1', entryPoint: 'other', idempotencyKey: 'k1' }),
      anAccepted('d', { acceptedAt: 4, parentId: 'a', entryPoint: 'other' }),
    ])
    await store.commit([aCommit({ id: 'a', revision: 2 }), anEnd('d', 2)])
    const expected: readonly (readonly [Partial<ExecutionQuery>, string[]])[] = [
      [{}, ['d', 'c', 'b', 'a']],
      [{ entryPoint: 'other' }, ['d', 'c']],
      [{ entryPoint: 'nowhere' }, []],
      [{ status: ['queued'] }, ['c', 'b']],
      [{ status: ['running', 'completed', 'running'] }, ['d', 'a']],
      [{ status: [] }, []],
      [{ entryPoint: 'other', status: ['completed', 'queued'] }, ['d', 'c']],
      [{ sessionId: 's1' }, ['b', 'a']],
      [{ correlationId: 'c1' }, ['c', 'a']],
      [{ parentId: 'a' }, ['d', 'b']],
      [{ parentId: 'a', entryPoint: 'other' }, ['d']],
      [{ parentId: 'a', entryPoint: 'nowhere' }, []],
      [{ sessionId: 's1', status: ['running'] }, ['a']],
      [{ sessionId: 's1', correlationId: 'c1', entryPoint: 'tickets', status: ['running', 'queued'] }, ['a']],
      [{ sessionId: 's1', status: [] }, []],
      [{ sessionId: 'nobody' }, []],
      [{ idempotencyKey: 'k1' }, ['c', 'a']],
      [{ idempotencyKey: 'k1', entryPoint: 'other' }, ['c']],
      [{ idempotencyKey: 'k1', entryPoint: 'nowhere' }, []],
      [{ idempotencyKey: 'k1', entryPoint: 'other', status: ['completed'] }, []],
      [{ idempotencyKey: 'k2' }, []],
      [{ limit: 0 }, []],
    ]
    for (const [query, found] of expected) deepEqual(await ids(store, query), found, JSON.stringify(query))
    deepEqual((await store.query({ limit: 1 })).executions, [await store.load('d')])
  }),

  storeCase('a group is the entry points whose ids begin with its name and a slash', async ({ store }) => {
    await store.commit([
      anAccepted('a', { entryPoint: 'billing/invoices', sessionId: 's', idempotencyKey: 'k' }),
      anAccepted('b', { entryPoint: 'billing/dunning' }),
      anAccepted('c', { entryPoint: 'billing', sessionId: 's' }),
      anAccepted('d', { entryPoint: 'billing2/invoices', sessionId: 's', idempotencyKey: 'k' }),
    ])
    await store.commit([aCommit({ id: 'b', revision: 2 })])
    const expected: readonly (readonly [Partial<ExecutionQuery>, string[]])[] = [
      [{ group: 'billing' }, ['b', 'a']],
      [{ group: 'billing2' }, ['d']],
      [{ group: 'nowhere' }, []],
      [{ group: 'billing', status: ['queued'] }, ['a']],
      [{ group: 'billing', sessionId: 's' }, ['a']],
      [{ group: 'billing', idempotencyKey: 'k' }, ['a']],
      [{ group: 'billing', entryPoint: 'billing/dunning' }, ['b']],
      [{ group: 'billing', entryPoint: 'billing2/invoices' }, []],
      [{ group: 'billing', entryPoint: 'billing2/invoices', sessionId: 's' }, []],
    ]
    for (const [query, found] of expected) deepEqual(await ids(store, query), found, JSON.stringify(query))
    deepEqual(await pages(store, { group: 'billing', limit: 1 }), [['b'], ['a']])
  }),

  storeCase('pages are stable under ties, and the last has no cursor', async ({ store }) => {
    const names = Array.from({ length: 7 }, (_, index) => `id${index}`)
    await store.commit(names.map((id) => anAccepted(id, { acceptedAt: 5, sessionId: 's' })))
    const newest = names.toReversed()
    for (const query of [{}, { entryPoint: 'tickets' }, { sessionId: 's' }, { status: ['queued', 'running'] }] as const) {
      deepEqual(await pages(store, { ...query, limit: 3 }), [newest.slice(0, 3), newest.slice(3, 6), newest.slice(6)])
      deepEqual(await pages(store, { ...query, limit: 7 }), [newest])
    }
  }),

  storeCase('what an owner holds is what it is not done with', async ({ store }) => {
    await store.commit([
      anAccepted('a'),
      anAccepted('b', { entryPoint: 'other', parentId: 'p' }),
      anAccepted('c'),
      anAccepted('d'),
      anAccepted('e', {}, { owner: 'owner-2' }),
      anAccepted('f', {}, { owner: null }),
      anAccepted('g', { parentId: 'p' }),
    ])
    await store.commit([
      aCommit({ id: 'b', revision: 2 }),
      anEnd('c', 2, { owner: 'owner-1', owed: true }),
      anEnd('d', 2, { owner: 'owner-1' }),
      aCommit({ id: 'g', revision: 2, status: 'waiting' }),
    ])
    const expected: readonly (readonly [Partial<ExecutionQuery>, string[]])[] = [
      [{}, ['g', 'c', 'b', 'a']],
      [{ entryPoint: 'tickets' }, ['g', 'c', 'a']],
      [{ parentId: 'p' }, ['g', 'b']],
      [{ status: ['queued', 'completed'] }, ['c', 'a']],
      [{ entryPoint: 'other', parentId: 'p', status: ['running'] }, ['b']],
      [{ status: [] }, []],
    ]
    for (const [query, found] of expected)
      deepEqual(await ids(store, { owner: 'owner-1', ...query }), found, JSON.stringify(query))
    deepEqual([await ids(store, { owner: 'owner-2' }), await ids(store, { owner: 'nobody' })], [['e'], []])
    for (const limit of [1, 3]) deepEqual((await pages(store, { owner: 'owner-1', limit })).flat(), ['g', 'c', 'b', 'a'])
  }),

  storeCase('a brief page tells who they are and where they stand, and nothing of what they hold', async ({ store }) => {
    await store.commit([anAccepted('a', { input: 'x'.repeat(2_000), parentId: 'p' }), anAccepted('b', { idempotencyKey: 'k' })])
    await store.commit([anEnd('a', 2, { output: '1', error: '2' })])
    const whole = (await store.query({ limit: 9 })).executions
    const brief = whole.map((row) => ({ ...row, input: '', state: '', output: null, error: null }))
    deepEqual((await store.query({ limit: 9, brief: true })).executions, brief)
    deepEqual((await store.query({ parentId: 'p', limit: 9, brief: true })).executions, brief.slice(1))
    deepEqual(await pages(store, { limit: 1, brief: true }), [['b'], ['a']])
  }),

  storeCase('a page ends early, though never empty, when what it holds gets long', async ({ store }) => {
    const names = ['a', 'b', 'c', 'd', 'e']
    await store.commit(names.map((id) => anAccepted(id, { input: 'x'.repeat(id === 'd' ? 5_000 : 1_000), sessionId: 's' })))
    for (const query of [{}, { entryPoint: 'tickets' }, { sessionId: 's' }]) {
      deepEqual(await pages(store, { ...query, limit: 9, length: 2_000 }), [['e', 'd'], ['c', 'b'], ['a']])
      deepEqual(await pages(store, { ...query, limit: 9, length: 1 }), [['e'], ['d'], ['c'], ['b'], ['a']])
      deepEqual(await pages(store, { ...query, limit: 4, length: 100_000 }), [['e', 'd', 'c', 'b'], ['a']])
      deepEqual(await pages(store, { ...query, limit: 9, length: 1, brief: true }), [['e', 'd', 'c', 'b', 'a']])
    }
  }),

  storeCase('a page goes on where the last one ended, whatever was accepted or has moved since', async ({ store }) => {
    await store.commit(['a', 'b', 'c', 'd'].map((id) => anAccepted(id)))
    const first = await store.query({ limit: 2 })
    await store.commit([anAccepted('e'), aCommit({ id: 'a', revision: 2 }), aCommit({ id: 'd', revision: 2 })])
    deepEqual(await ids(store, { cursor: first.cursor ?? '' }), ['b', 'a'])
  }),

  storeCase('a cursor that no page gave is refused', async ({ store }) => {
    await store.commit([anAccepted('a'), anAccepted('b')])
    const { cursor } = await store.query({ limit: 1 })
    for (const wrong of ['', 'x', '!', `${cursor}x`, ` ${cursor}`, Buffer.from('after:-1').toString('base64url')]) {
      await rejects(store.query({ limit: 1, cursor: wrong }), (error) => isStatewardError(error, 'invalid_option'), wrong)
    }
  }),

  storeCase('counts are by entry point and status', async ({ store }) => {
    deepEqual({ ...(await store.counts()) }, {})
    await store.commit([anAccepted('a'), anAccepted('b'), anAccepted('c'), anAccepted('d', { entryPoint: 'other' })])
    await store.commit([aCommit({ id: 'a', revision: 2 }), anEnd('b', 2), aCommit({ id: 'd', revision: 2, status: 'paused' })])
    deepEqual(await store.counts(), { tickets: { queued: 1, running: 1, completed: 1 }, other: { paused: 1 } })
    await store.prune({ entryPoint: 'tickets', keep: 0, now: 1, limit: 9 })
    equal((await store.counts())['tickets']?.completed, undefined)
  }),
]
