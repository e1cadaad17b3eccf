/** A reader that sleeps holds up nobody, holds little in memory, and ends with every event or with an account of those that are gone. */
import { describe, expect, test } from 'vitest'
import { fromPromise } from 'xstate'
import { defineEntryPoint, type RuntimeEvent } from '../../src/index.js'
import type { SnapshotStore } from '../../src/persistence/snapshot-store.js'
import { begin } from '../support/begin.js'
import { eventually } from '../support/eventually.js'
import { places } from '../support/store-place.js'

const quick = defineEntryPoint({ id: 'quick', program: fromPromise(async () => 'x'), maxConcurrent: 100 })
const entryPoints = [quick]

/** How many events were read from the store, and the longest list of them. */
function counting(counts: { read: number }) {
  return (inner: SnapshotStore) => ({
    events: async (query: Parameters<SnapshotStore['events']>[0]) => {
      const page = await inner.events(query)
      counts.read += page.length
      return page
    },
  })
}

/** Reads on until that number. */
async function readTo(events: AsyncGenerator<RuntimeEvent, void>, seq: number): Promise<RuntimeEvent[]> {
  const found: RuntimeEvent[] = []
  for await (const event of events) {
    found.push(event)
    if (event.seq >= seq) break
  }
  return found
}

describe.each(places)('on %s', (_, place) => {
  test('a reader that slept through 4,000 events gets each of them once, and meanwhile they were not read for it', async () => {
    const counts = { read: 0 }
    const runtime = await begin({ store: place().connect(counting(counts)), entryPoints })
    await runtime.publish('first')
    const sleeper = runtime.events({ since: 0 })
    expect((await sleeper.next()).value).toMatchObject({ type: 'first' })
    for (let n = 0; n < 10; n++) {
      await Promise.all(Array.from({ length: 280 }, () => runtime.publish('noted', n)))
      await Promise.all(Array.from({ length: 40 }, async () => (await runtime.trigger('quick')).result()))
    }
    // what it has not asked for stands in the store, and not in memory
    await eventually('the sleeper to be left behind', () => counts.read < 3_500)
    const { seq } = await runtime.publish('last')
    expect(seq).toBe(4_002)
    const seqs = (await readTo(sleeper, seq)).map((event) => event.seq)
    expect(seqs).toEqual(Array.from({ length: seq - 1 }, (__, n) => n + 2))
  })

  test('of the events that were forgotten while it slept it has an account: each number came, or is in a gap', async () => {
    const store = place().connect()
    const runtime = await begin({ store, entryPoints })
    await runtime.publish('first')
    const sleeper = runtime.events({ since: 0 })
    const late = runtime.events({ since: 0 })
    await sleeper.next()
    for (let n = 0; n < 8; n++) {
      await Promise.all(Array.from({ length: 500 }, () => runtime.publish('noted', n)))
      await (await runtime.trigger('quick')).result()
      if (n % 3 === 2) await store.pruneEvents({ keep: 100, limit: 10_000 })
    }
    await store.pruneEvents({ keep: 100, limit: 10_000 })
    const { seq } = await runtime.publish('last')
    for (const [reader, read] of [
      [sleeper, 1],
      [late, 0],
    ] as const) {
      const events = await readTo(reader, seq)
      const gaps = events.filter(({ type }) => type === 'journal.gap')
      expect(gaps).toHaveLength(1)
      const { from, to, dropped } = gaps[0]!.data as { from: number; to: number; dropped: number }
      const came = new Set(events.map((event) => event.seq))
      const missing = Array.from({ length: seq - read }, (__, n) => n + 1 + read).filter((n) => !came.has(n))
      expect(missing.every((n) => n >= from && n < to)).toBe(true)
      // of one that had read nothing, the number is exact; the gap itself stands in the place of the last
      if (read === 0) expect(missing.length + 1).toBe(dropped)
      expect(dropped).toBe(1 + 8 * 500 - 100)
    }
  })
})
