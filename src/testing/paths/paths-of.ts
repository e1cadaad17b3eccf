/**
 * Every path through a program, found from its definition.
 *
 * Owns: the options of `pathsOf`, their checks, and what a path looks like. Talks to: `path-search.ts` for the ways,
 * `path-run.ts` to run one.
 */
import type {
  AnyActorLogic,
  AnyEventObject,
  AnyStateMachine,
  EventFromLogic,
  InputFrom,
  OutputFrom,
  SnapshotFrom,
  StateMachine,
} from 'xstate'
import { boundedMachine } from '../../actors/bounded-machine.js'
import { isProgramMachine, type ProgramMachine } from '../../actors/program-logic.js'
import type { EntryPoint } from '../../entry-point.js'
import { StatewardError } from '../../errors.js'
import { isOutside, Moves, type Move } from './moves.js'
import { findWays, type Way } from './path-search.js'
import { pathState, placeKey, stateName, type ContextPart, type PathState } from './path-state.js'
import { ProgramWalk } from './program-walk.js'

type ActorsOf<TProgram> =
  TProgram extends StateMachine<
    infer _Context,
    infer _Event,
    infer _Children,
    infer TActor,
    infer _Action,
    infer _Guard,
    infer _Delay,
    infer _Value,
    infer _Tag,
    infer _Input,
    infer _Output,
    infer _Emitted,
    infer _Meta,
    infer _Schema,
    infer _TransitionMeta
  >
    ? TActor
    : never

type ByStep<TProgram, TKind extends 'output' | 'error'> = {
  readonly [TName in ActorsOf<TProgram>['src']]?: readonly (TKind extends 'error'
    ? unknown
    : OutputFrom<Extract<ActorsOf<TProgram>, { src: TName }>['logic']>)[]
} & Readonly<Record<string, readonly unknown[]>>

type ContextOf<TProgram extends AnyActorLogic> = SnapshotFrom<TProgram> extends { context: infer TContext } ? TContext : unknown
type ValueOf<TProgram extends AnyActorLogic> = SnapshotFrom<TProgram> extends { value: infer TValue } ? TValue : unknown

/** What `pathsOf` is told beyond the program. */
export interface PathOptions<TProgram extends AnyActorLogic = AnyActorLogic> {
  /** What the program is triggered with. */
  readonly input?: InputFrom<TProgram>
  /** The events to try of each type; default: the type alone. An empty list: that type is never sent. Types that a wildcard takes are tried only if they are here. */
  readonly events?: {
    readonly [TType in EventFromLogic<TProgram>['type']]?: readonly Extract<EventFromLogic<TProgram>, { type: TType }>[]
  }
  /** What each step may end with, by its `src` or its id; default `undefined`. An empty list: it never ends well. */
  readonly outputs?: ByStep<TProgram, 'output'>
  /** What each step may fail with, by its `src` or its id; default: one error, where the machine handles it. */
  readonly errors?: ByStep<TProgram, 'error'>
  /** `shortest`: through every transition of every state, each as early as it can be. `simple`: every way to every state that meets none twice. Default `shortest`. */
  readonly kind?: 'shortest' | 'simple'
  /** How many states may be found; default 1,000. */
  readonly limit?: number
  /** Which part of the context tells two states apart, and is compared when a path is run: all of it, none, or what a function picks. Default `true`. */
  readonly context?: boolean | ((context: ContextOf<TProgram>) => unknown)
}

/** Something that happens on a path, and the state that it leads to. */
export interface PathStep<TProgram extends AnyActorLogic = AnyActorLogic> {
  /** `send`: an event from outside. `done`, `error`: a step ends. `after`: time passes until a timer fires. */
  readonly kind: 'send' | 'done' | 'error' | 'after'
  readonly event: AnyEventObject
  /** The step that ends, by the id that it was given, or its `src`. */
  readonly step?: string
  /** Such as `charge ends with 42`. */
  readonly description: string
  readonly state: PathState<ValueOf<TProgram>, ContextOf<TProgram>>
}

