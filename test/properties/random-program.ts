/**
 * Random machines, as data and as XState machines.
 *
 * Owns: what a random program may consist of. Every one of them ends if its steps end, its events come and its timers
 * fire. Its context counts everything: `tick` each move, `pings` each event, so that a loss shows.
 */
import * as fc from 'fast-check'
import { assign, fromCallback, setup, type AnyStateMachine } from 'xstate'
import { fromExecution, fromStep, type StepArguments } from '../../src/index.js'
import { DEEPEST, depthOf } from './limited.js'
import { entered, lasted, manyTimers, outlasted, ring, since, type Rung } from './many-timers.js'
import { node, outsider, ringEntry, ringRound } from './ring.js'
import { throwing, type Throws, throws } from './throwing.js'

/** One state: what it waits for, and how many states further it goes. */
export interface StateSpec {
  readonly kind:
    | 'step'
    | 'pair'
    | 'twice'
    | 'once'
    | 'event'
    | 'timer'
    | 'child'
    | 'spawned'
    | 'callback'
    | 'execution'
    | 'killer'
    | 'ring'
    | 'timers'
  readonly skip: 0 | 1
  /** On an error: ends the program, goes on, or enters the state again (at most twice in all). */
  readonly onError: 'fail' | 'go on' | 'again'
  readonly delay: number
  /** True if its step ends when it is told to. */
  readonly heeds: boolean
  /** True if it takes its time to end when it is told to. */
  readonly lingers?: boolean
  /** What becomes of a step of kind `once` that may have begun before. */
  readonly onRecovery?: 'fail' | 'hold'
  /** True if the actor that it invokes has no id of its own. */
  readonly nameless?: boolean
  /** What ends the process in a state of kind `killer`; absent: its step. */
  readonly killedBy?: 'step' | 'timer' | 'event'
}

/** One program. */
export interface ProgramSpec {
  readonly states: readonly StateSpec[]
  /** Dates, Maps, Sets and BigInts in the context. */
  readonly rich: boolean
  /** Enters a state with a value that can't be stored, before it ends. */
  readonly poisoned: boolean
  /** Its actions take some turns of the event loop. */
  readonly slowActions?: boolean
  /** How it makes good what it has done: with a step, with two of which one may fail, or at once; absent: with a step. */
  readonly undoes?: 'step' | 'pair' | 'at once'
  /** Where code of its own throws or rejects. */
  readonly throws?: Throws | undefined
}

/** What a program's inputs and outputs look like. */
export interface ProgramContext extends Rung {
  readonly label: string
  readonly again: number
  readonly pings: readonly number[]
  readonly rich?: object
  readonly poison?: unknown
  /** It was told to make good what it has done. */
  readonly stopped?: boolean
  /** Actors that it has spawned. */
  readonly refs?: readonly unknown[]
}

/** What a step is given. */
export interface StepInput {
  readonly tick: number
  readonly heeds: boolean
  /** It heeds, and takes its time with it. */
  readonly lingers?: boolean | undefined
  /** It must not run twice unasked. */
  readonly once?: 'fail' | 'hold' | undefined
  /** Whatever process begins with it dies. */
  readonly kills?: boolean
}

/** Where a program's outputs go. */
export interface ProgramOutputs {
  /** By the monotonic clock. */
  now(): number
  step(args: StepArguments<StepInput>): Promise<unknown>
  action(executionId: string, tick: number): void
  /** Some turns of the event loop. */
  pass(): Promise<void>
  /** It is told to make good what it has done. */
  undoes(executionId: string): void
  /** An action that comes after one that throws. */
  late(executionId: string): void
  /** Code that ends its process has run. */
  dies(): void
  /** A callback begins; what is returned is its clean-up. */
  callback(executionId: string): () => void
}

const stateSpec: fc.Arbitrary<StateSpec> = fc.record({
  kind: fc.constantFrom(
    ...([
      'step',
      'step',
      'pair',
      'twice',
      'once',
      'event',
      'timer',
      'timer',
      'child',
      'spawned',
      'callback',
      'execution',
      'ring',
    ] as const),
    'timers' as const,
  ),
  skip: fc.constantFrom(0, 0, 1),
  onError: fc.constantFrom('fail', 'go on', 'again'),
  delay: fc.constantFrom(0, 1_000, 25_000),
  heeds: fc.boolean(),
  lingers: fc.boolean(),
  onRecovery: fc.constantFrom('fail', 'hold'),
  nameless: fc.boolean(),
})

/** Programs of 2 to 6 states. */
export const programSpecs: fc.Arbitrary<ProgramSpec> = fc.record({
  states: fc.array(stateSpec, { minLength: 1, maxLength: 5 }),
  rich: fc.boolean(),
  poisoned: fc.constant(false),
  slowActions: fc.boolean(),
  undoes: fc.constantFrom('step', 'step', 'pair', 'at once'),
})

