/** Executions that are to start later: accepted and durable at once, outside memory and without a slot until their time, and never early. */
import { describe, expect, onTestFinished, test } from 'vitest'
import { createActor, fromCallback, fromPromise, setup } from 'xstate'
import { createClient, createRuntime, defineEntryPoint, supervisorMachine, type EntryPointOptions } from '../../src/index.js'
import { memoryStore } from '../../src/memory.js'
import {
  createTestRuntime,
  exploreCrashes,
  exploreRestarts,
  SimulatedClock,
  type MockArguments,
  type TestRuntime,
} from '../../src/testing/index.js'
import { begin } from '../support/begin.js'
import { eventually, turns } from '../support/eventually.js'
import { approval } from '../support/programs.js'
import { slowStore } from '../support/slow-store.js'
import { HandTrigger } from '../support/triggers.js'
import { places, type StorePlace } from '../support/store-place.js'

const minute = 60_000
const hour = 60 * minute
const day = 24 * hour

interface Job {
  readonly name: string
  /** How long its step takes, in ms. */
  readonly takes?: number
}

const work = setup({
  types: { input: {} as Job, context: {} as Job },
  actors: { work: fromPromise<void, Job>(() => Promise.reject(new Error('to be mocked'))) },
}).createMachine({
  id: 'work',
  context: ({ input }) => input,
  initial: 'working',
  states: { working: { invoke: { src: 'work', input: ({ context }) => context, onDone: 'done' } }, done: { type: 'final' } },
})

type Options = Partial<Pick<EntryPointOptions, 'maxConcurrent' | 'maxQueued' | 'overflow' | 'queueTimeout' | 'trigger'>>

/** A simulated process with an entry point `jobs`, and when each job has started. */
function process(place: StorePlace, options: Options = {}, clock = new SimulatedClock()) {
  const started: [name: string, at: number][] = []
  const jobs = defineEntryPoint({ ...options, id: 'jobs', program: work } as EntryPointOptions<typeof work>)
  const asks = defineEntryPoint({ id: 'asks', program: approval })
  const world = createTestRuntime({ entryPoints: [jobs, asks], store: place.open, clock })
  world.mock('work', async ({ input, sleep }: MockArguments<Job>) => {
    started.push([input.name, clock.now()])
    if (input.takes !== undefined) await sleep(input.takes)
  })
  onTestFinished(() => world.stop())
  return { world, clock, jobs, started, names: () => started.map(([name]) => name) }
}

/** A process among others, which looks for their work every ten seconds. */
async function oneOfMany(place: StorePlace, clock: SimulatedClock, id: string) {
  const started: [name: string, at: number][] = []
  const program = fromPromise<void, Job>(({ input }) => Promise.resolve(void started.push([input.name, clock.now()])))
  const jobs = defineEntryPoint({ id: 'jobs', program })
  const store = place.connect()
  const runtime = await begin({ store, clock, entryPoints: [jobs], id, lease: day })
  return { runtime, store, jobs, started }
}

const pass = async (clock: SimulatedClock, ms: number) => {
  await clock.advance(ms, () => turns(12))
  await turns(30)
}

