/** Custom actions that are owed: what they are given again after a crash, and how an execution lives that owes one. */
import { describe, expect, test } from 'vitest'
import { createMachine, setup, type AnyActorRef, type AnyStateMachine } from 'xstate'
import { defineEntryPoint, fromStep, type EntryPointOptions, type ExecutionRecord } from '../../src/index.js'
import { createTestRuntime, exploreCrashes, exploreRestarts } from '../../src/testing/index.js'
import { begin } from '../support/begin.js'
import { eventually } from '../support/eventually.js'
import { SimulatedClock } from '../../src/testing/clock/simulated-clock.js'
import { play } from '../support/playthrough.js'
import { memoryPlace, places, type StorePlace } from '../support/store-place.js'

test.each(places)(
  'a named action is owed though the context holds actor refs, and gets live ones again (%s)',
  async (_, placeOf) => {
    const place = placeOf()
    const clock = new SimulatedClock()
    const told: { to: string; remarks: unknown[] }[] = []
    let dies: () => void = () => undefined
    const clerk = setup({}).createMachine({ id: 'clerk', context: { name: 'clerk' } })
    const program = setup({
      types: { context: {} as { desk: { clerks: AnyActorRef[] } }, events: {} as { type: 'GO' } },
      actors: { clerk },
      actions: {
        tell: ({ context }, { to }: { to: string }) => {
          told.push({ to, remarks: context.desk.clerks.map((ref) => ref.getSnapshot().context) })
          dies()
        },
      },
    }).createMachine({
      id: 'desk',
      context: ({ spawn }) => ({ desk: { clerks: [spawn('clerk', { id: 'one' }), spawn('clerk', { id: 'two' })] } }),
      on: { GO: { actions: { type: 'tell', params: { to: 'ann' } } } },
    })
    const entryPoints = [defineEntryPoint({ id: 'desk', program })] as const
    const first = place.connect()
    const runtime = await begin({ store: first, clock, entryPoints })
    const { id } = await runtime.trigger('desk')
    await eventually('it to wait', async () => (await first.load(id))?.status === 'waiting')
    dies = () => first.cut()
    void runtime.execution(id).send({ type: 'GO' })
    await eventually('the crash', () => first.isCut)
    dies = () => undefined

    const second = await begin({ store: place.connect(), clock, entryPoints })
    const once = { to: 'ann', remarks: [{ name: 'clerk' }, { name: 'clerk' }] }
    await eventually('the action again', () => told.length === 2)
    expect(told).toEqual([once, once])
    await eventually('nothing to be owed', async () => {
      const record = await second.execution(id).get()
      return 'owed' in record && record.owed === 0
    })
  },
)

/** Books when it is told to, on its way to its end or where it stays. */
function desk(book: () => unknown): AnyStateMachine {
  return setup({ actions: { book: () => book() } }).createMachine({
    id: 'desk',
    initial: 'open',
    states: {
      open: { on: { STAY: { actions: 'book' }, END: { target: 'closed', actions: 'book' }, PING: {} } },
      closed: { type: 'final' },
    },
  })
}

/** A process on a place; what its logger is told. */
function processOn(place: StorePlace, program: AnyStateMachine, more: Partial<EntryPointOptions> = {}) {
  const logged: string[] = []
  const logger = (...args: unknown[]) => void logged.push(args.join(' '))
  const entryPoints = [defineEntryPoint({ id: 'run', program, ...more } as EntryPointOptions)]
  const runtime = createTestRuntime({ entryPoints, store: place.open, logger })
  const record = async () => (await runtime.execution('it').get()) as ExecutionRecord
  const failures = async () => {
    const all = await runtime.store.events({ since: 0, execution: 'it', limit: 1_000 })
    return all.filter(({ type }) => type === 'execution.action_failed').length
  }
  return { runtime, logged, record, failures }
}

const never = () => new Promise<never>(() => undefined)

