/* oxlint-disable typescript/no-misused-spread -- a machine that was spread is what is tested */
/** Logic of the user's own around XState's: it is taken for what it is, held back like it, called no more than by XState, and taken up again. */
import {
  createMachine,
  emit,
  fromCallback,
  fromObservable,
  fromPromise,
  fromTransition,
  setup,
  type AnyActorLogic,
  type AnyEventObject,
} from 'xstate'
import { describe, expect, test } from 'vitest'
import { defineEntryPoint, fromStep, type EntryPointOptions } from '../../src/index.js'
import { createTestRuntime } from '../../src/testing/index.js'
import { crashEverywhere, type Say } from '../support/crash-everywhere.js'
import { memoryPlace } from '../support/store-place.js'

type Wrap = (logic: AnyActorLogic, saw?: (type: string) => void) => AnyActorLogic
const unseen = () => undefined

const wraps: Record<string, Wrap> = {
  'a copy with another transition': (logic, saw = unseen) => ({
    ...logic,
    transition: (state, event, scope) => (saw(event.type), logic.transition(state, event, scope)),
  }),
  'an object derived from it': (logic, saw = unseen) =>
    Object.create(logic, {
      transition: {
        value: (...[state, event, scope]: Parameters<AnyActorLogic['transition']>) => (
          saw(event.type),
          logic.transition(state, event, scope)
        ),
      },
    }) as AnyActorLogic,
  'logic that hides it': (logic, saw = unseen) => ({
    transition: (state, event, scope) => (saw(event.type), logic.transition(state, event, scope)),
    getInitialSnapshot: (scope, input) => logic.getInitialSnapshot(scope, input),
    getPersistedSnapshot: (snapshot, options) => logic.getPersistedSnapshot(snapshot, options),
    restoreSnapshot: (snapshot, scope) => logic.restoreSnapshot?.(snapshot, scope),
    start: (snapshot, scope) => logic.start?.(snapshot, scope),
  }),
  'an object of a class with private members': (logic, saw = unseen) => new Wrapping(logic, saw) as never,
}

class Wrapping {
  readonly #logic: AnyActorLogic
  readonly #saw: (type: string) => void
  constructor(logic: AnyActorLogic, saw: (type: string) => void) {
    this.#logic = logic
    this.#saw = saw
  }
  transition(state: never, event: AnyEventObject, scope: never): unknown {
    this.#saw(event.type)
    return this.#logic.transition(state, event, scope)
  }
  getInitialSnapshot(scope: never, input: unknown): unknown {
    return this.#logic.getInitialSnapshot(scope, input)
  }
  getPersistedSnapshot(snapshot: never, options: unknown): unknown {
    return this.#logic.getPersistedSnapshot(snapshot, options)
  }
  restoreSnapshot(snapshot: never, scope: never): unknown {
    return this.#logic.restoreSnapshot?.(snapshot, scope)
  }
  start(snapshot: never, scope: never): void {
    this.#logic.start?.(snapshot, scope)
  }
}

/** A machine with a step, a timer, a named action and an event. */
function journey(say: Say) {
  return setup({
    actors: { step: fromPromise(async () => (say('step'), 'done')) },
    actions: { note: (_, word: string) => say(word) },
  }).createMachine({
    id: 'journey',
    initial: 'resting',
    states: {
      resting: { on: { GO: { target: 'working', actions: { type: 'note', params: 'go' } } } },
      working: { invoke: { src: 'step', id: 'step', onDone: 'timing' } },
      timing: { after: { 1_000: { target: 'end', actions: [{ type: 'note', params: 'time' }, emit({ type: 'LATE' })] } } },
      end: { type: 'final' },
    },
    output: 'there',
  })
}

const above = (child: AnyActorLogic) =>
  setup({ actors: { child } }).createMachine({
    id: 'above',
    initial: 'on',
    states: {
      on: {
        invoke: { src: 'child', id: 'child', onDone: 'end' },
        on: { GO: { actions: ({ self }) => self.getSnapshot().children['child']?.send({ type: 'GO' }) } },
      },
      end: { type: 'final' },
    },
    output: 'there',
  })

