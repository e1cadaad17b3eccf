/** Clocks that are set forward and back, and machines that sleep: what was promised for a time comes, neither early nor a day late. */
import { describe, expect, onTestFinished, test } from 'vitest'
import type { TimerOptions } from '../../src/clock.js'
import { createMachine, fromCallback, fromPromise, setup } from 'xstate'
import { defineEntryPoint, fromExecution, type Clock } from '../../src/index.js'
import { createTestRuntime, hangs, returns, SimulatedClock } from '../../src/testing/index.js'
import { begin } from '../support/begin.js'
import { eventually, turns } from '../support/eventually.js'
import { places } from '../support/store-place.js'

const minute = 60_000
const hour = 60 * minute
const day = 24 * hour
const year = 365 * day

const base = setup({
  actors: { call: fromCallback(() => () => undefined), work: fromPromise(() => Promise.resolve('worked')) },
})
const waitsFor = (after: number) =>
  base.createMachine({ id: 'waits', initial: 'a', states: { a: { after: { [after]: 'b' } }, b: { type: 'final' } } })
const calls = (after: number) =>
  base.createMachine({
    id: 'calls',
    initial: 'a',
    invoke: { src: 'call' },
    states: { a: { after: { [after]: 'b' } }, b: { type: 'final' } },
  })
const works = base.createMachine({ id: 'works', invoke: { src: 'work' } })

/** One of each that waits for a time `after` from now. */
async function waiting(after: number, store?: Parameters<typeof createTestRuntime>[0]['store']) {
  const world = createTestRuntime({
    ...(store ? { store } : {}),
    entryPoints: [
      defineEntryPoint({ id: 'live', program: calls(after) }),
      defineEntryPoint({ id: 'in-memory', program: waitsFor(after), passivateAfter: Infinity }),
      defineEntryPoint({ id: 'passivated', program: waitsFor(after), passivateAfter: 0 }),
      defineEntryPoint({ id: 'soon-passivated', program: waitsFor(after), passivateAfter: after / 2 }),
      defineEntryPoint({ id: 'limited', program: works, timeout: after }),
      defineEntryPoint({ id: 'dated', program: works }),
      defineEntryPoint({
        id: 'retried',
        program: fromPromise(() => Promise.reject(new Error('again'))),
        retry: { maxAttempts: 2, backoff: { initial: after, max: after, jitter: 'none' } },
      }),
      defineEntryPoint({ id: 'shelved', program: works, queueTimeout: after }),
    ],
  })
  onTestFinished(() => world.stop())
  await world.start()
  const ids = ['live', 'in-memory', 'passivated', 'soon-passivated', 'limited', 'dated', 'retried', 'shelved'] as const
  await world.stream('shelved').pause()
  world.mock('work', hangs())
  const handles: { get(): Promise<{ status: string }> }[] = []
  for (const id of ids)
    handles.push(await world.trigger(id, undefined, id === 'dated' ? { deadline: world.clock.now() + after } : {}))
  await world.advance(1)
  const over = async () => {
    const records = await Promise.all(handles.map((handle) => handle.get()))
    return ids.filter((_, index) => ['completed', 'failed', 'timed_out'].includes(records[index]?.status ?? ''))
  }
  return { world, ids, over }
}

