/** Ticks, whatever happens meanwhile: missed ones, busy ones, several processes, crashes, pauses, and what can't fire. */
import { createMachine, fromPromise } from 'xstate'
import { describe, expect, onTestFinished, test } from 'vitest'
import { defineEntryPoint, type SnapshotStore } from '../../src/index.js'
import { cron, every, type Tick, type TickOptions } from '../../src/triggers.js'
import { SimulatedClock } from '../../src/testing/clock/simulated-clock.js'
import { faultyStore } from '../../src/testing/store/faulty-store.js'
import { createTestRuntime } from '../../src/testing/index.js'
import { begin } from '../support/begin.js'
import { eventually, turns } from '../support/eventually.js'
import { triggerEvents } from '../support/journal.js'
import { StepsInFlight } from '../support/steps-in-flight.js'
import { dyingAt } from '../support/mortal-process.js'
import { memoryPlace, places, type StorePlace } from '../support/store-place.js'
import { day, hour, input, iso, minute, quiet, storedTicks, TickShop, type TickInput } from '../support/ticks.js'

const monday = Date.parse('2026-06-01T06:00Z')
const daily = (options: TickOptions<TickInput> = {}) => cron('0 9 * * *', { ...options, input })
const nines = (...days: readonly number[]) => days.map((n) => iso(monday + 3 * hour + n * day))

async function opened(shared: StorePlace): Promise<SnapshotStore> {
  const store = shared.connect()
  await store.open()
  return store
}

describe.each(places)('on %s', (_, place) => {
  test.each([
    ['once', {}, nines(0, 7, 8)],
    ['none', { missed: 'none' }, nines(0, 8)],
    ['all', { missed: 'all' }, nines(0, 1, 2, 3, 4, 5, 6, 7, 8)],
    ['the last three', { missed: 'all', maxMissed: 3 }, nines(0, 5, 6, 7, 8)],
  ] as const)('a week without a process: %s of its ticks', async (_policy, options, ran) => {
    const shop = new TickShop(daily(options), { clock: new SimulatedClock(monday) })
    const shared = place()
    const first = await shop.begin(shared.connect())
    await shop.pass(4 * hour)
    await first.stop()
    await shop.pass(7 * day)
    const runtime = await shop.begin(shared.connect())
    await shop.pass(day)
    expect(shop.ran).toEqual(ran)
    const left = 9 - ran.length
    expect(shop.logged.filter((line) => line.includes('missed'))).toHaveLength(left > 0 ? 1 : 0)
    const health = runtime.registry.triggers.getSnapshot().context['ticks']
    expect(health).toMatchObject({
      type: 'cron',
      status: 'running',
      skipped: left > 0 ? 1 : 0,
      next: monday + 3 * hour + 9 * day,
    })
  })

  test('a pause of the stream stops its ticks, in each process, and its resume handles those that were missed', async () => {
    const shop = new TickShop(daily({ missed: 'all' }), { clock: new SimulatedClock(monday) })
    const runtime = await shop.begin(place().connect())
    await shop.pass(day)
    await runtime.stream('ticks').pause()
    await shop.pass(3 * day)
    expect(shop.ran).toEqual(nines(0))
    await runtime.stream('ticks').resume()
    await shop.pass(0)
    expect(shop.ran).toEqual(nines(0, 1, 2, 3))
    await shop.pass(day)
    expect(shop.ran).toEqual(nines(0, 1, 2, 3, 4))
    await runtime.drain()
    await shop.pass(day)
    expect(shop.ran).toEqual(nines(0, 1, 2, 3, 4))
  })

  test('what several processes leave out stands in the journal once', async () => {
    const clock = new SimulatedClock(monday)
    const shared = place()
    const shops = [0, 1].map(() => new TickShop(daily({ missed: 'none' }), { clock }))
    const [one, two] = shops as [TickShop, TickShop]
    const first = await one.begin(shared.connect())
    await one.pass(hour)
    await first.stop()
    await one.pass(7 * day)
    const runtime = await one.begin(shared.connect(), 'one')
    await two.begin(shared.connect(), 'two')
    await one.pass(day)
    expect([...one.ran, ...two.ran]).toEqual(nines(7))
    const span = { from: monday + 3 * hour, to: monday + 3 * hour + 6 * day }
    expect(await triggerEvents(runtime)).toEqual([['trigger.skipped', { entryPoint: 'ticks', reason: 'missed', ...span }]])
  })

  test('a tick that is a few seconds late is not missed', async () => {
    const shop = new TickShop(daily({ missed: 'none' }), { clock: new SimulatedClock(monday) })
    const shared = place()
    const first = await shop.begin(shared.connect())
    await shop.pass(hour)
    await first.stop()
    await shop.pass(2 * hour + 9_000)
    await shop.begin(shared.connect())
    await shop.pass(0)
    expect(shop.ran).toEqual(nines(0))
  })

  test('of several processes one starts the execution of each tick, also of the ticks of a frozen one', async () => {
    const clock = new SimulatedClock(monday)
    const shared = place()
    const shops = [0, 1, 2].map(() => new TickShop(daily({ missed: 'all' }), { clock }))
    const frozen = faultyStore(shared.connect())
    const [one, two, three] = shops as [TickShop, TickShop, TickShop]
    await one.begin(frozen, 'one')
    await two.begin(shared.connect(), 'two')
    await three.begin(shared.connect(), 'three')
    await one.pass(day)
    const all = () => shops.flatMap(({ ran }) => ran).toSorted()
    expect(all()).toEqual(nines(0))
    // whatever it had under way stands still, and comes two days later
    frozen.inject({ kind: 'hang', call: ['document', 'putDocument', 'commit', 'load'] })
    await one.pass(2 * day)
    expect(all()).toEqual(nines(0, 1, 2))
    frozen.heal()
    await one.pass(day)
    expect(all()).toEqual(nines(0, 1, 2, 3))
    expect(await storedTicks(await opened(shared))).toEqual(nines(0, 1, 2, 3))
  })
})