describe.each(places)('an execution that is to start later, on %s', (_, placeOf) => {
  test('is accepted and durable at once, and starts at its time and not before', async () => {
    const { world, clock, started } = process(placeOf())
    const startAt = clock.now() + 60 * day
    const execution = await world.trigger('jobs', { name: 'a' }, { startAt: new Date(startAt) })
    expect(await execution.get()).toMatchObject({ status: 'queued', waitsFor: ['start'], startAt, startedAt: null, revision: 1 })
    // it sits in nobody's memory
    expect(await world.store.load(execution.id)).toMatchObject({ owner: null, dueAt: startAt, startAt })
    expect((await world.executions({ status: 'queued' })).executions).toMatchObject([{ id: execution.id, startAt }])
    await world.advance(60 * day - 1)
    expect(started).toEqual([])
    await world.advance(1)
    expect(started).toEqual([['a', startAt]])
    expect(await execution.get()).toMatchObject({ status: 'completed', startAt, startedAt: startAt })
    const events = await world.store.events({ since: 0, execution: execution.id, limit: 2 })
    expect(events.map(({ type, at }) => [type, at])).toEqual([
      ['execution.accepted', startAt - 60 * day],
      ['execution.started', startAt],
    ])
  })

  test('starts at once if its time is past', async () => {
    const { world, clock, started } = process(placeOf())
    const now = clock.now()
    const execution = await world.trigger('jobs', { name: 'a' }, { startAt: now - hour })
    expect(await execution.result()).toMatchObject({ status: 'completed' })
    expect(started).toEqual([['a', now]])
    expect(await execution.get()).toMatchObject({ startAt: now - hour })
  })

  test('takes its place in the queue as one that is accepted at its time', async () => {
    const { world, clock, names } = process(placeOf(), { maxConcurrent: 1 })
    const now = clock.now()
    await world.trigger('jobs', { name: 'late' }, { startAt: now + 300 })
    await world.trigger('jobs', { name: 'early' }, { startAt: now + 200 })
    await world.trigger('jobs', { name: 'busy', takes: 1_000 })
    await world.advance(250)
    await world.trigger('jobs', { name: 'between' })
    await world.advance(2_000)
    expect(names()).toEqual(['busy', 'early', 'between', 'late'])
  })

  test('is not counted in the queue before its time, and takes no slot', async () => {
    const { world, clock, names } = process(placeOf(), { maxConcurrent: 1, maxQueued: 1 })
    await world.trigger('jobs', { name: 'busy', takes: 500 })
    await world.trigger('jobs', { name: 'queued' })
    await expect(world.trigger('jobs', { name: 'refused' })).rejects.toMatchObject({ code: 'queue_full' })
    for (const name of ['a', 'b', 'c']) await world.trigger('jobs', { name }, { startAt: clock.now() + 100 })
    await world.advance(100)
    // what is due is in the queue, however full that is
    expect(world.registry.streams.getSnapshot().context['jobs']).toMatchObject({ queued: 4, running: 1 })
    await expect(world.trigger('jobs', { name: 'refused' })).rejects.toMatchObject({ code: 'queue_full' })
    await world.advance(1_000)
    expect(names()).toEqual(['busy', 'queued', 'a', 'b', 'c'])
  })

  test('can be cancelled, and then never starts', async () => {
    const { world, clock, started } = process(placeOf())
    const execution = await world.trigger('jobs', { name: 'a' }, { startAt: clock.now() + hour })
    expect(await execution.cancel({ reason: 'no longer' })).toEqual({ status: 'cancelled' })
    expect(await execution.cancel()).toEqual({ status: 'already_finished', as: 'cancelled' })
    await world.advance(2 * hour)
    expect(started).toEqual([])
    expect(await execution.get()).toMatchObject({ status: 'cancelled', startedAt: null })
  })

  test('can be paused and resumed before its time, and starts on time', async () => {
    const { world, clock, started } = process(placeOf())
    const startAt = clock.now() + hour
    const execution = await world.trigger('jobs', { name: 'a' }, { startAt })
    expect(await execution.pause()).toMatchObject({ status: 'paused' })
    expect(await execution.pause()).toMatchObject({ status: 'already_paused' })
    await world.advance(minute)
    expect(await execution.resume()).toMatchObject({ status: 'resumed' })
    expect(await world.store.load(execution.id)).toMatchObject({ status: 'queued', owner: null })
    expect(await execution.resume()).toMatchObject({ status: 'already_running' })
    await world.advance(59 * minute - 1)
    expect(started).toEqual([])
    await world.advance(1)
    expect(started).toEqual([['a', startAt]])
  })

  test('stays paused over its time, and starts with its resume', async () => {
    const { world, clock, started } = process(placeOf(), { queueTimeout: minute })
    const execution = await world.trigger('jobs', { name: 'a' }, { startAt: clock.now() + hour })
    await execution.pause()
    await world.advance(2 * hour)
    expect(await execution.get()).toMatchObject({ status: 'paused' })
    await execution.resume()
    await world.advance(0)
    expect(started).toEqual([['a', clock.now()]])
  })

  test('is paused and resumed with its stream', async () => {
    const { world, clock, started } = process(placeOf())
    const startAt = clock.now() + hour
    await world.trigger('jobs', { name: 'a' }, { startAt })
    await world.stream('jobs').pause()
    await world.trigger('jobs', { name: 'b' }, { startAt })
    await world.advance(2 * hour)
    expect(started).toEqual([])
    await world.stream('jobs').resume()
    await world.advance(0)
    expect(started.map(([, at]) => at)).toEqual([startAt + hour, startAt + hour])
  })

  test('gets the events that were sent to it before its time, in their order', async () => {
    const { world, clock } = process(placeOf())
    const execution = await world.trigger('asks', undefined, { startAt: clock.now() + hour })
    for (const text of ['one', 'two']) expect(await execution.send({ type: 'NOTE', text })).toEqual({ status: 'queued' })
    // an event does not bring it into memory
    await world.advance(minute)
    expect(await world.store.load(execution.id)).toMatchObject({ owner: null, revision: 1 })
    await world.advance(hour)
    expect(await execution.get()).toMatchObject({ status: 'waiting', context: { notes: ['one', 'two'] } })
  })

  test('waits in the queue for as long as `queueTimeout` says, from its time on', async () => {
    const { world, clock } = process(placeOf(), { maxConcurrent: 1, queueTimeout: minute })
    const now = clock.now()
    await world.trigger('jobs', { name: 'busy', takes: 3 * hour })
    const execution = await world.trigger('jobs', { name: 'a' }, { startAt: now + hour })
    await world.advance(hour + minute - 1)
    expect(await execution.get()).toMatchObject({
      status: 'queued',
      waitsFor: ['slot'],
      limits: { queueUntil: now + hour + minute },
    })
    await world.advance(1)
    expect(await execution.get()).toMatchObject({ status: 'timed_out' })
    expect(await execution.result()).toEqual({ status: 'timed_out', limit: 'queueTimeout' })
  })

  test('may be paused within that time, which then stands still', async () => {
    const { world, clock } = process(placeOf(), { maxConcurrent: 1, queueTimeout: minute })
    const now = clock.now()
    await world.trigger('jobs', { name: 'busy', takes: 9 * hour })
    const [before, within] = [
      await world.trigger('jobs', { name: 'a' }, { startAt: now + hour }),
      await world.trigger('jobs', { name: 'b' }, { startAt: now + hour }),
    ]
    await before.pause()
    await world.advance(hour + 20_000)
    await within.pause()
    await world.advance(hour)
    await Promise.all([before.resume(), within.resume()])
    await world.advance(40_000)
    expect([(await before.get()).status, (await within.get()).status]).toEqual(['queued', 'timed_out'])
    await world.advance(20_000)
    expect((await before.get()).status).toBe('timed_out')
  })

  test('runs for as long as `timeout` says, from its first slot on; `deadline` counts from the acceptance', async () => {
    const { world, clock } = process(placeOf())
    const now = clock.now()
    const [timed, dated] = [
      await world.trigger('jobs', { name: 'a', takes: day }, { startAt: now + hour, timeout: minute }),
      await world.trigger('jobs', { name: 'b', takes: day }, { startAt: now + hour, deadline: now + hour + 2 * minute }),
    ]
    await world.advance(hour + minute - 1)
    expect((await timed.get()).status).toBe('running')
    await world.advance(minute)
    expect(await timed.result({ timeout: 0 })).toEqual({ status: 'timed_out', limit: 'timeout' })
    await world.advance(minute)
    expect(await dated.result({ timeout: 0 })).toEqual({ status: 'timed_out', limit: 'deadline' })
  })

  test('starts when the clock reads its time, if that is set forward', async () => {
    const { world, clock, started } = process(placeOf())
    const startAt = clock.now() + day
    await world.trigger('jobs', { name: 'a' }, { startAt })
    clock.jump(23 * hour)
    await world.advance(hour - 1)
    expect(started).toEqual([])
    clock.jump(hour)
    await world.advance(0)
    expect(started).toMatchObject([['a', clock.now()]])
  })

  test('starts when the clock reads its time, if that is set back', async () => {
    const { world, clock, started } = process(placeOf(), { queueTimeout: minute })
    const startAt = clock.now() + day
    await world.trigger('jobs', { name: 'a' }, { startAt })
    await world.advance(hour)
    clock.jump(-12 * hour)
    await world.trigger('jobs', { name: 'b' }, { startAt })
    await world.advance(startAt - clock.now() - 1)
    expect(started).toEqual([])
    await world.advance(1)
    expect(started.toSorted()).toEqual([
      ['a', startAt],
      ['b', startAt],
    ])
    expect((await world.executions()).executions.map(({ status }) => status)).toEqual(['completed', 'completed'])
  })

  test('starts once its process is there again, in the order of their times', async () => {
    const { world, clock, names } = process(placeOf(), { maxConcurrent: 1 })
    const now = clock.now()
    for (const [name, after] of [
      ['c', 3 * hour],
      ['b', 2 * hour],
      ['a', hour],
    ] as const)
      await world.trigger('jobs', { name }, { startAt: now + after })
    world.crash()
    clock.jump(150 * minute)
    await world.restart()
    await world.advance(0)
    expect(names()).toEqual(['a', 'b'])
    await world.advance(hour)
    expect(names()).toEqual(['a', 'b', 'c'])
  })

  test('starts in one of the processes that are there at its time', async () => {
    const [place, clock] = [placeOf(), new SimulatedClock()]
    const first = await oneOfMany(place, clock, 'first')
    const others = [await oneOfMany(place, clock, 'second'), await oneOfMany(place, clock, 'third')]
    const startAt = clock.now() + minute
    const names = Array.from({ length: 20 }, (_each, n) => `${n}`)
    for (const name of names) await first.runtime.trigger('jobs', { name }, { startAt })
    first.store.cut()
    await pass(clock, minute - 1)
    expect(others.flatMap(({ started }) => started)).toEqual([])
    await pass(clock, 1)
    const started = others.flatMap((each) => each.started)
    expect(started.map(([name]) => name).toSorted()).toEqual(names.toSorted())
    expect(new Set(started.map(([, at]) => at))).toEqual(new Set([startAt]))
    expect(first.started).toEqual([])
  })

  test('is left alone by a drain and a stop, and cancelled with the runtime', async () => {
    const { world, clock } = process(placeOf())
    const kept = await world.trigger('jobs', { name: 'a' }, { startAt: clock.now() + hour })
    expect(await world.cancel()).toEqual({ cancelled: 1 })
    expect((await kept.get()).status).toBe('cancelled')
    const { id } = await world.trigger('jobs', { name: 'b' }, { startAt: clock.now() + hour })
    await world.drain()
    expect(await world.store.load(id)).toMatchObject({ status: 'queued', owner: null })
  })

  test('is the same one under the same key, whatever time is asked for again', async () => {
    const { world, clock, started } = process(placeOf())
    const startAt = clock.now() + hour
    const first = await world.trigger('jobs', { name: 'a' }, { startAt, idempotencyKey: 'k' })
    const again = await world.trigger('jobs', { name: 'a' }, { startAt: startAt + hour, idempotencyKey: 'k' })
    expect([again.id, again.created]).toEqual([first.id, false])
    await world.advance(3 * hour)
    expect(started).toEqual([['a', startAt]])
  })

  test('may come from a client, which pauses, resumes and cancels it as well', async () => {
    const [place, clock] = [placeOf(), new SimulatedClock()]
    const { jobs, started } = await oneOfMany(place, clock, 'worker')
    const client = createClient({ store: place.connect(), entryPoints: [jobs], clock, pollInterval: 10_000 })
    onTestFinished(() => client.close())
    const startAt = clock.now() + 2 * minute
    const kept = await client.trigger('jobs', { name: 'a' }, { startAt })
    const gone = await client.trigger('jobs', { name: 'b' }, { startAt: new Date(startAt) })
    expect(await kept.get()).toMatchObject({ status: 'queued', startAt })
    expect(await kept.pause()).toMatchObject({ status: 'paused' })
    const resumed = kept.resume()
    await pass(clock, 30_000)
    expect(await resumed).toMatchObject({ status: 'resumed' })
    expect(await gone.cancel()).toEqual({ status: 'cancelled' })
    await pass(clock, startAt - clock.now() - 1)
    expect(started).toEqual([])
    await pass(clock, 1)
    expect(started).toEqual([['a', startAt]])
  })

  test('may be a fork', async () => {
    const { world, clock } = process(placeOf())
    const first = await world.trigger('asks')
    await first.send({ type: 'NOTE', text: 'before' })
    const startAt = clock.now() + hour
    const fork = await first.fork({ startAt: new Date(startAt) })
    expect(await fork.get()).toMatchObject({ status: 'queued', startAt })
    await world.advance(hour - 1)
    expect(await fork.get()).toMatchObject({ status: 'queued', startedAt: null })
    await world.advance(1)
    expect(await fork.get()).toMatchObject({ status: 'waiting', startedAt: startAt, context: { notes: ['before'] } })
    await expect(first.fork({ startAt: Number.NaN })).rejects.toMatchObject({
      code: 'invalid_option',
      details: { id: first.id, option: 'startAt' },
    })
  })

  test('may be asked for by a trigger of the entry point', async () => {
    const clock = new SimulatedClock()
    const startAt = clock.now() + hour
    const hand = new HandTrigger<Job>()
    hand.run = async (port) => {
      await port.fire({ name: 'fired' }, { idempotencyKey: 'once', startAt: new Date(startAt) })
    }
    const { world, started } = process(placeOf(), { trigger: hand.trigger }, clock)
    await world.start()
    await world.advance(hour - 1)
    expect(started).toEqual([])
    await world.advance(1)
    expect(started).toEqual([['fired', startAt]])
  })

  test('may be asked for by an event to the machine', async () => {
    const clock = new SimulatedClock()
    const ran: number[] = []
    const replies: unknown[] = []
    const replyTo = createActor(fromCallback(({ receive }) => receive((event) => void replies.push(event)))).start()
    const jobs = defineEntryPoint({ id: 'jobs', program: fromPromise(() => Promise.resolve(ran.push(clock.now()))) })
    const ref = createActor(supervisorMachine, {
      input: { store: placeOf().connect(), entryPoints: [jobs], clock, pollInterval: day, lease: day },
    }).start()
    onTestFinished(() => void ref.stop())
    const ask = (startAt: unknown) =>
      ref.send({ type: 'execution.trigger', entryPoint: 'jobs', options: { startAt } as never, replyTo })
    ask('soon')
    ask(new Date(clock.now() + hour))
    await eventually('both answers', () => replies.length === 2)
    expect(replies).toMatchObject([
      { type: 'execution.refused', error: { code: 'invalid_option' } },
      { type: 'execution.accepted' },
    ])
    const startAt = clock.now() + hour
    await pass(clock, hour)
    expect(ran).toEqual([startAt])
  })

  test.each([
    ['a text', 'tomorrow'],
    ['no number', Number.NaN],
    ['for ever', Number.POSITIVE_INFINITY],
    ['beyond all dates', 9e15],
    ['an invalid date', new Date(Number.NaN)],
    ['null', null],
  ])('is refused with the place if its time is %s', async (_name, startAt) => {
    const place = placeOf()
    const { world, jobs } = process(place)
    const refusal = { code: 'invalid_option', details: { entryPoint: 'jobs', option: 'startAt', value: String(startAt) } }
    await expect(world.trigger('jobs', { name: 'a' }, { startAt: startAt as never })).rejects.toMatchObject(refusal)
    const client = createClient({ store: place.open(), entryPoints: [jobs] })
    await expect(client.trigger('jobs', { name: 'a' }, { startAt: startAt as never })).rejects.toMatchObject(refusal)
    await client.close()
    expect((await world.executions()).executions).toEqual([])
  })

  test('is refused if its deadline is not later than its start', async () => {
    const { world, clock } = process(placeOf())
    const startAt = clock.now() + hour
    await expect(world.trigger('jobs', { name: 'a' }, { startAt, deadline: startAt })).rejects.toMatchObject({
      code: 'invalid_option',
      details: { entryPoint: 'jobs', option: 'deadline', startAt },
    })
  })
})