describe.each(places)('a clock that is set, in %s', (_, place) => {
  test('forward, as by a sleep of the machine: all that is due comes, wherever it stands', async () => {
    const { world, ids, over } = await waiting(30 * minute, place().open)
    expect(await over()).toEqual([])
    world.clock.jump(hour)
    await world.advance(0)
    expect(await over()).toEqual([...ids])
  })

  test('forward by less: what was due later comes when the clock reads its time', async () => {
    const { world, ids, over } = await waiting(90 * minute, place().open)
    world.clock.jump(hour)
    await world.advance(29 * minute)
    expect(await over()).toEqual([])
    await world.advance(minute)
    expect(await over()).toEqual([...ids])
  })

  test('back by a day: all comes when as much time has passed as was left', async () => {
    const { world, ids, over } = await waiting(hour, place().open)
    await world.advance(10 * minute)
    world.clock.jump(-day)
    await world.advance(50 * minute - 2)
    expect(await over()).toEqual([])
    await world.advance(2)
    expect(await over()).toEqual([...ids])
  })

  test('forward and back again: nothing comes early', async () => {
    const { world, ids, over } = await waiting(2 * year, place().open)
    world.clock.jump(year)
    await world.advance(1_000)
    world.clock.jump(-year)
    await world.advance(year + day)
    expect(await over()).toEqual([])
    await world.advance(year)
    expect(await over()).toEqual([...ids])
  })

  test('back for the second and the third time: what was set in between keeps what it had left', async () => {
    const program = waitsFor(30 * minute)
    const entryPoint = defineEntryPoint({ id: 'passivated', program, passivateAfter: 0, timeout: hour })
    const world = createTestRuntime({ store: place().open, entryPoints: [entryPoint] })
    onTestFinished(() => world.stop())
    await world.start()
    world.clock.jump(-day)
    const waits = await world.trigger('passivated')
    await world.advance(0)
    for (const by of [-minute, -hour]) {
      world.clock.jump(by)
      await waits.send({ type: 'LOOK' })
      await world.advance(10 * minute)
      expect(await waits.get()).toMatchObject({ status: 'waiting' })
    }
    await world.advance(10 * minute - 1)
    expect(await waits.get()).toMatchObject({ status: 'waiting' })
    await world.advance(1)
    expect(await waits.get()).toMatchObject({ status: 'completed' })
  })

  test('back: what is set from then on comes in its time, also while older ones wait', async () => {
    const { world } = await waiting(hour, place().open)
    world.clock.jump(-day)
    const later = await world.trigger('passivated')
    await world.advance(hour - 1)
    expect(await later.get()).toMatchObject({ status: 'waiting' })
    await world.advance(1)
    expect(await later.get()).toMatchObject({ status: 'completed' })
  })
})

test('a clock that is set back: who waits in the queue goes before all that come later', async () => {
  const world = createTestRuntime({
    entryPoints: [
      defineEntryPoint({
        id: 'work',
        program: base.createMachine({
          id: 'w',
          initial: 'a',
          states: { a: { invoke: { src: 'work', onDone: 'b' } }, b: { type: 'final' } },
        }),
        maxConcurrent: 1,
      }),
    ],
  })
  onTestFinished(() => world.stop())
  const held = world.hold('work')
  const all = [await world.trigger('work', undefined, { id: 'first' })]
  await held.started()
  all.push(await world.trigger('work', undefined, { id: 'old' }))
  world.clock.jump(-day)
  all.push(await world.trigger('work', undefined, { id: 'new' }))
  world.mock('work', returns('done'))
  held.calls[0]?.resolve('done')
  for (const each of all) await each.result()
  expect(world.calls.map(({ execution }) => execution)).toEqual(['first', 'old', 'new'])
})

test.each([
  ['forward and back', [year, -year]],
  ['back', [-day]],
])('retention goes on while the clock is set %s', async (_, jumps) => {
  const work = defineEntryPoint({ id: 'work', program: fromPromise(async () => 1), retention: { maxAge: 1_000, keep: 5 } })
  const clock = new SimulatedClock()
  const runtime = await begin({
    store: places[0][1]().connect(),
    clock,
    entryPoints: [work],
    retentionInterval: 500,
    pollInterval: 100,
  })
  const stored = async () => (await runtime.executions({ limit: 100 })).executions.length
  for (const by of jumps) {
    clock.jump(by)
    await clock.advance(600, () => turns(5))
  }
  for (let n = 0; n < 20; n++) await (await runtime.trigger('work')).result()
  await clock.advance(1_000, () => turns(5))
  expect(await stored()).toBeLessThanOrEqual(5)
})

