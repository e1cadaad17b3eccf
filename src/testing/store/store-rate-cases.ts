/** The promises of a store about rates: how many executions start in any window of time. */
import { deepEqual } from 'node:assert/strict'
import { anEnd } from './store-builders.js'
import { type StoreCase, storeCase } from './store-case.js'
import { admit, aStart, queue, under } from './store-flow-builders.js'

/** Rates. */
export const rateCases: readonly StoreCase[] = [
  storeCase('a rate lets so many start in any window, and says when the next one may', async ({ store }) => {
    const keys = under(null, '')
    const rate = { rate: { limit: 2, per: 1_000, isKeyed: false } } as const
    await queue(
      store,
      ['a', 'b', 'c', 'd', 'e'].map((id) => [id, keys] as const),
    )
    // those that have not started yet count as started now
    deepEqual(await admit(store, { ...rate, now: 5_000 }), { own: ['a', 'b'], taken: [], busy: [], nextAt: 6_000 })
    await store.commit([aStart('a', 2, keys, 5_100)])
    deepEqual(await admit(store, { ...rate, now: 5_200 }), { own: ['b'], taken: [], busy: [], nextAt: 6_100 })
    await store.commit([aStart('b', 2, keys, 5_900)])
    deepEqual(await admit(store, { ...rate, now: 6_099 }), { own: [], taken: [], busy: [], nextAt: 6_100 })
    deepEqual(await admit(store, { ...rate, now: 6_100 }), { own: ['c'], taken: [], busy: [], nextAt: 6_900 })
    // an end gives nothing back
    await store.commit([aStart('c', 2, keys, 6_100), anEnd('b', 3, { keys, startedAt: 5_900 })])
    deepEqual(await admit(store, { ...rate, now: 6_899 }), { own: [], taken: [], busy: [], nextAt: 6_900 })
    deepEqual((await admit(store, { ...rate, now: 8_000 })).own, ['d', 'e'])
  }),

  storeCase('one that ends with the commit of its start counts as a start', async ({ store }) => {
    const keys = under(null, 'x')
    const rate = { rate: { limit: 1, per: 1_000, isKeyed: true } } as const
    await queue(
      store,
      ['a', 'b'].map((id) => [id, keys] as const),
    )
    deepEqual((await admit(store, { ...rate, now: 5_000 })).own, ['a'])
    await store.commit([anEnd('a', 2, { keys, startedAt: 5_010, status: 'cancelled' })])
    deepEqual((await admit(store, { ...rate, now: 6_009 })).own, [])
    deepEqual((await admit(store, { ...rate, now: 6_010 })).own, ['b'])
  }),

  storeCase('each key of a rate has its own window, beside that of the concurrency', async ({ store }) => {
    const limits = { rate: { limit: 1, per: 1_000, isKeyed: true }, concurrency: { limit: 1, skip: false } } as const
    const [x, y] = [under('a', 'x'), under('b', 'y')]
    await queue(store, [
      ['a1', x],
      ['a2', x],
      ['b1', y],
      ['c1', under('c', 'x')],
    ])
    const first = await admit(store, { ...limits, now: 5_000 })
    deepEqual([first.own.toSorted(), first.nextAt], [['a1', 'b1'], 6_000])
    await store.commit([aStart('a1', 2, x, 5_000), aStart('b1', 2, y, 5_000)])
    // the key of a2 is taken, so that the turn is that of c1
    deepEqual((await admit(store, { ...limits, now: 6_000 })).own, ['c1'])
    await store.commit([aStart('c1', 2, under('c', 'x'), 6_000), anEnd('a1', 3, { keys: x, startedAt: 5_000 })])
    deepEqual(await admit(store, { ...limits, now: 6_500 }), { own: [], taken: [], busy: [], nextAt: 7_000 })
    deepEqual((await admit(store, { ...limits, now: 7_000 })).own, ['a2'])
  }),

  storeCase('a start of another process, made while this one waited for its turn, keeps its time', async ({ store }) => {
    const keys = under(null, 'x')
    const rate = { rate: { limit: 1, per: 1_000, isKeyed: true } } as const
    await queue(
      store,
      ['a', 'b'].map((id) => [id, keys] as const),
    )
    deepEqual((await admit(store, { ...rate, now: 5_000 })).own, ['a'])
    await store.commit([aStart('a', 2, keys, 5_400)])
    deepEqual((await admit(store, { ...rate, now: 5_000 })).own, [])
    deepEqual(await admit(store, { ...rate, now: 6_399 }), { own: [], taken: [], busy: [], nextAt: 6_400 })
    deepEqual((await admit(store, { ...rate, now: 6_400 })).own, ['b'])
  }),

  storeCase(
    'a clock that is set back lets none through too early, and holds nothing up for longer than the window',
    async ({ store }) => {
      const keys = under(null, 'x')
      const rate = { rate: { limit: 1, per: 1_000, isKeyed: true } } as const
      await queue(
        store,
        ['a', 'b', 'c'].map((id) => [id, keys] as const),
      )
      deepEqual((await admit(store, { ...rate, now: 90_000 })).own, ['a'])
      await store.commit([aStart('a', 2, keys, 90_000)])
      deepEqual((await admit(store, { ...rate, now: 90_000 })).nextAt, 91_000)
      deepEqual(await admit(store, { ...rate, now: 5_000 }), { own: [], taken: [], busy: [], nextAt: 6_000 })
      deepEqual((await admit(store, { ...rate, now: 5_999 })).own, [])
      deepEqual((await admit(store, { ...rate, now: 6_000 })).own, ['b'])
    },
  ),
]
