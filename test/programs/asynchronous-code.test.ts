/* oxlint-disable typescript/no-misused-promises -- what people write although XState expects no promise is what is tested */
/** Functions that are asynchronous where XState calls them and drops what they return: what they reject with is told, and ends no process. */
import {
  and,
  assign,
  createMachine,
  emit,
  enqueueActions,
  fromCallback,
  fromObservable,
  fromPromise,
  log,
  not,
  or,
  raise,
  sendTo,
  setup,
  type AnyActorLogic,
  type AnyActorRef,
} from 'xstate'
import { describe, expect, onTestFinished, test } from 'vitest'
import { defineEntryPoint, type EntryPointOptions, type ExecutionStatus } from '../../src/index.js'
import { memoryStore } from '../../src/memory.js'
import { SimulatedClock } from '../../src/testing/clock/simulated-clock.js'
import { createTestRuntime } from '../../src/testing/index.js'
import { begin } from '../support/begin.js'
import { eventually, turns } from '../support/eventually.js'
import { journal } from '../support/journal.js'
import { memoryPlace, places } from '../support/store-place.js'

const rejects = async (): Promise<never> => {
  await Promise.resolve()
  throw new RangeError('rejected')
}

/** A promise that a test settles. */
function open() {
  let settle!: { resolve(): void; reject(error: unknown): void }
  const promise = new Promise<void>((resolve, reject) => (settle = { resolve, reject }))
  return { promise, ...settle }
}

/** Rejections that nobody has heard of. */
function unheard(): unknown[] {
  const all: unknown[] = []
  const note = (error: unknown) => void all.push(error)
  const others = process.listeners('unhandledRejection')
  process.removeAllListeners('unhandledRejection')
  process.on('unhandledRejection', note)
  onTestFinished(() => {
    process.removeListener('unhandledRejection', note)
    for (const other of others) process.on('unhandledRejection', other)
  })
  return all
}

const listening = ({ self }: { self: AnyActorRef }) => {
  self.on('TOLD', rejects as never)
  self.subscribe(rejects as never)
}

/** What an execution comes to on GO, whose promise rejects. */
const rejecting: Record<string, { program: () => AnyActorLogic; status: object; tells: boolean }> = {
  'an inline action': {
    program: () => createMachine({ id: 'm', on: { GO: { actions: rejects } } }),
    status: { status: 'waiting' },
    tells: true,
  },
  'a named action': {
    program: () => setup({ actions: { rejects } }).createMachine({ id: 'm', on: { GO: { actions: 'rejects' } } }),
    status: { status: 'waiting' },
    tells: true,
  },
  'an action on the way to the end': {
    program: () =>
      createMachine({
        id: 'm',
        initial: 'a',
        states: { a: { on: { GO: { target: 'b', actions: rejects } } }, b: { on: { GO: 'c' } }, c: {} },
      }),
    status: { status: 'waiting', value: 'b' },
    tells: true,
  },
  'a callback, whose error it is': {
    program: () => going({ src: fromCallback(rejects as never), onError: 'sorry' }),
    status: { status: 'waiting', value: 'sorry' },
    tells: false,
  },
  'a listener of a callback, whose error it is': {
    program: () =>
      setup({ actors: { src: fromCallback(({ receive }) => receive(rejects as never)) } }).createMachine({
        id: 'm',
        initial: 'on',
        states: {
          on: { invoke: { src: 'src', id: 'src', onError: 'sorry' }, on: { GO: { actions: sendTo('src', { type: 'SAY' }) } } },
          sorry: {},
        },
      }),
    status: { status: 'waiting', value: 'sorry' },
    tells: false,
  },
  'the cleanup of a callback': {
    program: () =>
      createMachine({
        id: 'm',
        initial: 'on',
        states: { on: { invoke: { src: fromCallback(() => rejects) }, on: { GO: 'off' } }, off: {} },
      }),
    status: { status: 'waiting', value: 'off' },
    tells: true,
  },
  'the creator of an observable, whose error it is': {
    program: () => going({ src: fromObservable(rejects as never), onError: 'sorry' }),
    status: { status: 'waiting', value: 'sorry' },
    tells: false,
  },
  'the `subscribe` of an observable, whose error it is': {
    program: () => going({ src: fromObservable(() => ({ subscribe: rejects }) as never), onError: 'sorry' }),
    status: { status: 'waiting', value: 'sorry' },
    tells: false,
  },
  'the `unsubscribe` of an observable': {
    program: () =>
      createMachine({
        id: 'm',
        initial: 'on',
        states: {
          on: {
            invoke: { src: fromObservable(() => ({ subscribe: () => ({ unsubscribe: rejects }) }) as never) },
            on: { GO: 'off' },
          },
          off: {},
        },
      }),
    status: { status: 'waiting', value: 'off' },
    tells: true,
  },
  'a listener to what is emitted': {
    program: () => createMachine({ id: 'm', entry: listening as never, on: { GO: { actions: emit({ type: 'TOLD' }) } } }),
    status: { status: 'waiting' },
    tells: true,
  },
  'a promise, whose error it is': {
    program: () => going({ src: fromPromise(rejects), onError: 'sorry' }),
    status: { status: 'waiting', value: 'sorry' },
    tells: false,
  },
}

