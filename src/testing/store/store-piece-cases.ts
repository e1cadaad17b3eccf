/** The promises of a store about states that come in pieces: it may keep them as it likes, and gives back the state. */
import { deepEqual, equal, ok, rejects } from 'node:assert/strict'
import type { SnapshotStore } from '../../persistence/snapshot-store.js'
import { aClaim, aCommit, anAccepted, anEnd, ofPieces, type Piece } from './store-builders.js'
import { type StoreCase, storeCase } from './store-case.js'

const head: Piece = [0, '{"n":1}']
const line = (n: number, what = 'timer'): Piece => [n * 10, `;{"${what}":${n},"é":"😀 日本"}`]

/** One after the other: each is a state that differs a little, or altogether, from the one before. */
const courses: Readonly<Record<string, readonly (readonly Piece[] | string)[]>> = {
  'grows at its end, in its middle and at its beginning': [
    [head, line(5)],
    [head, line(5), line(9)],
    [head, line(5), line(7), line(9)],
    [head, line(1), line(5), line(7), line(9)],
  ],
  'loses its first, its middle and its last piece': [
    [head, ...[1, 2, 3, 4, 5].map((n) => line(n))],
    [head, ...[2, 3, 4, 5].map((n) => line(n))],
    [head, ...[2, 4, 5].map((n) => line(n))],
    [head, ...[2, 4].map((n) => line(n))],
  ],
  'changes pieces in their place, to shorter, longer and equal texts': [
    [head, line(1), line(2), line(3)],
    [[0, '{"n":2}'], line(1), line(2), line(3)],
    [[0, '{"n":2}'], line(1), line(2, 'another timer'), line(3)],
    [[0, '{}'], line(1), line(2, 't'), line(3, 'TIMER')],
    [[0, '{}'], line(1), line(2, 't'), line(3, 'TIMER')],
    [[0, '{}'], line(1), [20, ''], line(3, 'TIMER')],
  ],
  'changes all places, and none of its texts': [
    [head, line(1), line(2), line(3)],
    [head, [1, line(1)[1]], [2, line(2)[1]], [3, line(3)[1]]],
    [head, [2, line(1)[1]], [3, line(2)[1]], [4, line(3)[1]]],
  ],
  'loses pieces at one end and gets others at the other': [
    [head, line(1), line(2), line(3)],
    [head, line(2), line(3), line(4)],
    [head, line(5), line(6)],
  ],
  'comes whole, in pieces, and whole again': [
    'whole',
    [head, line(1), line(2)],
    'whole again',
    [head, line(2), line(3)],
    [head],
    [head, line(4)],
    '',
    [head, line(1)],
  ],
}

async function holds(store: SnapshotStore, id: string, state: string, when: string): Promise<void> {
  equal((await store.load(id))?.state, state, when)
  const { executions } = await store.query({ limit: 10 })
  equal(executions.find((execution) => execution.id === id)?.state, state, `${when}, in a page`)
}

