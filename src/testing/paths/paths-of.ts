/**
 * Every path through a program, found from its definition.
 *
 * Owns: the checks of what it is told, and putting together the walk, the search and the runs. Talks to: `path-search.ts`
 * for the ways, `path-run.ts` to run one.
 */
import type { AnyActorLogic, AnyStateMachine } from 'xstate'
import { isProgramMachine } from '../../actors/program/xstate/program-logic.js'
import type { EntryPoint } from '../../runtime/entry-point.js'
import { StatewardError } from '../../errors.js'
import { Moves, type Move, type MoveValues } from './moves.js'
import { findWays, type Way } from './path-search.js'
import { pathState, placeKey, type ContextPart, type PathState } from './path-state.js'
import type { ExecutionPath, PathStep } from './execution-path.js'
import type { PathArguments, PathOptions } from './path-options.js'
import { runPath, type PathProgram } from './path-run.js'
import { stubbedMachine, type Machine } from './stubbed-machine.js'
import { stateText } from '../world/readable.js'
import { pendingAt, type Pending } from './pending.js'
import { ProgramWalk, type Place } from './program-walk.js'

/**
 * Finds the paths through an entry point's machine, from its definition alone: nothing runs until a path's `run` is called.
 *
 * What can happen in a state is read from the machine: its own events, the ends of the steps that are in flight there, and the
 * timer that is due next. So every path is one that can really be gone. Sends and the ends of steps take no time. A child
 * machine is one step, which ends. Paths that are the beginning of another one are left out, since a run checks each step.
 *
 * Gotchas: guards, assignments, delays and mappers are called, many times, and must go by their arguments alone (`system` is
 * empty, `self` is nobody); custom actions are not run while paths are looked for. What a step fails with is tried where
 * the machine handles it (`onError`); name it in `errors` to see what happens where it does not.
 *
 * Errors: `invalid_option` for a program that is no machine, an input that it can't be entered with, an unknown step's name,
 * an event that no state takes, and more states than `limit` (default 1,000): a context that grows without end; `not_storable` for a context that no store
 * could hold; `endless_loop` for a machine that never comes to rest.
 *
 * @example
 * ```ts
 * for (const path of pathsOf(tickets, { input: { id: 7 } })) {
 *   console.log(path.description) // prints APPROVE → approved
 *   await path.run() // with a crash and a restart before and after each step
 * }
 * ```
 */
export function pathsOf<TProgram extends AnyActorLogic>(
  entryPoint: EntryPoint<TProgram>,
  ...[options = {}]: PathArguments<TProgram>
): ExecutionPath<TProgram>[] {
  const { id, program, maxIterations } = entryPoint
  if (!isProgramMachine(program)) throw invalid(id, 'program', 'paths are found from states, so the program must be a machine')
  const { kind = 'shortest', limit = 1000, context: part = true } = options
  if (kind !== 'shortest' && kind !== 'simple') throw invalid(id, 'kind', "it must be 'shortest' or 'simple'")
  if (!Number.isInteger(limit) || limit < 1) throw invalid(id, 'limit', 'it must be a whole number from 1')
  if (typeof part !== 'boolean' && typeof part !== 'function')
    throw invalid(id, 'context', 'it must be true, false, or a function that picks of it what counts')
  const machine: Machine = program
  const walk = new ProgramWalk(stubbedMachine(machine) as AnyStateMachine, maxIterations)
  const { events = {}, outputs = {}, errors = {} } = options as Partial<MoveValues>
  const moves = new Moves(machine, walk, { events, outputs, errors })
  moves.checkValues(id)
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
  const run: PathProgram = { entryPoint, machine, input: options.input, part: counted }
  return ways.map((way) => executionPath(way, run, (place) => pendingAt(place, moves.stepsAt(place))) as ExecutionPath<TProgram>)
}

function contextPart(part: PathOptions['context']): ContextPart {
  if (typeof part === 'function') return part
  return part === false ? () => undefined : undefined
}

function executionPath(way: Way, program: PathProgram, pending: (place: Place) => Pending): ExecutionPath {
  const { id } = program.entryPoint
  const initial = pathState(way.begin, id)
  const steps = way.steps.map(({ move, place }) => pathStep(move, pathState(place, id)))
  const state = steps.at(-1)?.state ?? initial
  const description = [...steps.map((step) => step.description), named(state)].join(' → ')
  const path = { description, initial, steps, state }
  const moves = way.steps.map(({ move }) => move)
  const underWay = [way.begin, ...way.steps.map(({ place }) => place)].map(pending)
  return { ...path, run: (options) => runPath(program, { ...path, moves, underWay }, options) }
}

function pathStep({ happening, label, step }: Move, state: PathState): PathStep {
  const { kind, event } = happening
  return { kind, event, ...(step === undefined ? {} : { step: step.shown }), description: label, state }
}

const named = ({ status, value }: PathState) => (status === 'error' ? 'failed' : stateText(value))

function invalid(entryPoint: string, option: string, wanted: string, cause?: unknown): StatewardError {
  const message = `pathsOf(${entryPoint}): \`${option}\`: ${wanted}.`
  return new StatewardError('invalid_option', message, {
    details: { entryPoint, option },
    ...(cause === undefined ? {} : { cause }),
  })
}