/** The process dies around its nth write: before it, or after it and before it knows. */
async function diesAt(shared: StorePlace, nth: number, when: 'before' | 'after', options: TickOptions<TickInput> = {}) {
  const trigger = cron('*/10 * * * *', { missed: 'all', ...options, input })
  const shop = new TickShop(trigger, { clock: new SimulatedClock(monday), hangs: options.overlap === 'replace' })
  const mortal = dyingAt(shared, nth, when)
  await shop.begin(mortal, 'mortal')
  await shop.pass(25 * minute)
  // where it dies only now, the next one must notice
  await shop.begin(shared.connect(), 'next', { pollInterval: minute })
  await shop.pass(20 * minute)
  const died = mortal.isCut
  // its end is not to be the nth write
  mortal.cut()
  const store = await opened(shared)
  const { executions } = await store.query({ entryPoint: 'ticks', limit: 100 })
  return { ticks: await storedTicks(store), statuses: executions.map(({ status }) => status), died }
}

describe.each(places)('after a crash at each write of its first ticks, on %s', (_, place) => {
  test.each(['before', 'after'] as const)('%s it: no tick is lost, and none starts two executions', async (when) => {
    let deaths = 0
    for (let nth = 1; nth < 30; nth++) {
      const { ticks, died } = await diesAt(place(), nth, when)
      const expected = ['06:10', '06:20', '06:30', '06:40'].map((time) => `2026-06-01T${time}Z`)
      // one that died before it had a position begins with the next process, at 06:25
      const isUnknown = when === 'before' && nth === 1
      expect(ticks, `write ${nth}`).toEqual(isUnknown ? expected.slice(2) : expected)
      if (!died) break
      deaths++
    }
    expect(deaths).toBeGreaterThan(6)
  })
})

test.each(['before', 'after'] as const)(
  'after a crash %s each write, where each tick replaces the one before, the last one alone goes on',
  async (when) => {
    for (let nth = 2; nth < 40; nth++) {
      const { ticks, statuses, died } = await diesAt(memoryPlace(), nth, when, { overlap: 'replace' })
      expect(ticks, `write ${nth}`).toEqual(['06:10', '06:20', '06:30', '06:40'].map((time) => `2026-06-01T${time}Z`))
      expect(statuses, `write ${nth}`).toEqual(['running', 'cancelled', 'cancelled', 'cancelled'])
      if (!died) break
    }
  },
)

