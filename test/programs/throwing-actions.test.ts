/** An action that throws: its actor has come no further, whatever was held back behind it, and however it is crashed. */
import {
  assign,
  createMachine,
  emit,
  fromCallback,
  fromObservable,
  fromPromise,
  sendParent,
  setup,
  spawnChild,
  type AnyStateMachine,
} from 'xstate'
import { describe, expect, test } from 'vitest'
import { defineEntryPoint, type EntryPointOptions } from '../../src/index.js'
import { createTestRuntime, explorePauses, exploreRestarts } from '../../src/testing/index.js'
import { crashEverywhere, type Say } from '../support/crash-everywhere.js'
import { play, played } from '../support/playthrough.js'
import { memoryPlace, places } from '../support/store-place.js'

const durabilities = ['strict', 'relaxed'] as const
const broken = (): never => {
  throw new RangeError('broken')
}
const go = [{ type: 'GO' }]

/** A child that books on its way to its final state, and a parent that tells how that ended. */
function booking(book: () => unknown, say: Say = () => undefined) {
  const child = setup({ actions: { book } }).createMachine({
    id: 'booking',
    initial: 'open',
    states: {
      open: { on: { GO: { target: 'booked', actions: ['book', sendParent({ type: 'HEARD' })] } } },
      booked: { type: 'final', entry: emit({ type: 'BOOKED' }) },
    },
    output: 'booked',
  })
  return setup({ actors: { child }, actions: { say: (_, word: string) => say(word) } }).createMachine({
    id: 'trip',
    context: { output: '' },
    initial: 'on',
    on: { HEARD: { actions: { type: 'say', params: 'heard' } } },
    states: {
      on: {
        invoke: {
          src: 'child',
          id: 'child',
          onDone: { target: 'happy', actions: assign({ output: ({ event }) => event.output as string }) },
          onError: 'sorry',
        },
        on: { GO: { actions: ({ self }) => self.getSnapshot().children['child']?.send({ type: 'GO' }) } },
      },
      happy: { type: 'final', entry: { type: 'say', params: 'happy' } },
      sorry: { type: 'final', entry: { type: 'say', params: 'sorry' } },
    },
    output: ({ context }) => context.output,
  })
}