/** A way through a program, from its start. */
export interface ExecutionPath<TProgram extends AnyActorLogic = AnyActorLogic> {
  /** What happens, and the state that it ends in: `APPROVE → charge ends → done`. */
  readonly description: string
  /** Before the first step. */
  readonly initial: PathState<ValueOf<TProgram>, ContextOf<TProgram>>
  readonly steps: readonly PathStep<TProgram>[]
  /** After the last step. */
  readonly state: PathState<ValueOf<TProgram>, ContextOf<TProgram>>
}

/** Finds the paths. */
export function pathsOf<TProgram extends AnyActorLogic>(
  entryPoint: EntryPoint<TProgram>,
  options: PathOptions<TProgram> = {},
): ExecutionPath<TProgram>[] {
  const { id, program, maxIterations } = entryPoint
  if (!isProgramMachine(program)) throw invalid(id, 'program', 'paths are found from states, so the program must be a machine')
  const { kind = 'shortest', limit = 1000, context: part = true } = options
  if (kind !== 'shortest' && kind !== 'simple') throw invalid(id, 'kind', "it must be 'shortest' or 'simple'")
  if (!Number.isInteger(limit) || limit < 1) throw invalid(id, 'limit', 'it must be a whole number from 1')
  const machine: AnyActorLogic & ProgramMachine = program
  const walk = new ProgramWalk(boundedMachine(withoutOutside(machine), maxIterations) as AnyStateMachine)
  const moves = new Moves(machine, walk, { events: {}, outputs: {}, errors: {}, ...(options as object) })
  const begin = walk.begin(options.input)
  if (begin.snapshot.status === 'error') {
    const cause: unknown = begin.snapshot.error
    throw invalid(
      id,
      'input',
      `the machine can't be entered with it (${cause instanceof Error ? cause.message : String(cause)})`,
      cause,
    )
  }
  const counted = contextPart(part as PathOptions['context'])
  const ways = findWays({ entryPoint: id, walk, moves, kind, limit, key: (place) => placeKey(place, counted, id) }, begin)
  moves.checkNames(id)
  return ways.map((way) => executionPath(way, id) as ExecutionPath<TProgram>)
}

function contextPart(part: PathOptions['context']): ContextPart {
  if (typeof part === 'function') return part
  return part === false ? () => undefined : undefined
}

/** The same machine, whose steps do nothing: their ends are moves. */
function withoutOutside(machine: AnyActorLogic & ProgramMachine): AnyActorLogic & ProgramMachine {
  const named = Object.entries(machine.implementations.actors).filter(([, logic]) => isOutside(logic))
  const still = { status: 'active', output: undefined, error: undefined } as const
  const logic = {
    start: () => undefined,
    transition: () => still,
    getInitialSnapshot: () => still,
    getPersistedSnapshot: () => still,
  }
  const actors = Object.fromEntries(named.map(([name]) => [name, logic]))
  return (machine as unknown as AnyStateMachine).provide({ actors }) as unknown as AnyActorLogic & ProgramMachine
}

function executionPath({ begin, steps: taken }: Way, id: string): ExecutionPath {
  const initial = pathState(begin, id)
  const steps = taken.map(({ move, place }) => pathStep(move, pathState(place, id)))
  const state = steps.at(-1)?.state ?? initial
  const description = [...steps.map((step) => step.description), named(state)].join(' → ')
  return { description, initial, steps, state }
}

function pathStep({ happening, label, step }: Move, state: PathState): PathStep {
  const { kind, event } = happening
  return { kind, event, ...(step === undefined ? {} : { step }), description: label, state }
}

const named = ({ status, value }: PathState) => (status === 'error' ? 'failed' : stateName(value))

function invalid(entryPoint: string, option: string, wanted: string, cause?: unknown): StatewardError {
  const message = `pathsOf(${entryPoint}): \`${option}\`: ${wanted}.`
  return new StatewardError('invalid_option', message, {
    details: { entryPoint, option },
    ...(cause === undefined ? {} : { cause }),
  })
}
