/** The promises of a store about permits under keys: who gets the next one, and for how long it is kept. */
import { deepEqual, equal, ok } from 'node:assert/strict'
import type { AdmitRequest, FlowKeys, SnapshotStore } from '../../persistence/snapshot-store.js'
import { aClaim, aCommit, anAccepted, anEnd } from './store-builders.js'
import { type StoreCase, storeCase } from './store-case.js'
import { aCounted, admit, aStart, oneEach, queue, under } from './store-flow-builders.js'

/** Gives permits one by one, each to an execution that starts and ends at once; gives their ids in order. */
async function order(
  store: SnapshotStore,
  keysOf: ReadonlyMap<string, FlowKeys>,
  given: Partial<AdmitRequest>,
): Promise<string[]> {
  const ids: string[] = []
  for (;;) {
    const { own } = await admit(store, { ...given, limit: 1 })
    const id = own[0]
    if (id === undefined) return ids
    equal(own.length, 1)
    ids.push(id)
    const keys = keysOf.get(id) as FlowKeys
    await store.commit([aStart(id, 2, keys)])
    await store.commit([anEnd(id, 3, { keys, startedAt: 5_000 })])
  }
}

/** Permits under keys. */
export const admissionCases: readonly StoreCase[] = [
  storeCase('nothing gets a permit that has not arrived, is not queued, or is counted under no key', async ({ store }) => {
    const keys = under('a')
    await store.commit([aCounted('early', keys), anAccepted('free'), aCounted('paused', keys), aCounted('ended', keys)])
    await store.commit([
      aCommit({ id: 'paused', revision: 2, status: 'paused', keys }),
      anEnd('ended', 2, { keys, status: 'cancelled' }),
    ])
    const nothing = { own: [], taken: [], busy: [], nextAt: null }
    deepEqual(await admit(store), nothing)
    deepEqual(await admit(store, { arrived: ['free', 'paused', 'ended', 'absent'], ...oneEach }), nothing)
    deepEqual(await admit(store, { arrived: ['early'], owner: 'owner-2' }), nothing)
    deepEqual(await admit(store, { arrived: ['early'], entryPoint: 'others' }), nothing)
    deepEqual((await admit(store, { arrived: ['early'] })).own, ['early'])
  }),

  storeCase(
    'a permit is held from the admission to the end, also while the execution waits, is paused or is cancelled',
    async ({ store }) => {
      const keys = under('a')
      await queue(store, [
        ['first', keys],
        ['second', keys],
        ['other', under('b')],
      ])
      deepEqual((await admit(store, oneEach)).own.toSorted(), ['first', 'other'])
      // told again until it has started
      deepEqual((await admit(store, oneEach)).own.toSorted(), ['first', 'other'])
      await store.commit([aStart('first', 2, keys), aStart('other', 2, under('b'))])
      let revision = 2
      for (const status of ['waiting', 'queued', 'running', 'pausing', 'paused', 'queued', 'running', 'cancelling'] as const) {
        await store.commit([aCommit({ id: 'first', revision: ++revision, status, keys, startedAt: 5_000 })])
        deepEqual((await admit(store, oneEach)).own, [], status)
      }
      await store.commit([anEnd('first', ++revision, { keys, startedAt: 5_000, status: 'cancelled' })])
      deepEqual((await admit(store, oneEach)).own, ['second'])
    },
  ),

  storeCase('an execution that is paused before its start gives its permit back, and waits for one again', async ({ store }) => {
    const keys = under('a')
    await queue(store, [
      ['first', keys],
      ['second', keys],
    ])
    deepEqual((await admit(store, oneEach)).own, ['first'])
    await store.commit([aCommit({ id: 'first', revision: 2, status: 'paused', keys })])
    deepEqual((await admit(store, oneEach)).own, ['second'])
    await store.commit([aCommit({ id: 'first', revision: 3, status: 'queued', keys })])
    deepEqual((await admit(store, { ...oneEach, arrived: ['first'] })).own, ['second'])
    await store.commit([anEnd('second', 2, { keys, status: 'cancelled' })])
    deepEqual((await admit(store, oneEach)).own, ['first'])
  }),

  storeCase('one key has as many permits as the request says, whoever asks', async ({ store }) => {
    const all = ['a', 'b', 'c', 'd', 'e'].map((id) => [id, under('k')] as const)
    await queue(store, all)
    deepEqual((await admit(store, oneEach)).own, ['a'])
    deepEqual((await admit(store, { concurrency: { limit: 3, skip: false } })).own, ['a', 'b', 'c'])
    deepEqual((await admit(store, oneEach)).own, ['a', 'b', 'c'])
    deepEqual((await admit(store, { concurrency: { limit: 4, skip: false } })).own, ['a', 'b', 'c', 'd'])
    deepEqual((await admit(store)).own, ['a', 'b', 'c', 'd', 'e'])
  }),

  storeCase('an execution that starts without an admission is counted all the same', async ({ store }) => {
    const keys = under('a')
    await queue(store, [
      ['first', keys],
      ['second', keys],
    ])
    await store.commit([aStart('first', 2, keys)])
    deepEqual((await admit(store, oneEach)).own, [])
    await store.commit([anEnd('first', 3, { keys, startedAt: 5_000 })])
    deepEqual((await admit(store, oneEach)).own, ['second'])
  }),

  storeCase(
    'keys take turns, whichever has more that wait; under one key they start in the order of acceptance',
    async ({ store }) => {
      const keysOf = new Map<string, FlowKeys>()
      for (const id of ['a1', 'a2', 'a3', 'a4', 'b1', 'b2', 'c1']) keysOf.set(id, under(id[0] as string))
      await queue(
        store,
        [...keysOf].map(([id, keys]) => [id, keys]),
      )
      deepEqual(await order(store, keysOf, oneEach), ['a1', 'b1', 'c1', 'a2', 'b2', 'a3', 'a4'])
    },
  ),

  storeCase('one that begins to wait stands behind the keys that wait, and before those that were served', async ({ store }) => {
    const [a, b, c] = [under('a'), under('b'), under('c')]
    await queue(store, [
      ['a1', a],
      ['a2', a],
      ['b1', b],
      ['b2', b],
    ])
    deepEqual((await admit(store, { ...oneEach, limit: 1 })).own, ['a1'])
    await store.commit([aStart('a1', 2, a), anEnd('a1', 3, { keys: a, startedAt: 5_000 }), aCounted('c1', c)])
    await admit(store, { limit: 0, arrived: ['c1'] })
    const keysOf = new Map([
      ['a2', a],
      ['b1', b],
      ['b2', b],
      ['c1', c],
    ] as const)
    // a had its turn before c came
    deepEqual(await order(store, keysOf, oneEach), ['b1', 'a2', 'c1', 'b2'])
  }),

  storeCase('the greater priority goes first, until the other has waited for so long', async ({ store }) => {
    const keysOf = new Map<string, FlowKeys>()
    for (const id of ['a1', 'b1', 'c1']) keysOf.set(id, under(id[0] as string))
    await store.commit([
      aCounted('a1', under('a'), { acceptedAt: 1_000, priority: 0 }),
      aCounted('b1', under('b'), { acceptedAt: 10_000, priority: 1 }),
      aCounted('c1', under('c'), { acceptedAt: 11_001, priority: 1 }),
    ])
    await admit(store, { limit: 0, arrived: ['a1', 'b1', 'c1'] })
    deepEqual(await order(store, keysOf, { ...oneEach, ageing: 10_000 }), ['b1', 'a1', 'c1'])
  }),

  storeCase('with skip, one that arrives while its key is taken is busy, and gets no permit', async ({ store }) => {
    const skip = { concurrency: { limit: 1, skip: true } } as const
    const keys = under('a')
    await store.commit(['a1', 'a2', 'a3'].map((id) => aCounted(id, keys)))
    await store.commit([aCounted('b1', under('b'))])
    const first = await admit(store, { ...skip, limit: 0, arrived: ['a2', 'a1', 'b1'] })
    // of those that arrive together the order is that of acceptance
    deepEqual(first, { own: [], taken: [], busy: ['a2'], nextAt: null })
    deepEqual((await admit(store, { ...skip, limit: 0, arrived: ['a3', 'a2'] })).busy.toSorted(), ['a2', 'a3'])
    const given = await admit(store, skip)
    deepEqual([given.own.toSorted(), given.busy], [['a1', 'b1'], []])
    // asked again, as after a crash
    deepEqual((await admit(store, { ...skip, arrived: ['a2'] })).busy, ['a2'])
    await store.commit([aStart('a1', 2, keys), anEnd('a1', 3, { keys, startedAt: 5_000 })])
    deepEqual((await admit(store, skip)).own, ['b1'])
  }),

  storeCase('with skip, one that arrives after another one is busy, also if it was accepted before that', async ({ store }) => {
    const skip = { concurrency: { limit: 1, skip: true }, limit: 0 } as const
    const keys = under('a')
    await store.commit(['a1', 'a2', 'a3'].map((id) => aCounted(id, keys)))
    // who has not arrived does not count
    deepEqual((await admit(store, { ...skip, arrived: ['a2'] })).busy, [])
    deepEqual((await admit(store, { ...skip, arrived: ['a1'] })).busy, ['a1'])
    // what waits already stays, as after a crash
    deepEqual((await admit(store, { ...skip, arrived: ['a3', 'a2'] })).busy, ['a3'])
    deepEqual((await admit(store, { ...skip, limit: 1 })).own, ['a2'])
  }),

  storeCase(
    'an execution in the queue of another owner is taken with its permit, and that owner is fenced off',
    async ({ store }) => {
      const keys = under('a')
      await queue(store, [
        ['first', keys],
        ['second', keys],
      ])
      await store.commit([aCounted('mine', keys, { acceptedAt: 2_000 }, { owner: 'owner-2' })])
      const { own, taken } = await admit(store, { ...oneEach, owner: 'owner-2', arrived: ['mine'] })
      deepEqual(own, [])
      deepEqual(
        taken.map(({ id, owner, epoch, revision, status }) => ({ id, owner, epoch, revision, status })),
        [{ id: 'first', owner: 'owner-2', epoch: 2, revision: 1, status: 'queued' }],
      )
      equal((await store.commit([aStart('first', 2, keys)]))[0]?.status, 'stale')
      deepEqual((await admit(store, oneEach)).own, [])
      deepEqual((await admit(store, { ...oneEach, owner: 'owner-2' })).own, ['first'])
      await store.commit([aStart('first', 2, keys, 5_000, { owner: 'owner-2', epoch: 2 })])
      await store.commit([anEnd('first', 3, { epoch: 2, keys, startedAt: 5_000 })])
      deepEqual((await admit(store, oneEach)).own, ['second'])
    },
  ),

  storeCase('a permit outlives its owner: who claims the execution is told of it', async ({ store }) => {
    const keys = under('a')
    await queue(store, [
      ['first', keys],
      ['second', keys],
    ])
    deepEqual((await admit(store, oneEach)).own, ['first'])
    await store.retire('owner-1', { giveBack: true })
    deepEqual((await store.claim(aClaim())).map(({ id }) => id).toSorted(), ['first', 'second'])
    const again = await admit(store, { ...oneEach, owner: 'owner-2', arrived: ['first', 'second'] })
    deepEqual([again.own, again.taken], [['first'], []])
  }),

  storeCase('a queued execution says whether its key or its rate keeps it from a permit', async ({ store }) => {
    const limits = { ...oneEach, rate: { limit: 1, per: 1_000, isKeyed: true } } as const
    const held = async (id: string) => (await store.load(id))?.heldBy
    await queue(store, [
      ['a1', under('a', 'r')],
      ['a2', under('a', 'q')],
      ['b1', under('b', 'r')],
      ['c1', under('c', 's')],
    ])
    equal(await held('a2'), undefined)
    await admit(store, { ...limits, now: 5_000 })
    deepEqual(await Promise.all(['a1', 'a2', 'b1', 'c1'].map(held)), [undefined, 'key', 'rate', undefined])
    const { executions } = await store.query({ entryPoint: 'tickets', limit: 9, brief: true })
    deepEqual(
      executions.map(({ id, heldBy }) => [id, heldBy]),
      [
        ['c1', undefined],
        ['b1', 'rate'],
        ['a2', 'key'],
        ['a1', undefined],
      ],
    )
    await store.commit([anEnd('a1', 2, { keys: under('a', 'r'), status: 'cancelled' })])
    equal(await held('a2'), undefined)
  }),

  storeCase('executions under a key are found until they end', async ({ store }) => {
    await store.commit([
      aCounted('a1', under('a')),
      aCounted('a2', under('a')),
      aCounted('b1', under('b')),
      aCounted('elsewhere', under('a'), { entryPoint: 'others' }),
      anAccepted('free'),
      aCounted('all', under('')),
    ])
    const found = async (concurrencyKey: string, given: object = {}) =>
      (await store.query({ entryPoint: 'tickets', concurrencyKey, limit: 9, ...given })).executions.map(({ id }) => id)
    deepEqual(await found('a'), ['a2', 'a1'])
    deepEqual(await found('a', { status: ['running'] }), [])
    deepEqual(await found('a', { limit: 1 }), ['a2'])
    deepEqual(await found('none'), [])
    deepEqual(await found(''), ['all'])
    deepEqual(await found('a', { entryPoint: 'others' }), ['elsewhere'])
    deepEqual(await found('a', { permitted: true }), [])
    await admit(store, { ...oneEach, arrived: ['a1', 'a2'] })
    deepEqual(await found('a', { permitted: true }), ['a1'])
    deepEqual(await found('a', { permitted: true, status: ['running'] }), [])
    await store.commit([anEnd('a2', 2, { keys: under('a'), status: 'rejected' })])
    deepEqual(await found('a'), ['a1'])
  }),

  storeCase(
    'permits are kept when the store is closed and opened again',
    async ({ store, reopen }) => {
      const keys = under('a', 'r')
      const limits = { ...oneEach, rate: { limit: 1, per: 1_000, isKeyed: true } } as const
      await queue(store, [
        ['first', keys],
        ['second', keys],
      ])
      await admit(store, limits)
      await store.commit([aStart('first', 2, keys, 5_000)])
      const again = await reopen()
      deepEqual((await admit(again, { ...limits, now: 5_100 })).own, [])
      await again.commit([anEnd('first', 3, { keys, startedAt: 5_000 })])
      deepEqual(await admit(again, { ...limits, now: 5_500 }), { own: [], taken: [], busy: [], nextAt: 6_000 })
      deepEqual((await admit(again, { ...limits, now: 6_000 })).own, ['second'])
    },
    'reopen',
  ),

  storeCase(
    'of two owners that ask at the same time, one gets the permit',
    async ({ store, second }) => {
      const other = await second()
      const keys = under('a')
      for (let round = 0; round < 8; round++) {
        const [a, b] = [`a${round}`, `b${round}`] as const
        await store.commit([aCounted(a, keys), aCounted(b, keys, {}, { owner: 'owner-2' })])
        await Promise.all([admit(store, { limit: 0, arrived: [a] }), admit(other, { limit: 0, owner: 'owner-2', arrived: [b] })])
        const [one, two] = await Promise.all([admit(store, oneEach), admit(other, { ...oneEach, owner: 'owner-2' })])
        const ids = [...one.own, ...one.taken.map(({ id }) => id), ...two.own, ...two.taken.map(({ id }) => id)]
        // the first may be taken out of the hands of the other, who then has no permit
        ok(new Set(ids).size === 1, `round ${round}: ${ids.join(', ')}`)
        for (const id of [a, b]) {
          const { owner, epoch } = (await store.load(id))!
          await store.commit([anEnd(id, 2, { owner: null, epoch, keys, status: 'cancelled' })])
          ok(owner !== null)
        }
      }
    },
    'second',
  ),
]