describe.each(durabilities)('%s: behind an action that throws', (durability) => {
  test('nothing more of its actor happens: no action, no entry of a further state, no emit, no spawn, no send upwards', async () => {
    const said: string[] = []
    const say = (word: string) => () => void said.push(word)
    const program = setup({
      actions: { charge: () => (said.push('charge'), broken()), ship: say('ship') },
      actors: {
        step: fromPromise(async () => void said.push('step')),
        callback: fromCallback(say('callback')),
        machine: createMachine({ entry: say('spawned') }),
      },
    }).createMachine({
      id: 'order',
      initial: 'open',
      states: {
        open: {
          on: {
            GO: {
              target: 'paid',
              actions: [
                'charge',
                'ship',
                say('inline'),
                emit({ type: 'SHIPPED' }),
                spawnChild('step'),
                spawnChild('machine'),
                sendParent({ type: 'UPWARDS' }),
              ],
            },
          },
        },
        paid: { entry: say('entry'), invoke: { src: 'callback' }, always: 'closed' },
        closed: { entry: 'ship', invoke: { src: 'step' } },
      },
    })
    const options = { id: 'run', program, durability } as EntryPointOptions
    const runtime = createTestRuntime({ entryPoints: [defineEntryPoint(options)], store: memoryPlace().open })
    const record = await play(runtime as never, { events: go })
    expect(record).toMatchObject({ status: 'failed', error: { name: 'RangeError' } })
    expect(said).toEqual(['charge'])
    const types = []
    const signal = AbortSignal.timeout(5)
    for await (const { type } of runtime.events({ since: 0, signal })) types.push(type)
    expect(types).not.toContain('execution.emitted')
    await runtime.stop()
  })

  test.each([
    ['a named', booking(broken)],
    ['an inline', inlineBooking()],
  ])('%s one, a child’s final state is not reached: its parent hears the error', async (_, program) => {
    const said: string[] = []
    expect(await played(memoryPlace(), program, { events: go, options: { durability } })).toMatchObject({ value: 'sorry' })
    expect(said).toEqual([])
  })

  test('its own final state is not reached: the program fails', async () => {
    const program = setup({ actions: { broken } }).createMachine({
      id: 'm',
      initial: 'a',
      states: { a: { on: { GO: { target: 'b', actions: 'broken' } } }, b: { type: 'final' } },
    })
    const record = await played(memoryPlace(), program, { events: go, options: { durability } })
    expect(record).toMatchObject({ status: 'failed', error: { name: 'RangeError', message: 'broken' } })
  })

  test.each(['callback', 'promise', 'observable'] as const)('a %s that throws at its start is told once', async (kind) => {
    const src = { callback: fromCallback(broken), promise: fromPromise(broken), observable: fromObservable(broken) }[kind]
    const program = setup({ actors: { src } }).createMachine({
      id: 'm',
      initial: 'a',
      states: { a: { invoke: { src: 'src', onError: 'b' } }, b: { on: { GO: 'c' } }, c: { type: 'final' } },
    })
    const record = await played(memoryPlace(), program, { events: go, options: { durability } })
    expect(record).toMatchObject({ status: 'completed' })
  })

  test('a spawned child has failed for good: it takes nothing more, also once it was restored', async () => {
    const said: string[] = []
    const job = setup({ actions: { broken } }).createMachine({
      id: 'job',
      initial: 'on',
      states: { on: { on: { GO: { actions: 'broken' }, PING: { actions: () => void said.push('ping') } } } },
    })
    const program = setup({ actors: { job } }).createMachine({
      id: 'm',
      context: { errors: 0 },
      entry: spawnChild('job', { id: 'job' }),
      on: {
        '*': { actions: ({ self, event }) => self.getSnapshot().children['job']?.send(event) },
        'xstate.error.actor.job': { actions: assign({ errors: ({ context }) => context.errors + 1 }) },
      },
    })
    const options = { id: 'run', program, durability, passivateAfter: 10 } as EntryPointOptions
    const runtime = createTestRuntime({ entryPoints: [defineEntryPoint(options)], store: memoryPlace().open })
    const execution = await runtime.trigger('run')
    await execution.send({ type: 'GO' } as never)
    await runtime.advance(1_000)
    await execution.send({ type: 'PING' } as never)
    await runtime.settle()
    expect(await execution.get()).toMatchObject({ status: 'waiting', context: { errors: 1 } })
    expect(said).toEqual([])
    await runtime.stop()
  })
})

/** As `booking`, with actions that nobody owes. */
function inlineBooking(): AnyStateMachine {
  const child = createMachine({
    initial: 'open',
    states: { open: { on: { GO: { target: 'booked', actions: broken } } }, booked: { type: 'final' } },
  })
  return createMachine({
    id: 'trip',
    initial: 'on',
    states: {
      on: {
        invoke: { src: child, id: 'child', onDone: 'happy', onError: 'sorry' },
        on: { GO: { actions: ({ self }) => self.getSnapshot().children['child']?.send({ type: 'GO' }) } },
      },
      happy: { type: 'final' },
      sorry: { type: 'final' },
    },
  })
}

describe('behind an action', () => {
  crashEverywhere(
    'that runs, the end of a child and what it emits come, once',
    {
      program: (say) => named((word) => say(word)),
      events: go,
    },
    (ended) => {
      expect(ended).toMatchObject({ status: 'completed', output: 'booked', emitted: [{ type: 'BOOKED' }] })
      expect(ended.said).toEqual(expect.arrayContaining(['book', 'happy']))
    },
  )

  crashEverywhere('that throws, neither comes, and the parent goes on', { program: () => named(broken), events: go }, (ended) =>
    expect(ended).toMatchObject({ status: 'completed', output: '', emitted: [] }),
  )

  crashEverywhere(
    'that throws, the end of a program does not come',
    {
      program: () =>
        setup({ actions: { broken, nothing: () => undefined } }).createMachine({
          id: 'm',
          initial: 'a',
          states: { a: { on: { GO: { target: 'b', actions: ['nothing', 'broken'] } } }, b: { type: 'final', entry: 'nothing' } },
        }),
      events: go,
    },
    (ended) => expect(ended).toMatchObject({ status: 'failed', error: { name: 'RangeError' } }),
  )
})

