/** The promises of a store about finding executions by where they stand, and by their tags. */
import { deepEqual, equal } from 'node:assert/strict'
import type { Commit, ExecutionQuery, SnapshotStore } from '../../persistence/snapshot-store.js'
import { aCommit, anAccepted, anEnd } from './store-builders.js'
import { type StoreCase, storeCase } from './store-case.js'

const at = (text: string, given: Partial<Commit> = {}): Partial<Commit> => ({
  startedAt: 2,
  status: 'waiting',
  place: { text, entered: '2' },
  ...given,
})

async function found(store: SnapshotStore, query: Partial<ExecutionQuery>): Promise<string> {
  return (await store.query({ limit: 100, ...query })).executions.map(({ id }) => id).join('')
}

const placesOf = async (store: SnapshotStore, entryPoint?: string) =>
  (await store.places(entryPoint === undefined ? {} : { entryPoint })).map((place) => place ?? 'null').toSorted()

async function setUp(store: SnapshotStore): Promise<void> {
  await store.commit([
    anAccepted('a', { tags: ['vip', 'eu'], sessionId: 's' }, at('asking')),
    anAccepted('b', { entryPoint: 'other', tags: ['vip'] }, at('asking', { status: 'paused' })),
    anAccepted('c', { sessionId: 's' }, at('packing', { status: 'running' })),
    anAccepted('d', {}, at('packing')),
    // not known where, not started, ended
    anAccepted('e', { tags: ['eu'] }, { status: 'waiting', startedAt: 2 }),
    anAccepted('f', { tags: ['vip'] }),
    anAccepted('g', { tags: ['vip'] }, at('asking', { status: 'completed', endedAt: 9 })),
  ])
}

/** Places and tags. */
export const placeCases: readonly StoreCase[] = [
  storeCase('the places are those of executions that have started and have not ended', async ({ store }) => {
    deepEqual(await placesOf(store), [])
    await setUp(store)
    deepEqual(await placesOf(store), ['asking', 'null', 'packing'])
    deepEqual(await placesOf(store, 'other'), ['asking'])
    deepEqual(await placesOf(store, 'nowhere'), [])
  }),

  storeCase('they are found by places and by tags, the newest accepted first', async ({ store }) => {
    await setUp(store)
    const expected: readonly (readonly [Partial<ExecutionQuery>, string])[] = [
      [{ places: ['asking'] }, 'ba'],
      [{ places: ['asking', 'packing', 'asking'] }, 'dcba'],
      [{ places: ['packing', null] }, 'edc'],
      [{ places: [null] }, 'e'],
      [{ places: [] }, ''],
      [{ places: ['nowhere'] }, ''],
      [{ places: ['asking'], entryPoint: 'other' }, 'b'],
      [{ places: ['packing'], status: ['running'] }, 'c'],
      [{ places: ['packing'], status: ['waiting', 'paused'] }, 'd'],
      [{ places: ['asking'], status: [] }, ''],
      [{ places: ['asking', 'packing'], sessionId: 's' }, 'ca'],
      [{ tagged: { tag: 'vip', places: [] } }, 'gfba'],
      [{ tagged: { tag: 'vip', places: ['packing'] } }, 'gfdcba'],
      [{ tagged: { tag: 'eu', places: [null, 'nowhere'] } }, 'ea'],
      [{ tagged: { tag: 'nobody', places: [] } }, ''],
      [{ tagged: { tag: 'vip', places: ['packing'] }, entryPoint: 'tickets', status: ['running', 'waiting'] }, 'dca'],
      [{ tagged: { tag: 'vip', places: ['packing'] }, places: ['asking'] }, 'ba'],
      [{ tagged: { tag: 'vip', places: ['packing'] }, sessionId: 's' }, 'ca'],
    ]
    for (const [query, ids] of expected) equal(await found(store, query), ids, JSON.stringify(query))
  }),

  storeCase('a page of them goes on where the last one ended', async ({ store }) => {
    await setUp(store)
    for (const query of [
      { places: ['asking', 'packing'] },
      { tagged: { tag: 'vip', places: ['packing'] }, status: ['waiting', 'paused', 'running'] },
    ] as const) {
      const first = await store.query({ ...query, limit: 3 })
      equal(first.executions.map(({ id }) => id).join(''), 'dcb')
      const last = await store.query({ ...query, limit: 3, cursor: first.cursor ?? '' })
      deepEqual([last.executions.map(({ id }) => id).join(''), last.cursor], ['a', undefined])
    }
  }),

  storeCase('a commit that says no place leaves it as it is, and one that says another moves it', async ({ store }) => {
    await setUp(store)
    await store.commit([aCommit({ id: 'a', revision: 2, startedAt: 2, status: 'running' })])
    deepEqual((await store.load('a'))?.place, { text: 'asking', entered: '2' })
    equal(await found(store, { places: ['asking'] }), 'ba')
    await store.commit([aCommit({ id: 'a', revision: 3, ...at('packing', { place: { text: 'packing', entered: '5' } }) })])
    deepEqual((await store.load('a'))?.place, { text: 'packing', entered: '5' })
    deepEqual((await store.query({ limit: 1, sessionId: 's', brief: true, status: ['waiting'] })).executions[0]?.tags, [
      'vip',
      'eu',
    ])
    equal(await found(store, { places: ['asking'] }), 'b')
    equal(await found(store, { places: ['packing'] }), 'dca')
    await store.commit([anEnd('a', 4)])
    equal(await found(store, { places: ['packing'] }), 'dc')
  }),

  storeCase(
    'one that stands still is found where it stands, whatever each of its commits says of its place',
    async ({ store }) => {
      await store.commit([anAccepted('a', {}), anAccepted('b', {}, at('asking'))])
      const moves: readonly (readonly [Partial<Commit>, asking: string, packing: string, unknown: string])[] = [
        [{ startedAt: 2 }, 'b', '', 'a'],
        [at('asking', { status: 'queued' }), 'ba', '', ''],
        [at('packing', { status: 'queued' }), 'b', 'a', ''],
        [{ startedAt: 2 }, 'b', 'a', ''],
        [at('asking'), 'ba', '', ''],
        [at('packing'), 'b', 'a', ''],
        [{ startedAt: 2, status: 'paused' }, 'b', 'a', ''],
        [{ startedAt: 2, status: 'running' }, 'b', 'a', ''],
        [at('asking', { status: 'running' }), 'ba', '', ''],
        [{ startedAt: 2, status: 'waiting' }, 'ba', '', ''],
      ]
      for (const [index, [move, asking, packing, unknown]] of moves.entries()) {
        await store.commit([aCommit({ id: 'a', revision: index + 2, ...move })])
        const of = await Promise.all([['asking'], ['packing'], [null]].map((places) => found(store, { places })))
        deepEqual(of, [asking, packing, unknown], JSON.stringify(move))
      }
    },
  ),

  storeCase('what is forgotten is found no more', async ({ store }) => {
    await store.commit([anAccepted('a', { tags: ['vip'] }), anEnd('a', 2), anAccepted('b', { tags: ['vip'] })])
    equal(await found(store, { tagged: { tag: 'vip', places: [] } }), 'ba')
    await store.prune({ entryPoint: 'tickets', keep: 0, now: 10, limit: 9 })
    equal(await found(store, { tagged: { tag: 'vip', places: [] } }), 'b')
  }),
]
