/** The promises of a store about stale writers. */
import { deepEqual, equal } from 'node:assert/strict'
import { aClaim, aCommit, anAccepted, anEnd } from './store-builders.js'
import { type StoreCase, storeCase } from './store-case.js'

const events = [{ type: 'x', at: 1, data: null }]

/** Revisions and epochs. */
export const fencingCases: readonly StoreCase[] = [
  storeCase('a commit with a stale revision writes nothing', async ({ store }) => {
    await store.commit([anAccepted('a'), aCommit({ id: 'a', revision: 2 })])
    const queued = await store.enqueue({ executionId: 'a', kind: 'event', payload: '1', at: 1 })
    const before = await store.load('a')
    const consumed = [{ seq: queued.status === 'queued' ? queued.seq : 0, answer: null }]
    const stale = { status: 'stale', revision: 2, epoch: 1, owner: 'owner-1' }
    for (const revision of [1, 2, 4]) {
      const commit = aCommit({ id: 'a', revision, state: 'wrong', events, consumed, checkpoints: 3, status: 'completed' })
      deepEqual(await store.commit([commit]), [stale], `revision ${revision}`)
    }
    deepEqual(await store.load('a'), before)
    equal(await store.lastSeq(), 0)
    equal((await store.inbox({ execution: 'a' })).length, 1)
    deepEqual(await store.checkpoints('a'), [])
  }),

  storeCase('a commit with a stale epoch writes nothing', async ({ store }) => {
    await store.commit([anAccepted('a', {}, { owner: null })])
    await store.claim(aClaim())
    const stale = { status: 'stale', revision: 1, epoch: 2, owner: 'owner-2' }
    deepEqual(await store.commit([aCommit({ id: 'a', revision: 2, events })]), [stale])
    deepEqual(await store.commit([aCommit({ id: 'a', revision: 2, epoch: 3, events })]), [stale])
    equal(await store.lastSeq(), 0)
    const [verdict] = await store.commit([aCommit({ id: 'a', revision: 2, epoch: 2, owner: 'owner-2' })])
    equal(verdict?.status, 'committed')
    equal((await store.load('a'))?.epoch, 2)
  }),

  storeCase('a stale commit does not disturb the others of its batch', async ({ store }) => {
    await store.commit([anAccepted('a'), anAccepted('b'), anAccepted('c', { idempotencyKey: 'k' })])
    const verdicts = await store.commit([
      aCommit({ id: 'a', revision: 2, events }),
      aCommit({ id: 'b', revision: 9, events }),
      aCommit({ id: 'nobody', revision: 2, events }),
      anAccepted('d', { idempotencyKey: 'k' }, { events }),
      aCommit({ id: 'c', revision: 2, events }),
    ])
    deepEqual(verdicts, [
      { status: 'committed', firstSeq: 1 },
      { status: 'stale', revision: 1, epoch: 1, owner: 'owner-1' },
      { status: 'not_found' },
      { status: 'duplicate', id: 'c', of: 'idempotency_key' },
      { status: 'committed', firstSeq: 2 },
    ])
    equal(await store.lastSeq(), 2)
  }),

  storeCase('a first commit is of revision 1 and epoch 1', async ({ store }) => {
    const stale = { status: 'stale', revision: 0, epoch: 0, owner: null }
    deepEqual(await store.commit([anAccepted('a', {}, { revision: 2 }), anAccepted('a', {}, { epoch: 2 })]), [stale, stale])
    equal(await store.load('a'), undefined)
  }),

  storeCase('of two commits that race for a revision, one is written', async ({ store }) => {
    await store.commit([anAccepted('a')])
    const verdicts = await Promise.all(
      ['one', 'two'].map(async (state) => ({
        state,
        verdict: (await store.commit([aCommit({ id: 'a', revision: 2, state })]))[0],
      })),
    )
    const written = verdicts.filter(({ verdict }) => verdict?.status === 'committed')
    equal(written.length, 1)
    equal((await store.load('a'))?.state, written[0]?.state)
  }),

  storeCase(
    'an execution that was claimed elsewhere between two commits is lost to the first owner',
    async ({ store, second }) => {
      const other = await second()
      await store.commit([anAccepted('a'), aCommit({ id: 'a', revision: 2 })])
      await other.claim(aClaim({ from: { kind: 'lost', owners: ['owner-1'] } }))
      const [mine] = await store.commit([aCommit({ id: 'a', revision: 3 })])
      deepEqual(mine, { status: 'stale', revision: 2, epoch: 2, owner: 'owner-2' })
      const [theirs] = await other.commit([aCommit({ id: 'a', revision: 3, epoch: 2, owner: 'owner-2' })])
      equal(theirs?.status, 'committed')
      await other.commit([aCommit({ id: 'a', revision: 4, epoch: 2, owner: null, status: 'waiting' })])
      await store.claim(aClaim({ owner: 'owner-1', from: { kind: 'one', id: 'a' } }))
      const [back] = await store.commit([aCommit({ id: 'a', revision: 5, epoch: 3 })])
      equal(back?.status, 'committed')
    },
    'second',
  ),

  storeCase(
    "two connections see each other's commits, and never accept one key twice",
    async ({ store, second }) => {
      const other = await second()
      for (let round = 0; round < 20; round++) {
        const accept = { idempotencyKey: `k${round}` }
        const [[one], [two]] = await Promise.all([
          store.commit([anAccepted(`a${round}`, accept, { events })]),
          other.commit([anAccepted(`b${round}`, accept, { events })]),
        ])
        deepEqual([one?.status, two?.status].toSorted(), ['committed', 'duplicate'])
      }
      equal(await store.lastSeq(), 20)
      equal(await other.lastSeq(), 20)
      deepEqual(await store.query({ limit: 50 }), await other.query({ limit: 50 }))
    },
    'second',
  ),

  storeCase(
    'two connections that take turns on one execution both leave it as they say',
    async ({ store, second }) => {
      const other = await second()
      await store.commit([anAccepted('a')])
      let revision = 1
      for (const status of ['running', 'paused', 'running', 'running', 'waiting', 'running', 'paused', 'paused'] as const) {
        const writer = revision % 2 === 0 ? store : other
        const owed = revision % 3 === 0
        const [verdict] = await writer.commit([aCommit({ id: 'a', revision: ++revision, status, owed })])
        equal(verdict?.status, 'committed')
        for (const reader of [store, other]) {
          const stored = await reader.load('a')
          deepEqual([stored?.revision, stored?.status, stored?.owed], [revision, status, owed])
        }
      }
    },
    'second',
  ),

  storeCase('a released execution keeps its epoch, and a claim makes a greater one', async ({ store }) => {
    await store.commit([anAccepted('a')])
    await store.retire('owner-1', { giveBack: true })
    deepEqual([(await store.load('a'))?.owner, (await store.load('a'))?.epoch], [null, 1])
    const [claimed] = await store.claim(aClaim())
    deepEqual([claimed?.owner, claimed?.epoch, claimed?.revision], ['owner-2', 2, 1])
    const [late] = await store.commit([anEnd('a', 2)])
    equal(late?.status, 'stale')
  }),
]