const moving = (transition: object) =>
  createMachine({ id: 'm', initial: 'rest', states: { rest: { on: { GO: { target: 'on', ...transition } as never } }, on: {} } })
const named = (kind: object, of: (using: ReturnType<typeof setup>) => AnyActorLogic) => of(setup(kind as never))

/** What XState calls within a transition: it goes by the promise, and what that rejects with is told. */
const within: Record<string, () => AnyActorLogic> = {
  'a context': () =>
    createMachine({ id: 'm', context: rejects as never, initial: 'rest', states: { rest: { on: { GO: 'on' } }, on: {} } }),
  'an inline guard': () => moving({ guard: rejects }),
  'a guard within others': () => moving({ guard: and([not(() => false), or([rejects as never])]) }),
  'a named guard': () => named({ guards: { rejects } }, (using) => using.createMachine(goes({ guard: 'rejects' }))),
  'the params of a guard': () =>
    named({ guards: { is: () => true } }, (using) => using.createMachine(goes({ guard: { type: 'is', params: rejects } }))),
  'the params of an action': () =>
    named({ actions: { act: () => undefined } }, (using) =>
      using.createMachine(goes({ actions: { type: 'act', params: rejects } })),
    ),
  'an assignment of everything': () => moving({ actions: assign(rejects as never) }),
  'a named assignment': () =>
    named({ actions: { keep: assign(rejects as never) } }, (using) => using.createMachine(goes({ actions: 'keep' }))),
  'the event of a raise': () => moving({ actions: raise(rejects as never) }),
  'what is logged': () => moving({ actions: log(rejects) }),
  'a queue of actions': () => moving({ actions: enqueueActions(rejects as never) }),
  'a named delay': () =>
    named({ delays: { rejects } }, (using) =>
      using.createMachine({
        id: 'm',
        initial: 'rest',
        states: { rest: { on: { GO: 'on' } }, on: { after: { rejects: 'off' } }, off: {} },
      } as never),
    ),
}

const goes = (transition: object) =>
  ({ id: 'm', initial: 'rest', states: { rest: { on: { GO: { target: 'on', ...transition } } }, on: {} } }) as never

/** What comes of those can't be stored. */
const unfit: Record<string, () => AnyActorLogic> = {
  'the event of what is emitted': () => moving({ actions: emit(rejects as never) }),
  'the input of a step': () =>
    going({ src: fromPromise(() => Promise.resolve()), input: rejects, onError: 'sorry', onDone: 'sorry' }),
  'an assignment of a property': () => moving({ actions: assign({ kept: rejects as never }) }),
  'an assignment to a property': () => moving({ actions: assign((() => ({ kept: rejects() })) as never) }),
  'the output': () =>
    createMachine({ id: 'm', initial: 'rest', states: { rest: { on: { GO: 'on' } }, on: { type: 'final' } }, output: rejects }),
}

function going(invoke: object): AnyActorLogic {
  return createMachine({
    id: 'm',
    initial: 'rest',
    states: { rest: { on: { GO: 'on' } }, on: { invoke: invoke as never }, sorry: {} },
  })
}

describe.each(['strict', 'relaxed'] as const)('%s: the rejection of', (durability) => {
  test.each(Object.entries(rejecting))('%s, ends no process', async (_, { program, status, tells }) => {
    const lost = unheard()
    const entryPoint = defineEntryPoint({ id: 'run', program: program(), durability } as EntryPointOptions)
    const store = memoryStore()
    const runtime = await begin({ store, clock: new SimulatedClock(), entryPoints: [entryPoint] })
    const execution = await runtime.trigger('run')
    await turns(10)
    await execution.send({ type: 'GO' } as never)
    if (tells) await eventually('it to be told', async () => (await journal(store, execution.id)).includes('action_failed'))
    await eventually('its rest', async () => (await execution.get()).status === 'waiting')
    expect(await execution.get()).toMatchObject(status)
    expect((await journal(store, execution.id)).includes('action_failed')).toBe(tells)
    await turns(10)
    expect(lost).toEqual([])
  })
})

/** Sends GO to what runs that program, and returns what the journal tells. */
async function gone(program: AnyActorLogic, status: ExecutionStatus) {
  const store = memoryStore()
  const runtime = await begin({ store, clock: new SimulatedClock(), entryPoints: [defineEntryPoint({ id: 'run', program })] })
  const execution = await runtime.trigger('run')
  await turns(10)
  await execution.send({ type: 'GO' } as never)
  await eventually(`it to be ${status}`, async () => (await execution.get()).status === status)
  await turns(10)
  const told = (await store.events({ since: 0, execution: execution.id, limit: 100 })).filter(({ type }) =>
    type.endsWith('action_failed'),
  )
  return { record: await execution.get(), told }
}