/** The same, without what runs for long. */
export const shortSpecs: fc.Arbitrary<ProgramSpec> = programSpecs.map((spec) => ({
  ...spec,
  states: spec.states.map((state) =>
    state.kind === 'callback' || state.kind === 'execution' ? ({ ...state, kind: 'step' } as const) : state,
  ),
}))

/** The same, where something ends the process that comes to it, each time: a step, or what decides on a timer or an event. */
export const killerSpecs: fc.Arbitrary<ProgramSpec> = fc
  .tuple(shortSpecs, fc.constantFrom('step', 'step', 'timer', 'event'))
  .map(([spec, killedBy]) => ({
    ...spec,
    states: [...spec.states, { kind: 'killer', skip: 0, onError: 'fail', delay: 0, heeds: true, killedBy }],
  }))

/** The same, where code of their own throws or rejects. */
export const throwingSpecs: fc.Arbitrary<ProgramSpec> = fc
  .tuple(programSpecs, throws)
  .map(([spec, where]) => ({ ...spec, throws: where }))

const richAt = (tick: number) => ({
  at: new Date(tick),
  seen: new Map([[`tick ${tick}`, new Set([tick, undefined])]]),
  big: 2n ** 64n + BigInt(tick),
})

const stepped = (rich: boolean) =>
  assign({
    tick: ({ context }: { context: ProgramContext }) => context.tick + 1,
    ...(rich ? { rich: ({ context }: { context: ProgramContext }) => richAt(context.tick + 1) } : {}),
  })

const note = { type: 'note', params: ({ context }: { context: ProgramContext }) => ({ tick: context.tick }) }

/** The root of a program is named as its execution. */
function rootOf(ref: { readonly id: string; readonly _parent?: unknown }): { readonly id: string } {
  const above = ref._parent as typeof ref | undefined
  return above?._parent === undefined ? ref : rootOf(above)
}

function stateConfig(spec: StateSpec, index: number, states: number, rich: boolean, now: () => number, nests: boolean): object {
  const target = index + 1 + spec.skip >= states ? 'last' : `s${index + 1 + spec.skip}`
  const again = {
    guard: ({ context }: { context: ProgramContext }) => context.again < 2,
    target: `s${index}`,
    reenter: true,
    actions: assign({ again: ({ context }: { context: ProgramContext }) => context.again + 1 }),
  }
  const onError = spec.onError === 'fail' ? {} : { onError: spec.onError === 'again' ? [again, { target }] : { target } }
  const input = ({ context, self }: { context: ProgramContext; self: { id: string } }) => ({
    tick: context.tick,
    heeds: spec.heeds,
    lingers: spec.lingers,
    id: self.id,
  })
  const entry = [stepped(rich), note]
  const named = (id: string) => (spec.nameless ? {} : { id })
  const src = { step: 'work', twice: 'workTwice', once: spec.onRecovery === 'hold' ? 'workHeld' : 'workOnce', killer: 'killer' }
  if (spec.kind === 'pair') {
    const one = (id: string) => ({ src: 'work', id: `${id}${index}`, input, onDone: target, ...onError })
    return { entry, invoke: [one('left'), one('right')] }
  }
  const { killedBy = 'step' } = spec
  if (spec.kind === 'killer' && killedBy !== 'step') return killing(killedBy, target, entry)
  if (spec.kind in src)
    return { entry, invoke: { src: src[spec.kind as 'step'], ...named(`work${index}`), input, onDone: target, ...onError } }
  if (spec.kind === 'spawned') {
    const spawned = assign({
      refs: (({
        context,
        spawn,
        self,
      }: {
        context: ProgramContext
        spawn: (src: string, options: object) => unknown
        self: { id: string }
      }) => [...(context.refs ?? []), spawn('helper', { input: input({ context, self }) })]) as never,
    })
    return { entry: [...entry, spawned], on: { 'xstate.done.actor.*': target, 'xstate.error.actor.*': target } }
  }
  if (spec.kind === 'execution' && nests) return { entry, ...nested(index, target) }
  if (spec.kind === 'execution')
    return { entry, invoke: { src: 'below', id: `below${index}`, input: { label: 'below' }, onDone: target, onError: target } }
  if (spec.kind === 'callback')
    return { entry, invoke: { src: 'bell', id: `bell${index}`, input }, on: { NEXT: target }, after: { 40_000: target } }
  if (spec.kind === 'child')
    return { entry, invoke: { src: 'helper', ...named('helper'), systemId: 'helper', input, onDone: target, ...onError } }
  if (spec.kind === 'ring') return { entry: [...entry, ...ringEntry(index, spec.nameless)], on: ringRound(target) }
  if (spec.kind === 'timers')
    return { entry: [...entry, since, entered(now), ...manyTimers(spec.nameless)], after: outlasted(target, now) }
  if (spec.kind === 'timer') {
    const ms = spec.delay + index
    return { entry: [...entry, entered(now)], after: { [ms]: { target, actions: lasted(ms, now) } } }
  }
  return { entry, on: { NEXT: target }, after: { 40_000: target } }
}