test.each([
  ['crash', exploreCrashes],
  ['restart', exploreRestarts],
] as const)('a %s at every point neither loses one nor starts it early', async (_, explore) => {
  const startedAt: number[] = []
  const report = await explore(defineEntryPoint({ id: 'jobs', program: work }), (async (world: TestRuntime) => {
    world.mock('work', () => void startedAt.push(world.clock.now()))
    startedAt.length = 0
    const startAt = world.clock.now() + hour
    const execution = await world.trigger('jobs', { name: 'a' }, { startAt, idempotencyKey: 'k' })
    await execution.pause()
    await execution.resume()
    await world.advance(hour)
    const outcome = await execution.result()
    return {
      outcome,
      early: startedAt.filter((at) => at < startAt),
      ran: startedAt.length > 0,
      count: (await world.executions()).executions.length,
    }
  }) as never)
  expect(report.failures).toEqual([])
})

test('by the real clock, one starts no sooner', async () => {
  const jobs = defineEntryPoint({ id: 'jobs', program: fromPromise(() => Promise.resolve(Date.now())) })
  const runtime = createRuntime({ store: memoryStore(), entryPoints: [jobs] })
  onTestFinished(() => runtime.stop())
  await runtime.start()
  const startAt = Date.now() + 30
  const execution = await runtime.trigger('jobs', undefined, { startAt })
  expect(await execution.get()).toMatchObject({ status: 'queued' })
  const outcome = await execution.result()
  expect(outcome.status === 'completed' && outcome.output).toBeGreaterThanOrEqual(startAt)
})