describe('within a transition, the rejection of', () => {
  test.each(Object.entries(within))('%s is told, and ends no process', async (_, program) => {
    const lost = unheard()
    const { record, told } = await gone(program(), 'waiting')
    expect(record).toMatchObject({ status: 'waiting', value: expect.stringMatching(/on|off/) })
    expect(told).toHaveLength(1)
    expect(told[0]?.data).toContain('RangeError')
    expect(told[0]?.data).toMatch(/ of m/)
    expect(lost).toEqual([])
  })

  test.each(Object.entries(unfit))('%s ends no process: its promise can not be stored', async (_, program) => {
    const lost = unheard()
    const { record } = await gone(program(), 'failed')
    expect(record).toMatchObject({ status: 'failed', error: { code: 'not_storable' } })
    expect(lost).toEqual([])
  })
})

describe('an asynchronous named action', () => {
  test.each(places)('is owed until its promise has settled, and runs again after a crash (%s)', async (_, placeOf) => {
    const place = placeOf()
    const clock = new SimulatedClock()
    const runs: ReturnType<typeof open>[] = []
    const program = setup({
      actions: {
        slow: () => {
          const run = open()
          runs.push(run)
          return run.promise
        },
      },
    }).createMachine({
      id: 'm',
      initial: 'a',
      states: { a: { on: { GO: { target: 'b', actions: 'slow' } } }, b: {} },
    })
    const entryPoints = [defineEntryPoint({ id: 'run', program })] as const
    const first = place.connect()
    const runtime = await begin({ store: first, clock, entryPoints })
    const { id } = await runtime.trigger('run')
    await runtime.execution(id).send({ type: 'GO' })
    await eventually('it to run', () => runs.length === 1)
    await eventually('a rest', async () => (await first.load(id))?.status === 'waiting')
    expect(await runtime.execution(id).get()).toMatchObject({ status: 'waiting', owed: 1 })
    first.cut()

    const second = await begin({ store: place.connect(), clock, entryPoints })
    await eventually('it to run again', () => runs.length === 2)
    runs[1]?.resolve()
    await eventually('nothing to be owed', async () => ((await second.execution(id).get()) as { owed: number }).owed === 0)
    expect(runs).toHaveLength(2)
  })

  test('delays neither the next one, nor the end of its program', async () => {
    const run = open()
    const said: string[] = []
    const program = setup({ actions: { slow: () => run.promise, next: () => void said.push('next') } }).createMachine({
      id: 'm',
      initial: 'a',
      states: { a: { on: { GO: { target: 'b', actions: ['slow', 'next'] } } }, b: { type: 'final' } },
    })
    const runtime = createTestRuntime({ entryPoints: [defineEntryPoint({ id: 'run', program })], store: memoryPlace().open })
    const execution = await runtime.trigger('run')
    await execution.send({ type: 'GO' })
    expect(await execution.result()).toMatchObject({ status: 'completed' })
    expect(said).toEqual(['next'])
    run.resolve()
    await runtime.settle()
    expect(await execution.get()).toMatchObject({ status: 'completed', owed: 0 })
    await runtime.stop()
  })
})

test('the cleanup that an asynchronous callback returns late runs once its actor is left', async () => {
  const said: string[] = []
  const coming = open()
  const program = createMachine({
    id: 'm',
    initial: 'on',
    states: {
      on: {
        invoke: {
          src: fromCallback((async () => {
            await coming.promise
            return () => said.push('cleaned up')
          }) as never),
        },
        on: { GO: 'off' },
      },
      off: {},
    },
  })
  const store = memoryStore()
  const entryPoints = [defineEntryPoint({ id: 'run', program })] as const
  const runtime = await begin({ store, clock: new SimulatedClock(), entryPoints })
  const execution = await runtime.trigger('run')
  await turns(10)
  await execution.send({ type: 'GO' })
  expect(said).toEqual([])
  coming.resolve()
  await eventually('the cleanup', () => said.length === 1)
})

test('listeners and observers that throw are told, and end nothing', async () => {
  const broken = () => {
    throw new RangeError('broken')
  }
  const program = createMachine({
    id: 'm',
    initial: 'a',
    entry: ({ self }) => {
      self.on('TOLD' as never, broken)
      self.subscribe(broken)
    },
    states: { a: { on: { GO: { target: 'b', actions: emit({ type: 'TOLD' }) } } }, b: { on: { GO: 'c' } }, c: { type: 'final' } },
  })
  const store = memoryStore()
  const entryPoints = [defineEntryPoint({ id: 'run', program })] as const
  const runtime = await begin({ store, clock: new SimulatedClock(), entryPoints })
  const execution = await runtime.trigger('run')
  await turns(10)
  await execution.send({ type: 'GO' })
  await execution.send({ type: 'GO' })
  expect(await execution.result()).toMatchObject({ status: 'completed' })
  expect(await journal(store, execution.id)).toContain('action_failed')
})