describe.each(Object.entries(wraps))('a machine in %s', (_, wrap) => {
  crashEverywhere('runs to its end as a program', { program: (say) => wrap(journey(say)), events: [{ type: 'GO' }] }, (ended) => {
    expect(ended).toMatchObject({ status: 'completed', output: 'there', emitted: [{ type: 'LATE' }], took: 1_000 })
    expect(ended.said).toEqual(['go', 'step', 'time'])
  })

  test('waits as a machine does, leaves memory, and is a child that is taken up again', async () => {
    const said: string[] = []
    const options = { id: 'run', program: above(wrap(journey((word) => said.push(word)))), passivateAfter: 100 }
    const runtime = createTestRuntime({
      entryPoints: [defineEntryPoint(options as EntryPointOptions)],
      store: memoryPlace().open,
    })
    const execution = await runtime.trigger('run')
    await runtime.settle()
    expect(await execution.get()).toMatchObject({ status: 'waiting' })
    await runtime.advance(500)
    await execution.send({ type: 'GO' } as never)
    await runtime.runToIdle()
    expect(await execution.get()).toMatchObject({ status: 'completed', output: 'there' })
    expect(said).toEqual(['go', 'step', 'time'])
    await runtime.stop()
  })
})

/** What a program comes to, and what its wrapper saw. */
async function ran(program: AnyActorLogic, options: object = {}) {
  const entryPoint = defineEntryPoint({ id: 'run', program, ...options } as EntryPointOptions)
  const runtime = createTestRuntime({ entryPoints: [entryPoint], store: memoryPlace().open })
  const execution = await runtime.trigger('run')
  await runtime.runToIdle()
  const record = await execution.get()
  await runtime.stop()
  return record
}

describe('a wrapper sees what it sees on plain XState, and no more:', () => {
  const copy = wraps['a copy with another transition'] as Wrap

  test('of a promise', async () => {
    const saw: string[] = []
    const program = copy(
      fromPromise(async () => 1),
      (type) => saw.push(type),
    )
    expect(await ran(program)).toMatchObject({ status: 'completed', output: 1 })
    expect(saw).toEqual(['xstate.promise.resolve'])
  })

  test('of a step, which keeps its options', async () => {
    const saw: string[] = []
    let attempts = 0
    const flaky = fromStep(
      () => {
        if (++attempts < 3) throw new Error('flaky')
        return attempts
      },
      { retry: { maxAttempts: 3, backoff: { initial: 1 } } },
    )
    expect(await ran(copy(flaky, (type) => saw.push(type)))).toMatchObject({ status: 'completed', output: 3 })
    expect(saw).toEqual(['xstate.promise.resolve'])
  })

  test('of an observable', async () => {
    const saw: string[] = []
    const values = fromObservable(
      () =>
        ({
          subscribe(observer: { next(value: number): void; complete(): void }) {
            observer.next(1)
            observer.complete()
            return { unsubscribe: () => undefined }
          },
        }) as never,
    )
    expect(await ran(copy(values, (type) => saw.push(type)))).toMatchObject({ status: 'completed' })
    expect(saw).toEqual(['xstate.observable.next', 'xstate.observable.complete'])
  })

  test('of a callback', async () => {
    const saw: string[] = []
    const heard: string[] = []
    const program = copy(
      fromCallback(({ receive }) => receive(({ type }) => heard.push(type))),
      (type) => saw.push(type),
    )
    const runtime = createTestRuntime({ entryPoints: [defineEntryPoint({ id: 'run', program } as EntryPointOptions)] })
    const execution = await runtime.trigger('run')
    await execution.send({ type: 'SAY' } as never)
    await runtime.settle()
    expect([saw, heard]).toEqual([['SAY'], ['SAY']])
    await runtime.stop()
  })

  test('of a transition function', async () => {
    const saw: string[] = []
    const program = copy(
      fromTransition((n: number) => n + 1, 0),
      (type) => saw.push(type),
    )
    const runtime = createTestRuntime({ entryPoints: [defineEntryPoint({ id: 'run', program } as EntryPointOptions)] })
    const execution = await runtime.trigger('run')
    await execution.send({ type: 'ADD' } as never)
    expect(await execution.get()).toMatchObject({ status: 'waiting', context: 1 })
    expect(saw).toEqual(['ADD'])
    await runtime.stop()
  })
})

