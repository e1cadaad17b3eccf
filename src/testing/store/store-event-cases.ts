/** The promises of a store about the journal of published events. */
import { deepEqual, equal } from 'node:assert/strict'
import { nextTurn } from '../../clock.js'
import type { SnapshotStore } from '../../persistence/snapshot-store.js'
import { gapType, type JournalGap } from '../../persistence/journal-gap.js'
import { decode } from '../../codec/snapshot-codec.js'
import { aCommit, anAccepted, anEnd } from './store-builders.js'
import { type StoreCase, storeCase } from './store-case.js'

const event = (type: string, at = 1, data: string | null = null) => ({ type, at, data })

async function types(
  store: SnapshotStore,
  filter: { execution?: string; entryPoint?: string } = {},
  limit = 100,
): Promise<string[]> {
  return (await store.events({ since: 0, limit, ...filter })).map(({ type }) => type)
}

/** The journal as somebody sees it who reads on from the last that was read, until all is written and nothing follows. */
async function follow(store: SnapshotStore, isOver: () => boolean): Promise<string[]> {
  const found: string[] = []
  for (let since = 0; ;) {
    const last = isOver()
    const page = await store.events({ since, limit: 7 })
    found.push(...page.map(({ type }) => type))
    since = page.at(-1)?.seq ?? since
    if (last && page.length === 0) return found
    if (page.length === 0) await new Promise<void>((resolve) => nextTurn(resolve))
  }
}

/** What the journal says of gaps. */
async function gaps(store: SnapshotStore, filter: { execution?: string; since?: number } = {}): Promise<unknown[]> {
  const found = await store.events({ since: 0, limit: 100, ...filter })
  return found
    .filter(({ type }) => type === gapType)
    .map(({ seq, revision, data }) => ({ seq, revision, ...decode<JournalGap>(data ?? '', { id: 'a', what: gapType }) }))
}