describe('while an asynchronous action is under way', () => {
  test.each([
    ['STAY', 'waiting'],
    ['END', 'completed'],
  ])('nothing is committed (after %s), and a stop leaves it to the next process', async (type, status) => {
    const place = memoryPlace()
    const first = processOn(place, desk(never))
    await (await first.runtime.trigger('run', undefined, { id: 'it' })).send({ type } as never)
    await first.runtime.settle()
    const { revision } = await first.record()
    await first.runtime.settle()
    expect(await first.record()).toMatchObject({ status, owed: 1, revision })
    await first.runtime.stop()
    let ran = 0
    const second = processOn(
      place,
      desk(() => void ran++),
    )
    await second.runtime.start()
    await second.runtime.runToIdle()
    expect(await second.record()).toMatchObject({ status, owed: 0 })
    expect(ran).toBe(1)
    await second.runtime.stop()
  })

  test('an execution that waits stays in memory and takes events; then it leaves', async () => {
    let book: () => void = () => undefined
    const booked = new Promise<void>((resolve) => (book = resolve))
    const { runtime, record } = processOn(
      memoryPlace(),
      desk(() => booked),
      { passivateAfter: 10 },
    )
    const execution = await runtime.trigger('run', undefined, { id: 'it' })
    await execution.send({ type: 'STAY' } as never)
    await runtime.advance(1_000)
    expect(await execution.send({ type: 'PING' } as never)).toMatchObject({ status: 'delivered' })
    book()
    await runtime.advance(1_000)
    expect(await record()).toMatchObject({ status: 'waiting', owed: 0 })
    expect(await runtime.store.load('it')).toMatchObject({ owner: null })
    await runtime.stop()
  })

  test.each([
    ['crashes', exploreCrashes],
    ['restarts', exploreRestarts],
  ])('%s change nothing of how it ends', async (_, explore) => {
    const report = await explore(
      () => defineEntryPoint({ id: 'run', program: desk(async () => undefined) } as EntryPointOptions),
      async (runtime) => void (await play(runtime as never, { events: [{ type: 'STAY' }, { type: 'END' }] })),
      { pairs: 3 },
    )
    expect(report).toMatchObject({ failures: [], unreached: 0 })
  })
})

test.each(places)(
  'what an ended execution owes and nobody can run is told, and runs once somebody can (%s)',
  async (_, placeOf) => {
    const place = placeOf()
    const first = processOn(place, desk(never))
    const execution = await first.runtime.trigger('run', undefined, { id: 'it' })
    await execution.send({ type: 'STAY' } as never)
    await execution.cancel()
    await first.runtime.stop()

    const states = desk(never).config.states as object
    const unfit = {
      'an action less': createMachine({ id: 'desk', initial: 'open', states } as never),
      'another structure': createMachine({ id: 'desk', initial: 'shut', states: { shut: {} } }),
    }
    for (const [tried, program] of Object.values(unfit).entries()) {
      const next = processOn(place, program)
      await next.runtime.start()
      await next.runtime.runToIdle()
      expect(await next.record()).toMatchObject({ status: 'cancelled', owed: 1 })
      expect(next.logged.filter((line) => line.includes('owes') && line.includes('book'))).toHaveLength(1)
      expect(await next.failures()).toBe(tried + 1)
      const before = next.runtime.clock.now()
      await next.runtime.stop()
      expect(next.runtime.clock.now()).toBe(before)
    }

    let ran = 0
    const last = processOn(
      place,
      desk(() => void ran++),
    )
    await last.runtime.start()
    await last.runtime.runToIdle()
    expect(await last.record()).toMatchObject({ status: 'cancelled', owed: 0 })
    expect(ran).toBe(1)
    await last.runtime.stop()
  },
)

test.each(['cancel', 'pause'] as const)(
  'an action that settles after its program was stopped by a %s is owed no longer, and the execution is let go',
  async (command) => {
    const place = memoryPlace()
    const settle: (() => void)[] = []
    const program = setup({
      actors: { work: fromStep(({ signal }) => new Promise((_, reject) => signal.addEventListener('abort', reject))) },
      actions: { slow: () => new Promise<void>((resolve) => settle.push(resolve)) as never },
    }).createMachine({ id: 'm', invoke: { src: 'work' }, on: { GO: { actions: 'slow' } } })
    const store = place.connect()
    const runtime = await begin({ store, entryPoints: [defineEntryPoint({ id: 'run', program })] })
    const execution = await runtime.trigger('run')
    await execution.send({ type: 'GO' })
    await eventually('the action to run', () => settle.length === 1)
    const done = command === 'cancel' ? 'cancelled' : 'paused'
    expect(await (command === 'cancel' ? execution.cancel() : execution.pause({ mode: 'now' }))).toMatchObject({ status: done })
    expect(await store.load(execution.id)).toMatchObject({ status: done, owed: true })
    settle[0]?.()
    await eventually('it to be let go', async () => (await store.load(execution.id))?.owner === null)
    expect(await store.load(execution.id)).toMatchObject({ status: done, owed: false })
    expect(await execution.get()).toMatchObject({ owed: 0 })
    expect(settle).toHaveLength(1)
  },
)