describe('logic of the user’s own', () => {
  test.each([
    ['a value', { value: 1 }],
    ['a value and children', { value: 'grown', children: { ann: { age: 3 }, bob: { age: 4 } } }],
    ['a list of children', { value: 'grown', children: ['ann', 'bob'] }],
  ])('may have %s in its snapshot: it is taken up again', async (_, given) => {
    const program = {
      transition: (snapshot: { heard: number }) => ({ ...snapshot, heard: snapshot.heard + 1 }),
      getInitialSnapshot: () => ({ status: 'active', output: undefined, error: undefined, heard: 0, ...given }),
      getPersistedSnapshot: (snapshot: object) => snapshot,
    } as unknown as AnyActorLogic
    const options = { id: 'run', program, passivateAfter: 10 } as EntryPointOptions
    const runtime = createTestRuntime({ entryPoints: [defineEntryPoint(options)], store: memoryPlace().open })
    const execution = await runtime.trigger('run')
    for (let n = 1; n < 3; n++) {
      await execution.send({ type: 'SAY' } as never)
      await runtime.advance(1_000)
      const record = await execution.get()
      expect(record).toMatchObject({ status: 'waiting', snapshot: { heard: n, ...given } })
    }
    await runtime.stop()
  })

  test('with a form of its own for what it stores of a machine is asked for it', async () => {
    const machine = createMachine({
      id: 'm',
      initial: 'a',
      states: { a: { on: { GO: 'b' } }, b: { on: { GO: 'c' } }, c: { type: 'final' } },
    })
    const program = {
      ...machine,
      getPersistedSnapshot: (snapshot: { value: unknown; status: string }) => ({ status: snapshot.status, at: snapshot.value }),
      restoreSnapshot: ({ at }: { at: string }) => machine.resolveState({ value: at as never }),
    } as unknown as AnyActorLogic
    const options = { id: 'run', program, passivateAfter: 10 } as EntryPointOptions
    const runtime = createTestRuntime({ entryPoints: [defineEntryPoint(options)], store: memoryPlace().open })
    const execution = await runtime.trigger('run')
    await execution.send({ type: 'GO' } as never)
    await runtime.advance(1_000)
    await execution.send({ type: 'GO' } as never)
    await runtime.settle()
    expect(await execution.get()).toMatchObject({ status: 'completed' })
    await runtime.stop()
  })
})

describe('what was changed on a machine after it was made counts', () => {
  const base = () => createMachine({ id: 'm', initial: 'a', states: { a: { on: { GO: 'b' } }, b: {} } })
  const changes: Record<string, (say: (word: string) => void) => AnyActorLogic> = {
    'an entry action': (say) => {
      const machine = base()
      machine.root.states['b']?.entry.push(() => say('changed'))
      return machine as AnyActorLogic
    },
    'an exit action': (say) => {
      const machine = base()
      machine.root.states['a']?.exit.push(() => say('changed'))
      return machine as AnyActorLogic
    },
    'an action of a transition': (say) => {
      const machine = base()
      const actions = machine.root.states['a']?.transitions.get('GO')?.[0]?.actions as unknown[]
      actions.push(() => say('changed'))
      return machine as AnyActorLogic
    },
    'its transition': (say) => {
      const machine = base()
      const { transition } = machine
      machine.transition = (state, event, scope) => (event.type === 'GO' && say('changed'), transition(state, event, scope))
      return machine as AnyActorLogic
    },
    'its initial snapshot': (say) => {
      const machine = base()
      const { getInitialSnapshot } = machine
      machine.getInitialSnapshot = (scope, input) => (say('changed'), getInitialSnapshot(scope, input))
      return machine as AnyActorLogic
    },
  }

  test.each(Object.entries(changes))('%s', async (_, make) => {
    const said: string[] = []
    const program = make((word) => said.push(word))
    const runtime = createTestRuntime({ entryPoints: [defineEntryPoint({ id: 'run', program } as EntryPointOptions)] })
    const execution = await runtime.trigger('run')
    await execution.send({ type: 'GO' } as never)
    await runtime.settle()
    expect(said).toEqual(['changed'])
    await runtime.stop()
  })
})