/** A state that starts an execution of the same entry point, under the same key, unless that would stand too deep. */
function nested(index: number, target: string): object {
  const label = ({ context }: { context: ProgramContext }) => context.label
  return {
    invoke: {
      src: 'below',
      id: `below${index}`,
      input: (of: { context: ProgramContext }) => ({ label: `${label(of)}/` }),
      onDone: target,
      onError: target,
    },
    always: { guard: (of: { context: ProgramContext }) => depthOf(label(of)) >= DEEPEST, target },
  }
}

/** A state that ends its process by other means than a step. */
function killing(by: 'timer' | 'event', target: string, entry: readonly object[]): object {
  const move = { target, guard: 'dies' }
  if (by === 'timer') return { entry, after: { 1_000: move } }
  return { entry, on: { NEXT: move }, after: { 40_000: move } }
}

/** How a program makes good what it has done. */
function making(how: ProgramSpec['undoes']): object {
  const undo = (id: string, heeds: boolean) => ({
    src: 'work',
    id,
    input: ({ context }: { context: ProgramContext }) => ({ tick: context.tick, heeds, lingers: true }),
  })
  if (how === 'at once') return { always: 'last' }
  if (how === 'pair') return { invoke: [{ ...undo('undo', true), onDone: 'last' }, undo('undoOther', false)] }
  return { invoke: { ...undo('undo', true), onDone: 'last', onError: 'last' } }
}

/** The machine of a spec; its steps and actions are told to `outputs`. `below`: the entry point that its executions are of; `nests`: that is its own. */
export function machineOf(spec: ProgramSpec, outputs: ProgramOutputs, below: string | undefined, nests = false): AnyStateMachine {
  const work = fromStep<unknown, StepInput>((args) => outputs.step(args))
  const workTwice = fromStep<unknown, StepInput>((args) => outputs.step(args), { retry: { maxAttempts: 2 } })
  const bell = fromCallback(({ self }) => outputs.callback(rootOf(self).id))
  const once = (onRecovery: 'fail' | 'hold') =>
    fromStep<unknown, StepInput>((args) => outputs.step({ ...args, input: { ...args.input, once: onRecovery } }), { onRecovery })
  const killer = fromStep<unknown, StepInput>((args) => outputs.step({ ...args, input: { ...args.input, kills: true } }))
  const actions = {
    note: ({ self }: { self: { id: string } }, { tick }: { tick: number }) => {
      outputs.action(self.id, tick)
      return spec.slowActions ? outputs.pass() : undefined
    },
  }
  const guards = { dies: () => (outputs.dies(), true) }
  const helper = setup({ actors: { work } }).createMachine({
    id: 'helper',
    context: (({ input }: { input: StepInput }) => input) as never,
    initial: 'working',
    states: {
      working: {
        invoke: { src: 'work', id: 'inner', input: (({ context }: { context: StepInput }) => context) as never, onDone: 'done' },
      },
      done: { type: 'final' },
    },
  })
  const states: Record<string, object> = {
    last: { type: 'final', entry: [stepped(spec.rich), note] },
    undoing: { entry: [stepped(spec.rich), note], ...making(spec.undoes) },
  }
  if (spec.poisoned)
    states['last'] = { entry: assign({ poison: () => (spec.rich ? outsider : () => undefined) }), on: { NEXT: 'undoing' } }
  for (const [index, state] of spec.states.entries())
    states[`s${index}`] = stateConfig(
      state.kind === 'execution' && below === undefined ? { ...state, kind: 'step' } : state,
      index,
      spec.states.length,
      spec.rich,
      () => outputs.now(),
      nests,
    )
  const own = throwing(spec.throws, states, spec.states.length, outputs)
  const actors = {
    work,
    workTwice,
    workOnce: once('fail'),
    workHeld: once('hold'),
    killer,
    helper,
    bell,
    node,
    below: fromExecution(below ?? 'nowhere'),
    ...own.actors,
  }
  return setup({ actors, guards, actions: { ...actions, ...own.actions }, delays: own.delays } as never).createMachine({
    id: 'random',
    context: (({ input }: { input: { label: string } }) => ({ label: input.label, tick: 0, again: 0, pings: [] })) as never,
    initial: 's0',
    on: {
      ...ring,
      PING: {
        actions: [
          stepped(spec.rich),
          assign({
            pings: (({ context, event }: { context: ProgramContext; event: { n: number } }) => [
              ...context.pings,
              event.n,
            ]) as never,
          }),
          note,
        ] as never,
      },
      STOP: {
        target: '.undoing',
        actions: assign(({ self }) => {
          outputs.undoes(self.id)
          return { stopped: true } as never
        }),
      },
    } as never,
    output: (own.output ??
      (({ context }: { context: ProgramContext }) => ({
        label: context.label,
        tick: context.tick,
        pings: context.pings,
      }))) as never,
    states: states as never,
  }) as unknown as AnyStateMachine
}