/** The journal. */
export const eventCases: readonly StoreCase[] = [
  storeCase('of a journal that is limited the last events are kept, and one tells of those that are not', async ({ store }) => {
    const next = (revision: number, journal?: number) =>
      aCommit({ id: 'a', revision, journal, events: [event(`x${revision}`), event(`y${revision}`)] })
    await store.commit([
      anAccepted('a', {}, { events: [event('x1'), event('y1')] }),
      anAccepted('b', {}, { events: [event('b1')] }),
    ])
    await store.commit([next(2, 9)])
    deepEqual(await types(store, { execution: 'a' }), ['x1', 'y1', 'x2', 'y2'])
    await store.commit([next(3, 3), aCommit({ id: 'b', revision: 2, events: [event('b2')] })])
    deepEqual(await types(store, { execution: 'a' }), [gapType, 'y2', 'x3', 'y3'])
    deepEqual(await gaps(store), [{ seq: 4, revision: 2, from: 1, to: 4, dropped: 3 }])
    await store.commit([next(4, 3), next(5, 3)])
    for (const filter of [{}, { entryPoint: 'tickets' }])
      deepEqual(await types(store, filter), ['b1', 'b2', gapType, 'y4', 'x5', 'y5'])
    deepEqual(await gaps(store, { execution: 'a' }), [{ seq: 9, revision: 4, from: 1, to: 9, dropped: 7 }])
    // whoever has read that far misses nothing, whoever has not is told
    deepEqual([await gaps(store, { since: 9 }), (await gaps(store, { since: 6 })).length], [[], 1])
    // more than are kept in one commit, and none
    await store.commit([aCommit({ id: 'a', revision: 6, journal: 2, events: ['p', 'q', 'r', 's'].map((type) => event(type)) })])
    deepEqual(await types(store, { execution: 'a' }), [gapType, 'r', 's'])
    await store.commit([aCommit({ id: 'a', revision: 7, journal: 1 }), next(8)])
    deepEqual(await types(store, { execution: 'a' }), [gapType, 'r', 's', 'x8', 'y8'])
    equal(await store.lastSeq(), 18)
  }),

  storeCase('the numbers of events grow over all executions, in the order of commits', async ({ store }) => {
    equal(await store.lastSeq(), 0)
    const first = await store.commit([
      anAccepted('a', {}, { events: [event('a1'), event('a2')] }),
      anAccepted('b', {}, { events: [event('b1')] }),
      anAccepted('c'),
    ])
    const second = await store.commit([aCommit({ id: 'a', revision: 2, events: [event('a3', 7, '"x"')] })])
    deepEqual([...first, ...second].slice(0, 2).concat(second), [
      { status: 'committed', firstSeq: 1 },
      { status: 'committed', firstSeq: 3 },
      { status: 'committed', firstSeq: 4 },
    ])
    deepEqual(await types(store), ['a1', 'a2', 'b1', 'a3'])
    const ids = { id: null, sessionId: null, correlationId: null, causationId: null }
    const last = { seq: 4, executionId: 'a', entryPoint: 'tickets', revision: 2, ...ids, type: 'a3', at: 7, data: '"x"' }
    deepEqual(await store.events({ since: 3, limit: 9 }), [last])
    equal(await store.lastSeq(), 4)
  }),

  storeCase('an event has the ids of its execution: session, correlation and cause', async ({ store }) => {
    const ids = { sessionId: 's', correlationId: 'c', parentId: 'p' }
    await store.commit([
      anAccepted('a', { ...ids, causationId: '#7' }, { events: [event('a1')] }),
      anAccepted('b', ids, { events: [event('b1')] }),
      anAccepted('c', {}, { events: [event('c1')] }),
    ])
    await store.commit([aCommit({ id: 'a', revision: 2, journal: 1, events: [event('a2'), event('a3')] })])
    const found = await store.events({ since: 0, limit: 9 })
    deepEqual(
      found.map(({ type, sessionId, correlationId, causationId }) => [type, sessionId, correlationId, causationId]),
      [
        ['b1', 's', 'c', 'p'],
        ['c1', null, null, null],
        [gapType, 's', 'c', '#7'],
        ['a3', 's', 'c', '#7'],
      ],
    )
    deepEqual([(await store.load('a'))?.causationId, (await store.load('b'))?.causationId], ['#7', null])
  }),

  storeCase('events are told by execution, by entry point, since a number, and so many at a time', async ({ store }) => {
    await store.commit([
      anAccepted('a', {}, { events: [event('a1')] }),
      anAccepted('b', { entryPoint: 'other' }, { events: [event('b1')] }),
      aCommit({ id: 'a', revision: 2, events: [event('a2')] }),
      aCommit({ id: 'b', revision: 2, events: [event('b2'), event('b3')] }),
    ])
    deepEqual(await types(store, { execution: 'a' }), ['a1', 'a2'])
    deepEqual(await types(store, { entryPoint: 'other' }), ['b1', 'b2', 'b3'])
    deepEqual(await types(store, { execution: 'b', entryPoint: 'other' }), ['b1', 'b2', 'b3'])
    deepEqual(await types(store, { execution: 'b', entryPoint: 'tickets' }), [])
    deepEqual([await types(store, { execution: 'nobody' }), await types(store, { entryPoint: 'nowhere' })], [[], []])
    const page = await store.events({ since: 2, entryPoint: 'other', limit: 1 })
    deepEqual(
      page.map(({ type, seq }) => [type, seq]),
      [['b2', 4]],
    )
    deepEqual(await store.events({ since: 5, limit: 9 }), [])
    deepEqual(await store.events({ since: 0, limit: 0 }), [])
  }),

  storeCase(
    'who follows the journal while many commit at the same time misses nothing',
    async ({ store, second }) => {
      const writers = [store, await second()]
      const ids = Array.from({ length: 60 }, (_, index) => `id${index}`)
      let isOver = false
      const written = Promise.all(
        ids.map(async (id, index) => {
          const writer = writers[index % 2] as SnapshotStore
          const events = [event(`${id}.1`), ...(index % 3 === 0 ? [event(`${id}.2`)] : [])]
          const [verdict] = await writer.commit([anAccepted(id, {}, { events })])
          equal(verdict?.status, 'committed')
          await writer.commit([anEnd(id, 2, { events: [event(`${id}.end`)] })])
        }),
      ).finally(() => (isOver = true))
      const followed = await Promise.all(writers.map((reader) => follow(reader, () => isOver)))
      await written
      const all = await types(store, {}, 1_000)
      equal(all.length, 140)
      for (const found of followed) deepEqual(found, all)
    },
    'second',
  ),

  storeCase('a page of the journal is as long as it is asked to be', async ({ store }) => {
    const events = Array.from({ length: 3_000 }, (_, index) => event(`e${index}`))
    await store.commit([anAccepted('a', {}, { events })])
    for (const filter of [{}, { execution: 'a' }, { entryPoint: 'tickets' }]) {
      equal((await types(store, filter, 2_500)).length, 2_500)
      equal((await store.events({ since: 10, limit: 2_500, ...filter })).at(-1)?.seq, 2_510)
    }
  }),

  storeCase('the numbers of events go on after the newest were pruned', async ({ store }) => {
    await store.commit([anAccepted('a', {}, { events: [event('a1')] }), anAccepted('b', {}, { events: [event('b1')] })])
    await store.commit([anEnd('b', 2, { events: [event('b2')] })])
    await store.prune({ entryPoint: 'tickets', endedBefore: 9_000, now: 9_000, limit: 10 })
    deepEqual(await types(store), ['a1'])
    equal(await store.lastSeq(), 3)
    deepEqual(await store.commit([aCommit({ id: 'a', revision: 2, events: [event('a2')] })]), [
      { status: 'committed', firstSeq: 4 },
    ])
    deepEqual(
      (await store.events({ since: 3, limit: 9 })).map(({ seq }) => seq),
      [4],
    )
  }),
]