/** States in pieces. */
export const pieceCases: readonly StoreCase[] = [
  ...Object.entries(courses).map(([what, states]) =>
    storeCase(`a state that ${what} is read as it was committed`, async ({ store }) => {
      await store.commit([anAccepted('a'), anAccepted('other', {}, ofPieces([head, line(1), line(2)]))])
      for (const [index, each] of states.entries()) {
        const given = typeof each === 'string' ? { state: each } : ofPieces(each)
        const revision = index + 2
        const [verdict] = await store.commit([aCommit({ id: 'a', revision, checkpoints: 99, ...given })])
        equal(verdict?.status, 'committed')
        await holds(store, 'a', given.state, `revision ${revision}`)
      }
      await holds(store, 'other', ofPieces([head, line(1), line(2)]).state, 'at the end')
      const kept = states.map((each) => (typeof each === 'string' ? each : ofPieces(each).state))
      deepEqual(
        (await store.checkpoints('a')).map(({ state }) => state),
        kept,
      )
      equal((await store.checkpoint('a', 3))?.state, kept[1])
    }),
  ),

  storeCase('a state counts, whatever the pieces beside it say', async ({ store }) => {
    const { pieces } = ofPieces([head, line(1)])
    await store.commit([anAccepted('a', {}, { state: 'other', pieces })])
    await holds(store, 'a', 'other', 'from its acceptance')
    const state = ofPieces([head, line(1)]).state.replace('timer', 'TIMER')
    await store.commit([aCommit({ id: 'a', revision: 2, state, pieces })])
    await holds(store, 'a', state, 'as long as the pieces')
    await store.commit([aCommit({ id: 'a', revision: 3, ...ofPieces([head, line(1)]) })])
    await store.commit([aCommit({ id: 'a', revision: 4, state: '', pieces })])
    await holds(store, 'a', '', 'none')
  }),

  storeCase('a commit that is stale, or whose batch throws, changes no piece', async ({ store }) => {
    const first = ofPieces([head, line(1), line(2)])
    const next = ofPieces([head, line(2, 'changed'), line(3)])
    await store.commit([anAccepted('a', {}, first)])
    const [stale, other] = await store.commit([
      aCommit({ id: 'a', revision: 3, ...next }),
      aCommit({ id: 'a', revision: 2, epoch: 2, ...next }),
    ])
    deepEqual([stale?.status, other?.status], ['stale', 'stale'])
    await holds(store, 'a', first.state, 'after a stale commit')
    const bad = aCommit({ id: 'a', revision: 3, status: 'nonsense' as never })
    await rejects(store.commit([aCommit({ id: 'a', revision: 2, ...next }), bad]))
    await holds(store, 'a', first.state, 'after a batch that threw')
    await store.commit([aCommit({ id: 'a', revision: 2, ...next })])
    await holds(store, 'a', next.state, 'after the next one')
  }),

  storeCase('a page that ends early counts the pieces of a state', async ({ store }) => {
    const long = ofPieces([head, ...Array.from({ length: 20 }, (_, n) => line(n + 1))])
    await store.commit([anAccepted('a', {}, long), anAccepted('b', {}, long)])
    equal((await store.query({ limit: 10, length: long.state.length })).executions.length, 1)
    const [brief] = (await store.query({ limit: 10, brief: true })).executions
    equal(brief?.state, '')
  }),

  storeCase(
    'pieces that two owners write in turns are never mixed',
    async ({ store, second }) => {
      const other = await second()
      const pieces = (owner: string, n: number) => ofPieces([[0, `${owner} ${n}`], ...[n, n + 1, 9].map((at) => line(at, owner))])
      await store.commit([anAccepted('a', {}, { owner: null, ...pieces('none', 1) })])
      let revision = 1
      for (let round = 1; round <= 6; round++) {
        const [owner, mine] = round % 2 === 0 ? ['owner-1', store] : ['owner-2', other]
        const [claimed] = await mine.claim(aClaim({ owner, from: { kind: 'one', id: 'a' } }))
        ok(claimed, `claim ${round}`)
        equal(claimed.state, (await store.load('a'))?.state)
        for (const last of [false, false, true]) {
          const given = pieces(owner, ++revision)
          const commit = aCommit({ id: 'a', revision, epoch: claimed.epoch, owner: last ? null : owner, ...given })
          equal((await mine.commit([commit]))[0]?.status, 'committed')
          await holds(round % 4 < 2 ? store : other, 'a', given.state, `revision ${revision}`)
        }
        // the one that lost it knows the pieces of a revision that is gone
        const [late] = await (mine === store ? other : store).commit([aCommit({ id: 'a', revision, ...pieces('late', 1) })])
        equal(late?.status, 'stale')
      }
    },
    'second',
  ),

  storeCase('pieces are claimed with their execution, and go with it', async ({ store }) => {
    const given = ofPieces([head, line(1), line(2)])
    await store.commit([anAccepted('a', {}, given), aCommit({ id: 'a', revision: 2, ...given })])
    const [claimed] = await store.claim(aClaim({ from: { kind: 'lost', owners: ['owner-1'] } }))
    equal(claimed?.state, given.state)
    const less = ofPieces([head, line(2)])
    await store.commit([anEnd('a', 3, { epoch: 2, ...less })])
    await holds(store, 'a', less.state, 'at its end')
    await store.prune({ entryPoint: 'tickets', keep: 0, now: 9_000, limit: 10 })
    equal(await store.load('a'), undefined)
    const fresh = ofPieces([head, line(7)])
    await store.commit([anAccepted('b'), aCommit({ id: 'b', revision: 2, ...fresh })])
    await holds(store, 'b', fresh.state, 'of another one')
  }),
]
