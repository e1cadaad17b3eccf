/** The promises of a store about an application's own events: they stand in the one journal, once each, as long as they are kept. */
import { deepEqual, equal } from 'node:assert/strict'
import { decode } from '../../codec/snapshot-codec.js'
import { gapType, type JournalGap } from '../../persistence/journal-gap.js'
import type { EventQuery, SnapshotStore, StoredEvent } from '../../persistence/snapshot-store.js'
import { aCommit, anAccepted, anEnd, aPublication } from './store-builders.js'
import { type StoreCase, storeCase } from './store-case.js'

const event = (type: string) => ({ type, at: 1, data: null })

async function types(store: SnapshotStore, filter: Partial<EventQuery> = {}): Promise<string[]> {
  return (await store.events({ since: 0, limit: 100, ...filter })).map(({ type }) => type)
}

const gapOf = ({ data }: StoredEvent) => decode<JournalGap>(data ?? '', { id: 'the application', what: gapType })

/** What the journal says of gaps. */
async function gaps(store: SnapshotStore): Promise<JournalGap[]> {
  return (await store.events({ since: 0, limit: 100 })).filter(({ type }) => type === gapType).map(gapOf)
}

const names = (count: number) => Array.from({ length: count }, (_, index) => `p${index + 1}`)

/** Publications. */
export const publicationCases: readonly StoreCase[] = [
  storeCase('a publication stands in the journal with all other events, in the order of writes', async ({ store }) => {
    await store.commit([anAccepted('a', {}, { events: [event('a1')] })])
    const ids = { sessionId: 's', correlationId: 'c', causationId: '#1' }
    const published = [aPublication('p', { type: 'paid', at: 7, data: '"x"', ...ids }), aPublication('q')]
    deepEqual(await store.publish(published), [
      { status: 'published', seq: 2 },
      { status: 'published', seq: 3 },
    ])
    deepEqual(await store.commit([aCommit({ id: 'a', revision: 2, events: [event('a2')] })]), [
      { status: 'committed', firstSeq: 4 },
    ])
    deepEqual(await types(store), ['a1', 'paid', 'q', 'a2'])
    const none = { executionId: null, entryPoint: null, revision: 0 }
    deepEqual(await store.events({ since: 1, limit: 2 }), [
      { seq: 2, ...none, id: 'p', ...ids, type: 'paid', at: 7, data: '"x"' },
      { seq: 3, ...none, id: 'q', sessionId: null, correlationId: null, causationId: null, type: 'q', at: 1_000, data: null },
    ])
    equal(await store.lastSeq(), 4)
    deepEqual(
      [await types(store, { execution: 'a' }), await types(store, { entryPoint: 'tickets' })],
      [
        ['a1', 'a2'],
        ['a1', 'a2'],
      ],
    )
    deepEqual(await store.publish([]), [])
  }),

  storeCase('of several publications under one id the first one is kept, and told to the others', async ({ store }) => {
    const [first] = await store.publish([aPublication('p', { type: 'one', data: '1' })])
    deepEqual(first, { status: 'published', seq: 1 })
    const there = (await store.events({ since: 0, limit: 1 }))[0]
    deepEqual(await store.publish([aPublication('q'), aPublication('p', { type: 'two' }), aPublication('q', { at: 9 })]), [
      { status: 'published', seq: 2 },
      { status: 'duplicate', event: there },
      { status: 'duplicate', event: (await store.events({ since: 1, limit: 1 }))[0] },
    ])
    deepEqual(await types(store), ['one', 'q'])
    deepEqual(await store.publish([aPublication('P')]), [{ status: 'published', seq: 3 }])
  }),

  storeCase('publications go by their number, the oldest first, and one event tells how many', async ({ store }) => {
    await store.publish(names(3).map((id) => aPublication(id)))
    await store.commit([anAccepted('a', {}, { events: [event('a1')] })])
    await store.publish(['p4', 'p5'].map((id) => aPublication(id, { at: 4_000, sessionId: 's' })))
    deepEqual(await store.pruneEvents({ keep: 5, limit: 10 }), { events: 0, more: false })
    // who keeps all for ever says so
    deepEqual(await store.pruneEvents({ before: -Infinity, keep: Infinity, limit: 10 }), { events: 0, more: false })
    deepEqual(await store.pruneEvents({ keep: 2, limit: 2 }), { events: 2, more: true })
    deepEqual(await types(store), [gapType, 'p3', 'a1', 'p4', 'p5'])
    deepEqual(await gaps(store), [{ from: 1, to: 2, dropped: 2 }])
    deepEqual(await store.pruneEvents({ keep: 2, limit: 2 }), { events: 1, more: false })
    deepEqual(await store.pruneEvents({ keep: 2, limit: 2 }), { events: 0, more: false })
    deepEqual(await types(store), [gapType, 'a1', 'p4', 'p5'])
    deepEqual(await gaps(store), [{ from: 1, to: 3, dropped: 3 }])
    // whoever has read that far misses nothing
    deepEqual(await types(store, { since: 3 }), ['a1', 'p4', 'p5'])
    deepEqual(await store.pruneEvents({ keep: 0, limit: 10 }), { events: 2, more: false })
    const [, gap] = await store.events({ since: 0, limit: 9 })
    const ids = { executionId: null, entryPoint: null, id: null, sessionId: null, correlationId: null, causationId: null }
    deepEqual(gap, { seq: 6, revision: 0, at: 4_000, ...ids, type: gapType, data: gap?.data ?? null })
    deepEqual(gap && gapOf(gap), { from: 1, to: 6, dropped: 5 })
    deepEqual(await types(store), ['a1', gapType])
    deepEqual([await store.lastSeq(), (await store.publish([aPublication('p1')]))[0]], [6, { status: 'published', seq: 7 }])
    deepEqual(await types(store), ['a1', gapType, 'p1'])
    deepEqual(await store.pruneEvents({ limit: 10 }), { events: 0, more: false })
  }),

  storeCase('publications go by their age, up to the first that is young', async ({ store }) => {
    const ages = [100, 900, 200, 300]
    await store.publish(ages.map((at, index) => aPublication(`p${index + 1}`, { at })))
    deepEqual(await store.pruneEvents({ before: 100, limit: 10 }), { events: 0, more: false })
    deepEqual(await store.pruneEvents({ before: 500, limit: 10 }), { events: 1, more: false })
    deepEqual(await types(store), [gapType, 'p2', 'p3', 'p4'])
    deepEqual(await store.pruneEvents({ before: 1_000, keep: 9, limit: 0 }), { events: 0, more: false })
    deepEqual(await store.pruneEvents({ before: 500, keep: 2, limit: 10 }), { events: 1, more: false })
    deepEqual(await store.pruneEvents({ before: 1_000, limit: 1 }), { events: 1, more: true })
    deepEqual(await types(store), [gapType, 'p4'])
    deepEqual(await store.pruneEvents({ before: 1_000, limit: 1 }), { events: 1, more: false })
    deepEqual(await gaps(store), [{ from: 1, to: 4, dropped: 4 }])
  }),

  storeCase('publications and executions are forgotten apart from each other', async ({ store }) => {
    await store.publish([aPublication('p')])
    await store.commit([anAccepted('a', {}, { events: [event('a1')] }), anEnd('a', 2, { events: [event('a2')] })])
    await store.publish([aPublication('q')])
    await store.prune({ entryPoint: 'tickets', keep: 0, now: 9_000, limit: 10 })
    deepEqual(await types(store), ['p', 'q'])
    await store.commit([anAccepted('b', {}, { events: [event('b1')] })])
    await store.pruneEvents({ keep: 0, limit: 10 })
    deepEqual(await types(store), [gapType, 'b1'])
    deepEqual(await gaps(store), [{ from: 1, to: 4, dropped: 2 }])
  }),

  storeCase(
    'of two connections that publish under one id one is the first',
    async ({ store, second }) => {
      const both = [store, await second()]
      const ids = names(20)
      const verdicts = await Promise.all(
        both.map(async (each) => {
          const found = []
          for (const id of ids) found.push((await each.publish([aPublication(id)]))[0]?.status)
          return found
        }),
      )
      for (const [index] of ids.entries()) deepEqual(verdicts.map((found) => found[index]).toSorted(), ['duplicate', 'published'])
      deepEqual((await types(store)).toSorted(), ids.toSorted())
    },
    'second',
  ),
]