describe('while the execution of the tick before has not ended', () => {
  async function busy(overlap: 'queue' | 'skip' | 'replace') {
    const clock = new SimulatedClock(monday)
    const flights = new StepsInFlight()
    flights.heeds = true
    const program = flights.step
    const named = ({ at }: Tick) => iso(at).slice(11, 16)
    const trigger = every(10 * minute, { overlap, input: named })
    const entryPoint = defineEntryPoint({ id: 'ticks', program, trigger, maxConcurrent: 1 })
    const logged: string[] = []
    const logger = (...args: unknown[]) => void logged.push(args.map(String).join(' '))
    const runtime = await begin({ ...quiet, store: memoryPlace().connect(), clock, entryPoints: [entryPoint], logger })
    await turns(20)
    const pass = async (ms: number) => {
      await clock.advance(ms, () => turns(12))
      await turns(30)
    }
    const statuses = async () => {
      const { executions } = await runtime.executions()
      return executions.toReversed().map(({ input: tick, status }) => `${String(tick)} ${status}`)
    }
    return { runtime, flights, pass, statuses, logged }
  }

  test('queue: each has its own, in its order', async () => {
    const { flights, pass, statuses } = await busy('queue')
    await pass(30 * minute)
    expect(await statuses()).toEqual(['06:10 running', '06:20 queued', '06:30 queued'])
    for (const name of ['06:10', '06:20', '06:30']) flights.free.add(name)
    flights.of('06:10')[0]?.end()
    await eventually('the ends', async () => (await statuses()).every((each) => each.endsWith('completed')))
  })

  test('skip: it is left out, and says so', async () => {
    const { runtime, flights, pass, statuses, logged } = await busy('skip')
    await pass(30 * minute)
    expect(await statuses()).toEqual(['06:10 running'])
    expect(logged.filter((line) => line.includes('overlap'))).toHaveLength(2)
    expect(runtime.registry.triggers.getSnapshot().context['ticks']).toMatchObject({ fired: 1, skipped: 2 })
    flights.of('06:10')[0]?.end()
    await turns()
    await pass(10 * minute)
    expect(await statuses()).toEqual(['06:10 completed', '06:40 running'])
  })

  test('replace: the one before is cancelled, with the reason', async () => {
    const { runtime, pass, statuses } = await busy('replace')
    await pass(30 * minute)
    expect(await statuses()).toEqual(['06:10 cancelled', '06:20 cancelled', '06:30 running'])
    const [, second] = (await runtime.executions()).executions
    expect(second?.cancel).toMatchObject({ reason: 'replaced by the tick of 2026-06-01T06:30:00.000Z' })
  })
})

describe('jitter', () => {
  const fires = async (id: string) => {
    const clock = new SimulatedClock(monday)
    const at: number[] = []
    const program = fromPromise(async ({ input: tick }: { input: number }) => void at.push(clock.now() - tick))
    const trigger = every(minute, { jitter: 30_000, input: (tick) => tick.at })
    await begin({ ...quiet, store: memoryPlace().connect(), clock, entryPoints: [defineEntryPoint({ id, program, trigger })] })
    await turns(20)
    await clock.advance(10 * minute + 30_000, () => turns(12))
    await turns(20)
    return at
  }

  test('each tick fires at its own time after its instant, the same one in every process', async () => {
    const [first, again, other] = [await fires('one'), await fires('one'), await fires('other')]
    expect(first).toHaveLength(10)
    for (const late of first) expect(late >= 0 && late < 30_000, String(late)).toBe(true)
    expect(new Set(first).size).toBeGreaterThan(7)
    expect(again).toEqual(first)
    expect(other).not.toEqual(first)
  })
})

test('a cron whose clock is set back fires no tick twice, and the next one when it comes', async () => {
  const shop = new TickShop(cron('0 * * * *', { input, missed: 'all' }), { clock: new SimulatedClock(monday) })
  const shared = memoryPlace()
  await shop.begin(shared.connect())
  await shop.pass(3 * hour)
  shop.clock.jump(-2 * hour)
  await shop.pass(4 * hour)
  const hours = ['07', '08', '09', '10', '11'].map((each) => `2026-06-01T${each}:00Z`)
  expect(shop.ran).toEqual(hours)
  expect(await storedTicks(await opened(shared))).toEqual(hours)
})

test('a tick whose input can not be made or stored is given up, which is reported, and the next one fires', async () => {
  const inputs: (() => unknown)[] = [
    () => {
      throw new Error('no such day')
    },
    () => () => undefined,
    () => 'good',
  ]
  const seen: unknown[] = []
  const program = fromPromise(async ({ input: given }: { input: unknown }) => void seen.push(given))
  const clock = new SimulatedClock(monday)
  const logged: string[] = []
  const trigger = every(minute, { input: ({ at }) => inputs[(at - monday) / minute - 1]?.() })
  const runtime = await begin({
    ...quiet,
    store: memoryPlace().connect(),
    clock,
    entryPoints: [defineEntryPoint({ id: 'ticks', program, trigger })],
    logger: (...args: unknown[]) => void logged.push(args.map(String).join(' ')),
  })
  await turns(20)
  await clock.advance(2 * minute, () => turns(12))
  const health = () => runtime.registry.triggers.getSnapshot().context['ticks']
  expect(health()).toMatchObject({
    status: 'running',
    failures: 2,
    error: { code: 'not_storable', details: { tick: monday + 2 * minute } },
  })
  expect(logged.some((line) => line.includes('2026-06-01T06:01:00.000Z of ticks starts no execution: no such day'))).toBe(true)
  await clock.advance(minute, () => turns(12))
  await turns()
  expect(seen).toEqual(['good'])
  expect(health()).toMatchObject({ failures: 2, fired: 1, error: null })
})

