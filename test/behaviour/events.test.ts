/** Those who follow the journal: what they get, what they cost, and how they end. */
import { describe, expect, test } from 'vitest'
import { assign, createMachine, fromPromise } from 'xstate'
import { createRuntime, defineEntryPoint, type RuntimeEvent } from '../../src/index.js'
import type { SnapshotStore } from '../../src/persistence/snapshot-store.js'
import { begin } from '../support/begin.js'
import { eventually, turns } from '../support/eventually.js'
import { places } from '../support/store-place.js'

const quick = defineEntryPoint({ id: 'quick', program: fromPromise(async () => 'x') })
const counter = createMachine({
  id: 'counter',
  context: { n: 0 },
  on: { ADD: { actions: assign({ n: ({ context }: { context: { n: number } }) => context.n + 1 }) } },
})

async function collect(events: AsyncIterable<RuntimeEvent>, into: RuntimeEvent[] = []): Promise<RuntimeEvent[]> {
  for await (const event of events) into.push(event)
  return into
}

/** The store, and how often it was asked for events. */
function counted(store: SnapshotStore): { store: SnapshotStore; asked: () => number } {
  let asked = 0
  const count =
    <T extends unknown[], R>(call: (...args: T) => R) =>
    (...args: T) => (asked++, call(...args))
  return { store: { ...store, events: count(store.events), lastSeq: count(store.lastSeq) }, asked: () => asked }
}

describe.each(places)('on %s', (__store, place) => {
  describe.each([
    ['from now on', undefined],
    ['from the beginning', 0],
  ])('an iteration %s', (__from, since) => {
    test.each([
      ['at once', 0],
      ['when all is quiet', 100],
    ])('ends with the runtime after the last event, when that stops %s after a commit', async (__when, quiet) => {
      const runtime = createRuntime({ store: place().open(), entryPoints: [quick], pollInterval: 20 })
      await runtime.start()
      const from = since === undefined ? {} : { since }
      const all = collect(runtime.events(from))
      await turns(3)
      const execution = await runtime.trigger('quick')
      const one = collect(runtime.events({ execution: execution.id, since: 0 }))
      await execution.result()
      await turns(quiet)
      await runtime.stop()
      const ends = ['execution.accepted', 'execution.started', 'execution.completed']
      expect((await all).map(({ type }) => type)).toEqual(ends)
      expect((await one).map(({ type }) => type)).toEqual(ends)
    })
  })

  test('a reader that is slow, or has stopped reading, gets what is left after the stop, and holds it up for nothing', async () => {
    const runtime = createRuntime({ store: place().open(), entryPoints: [quick], pollInterval: 20 })
    await runtime.start()
    const slow = runtime.events({ since: 0 })
    const dropped = runtime.events({ since: 0 })
    const executions = await Promise.all(Array.from({ length: 300 }, () => runtime.trigger('quick')))
    await Promise.all(executions.map((each) => each.result()))
    expect([(await slow.next()).done, (await dropped.next()).done]).toEqual([false, false])
    const from = performance.now()
    await runtime.stop()
    expect(performance.now() - from).toBeLessThan(5_000)
    expect((await collect(slow)).length).toBe(899)
  })

  test('any number of readers that wait for others cost one look a commit', async () => {
    const { store, asked } = counted(place().open())
    const runtime = await begin({ store, entryPoints: [quick], pollInterval: 1_000 })
    const end = new AbortController()
    const readers = Array.from({ length: 200 }, (_, n) =>
      collect(runtime.events({ execution: `other-${n}`, signal: end.signal })),
    )
    const seen: RuntimeEvent[] = []
    readers.push(collect(runtime.events({ entryPoint: 'quick', signal: end.signal }), seen))
    // each finds its place
    let before = -1
    await eventually('the readers to have caught up', async () => {
      const was = before
      before = asked()
      await turns(5)
      return was === before && before > 400
    })
    for (let n = 1; n <= 10; n++) {
      const execution = await runtime.trigger('quick')
      await execution.result()
      await eventually('its events', () => seen.length === 3 * n)
    }
    expect(asked() - before).toBeLessThan(60)
    await runtime.stop()
    await Promise.all(readers)
  })

  test('a reader that joins others misses nothing and gets nothing twice, whatever is committed meanwhile', async () => {
    const runtime = await begin({ store: place().open(), entryPoints: [quick] })
    const lists: RuntimeEvent[][] = []
    const readers: Promise<unknown>[] = []
    for (let n = 0; n < 40; n++) {
      const list: RuntimeEvent[] = []
      lists.push(list)
      readers.push(collect(runtime.events({ since: 0 }), list))
      await Promise.all([runtime.trigger('quick'), runtime.trigger('quick')])
    }
    await eventually('all events', () => lists.every((list) => list.length === 240))
    await runtime.stop()
    await Promise.all(readers)
    for (const list of lists) expect(list.map(({ seq }) => seq)).toEqual(Array.from({ length: 240 }, (_, n) => n + 1))
  })

  test('of an execution that lives on the last events are kept, and a reader is told what it has missed', async () => {
    const entryPoint = defineEntryPoint({ id: 'counters', program: counter, journal: { keep: 5 } })
    const told: unknown[] = []
    const runtime = await begin({ store: place().open(), entryPoints: [entryPoint] })
    const execution = await runtime.trigger('counters')
    for (let n = 0; n < 10; n++) {
      await execution.pause()
      await execution.resume()
    }
    const end = new AbortController()
    for await (const { type, data, seq } of runtime.events({ execution: execution.id, since: 0, signal: end.signal })) {
      told.push(type === 'journal.gap' ? { type, ...(data as object), seq } : type)
      if (told.length === 6) end.abort()
    }
    const [gap, ...kept] = told as [{ type: string; from: number; to: number; dropped: number; seq: number }, ...string[]]
    expect(gap).toMatchObject({ type: 'journal.gap', from: 1, seq: gap.to })
    expect(gap.dropped).toBeGreaterThan(10)
    expect(kept.every((type) => type.startsWith('execution.'))).toBe(true)
  })
})

test('a journal keeps one event at least', () => {
  for (const keep of [0, -1, 1.5])
    expect(() => defineEntryPoint({ id: 'x', program: counter, journal: { keep } })).toThrow(/journal\.keep/)
})
