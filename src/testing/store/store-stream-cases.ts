/** The promises of a store about the streams of steps. */
import { deepEqual, equal } from 'node:assert/strict'
import type { ChunkAppend, SnapshotStore } from '../../persistence/snapshot-store.js'
import { aClaim, aCommit, anAccepted, anEnd } from './store-builders.js'
import { type StoreCase, storeCase } from './store-case.js'

const runOf = (id: string, key = 'k') => ({ id, step: `at ${key}`, name: null, key, attempt: 1 })
const some = (run: string, first: number, texts: string, given: Partial<ChunkAppend> = {}): ChunkAppend => ({
  executionId: 'a',
  epoch: 1,
  run: runOf(run),
  first,
  chunks: texts.split('').map((data, at) => ({ at: 10 + at, data })),
  ...given,
})

async function entries(store: SnapshotStore, since = 0, limit = 100): Promise<string> {
  const { chunks = [] } = (await store.chunks({ execution: 'a', since, limit })) ?? {}
  return chunks.map(({ offset, kind, data, run }) => `${offset}${kind === 'chunk' ? data : kind}/${run.id}`).join(' ')
}

/** Streams of steps. */
export const streamCases: readonly StoreCase[] = [
  storeCase('chunks are read in the order of their offsets, from anywhere, with what their run is', async ({ store }) => {
    await store.commit([anAccepted('a'), anAccepted('b')])
    deepEqual(await store.chunks({ execution: 'a', since: 0, limit: 9 }), { chunks: [], last: 0, ended: false, open: [] })
    equal(await store.chunks({ execution: 'nobody', since: 0, limit: 9 }), undefined)
    const other = some('r', 0, 'z', { executionId: 'b', run: { ...runOf('other', 'x'), name: 'ask', attempt: 3 } })
    deepEqual(await store.appendChunks([some('r', 0, 'xy'), other, some('r', 2, 'z')]), ['appended', 'appended', 'appended'])
    equal(await entries(store), '1x/r 2y/r 3z/r')
    equal(await entries(store, 1, 1), '2y/r')
    equal(await entries(store, 3), '')
    const run = { id: 'other', step: 'at x', name: 'ask', key: 'x', attempt: 3 }
    const chunk = { offset: 1, kind: 'chunk', at: 10, data: 'z', run }
    deepEqual(await store.chunks({ execution: 'b', since: 0, limit: 9 }), { chunks: [chunk], last: 1, ended: false, open: [run] })
    // wherever the page begins or ends
    for (const since of [1, 9]) equal((await store.chunks({ execution: 'b', since, limit: 1 }))?.last, 1)
  }),

  storeCase('chunks that come again are written once', async ({ store }) => {
    await store.commit([anAccepted('a')])
    await store.appendChunks([some('r', 0, 'xy')])
    deepEqual(await store.appendChunks([some('r', 0, 'xy'), some('r', 1, 'yz'), some('r', 0, 'xyzw')]), [
      'appended',
      'appended',
      'appended',
    ])
    equal(await entries(store), '1x/r 2y/r 3z/r 4w/r')
  }),

  storeCase('another run of the same step ends the one before as abandoned, which adds nothing more', async ({ store }) => {
    await store.commit([anAccepted('a')])
    await store.appendChunks([some('r', 0, 'x'), some('s', 0, 'q', { run: runOf('s', 'l') })])
    deepEqual(await store.appendChunks([some('t', 0, 'y'), some('r', 1, 'x')]), ['appended', 'closed'])
    equal(await entries(store), '1x/r 2q/s 3abandoned/r 4y/t')
    deepEqual(
      (await store.chunks({ execution: 'a', since: 0, limit: 1 }))?.open.map(({ id }) => id),
      ['s', 't'],
    )
  }),

  storeCase('a commit ends runs, once, and only those of its execution', async ({ store }) => {
    await store.commit([anAccepted('a'), anAccepted('b')])
    await store.appendChunks([some('r', 0, 'x'), some('s', 0, 'y', { run: runOf('s', 'l') })])
    const streams = [
      { run: 'r', end: 'committed' },
      { run: 'nobody', end: 'committed' },
    ] as const
    await store.commit([aCommit({ id: 'b', revision: 2, streams })])
    equal(await entries(store), '1x/r 2y/s')
    await store.commit([aCommit({ id: 'a', revision: 2, streams })])
    await store.commit([aCommit({ id: 'a', revision: 3, streams: [...streams, { run: 's', end: 'abandoned' }] })])
    equal(await entries(store), '1x/r 2y/s 3committed/r 4abandoned/s')
    deepEqual(await store.appendChunks([some('r', 1, 'z')]), ['closed'])
  }),

  storeCase('an owner whose execution was taken over adds nothing, nor does anybody once it has ended', async ({ store }) => {
    await store.commit([anAccepted('a', {}, { owner: null })])
    await store.claim(aClaim({ from: { kind: 'one', id: 'a' } }))
    deepEqual(await store.appendChunks([some('r', 0, 'x'), some('r', 0, 'x', { executionId: 'nobody' })]), ['stale', 'not_found'])
    deepEqual(await store.appendChunks([some('r', 0, 'x', { epoch: 2 })]), ['appended'])
    await store.commit([anEnd('a', 2, { epoch: 2 })])
    deepEqual(await store.appendChunks([some('r', 1, 'y', { epoch: 2 })]), ['closed'])
    const page = await store.chunks({ execution: 'a', since: 0, limit: 9 })
    deepEqual([page?.ended, page?.chunks.length, page?.open.length], [true, 1, 1])
    await store.prune({ entryPoint: 'tickets', keep: 0, now: 10, limit: 9 })
    equal(await store.chunks({ execution: 'a', since: 0, limit: 9 }), undefined)
  }),
]