/** A child that ends by itself, on its way to which it books. */
function named(book: (word: string) => void): AnyStateMachine {
  const child = setup({ actions: { book: () => book('book') } }).createMachine({
    id: 'booking',
    initial: 'open',
    states: {
      open: { after: { 10: { target: 'booked', actions: ['book', emit({ type: 'BOOKED' })] } } },
      booked: { type: 'final' },
    },
    output: 'booked',
  })
  return setup({ actors: { child }, actions: { happy: () => book('happy') } }).createMachine({
    id: 'trip',
    context: { output: '' },
    initial: 'rest',
    states: {
      rest: { on: { GO: 'on' } },
      on: {
        invoke: {
          src: 'child',
          onDone: { target: 'happy', actions: assign({ output: ({ event }) => event.output as string }) },
          onError: 'sorry',
        },
      },
      happy: { type: 'final', entry: 'happy' },
      sorry: { type: 'final' },
    },
    output: ({ context }) => context.output,
  })
}

test.each([
  ['paused around it', explorePauses],
  ['taken out of memory around it', exploreRestarts],
])('the end of a child behind an action is told although it is %s', async (_, explore) => {
  const report = await explore(
    () => defineEntryPoint({ id: 'run', program: named(() => undefined) } as EntryPointOptions),
    (runtime) => play(runtime as never, { events: go }).then(() => undefined),
    { pairs: 2 },
  )
  expect(report).toMatchObject({ unreached: 0 })
})

test.each(places)(
  'the retry of an entry point goes on with the action that threw, and with what was behind it (%s)',
  async (_, place) => {
    const said: string[] = []
    let n = 0
    const program = setup({
      actions: { flaky: () => (said.push(`flaky ${++n}`), n < 3 && broken()), after: () => void said.push('after') },
    }).createMachine({
      id: 'm',
      initial: 'a',
      states: {
        a: { on: { GO: { target: 'b', actions: ['flaky', 'after', emit({ type: 'TOLD' })] } } },
        b: { type: 'final', entry: 'after' },
      },
    })
    const retry = { maxAttempts: 5, backoff: { initial: 10 } }
    expect(await played(place(), program, { events: go, options: { retry } })).toMatchObject({ status: 'completed' })
    expect(said).toEqual(['flaky 1', 'flaky 2', 'flaky 3', 'after', 'after'])
  },
)

test.each(['named', 'inline'] as const)(
  'a program whose %s action throws with the commit that pauses it fails when it is resumed, and nothing behind that action runs',
  async (kind) => {
    const said: string[] = []
    const flaky = kind === 'named' ? 'flaky' : broken
    const program = setup({
      actors: { step: fromPromise<void>(() => Promise.reject(new Error('to be mocked'))) },
      actions: { flaky: broken, note: () => undefined, after: () => void said.push('after') },
    }).createMachine({
      id: 'm',
      initial: 'a',
      states: {
        a: { invoke: { src: 'step', onDone: 'b' } },
        b: { entry: ['note', flaky as 'flaky', 'after'], on: { GO: 'c' } },
        c: {},
      },
    })
    const world = createTestRuntime({ entryPoints: [defineEntryPoint({ id: 'm', program })] })
    const step = world.hold('step')
    const execution = await world.trigger('m')
    const call = await step.started()
    const paused = execution.pause()
    await world.settle()
    call.resolve()
    expect(await paused).toMatchObject({ status: 'paused' })
    await world.settle()
    expect(said).toEqual([])
    await execution.resume()
    expect(await execution.result()).toMatchObject({ status: 'failed', error: { message: 'broken' } })
    expect(said).toEqual([])
    await world.stop()
  },
)
