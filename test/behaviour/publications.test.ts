/** An application's own events: durable before they are answered, once each, in one order with all others, as long as they are kept. */
import { describe, expect, onTestFinished, test } from 'vitest'
import { fromPromise } from 'xstate'
import { createClient, createRuntime, defineEntryPoint, type Runtime, type RuntimeEvent } from '../../src/index.js'
import { reservedWords } from '../../src/events/publication.js'
import { SimulatedClock } from '../../src/testing/clock/simulated-clock.js'
import { createTestRuntime, faultyStore } from '../../src/testing/index.js'
import { begin } from '../support/begin.js'
import { eventually } from '../support/eventually.js'
import { memoryPlace, places } from '../support/store-place.js'

const quick = defineEntryPoint({ id: 'quick', program: fromPromise(async () => 'x') })
const entryPoints = [quick]

/** The events that are there now. */
async function all(runtime: Pick<Runtime, 'events' | 'publish'>): Promise<RuntimeEvent[]> {
  const found: RuntimeEvent[] = []
  const { seq } = await runtime.publish('the end')
  for await (const event of runtime.events({ since: 0 })) {
    if (event.seq === seq) break
    found.push(event)
  }
  return found
}
const typesOf = (events: readonly RuntimeEvent[]) => events.map(({ type }) => type)

describe.each(places)('on %s', (_, place) => {
  test('what is published comes to everybody, in one order with the events of executions', async () => {
    const shared = place()
    const runtime = await begin({ store: shared.connect(), entryPoints })
    const client = createClient({ store: shared.connect(), entryPoints })
    onTestFinished(() => client.close())
    const first = await client.publish('order.paid', { amount: 12 }, { sessionId: 's', correlationId: 'c', causationId: '#1' })
    expect(first).toMatchObject({ status: 'published', seq: 1 })
    const execution = await runtime.trigger('quick')
    await execution.result()
    await runtime.publish('order.sent')
    for (const each of [runtime, client]) {
      const events = (await all(each)).filter(({ type }) => type !== 'the end')
      expect(typesOf(events)).toEqual([
        'order.paid',
        'execution.accepted',
        'execution.started',
        'execution.completed',
        'order.sent',
      ])
      const { at, ...paid } = events[0] as RuntimeEvent
      expect(at).toBeGreaterThan(0)
      expect(paid).toEqual({
        seq: 1,
        type: 'order.paid',
        id: first.id,
        sessionId: 's',
        correlationId: 'c',
        causationId: '#1',
        revision: 0,
        data: { amount: 12 },
      })
    }
  })

  test('calls that nobody waits for keep their order, with the data as they were', async () => {
    const runtime = await begin({ store: place().connect(), entryPoints })
    const data = { n: 0 }
    const calls = Array.from({ length: 50 }, (__, n) => {
      data.n = n
      return runtime.publish('counted', data)
    })
    data.n = 99
    const seqs = (await Promise.all(calls)).map(({ seq }) => seq)
    expect(seqs).toEqual(seqs.toSorted((a, b) => a - b))
    expect((await all(runtime)).map((event) => (event.data as { n: number }).n)).toEqual(calls.map((__, n) => n))
  })

  test('an event is published once under its id, also by several processes', async () => {
    const shared = place()
    const clients = [1, 2].map(() => createClient({ store: shared.connect(), entryPoints }))
    onTestFinished(() => Promise.all(clients.map((client) => client.close())).then(() => undefined))
    const publish = (n: number) => clients[n % 2]!.publish('paid', { amount: 1 }, { id: 'delivery 9' })
    const outcomes = await Promise.all([0, 1, 2, 3].map(publish))
    expect(outcomes.filter(({ status }) => status === 'published')).toHaveLength(1)
    expect(new Set(outcomes.map(({ id, seq }) => `${id} ${seq}`))).toEqual(new Set(['delivery 9 1']))
    expect(typesOf(await all(clients[0]!))).toEqual(['paid'])
    await expect(clients[1]!.publish('paid', { amount: 2 }, { id: 'delivery 9' })).rejects.toMatchObject({
      code: 'idempotency_conflict',
      details: { id: 'delivery 9', type: 'paid', seq: 1 },
    })
  })

  test('an event whose acknowledgement was lost is published once, with an id of its own or without', async () => {
    const store = faultyStore(place().open())
    const runtime = await begin({ store, entryPoints })
    for (const kind of ['throw', 'duplicate'] as const) {
      store.inject(kind === 'throw' ? { kind, call: 'publish', when: 'after', nth: 1 } : { kind, call: 'publish', nth: 1 })
      expect((await Promise.all([runtime.publish(kind), runtime.publish(`${kind} too`)])).map(({ status }) => status)).toEqual([
        'published',
        'published',
      ])
    }
    store.inject({ kind: 'throw', call: 'publish', when: 'after' })
    await expect(runtime.publish('named', 1, { id: 'x' })).rejects.toMatchObject({ code: 'store_failed', retryable: true })
    store.heal()
    expect(await runtime.publish('named', 1, { id: 'x' })).toMatchObject({ status: 'already_published', id: 'x' })
    expect(typesOf(await all(runtime))).toEqual(['throw', 'throw too', 'duplicate', 'duplicate too', 'named'])
  })

  test('readers get at once an event whose acknowledgement was lost', async () => {
    const store = faultyStore(place().open())
    const runtime = await begin({ store, entryPoints, pollInterval: 600_000 })
    const seen: string[] = []
    const following = (async () => {
      for await (const { type } of runtime.events({ since: 0 })) seen.push(type)
    })()
    await runtime.publish('first')
    await eventually('the reader to have caught up', () => seen.length === 1)
    store.inject({ kind: 'throw', call: 'publish', when: 'after', nth: 1 })
    await runtime.publish('second')
    await eventually('the reader to have it', () => seen.length === 2)
    await runtime.stop()
    await following
    expect(seen).toEqual(['first', 'second'])
  })

  test('a store that fails refuses the event with a typed error, and nothing of it is kept', async () => {
    const store = faultyStore(place().open())
    const runtime = await begin({ store, entryPoints })
    store.inject({ kind: 'throw', call: 'publish' })
    await expect(runtime.publish('lost')).rejects.toMatchObject({ code: 'store_failed' })
    store.heal()
    await runtime.publish('kept')
    expect(typesOf(await all(runtime))).toEqual(['kept'])
  })

  test('what was published before the stop is in the journal, and those who follow it get it', async () => {
    const shared = place()
    const runtime = await begin({ store: shared.connect(), entryPoints })
    const seen: string[] = []
    const following = (async () => {
      for await (const { type } of runtime.events({ since: 0 })) seen.push(type)
    })()
    await runtime.publish('first')
    const last = runtime.publish('last')
    const stopped = runtime.stop()
    await expect(runtime.publish('late')).rejects.toMatchObject({ code: 'already_stopped' })
    expect(await last).toMatchObject({ status: 'published' })
    await Promise.all([stopped, following])
    expect(seen).toEqual(['first', 'last'])
  })

  test('published events go by age and by number, and whoever comes late is told how many there were', async () => {
    const clock = new SimulatedClock()
    const runtime = await begin({
      store: place().connect(),
      entryPoints,
      clock,
      retentionInterval: 60_000,
      events: { maxAge: 3_600_000, keep: 5 },
    })
    const publish = async (from: number, to: number) => {
      for (let n = from; n <= to; n++) await runtime.publish(`p${n}`)
    }
    const gapOf = async () => {
      const [gap, ...kept] = await all(runtime)
      return { type: gap?.type, data: gap?.data, kept: typesOf(kept).filter((type) => type !== 'the end') }
    }
    await publish(1, 8)
    await clock.advance(80_000)
    await eventually('the first three to go', async () => (await all(runtime))[0]?.type === 'journal.gap')
    expect(await gapOf()).toEqual({
      type: 'journal.gap',
      data: { from: 1, to: 3, dropped: 3 },
      kept: ['p4', 'p5', 'p6', 'p7', 'p8'],
    })
    await clock.advance(3_600_000 + 120_000)
    await eventually('all of them to go', async () => (await gapOf()).kept.length === 0)
    const [gap] = await all(runtime)
    const { from, to, dropped } = gap!.data as { from: number; to: number; dropped: number }
    expect([from, dropped]).toEqual([1, to])
    expect(gap).not.toHaveProperty('executionId')
  })
})