test('a tick says more of its execution, by which it is found; what can not be gives that tick up, and the next one fires', async () => {
  const options = ({ at }: Tick) => (at === monday + 3 * hour ? { tags: [''] } : { tags: [iso(at)], sessionId: 'acme' })
  const shop = new TickShop(daily({ options }), { clock: new SimulatedClock(monday) })
  const runtime = await shop.begin(memoryPlace().connect())
  await shop.pass(2 * day)
  expect(shop.ran).toEqual(nines(1))
  expect(shop.logged.join()).toContain('`tags` is a list of 1')
  const { executions } = await runtime.executions({ tag: iso(monday + 3 * hour + day), sessionId: 'acme' })
  expect(executions.map(({ input: given }) => given)).toEqual([{ at: monday + 3 * hour + day }])
})

test('a tick that a full queue refuses is tried again until there is room', async () => {
  const clock = new SimulatedClock(monday)
  const flights = new StepsInFlight()
  const trigger = cron('0 9 * * *', { input: ({ at }) => iso(at).slice(8, 10) })
  const entryPoint = defineEntryPoint({ id: 'ticks', program: flights.step, trigger, maxConcurrent: 1, maxQueued: 0 })
  const runtime = await begin({ ...quiet, store: memoryPlace().connect(), clock, entryPoints: [entryPoint] })
  await turns(20)
  await clock.advance(27 * hour, () => turns(12))
  await clock.advance(5 * minute, () => turns(12))
  const health = () => runtime.registry.triggers.getSnapshot().context['ticks']
  expect(health()).toMatchObject({ status: 'restarting', error: { code: 'queue_full' } })
  flights.free.add('02')
  flights.of('01')[0]?.end()
  await turns()
  await clock.advance(minute, () => turns(12))
  await eventually('both', async () => (await runtime.executions({ status: 'completed' })).executions.length === 2)
  expect(health()).toMatchObject({ status: 'running', fired: 2, error: null })
})

test.each(['before', 'after'] as const)(
  'a store that fails for a while, %s its effect, loses no tick and doubles none',
  async (when) => {
    const shop = new TickShop(cron('*/10 * * * *', { missed: 'all', input }), { clock: new SimulatedClock(monday) })
    const shared = memoryPlace()
    const store = faultyStore(shared.connect())
    const runtime = await shop.begin(store)
    await shop.pass(15 * minute)
    store.inject({ kind: 'throw', call: ['document', 'putDocument', 'commit', 'publish'], when })
    await shop.pass(20 * minute)
    expect(runtime.registry.triggers.getSnapshot().context['ticks']).toMatchObject({
      status: 'restarting',
      error: { code: 'store_failed' },
    })
    store.heal()
    await shop.pass(15 * minute)
    expect(await storedTicks(await opened(shared))).toEqual(
      ['06:10', '06:20', '06:30', '06:40', '06:50'].map((time) => `2026-06-01T${time}Z`),
    )
    expect(runtime.registry.triggers.getSnapshot().context['ticks']).toMatchObject({ status: 'running', error: null })
  },
)

test('a test runtime lets ticks come with its time, and is not kept going by them', async () => {
  const program = createMachine({
    id: 'waits',
    initial: 'a',
    states: { a: { after: { [2 * hour]: 'b' } }, b: { type: 'final' } },
  })
  const world = createTestRuntime({
    entryPoints: [
      defineEntryPoint({ id: 'ticks', program: fromPromise(async () => 1), trigger: every(hour) }),
      defineEntryPoint({ id: 'waits', program }),
      defineEntryPoint({ id: 'stuck', program: createMachine({ id: 'stuck', initial: 'a', states: { a: {} } }) }),
    ],
  })
  onTestFinished(() => world.stop())
  await world.start()
  expect(await (await world.trigger('waits')).result()).toMatchObject({ status: 'completed' })
  await world.advance(90 * minute)
  expect((await world.executions({ entryPoint: 'ticks', status: 'completed' })).executions).toHaveLength(3)
  await expect((await world.trigger('stuck')).result()).rejects.toMatchObject({ code: 'stuck' })
})

test('the cursor of another kind of trigger, or of no kind, is begun anew', async () => {
  const shared = memoryPlace()
  const store = await opened(shared)
  for (const [index, text] of ['not json', '7', '{"schedule":"cron 0 9 * * * UTC"}', 'null'].entries()) {
    const known = await store.document('trigger:ticks')
    await store.putDocument({ key: 'trigger:ticks', text, revision: known?.revision ?? 0 })
    const shop = new TickShop(daily({ missed: 'all' }), { clock: new SimulatedClock(monday + index * day) })
    const runtime = await shop.begin(shared.connect())
    await shop.pass(day)
    expect(shop.ran).toEqual(nines(index))
    await runtime.stop()
  }
})