/** A process whose timers stand still while it is frozen, and that hears of a jump a moment later, as of the machine's clock. */
class FreezingClock implements Clock {
  frozen = false
  /** True: of a jump it is told by `hear` alone. */
  isDeaf = false
  readonly #listeners = new Set<(by: number) => void>()
  readonly #clock: SimulatedClock
  #late: (() => void)[] = []

  constructor(clock: SimulatedClock) {
    this.#clock = clock
  }

  now = () => this.#clock.now()
  monotonic = () => this.#clock.monotonic()
  onJump(told: (by: number) => void): () => void {
    this.#listeners.add(told)
    const stop = this.#clock.onJump((by) => this.isDeaf || told(by))
    return () => (stop(), void this.#listeners.delete(told))
  }
  setTimeout = (fn: () => void, ms: number, options?: TimerOptions) =>
    this.#clock.setTimeout(() => (this.frozen ? void this.#late.push(fn) : fn()), ms, options)
  clearTimeout = (handle: unknown) => this.#clock.clearTimeout(handle)

  hear(by: number): void {
    for (const told of [...this.#listeners]) told(by)
  }

  thaw(): void {
    this.frozen = false
    for (const fn of this.#late.splice(0)) fn()
  }
}

const pauses = ([Infinity, 0] as const).flatMap((passivateAfter) =>
  ([-hour, hour / 2] as const).flatMap((by) =>
    (['before', 'just before', 'during'] as const).flatMap((when) =>
      (['no', 'a'] as const).map((restart) => [by / minute, when, restart, passivateAfter] as const),
    ),
  ),
)

test.each(pauses)(
  'a clock that is set by %d minutes %s a pause, with %s restart in it: a timer keeps what it had left (passivateAfter %d)',
  async (by, when, restart, passivateAfter) => {
    const shared = places[0][1]()
    const time = new SimulatedClock()
    const clock = new FreezingClock(time)
    clock.isDeaf = when === 'just before'
    const entryPoints = [defineEntryPoint({ id: 'waits', program: waitsFor(2 * hour), passivateAfter })]
    const start = () => begin({ store: shared.connect(), clock, entryPoints, pollInterval: day, lease: 3 * day })
    const advance = (ms: number) => time.advance(ms, () => turns(2))
    let runtime = await start()
    const { id } = await runtime.trigger('waits')
    const execution = () => runtime.execution(id)
    await advance(30 * minute)
    if (when !== 'during') time.jump(by * minute)
    expect(await execution().pause()).toMatchObject({ status: 'paused' })
    if (when === 'just before') clock.hear(by * minute)
    if (when === 'during') time.jump(by * minute)
    if (restart === 'a') {
      await runtime.stop()
      runtime = await start()
    }
    await advance(10 * minute)
    expect(await execution().resume()).toMatchObject({ status: 'resumed' })
    await advance((by > 0 && when !== 'during' ? 60 : 90) * minute - 1)
    expect(await execution().get()).toMatchObject({ status: 'waiting' })
    await advance(1)
    await eventually('it to end', async () => (await execution().get()).status === 'completed')
  },
)

describe.each(places)('a lease, in %s', (_, place) => {
  async function two() {
    const shared = place()
    const time = new SimulatedClock()
    const ran: string[] = []
    const ends: (() => void)[] = []
    const by = (name: string) =>
      defineEntryPoint({
        id: 'work',
        program: fromPromise<void>(() => (ran.push(name), new Promise((resolve) => ends.push(resolve)))),
      })
    const settings = { lease: 900, pollInterval: 100 }
    const clock = new FreezingClock(time)
    const first = await begin({ ...settings, clock, store: shared.connect(), id: 'first', entryPoints: [by('first')] })
    const second = await begin({ ...settings, clock: time, store: shared.connect(), id: 'second', entryPoints: [by('second')] })
    const execution = await first.trigger('work', undefined, { id: 'a' })
    await eventually('it to run', () => ran.length === 1)
    const advance = (ms: number) => time.advance(ms, () => turns(20))
    await advance(300)
    return { time, clock, first, second, execution, ran, ends, advance }
  }

  test('of a live process is not taken by another one that saw the clock jump forward first', async () => {
    const { time, ran, ends, execution, advance } = await two()
    time.jump(year)
    await advance(3_000)
    expect(ran).toEqual(['first'])
    ends[0]?.()
    expect(await execution.result()).toMatchObject({ status: 'completed' })
    expect(await execution.get()).toMatchObject({ recoveries: 0 })
  })

  test.each([0, -day, -hour, year])(
    'of a frozen process is taken once it was seen not to be prolonged for as long as it is, the clock set by %d',
    async (by) => {
      const { time, clock, ran, advance } = await two()
      clock.frozen = true
      time.jump(by)
      await advance(300)
      expect(ran).toEqual(['first'])
      await advance(600)
      expect(ran).toEqual(['first', 'second'])
    },
  )

  test.each([0, -day])(
    'that was lost is noticed by the frozen process before it accepts anything, the clock set by %d',
    async (by) => {
      const { time, clock, first, second, ran, ends, advance } = await two()
      clock.frozen = true
      await advance(1_300)
      expect(ran).toEqual(['first', 'second'])
      time.jump(by)
      clock.thaw()
      const late = await first.trigger('work', undefined, { id: 'late' })
      await advance(2_000)
      expect(ran).toEqual(['first', 'second', 'first'])
      expect(await second.execution('late').get()).toMatchObject({ recoveries: 0, status: 'running' })
      for (const end of ends) end()
      expect(await late.result()).toMatchObject({ status: 'completed' })
      await eventually('the other one to end', async () => (await second.execution('a').get()).status === 'completed')
    },
  )
})

test('a command to a process that does not react is given up in time, also when the clock is set back', async () => {
  const shared = places[0][1]()
  const clock = new SimulatedClock()
  const waits = defineEntryPoint({ id: 'waits', program: createMachine({ id: 'waits' }), passivateAfter: Infinity })
  const first = await begin({ store: shared.connect(), clock, entryPoints: [waits], pollInterval: hour, lease: day })
  const second = await begin({ store: shared.connect(), clock, entryPoints: [waits], pollInterval: 100, lease: day })
  const { id } = await first.trigger('waits')
  const told = second
    .execution(id)
    .cancel()
    .catch((error: unknown) => error)
  await clock.advance(500, () => turns(2))
  clock.jump(-day)
  await clock.advance(30_000, () => turns(2))
  expect(await told).toMatchObject({ code: 'no_answer' })
})

test.each([-day, year])('a command answers within its timeout, also when the clock is set by %d meanwhile', async (by) => {
  const clock = new SimulatedClock()
  const endless = fromPromise(() => new Promise<void>(() => undefined))
  const above = setup({ actors: { child: fromExecution('below') } }).createMachine({ id: 'above', invoke: { src: 'child' } })
  const entryPoints = [
    defineEntryPoint({ id: 'above', program: above, cancelTimeout: 2 * year }),
    defineEntryPoint({ id: 'below', program: endless, cancelTimeout: 2 * year }),
  ]
  const runtime = await begin({ store: places[0][1]().connect(), clock, entryPoints })
  const { id } = await runtime.trigger('above')
  await eventually(
    'its child to run',
    async () => (await runtime.executions({ parentId: id, status: 'running' })).executions.length > 0,
  )
  let answer: unknown
  void runtime
    .execution(id)
    .cancel({ timeout: 1_000 })
    .then((outcome) => (answer = outcome))
  await turns()
  await clock.advance(500, () => turns(5))
  clock.jump(by)
  expect(answer).toBeUndefined()
  await clock.advance(500, () => turns(5))
  await turns()
  expect(answer).toEqual({ status: 'cancelling' })
})
