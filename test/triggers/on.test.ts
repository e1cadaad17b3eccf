/** Events that start executions: each that fits starts one, over restarts, pauses, processes and crashes; chains come to their end. */
import { describe, expect, test } from 'vitest'
import { fromPromise } from 'xstate'
import { defineEntryPoint, fromStep, type Runtime, type RuntimeEvent, type SnapshotStore } from '../../src/index.js'
import { SimulatedClock } from '../../src/testing/index.js'
import { on, type OnOptions } from '../../src/triggers.js'
import { begin } from '../support/begin.js'
import { eventually, turns } from '../support/eventually.js'
import { dyingAt } from '../support/mortal-process.js'
import { memoryPlace, places, type StorePlace } from '../support/store-place.js'

const nOf = ({ data }: RuntimeEvent) => (data as { n: number }).n

/** An entry point that notes the `n` of each event that fires it. */
class Heard {
  readonly heard: number[] = []
  readonly logged: string[] = []
  readonly #type: string | readonly string[]
  readonly #options: OnOptions<number>
  readonly #limits: object

  constructor(options: OnOptions<number> = {}, type: string | readonly string[] = 'order.paid', limits: object = {}) {
    this.#options = options
    this.#type = type
    this.#limits = limits
  }

  begin(store: SnapshotStore, clock?: SimulatedClock): Promise<Runtime> {
    const program = fromPromise(async ({ input }: { input: number }) => void this.heard.push(input))
    const trigger = on<number>(this.#type, { ...this.#options, input: this.#options.input ?? nOf })
    const entryPoints = [defineEntryPoint({ id: 'heard', program, trigger, ...this.#limits })]
    const logger = (...args: unknown[]) => void this.logged.push(args.map(String).join(' '))
    return begin({ store, entryPoints, logger, ...(clock ? { clock, pollInterval: 100 } : {}) })
  }

  /** Resolves once so many were heard; no more come within some turns. */
  async has(...numbers: number[]): Promise<void> {
    await eventually(`${numbers.join()} heard, not ${this.heard.join()}`, () => this.heard.length >= numbers.length)
    await turns(100)
    expect(this.heard.toSorted((a, b) => a - b)).toEqual(numbers)
  }
}

const publish = (runtime: Runtime, n: number, options: object = {}) => runtime.publish('order.paid', { n }, options)

async function opened(shared: StorePlace): Promise<SnapshotStore> {
  const store = shared.connect()
  await store.open()
  return store
}

/** The sequence numbers for which the store has an execution, each as often as it has one. */
async function firedFor(store: SnapshotStore): Promise<number[]> {
  const { executions } = await store.query({ entryPoint: 'heard', limit: 1_000 })
  return executions.map(({ idempotencyKey }) => Number(idempotencyKey?.replace('on:', ''))).toSorted((a, b) => a - b)
}

describe.each(places)('on %s', (_, place) => {
  test('each event that fits starts one execution, with its correlation and its cause', async () => {
    const shop = new Heard()
    const runtime = await shop.begin(place().connect())
    await runtime.publish('order.made', { n: 1 })
    const { seq } = await publish(runtime, 2, { correlationId: 'order-2' })
    await publish(runtime, 3)
    await shop.has(2, 3)
    const { executions } = await runtime.executions({ correlationId: 'order-2' })
    expect(executions).toHaveLength(1)
    expect(executions[0]).toMatchObject({ causationId: `#${seq}`, idempotencyKey: `on:${seq}`, input: 2 })
  })

  test('what comes while no process runs, or while the stream is paused, fires afterwards', async () => {
    const shared = place()
    const shop = new Heard()
    const first = await shop.begin(shared.connect())
    await publish(first, 1)
    await shop.has(1)
    await first.stream('heard').pause()
    await publish(first, 2)
    await first.stream('heard').resume()
    await shop.has(1, 2)
    await first.stop()
    const elsewhere = await begin({ store: shared.connect(), entryPoints: [] })
    await publish(elsewhere, 3)
    await elsewhere.stop()
    await shop.begin(shared.connect())
    await shop.has(1, 2, 3)
  })

  test('of several processes one starts the execution of each event', async () => {
    const shared = place()
    const shop = new Heard()
    const runtimes = [await shop.begin(shared.connect()), await shop.begin(shared.connect()), await shop.begin(shared.connect())]
    const numbers = [...Array(60).keys()]
    await Promise.all(numbers.map((n) => publish(runtimes[n % 3] as Runtime, n)))
    await shop.has(...numbers)
  })

  test.each(['before', 'after'] as const)('a crash %s each write loses no event, and starts none twice', async (when) => {
    let deaths = 0
    for (let nth = 1; nth < 40; nth++) {
      const shared = place()
      const shop = new Heard({ from: 'start' })
      const mortal = dyingAt(shared, nth, when)
      const clock = new SimulatedClock()
      const first = await shop.begin(mortal, clock)
      for (const n of [1, 2, 3]) void publish(first, n, { id: `p${n}` }).catch(() => undefined)
      await clock.advance(500, () => turns(20))
      const died = mortal.isCut
      mortal.cut()
      const next = await shop.begin(shared.connect(), clock)
      // whoever publishes asks again for what has not been answered
      const again = [1, 2, 3].map((n) => publish(next, n, { id: `p${n}` }))
      await clock.advance(1_000, () => turns(20))
      const seqs = (await Promise.all(again)).map(({ seq }) => seq)
      expect(await firedFor(await opened(shared)), `write ${nth}`).toEqual(seqs.toSorted((a, b) => a - b))
      if (!died) break
      deaths++
    }
    expect(deaths).toBeGreaterThan(4)
  })
})

test('it begins now the first time, or at the start of the journal if it is told to', async () => {
  for (const [from, numbers] of [
    ['now', [2]],
    ['start', [1, 2]],
  ] as const) {
    const shared = memoryPlace()
    const before = await begin({ store: shared.connect(), entryPoints: [] })
    await publish(before, 1)
    const shop = new Heard({ from })
    const runtime = await shop.begin(shared.connect())
    await eventually('it runs', () => runtime.registry.triggers.getSnapshot().context['heard']?.status === 'running')
    await turns(20)
    await publish(runtime, 2)
    await shop.has(...numbers)
  }
})

test('types, lists and beginnings of types, sessions and questions of one’s own say which events fire', async () => {
  const shop = new Heard({ sessionId: 's', where: (event) => nOf(event) % 2 === 0 }, ['order.*', 'refund.made'])
  const runtime = await shop.begin(memoryPlace().connect())
  const all = [
    ['order.paid', 2, 's'],
    ['order.made', 4, 's'],
    ['refund.made', 6, 's'],
    ['refund.asked', 8, 's'],
    ['order.paid', 3, 's'],
    ['order.paid', 10, 't'],
  ] as const
  for (const [type, n, sessionId] of all) await runtime.publish(type, { n }, { sessionId })
  await shop.has(2, 4, 6)
})

test('the executions of its own entry point fire it only if it is told to', async () => {
  for (const own of [false, true]) {
    const ran: string[] = []
    const program = fromPromise(async ({ input }: { input: string }) => void ran.push(input))
    const trigger = on('execution.completed', { own, maxDepth: 3, input: ({ executionId }) => `after ${executionId}` })
    const logger = () => undefined
    const runtime = await begin({
      store: memoryPlace().connect(),
      entryPoints: [defineEntryPoint({ id: 'own', program, trigger })],
      logger,
    })
    await eventually('it runs', () => runtime.registry.triggers.getSnapshot().context['own']?.status === 'running')
    await turns(20)
    await runtime.trigger('own', 'first')
    if (own) await runtime.waitFor({ type: 'trigger.failed' }, { since: 0, timeout: 5_000 })
    await turns(200)
    expect(ran).toHaveLength(own ? 4 : 1)
  }
})

test('two that start each other end at the depth, which is told', async () => {
  const ran: string[] = []
  const of = (id: string, other: string) =>
    defineEntryPoint({
      id,
      program: fromPromise(async () => void ran.push(id)),
      trigger: on('execution.completed', { entryPoint: other, maxDepth: 5 }),
    })
  const entryPoints = [of('ping', 'pong'), of('pong', 'ping')]
  const runtime = await begin({ store: memoryPlace().connect(), entryPoints, logger: () => undefined })
  const isRunning = (id: string) => runtime.registry.triggers.getSnapshot().context[id]?.status === 'running'
  await eventually('both run', () => isRunning('ping') && isRunning('pong'))
  await turns(20)
  await runtime.trigger('ping')
  const failed = await runtime.waitFor({ type: 'trigger.failed' }, { since: 0, timeout: 5_000 })
  expect(failed).toMatchObject({ event: { data: { entryPoint: 'ping', error: { code: 'causation_depth' } } } })
  await turns(200)
  expect(ran).toEqual(['ping', 'pong', 'ping', 'pong', 'ping', 'pong'])
})

test('what a step publishes counts if it names its execution', async () => {
  const ran: number[] = []
  const runtimes: Runtime[] = []
  const round = fromStep<void, number>(async ({ input, executionId }) => {
    ran.push(input)
    await runtimes[0]?.publish('round', { n: input + 1 }, { causationId: executionId })
  })
  const entryPoint = defineEntryPoint({ id: 'again', program: round, trigger: on('round', { maxDepth: 4, input: nOf }) })
  const runtime = await begin({ store: memoryPlace().connect(), entryPoints: [entryPoint], logger: () => undefined })
  runtimes.push(runtime)
  await eventually('it runs', () => runtime.registry.triggers.getSnapshot().context['again']?.status === 'running')
  await turns(20)
  await runtime.publish('round', { n: 0 })
  const failed = await runtime.waitFor({ type: 'trigger.failed' }, { since: 0, timeout: 5_000 })
  expect(failed).toMatchObject({ event: { data: { error: { code: 'causation_depth' } } } })
  expect(ran).toEqual([0, 1, 2, 3])
})

test('events that are not kept until they could fire are told', async () => {
  const clock = new SimulatedClock()
  const shared = memoryPlace()
  const shop = new Heard()
  const first = await shop.begin(shared.connect(), clock)
  await clock.advance(500, () => turns(20))
  await first.stop()
  const events = { keep: 2 }
  const elsewhere = await begin({ store: shared.connect(), entryPoints: [], events, retentionInterval: 1_000, clock })
  for (const n of [1, 2, 3, 4, 5]) await publish(elsewhere, n)
  await clock.advance(5_000, () => turns(20))
  await elsewhere.stop()
  const next = await shop.begin(shared.connect(), clock)
  await clock.advance(1_000, () => turns(20))
  await shop.has(4, 5)
  const skipped = await next.waitFor({ type: 'trigger.skipped' }, { since: 0, timeout: 0 })
  expect(skipped).toMatchObject({ event: { data: { entryPoint: 'heard', reason: 'pruned' } } })
})

test('an input that can not be made, or not stored, is told, and later events fire', async () => {
  const shop = new Heard({
    input: (event) => {
      if (nOf(event) === 1) throw new Error('no such order')
      return nOf(event) === 2 ? ((() => 0) as never) : nOf(event)
    },
  })
  const runtime = await shop.begin(memoryPlace().connect())
  for (const n of [1, 2, 3]) await publish(runtime, n)
  await shop.has(3)
  const codes: unknown[] = []
  for await (const { data } of runtime.events({ type: 'trigger.failed', since: 0 })) {
    codes.push((data as { error: { code?: string } }).error.code)
    if (codes.length === 2) break
  }
  expect(codes).toEqual(['invalid_option', 'not_storable'])
})

test('a full queue delays what it has no room for, and loses nothing', async () => {
  const clock = new SimulatedClock()
  const shop = new Heard({}, 'order.paid', { maxQueued: 2, maxConcurrent: 1 })
  const runtime = await shop.begin(memoryPlace().connect(), clock)
  await runtime.stream('heard').resume()
  await turns(20)
  const numbers = [...Array(40).keys()]
  await Promise.all(numbers.map((n) => publish(runtime, n)))
  for (let n = 0; n < 200 && shop.heard.length < 40; n++) await clock.advance(1_000, () => turns(20))
  await shop.has(...numbers)
})

test('what is wrong is said when the trigger is made, with its option', () => {
  const wrong: readonly [string, () => unknown][] = [
    ['type', () => on([])],
    ['type', () => on(undefined as never)],
    ['type', () => on(7 as never)],
    ['entryPoint', () => on('a', { entryPoint: 7 as never })],
    ['own', () => on('a', { own: 1 as never })],
    ['from', () => on('a', { from: 'then' as never })],
    ['maxDepth', () => on('a', { maxDepth: 0 })],
    ['where', () => on('a', { where: true as never })],
    ['input', () => on('a', { input: 1 as never })],
    ['options', () => on('a', { options: {} as never })],
  ]
  for (const [option, make] of wrong)
    expect(make, option).toThrow(
      expect.objectContaining({ code: 'invalid_definition', details: expect.objectContaining({ trigger: 'on', option }) }),
    )
  expect(() => on('a', { every: 5 } as never)).toThrow(expect.objectContaining({ code: 'invalid_definition' }))
})