test.each(reservedWords)('a type that begins with "%s" is the runtime\'s own', async (word) => {
  const runtime = createRuntime({ store: memoryPlace().connect(), entryPoints })
  for (const type of [word, `${word}.done`])
    await expect(runtime.publish(type)).rejects.toMatchObject({ code: 'invalid_event', details: { type, reserved: word } })
  expect(await runtime.publish(`${word}s.done`)).toMatchObject({ status: 'published' })
  await runtime.stop()
})

test('what can not be published is refused, with its place', async () => {
  const runtime = await begin({ store: memoryPlace().connect(), entryPoints })
  const refused = (call: () => Promise<unknown>, error: object) => expect(call()).rejects.toMatchObject(error)
  for (const type of ['', 'x'.repeat(257), '\0', undefined, 7])
    await refused(() => runtime.publish(type as never), { code: 'invalid_event' })
  await refused(() => runtime.publish('x', { list: [{ to: () => 1 }] }), {
    code: 'not_storable',
    details: { path: 'list[0].to' },
  })
  for (const [option, value] of Object.entries({ id: '', correlationId: 'a b', sessionId: '..', causationId: 7 }))
    await refused(() => runtime.publish('x', 1, { [option]: value }), { code: 'invalid_id', details: { option } })
  await refused(() => runtime.publish('x', 1, { correlationID: 'c' } as never), { code: 'invalid_option' })
  expect(await all(runtime)).toEqual([])
})

test('an event that is published however soon after the one before is written', async () => {
  const runtime = await begin({ store: memoryPlace().connect(), entryPoints })
  for (let turnsBetween = 0; turnsBetween < 20; turnsBetween++) {
    await runtime.publish('one')
    for (let n = 0; n < turnsBetween; n++) await Promise.resolve()
    expect(await runtime.publish('two')).toMatchObject({ status: 'published' })
  }
  expect(await all(runtime)).toHaveLength(40)
})

test('a process that dies while it publishes leaves the event in the journal once', async () => {
  for (const when of ['before', 'after'] as const) {
    const store = memoryPlace()
    const dying = faultyStore(store.open())
    const first = createClient({ store: dying, entryPoints })
    dying.inject({ kind: 'hang', call: 'publish', when })
    void first.publish('paid', 1, { id: 'p' })
    await eventually('it to be on its way', () => dying.waiting === 1)
    // nobody hears of the first process any more
    const second = await begin({ store: store.connect(), entryPoints })
    expect(await second.publish('paid', 1, { id: 'p' })).toMatchObject({
      status: when === 'before' ? 'published' : 'already_published',
    })
    expect(typesOf(await all(second))).toEqual(['paid'])
  }
})

test('a test runtime publishes once over the deaths of its process', async () => {
  const world = createTestRuntime({ entryPoints })
  await world.publish('asked')
  const published = world.publish('paid', 1)
  world.crash()
  await world.restart()
  expect(await published).toMatchObject({ status: 'published' })
  expect(typesOf(await all(world))).toEqual(['asked', 'paid'])
  await world.stop()
})
