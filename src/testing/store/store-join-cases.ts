/** The promises of a store about executions that take triggers in. */
import { deepEqual, equal } from 'node:assert/strict'
import type { Commit, Join } from '../../persistence/snapshot-store.js'
import { aClaim, aCommit, anAccepted, anEnd } from './store-builders.js'
import { type StoreCase, storeCase } from './store-case.js'

const aJoin = (ref: string, given: Partial<Join> = {}): Join => ({
  ref,
  idempotencyKey: null,
  digest: `of ${ref}`,
  element: null,
  ...given,
})

/** An acceptance that takes further triggers in under a key, with the one that made it. */
const gathers = (id: string, key: string, joins: readonly Join[] = [aJoin(id)], given: Partial<Commit> = {}) =>
  anAccepted(id, {}, { owner: null, startAt: 9_000, dueAt: 9_000, gathers: key, joins, ...given })

/** The next commit of it. */
const joins = (id: string, revision: number, taken: readonly Join[], given: Partial<Commit> = {}) =>
  aCommit({ id, revision, owner: null, status: 'queued', startAt: 9_000, dueAt: 9_000, gathers: 'k', joins: taken, ...given })

/** Triggers that join executions. */
export const joinCases: readonly StoreCase[] = [
  storeCase('of an entry point, one execution gathers under a key, until a commit says that it does not', async ({ store }) => {
    const verdicts = await store.commit([gathers('a', 'k'), gathers('b', 'k'), gathers('c', 'other')])
    deepEqual(
      verdicts.map((verdict) => (verdict.status === 'duplicate' ? [verdict.id, verdict.of] : verdict.status)),
      ['committed', ['a', 'gathers'], 'committed'],
    )
    equal((await store.load('a'))?.gathers, 'k')
    equal(await store.load('b'), undefined)
    const found = async (entryPoint: string, key: string) =>
      (await store.query({ entryPoint, gathers: key, limit: 5 })).executions.map(({ id }) => id)
    deepEqual([await found('tickets', 'k'), await found('orders', 'k'), await found('tickets', 'none')], [['a'], [], []])
    // an entry point has keys of its own
    equal(
      (await store.commit([anAccepted('d', { entryPoint: 'orders' }, { gathers: 'k', joins: [aJoin('d')] })]))[0]?.status,
      'committed',
    )
    await store.commit([aCommit({ id: 'a', revision: 2, startedAt: 1_000 })])
    deepEqual([(await store.load('a'))?.gathers, await found('tickets', 'k')], [null, []])
    equal((await store.commit([gathers('b', 'k')]))[0]?.status, 'committed')
  }),

  storeCase('whoever claims it keeps that it gathers', async ({ store }) => {
    await store.commit([gathers('a', 'k')])
    const [claimed] = await store.claim(aClaim({ now: 9_000 }))
    deepEqual([claimed?.id, claimed?.gathers, claimed?.epoch], ['a', 'k', 2])
    const [late, joined] = await store.commit([
      joins('a', 2, [aJoin('x')]),
      joins('a', 2, [aJoin('y')], { epoch: 2, startAt: 9_500 }),
    ])
    deepEqual([late?.status, joined?.status], ['stale', 'committed'])
    // what its owner writes after that is too late
    equal((await store.commit([aCommit({ id: 'a', revision: 2, epoch: 2, owner: 'owner-2', startedAt: 1 })]))[0]?.status, 'stale')
    deepEqual([await store.joined('tickets', { ref: 'x' }), (await store.joined('tickets', { ref: 'y' }))?.id], [undefined, 'a'])
  }),

  storeCase('a trigger joins once, by its name; all of a commit join, or none', async ({ store }) => {
    await store.commit([gathers('a', 'k')])
    const [first] = await store.commit([joins('a', 2, [aJoin('x'), aJoin('y')])])
    equal(first?.status, 'committed')
    // the same commit again, and one that brings one of them again
    const duplicate = { status: 'duplicate', id: 'a', of: 'join' }
    deepEqual(await store.commit([joins('a', 2, [aJoin('x'), aJoin('y')])]), [duplicate])
    deepEqual(await store.commit([joins('a', 3, [aJoin('z'), aJoin('y')])]), [duplicate])
    deepEqual(await store.commit([gathers('b', 'other', [aJoin('x')])]), [duplicate])
    deepEqual(await store.joined('tickets', { ref: 'z' }), undefined)
    deepEqual(await store.joined('tickets', { ref: 'x' }), { id: 'a', ref: 'x', digest: 'of x' })
    deepEqual(await store.joined('orders', { ref: 'x' }), undefined)
    equal((await store.load('a'))?.revision, 2)
  }),

  storeCase('an idempotency key is taken once, by an acceptance or by a join', async ({ store }) => {
    await store.commit([anAccepted('old', { idempotencyKey: 'k0' }), gathers('a', 'k', [aJoin('a', { idempotencyKey: 'k1' })])])
    const taken = (id: string) => ({ status: 'duplicate', id, of: 'idempotency_key' })
    deepEqual(await store.commit([joins('a', 2, [aJoin('x', { idempotencyKey: 'k0' })])]), [taken('old')])
    deepEqual(await store.commit([joins('a', 2, [aJoin('x', { idempotencyKey: 'k1' })])]), [taken('a')])
    deepEqual(await store.commit([anAccepted('b', { idempotencyKey: 'k1' })]), [taken('a')])
    equal((await store.commit([anAccepted('c', { entryPoint: 'orders', idempotencyKey: 'k1' })]))[0]?.status, 'committed')
    deepEqual(await store.joined('tickets', { idempotencyKey: 'k1' }), { id: 'a', ref: 'a', digest: 'of a' })
    deepEqual(await store.joined('tickets', { idempotencyKey: 'k0' }), undefined)
    const { executions } = await store.query({ entryPoint: 'tickets', idempotencyKey: 'k1', limit: 5 })
    deepEqual(
      executions.map(({ id }) => id),
      ['a'],
    )
    deepEqual(await store.query({ entryPoint: 'tickets', idempotencyKey: 'k1', status: ['completed'], limit: 5 }), {
      executions: [],
    })
  }),

  storeCase('elements are the input of one that was accepted without, in the order in which they joined', async ({ store }) => {
    const element = (ref: string) => aJoin(ref, { element: `[${ref}]` })
    await store.commit([anAccepted('a', { input: '' }, { owner: null, gathers: 'k', joins: [element('1')] })])
    const before = await store.load('a')
    await store.commit([joins('a', 2, [element('2'), element('3')]), joins('a', 3, [element('4')])])
    const all = ['[1]', '[2]', '[3]', '[4]']
    deepEqual(before?.elements, ['[1]'])
    const page = await store.query({ entryPoint: 'tickets', limit: 1 })
    const brief = await store.query({ entryPoint: 'tickets', limit: 1, brief: true })
    const gathering = await store.query({ entryPoint: 'tickets', gathers: 'k', limit: 1 })
    deepEqual([gathering.executions[0]?.revision, gathering.executions[0]?.elements], [3, null])
    deepEqual([(await store.load('a'))?.elements, page.executions[0]?.elements, brief.executions[0]?.elements], [all, all, null])
    const [claimed] = await store.claim(aClaim({ from: { kind: 'one', id: 'a' } }))
    deepEqual([claimed?.input, claimed?.elements], ['', all])
    // others have none
    await store.commit([gathers('b', 'other')])
    deepEqual((await store.load('b'))?.elements, null)
    // they stay as long as the execution does
    await store.commit([anEnd('a', 4, { epoch: 2 })])
    deepEqual((await store.load('a'))?.elements, all)
    await store.prune({ entryPoint: 'tickets', keep: 0, now: 1, limit: 10 })
    deepEqual([await store.load('a'), await store.joined('tickets', { ref: '2' })], [undefined, undefined])
    equal((await store.commit([gathers('c', 'k', [element('2')])]))[0]?.status, 'committed')
  }),
]