test.each(['its acceptance', 'its resume'])('it starts, also if its time comes while %s waits for the store', async (what) => {
  const clock = new SimulatedClock()
  const started: number[] = []
  const jobs = defineEntryPoint({ id: 'jobs', program: fromPromise(() => Promise.resolve(started.push(clock.now()))) })
  // a commit takes its time: another one is under way when the execution asks for its own
  const runtime = await begin({ store: slowStore({ commit: 20 }), clock, entryPoints: [jobs] })
  const startAt = clock.now() + 5
  if (what === 'its acceptance') {
    void runtime.trigger('jobs')
    await turns(3)
  }
  const accepted = runtime.trigger('jobs', undefined, { id: 'later', startAt: what === 'its resume' ? startAt + hour : startAt })
  if (what === 'its resume') {
    const later = await accepted
    await later.pause()
    await clock.advance(hour - 100)
    const other = runtime.trigger('jobs')
    await turns(3)
    const resumed = later.resume()
    await turns(3)
    await clock.advance(200)
    await Promise.all([other, resumed])
  } else await clock.advance(10)
  await accepted
  await eventually('both have run', async () => {
    await clock.advance(5_000, () => turns(5))
    return started.length === 2
  })
  expect((await runtime.execution('later').result()).status).toBe('completed')
})
