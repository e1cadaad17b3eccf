/**
 * Whether a stored snapshot fits a program.
 *
 * Owns: what a snapshot needs of a program to be restored at all: its kind, its states, its actor sources. XState checks
 * none of them: it drops what it does not find. A snapshot that fits in this sense may still never move again;
 * `checkCompatibility` in `stateward/testing` answers the finer questions.
 */
import type { AnyActorLogic } from 'xstate'
import { StatewardError } from '../../errors.js'
import type { ProgramInterceptor } from './program-interceptor.js'
import { creatorOf, machineIn, storesLikeMachine, type ProgramMachine } from './xstate/program-logic.js'
import { isMachineMade, type PersistedProgram } from './program-record.js'
import { childLogic } from './xstate/implementations.js'

/** Something that a snapshot needs and a program does not have. */
export interface Incompatibility {
  readonly reason: 'logic_changed' | 'state_gone' | 'child_gone'
  /** The place in the snapshot. */
  readonly path: string
  readonly message: string
}

/** Why a snapshot does not fit a program; undefined if it fits. */
export function misfit(logic: AnyActorLogic, snapshot: PersistedProgram, interceptor?: ProgramInterceptor): string | undefined {
  return misfits(logic, snapshot, interceptor).next().value?.message
}

/** Everything that a snapshot needs and a program does not have; `actor` and `place` are where the snapshot lies in another. */
export function* misfits(
  logic: AnyActorLogic,
  snapshot: PersistedProgram,
  interceptor?: ProgramInterceptor,
  actor = '',
  place = '',
): Generator<Incompatibility, undefined> {
  const machine = machineIn(logic)
  const was = isMachineMade(snapshot)
  // nothing can be said of logic that hides how it makes its snapshots
  const change = was
    ? creatorOf(logic) && 'is no state machine any more'
    : snapshot.value === undefined && machine && storesLikeMachine(machine) && 'was no state machine before'
  if (change) yield { reason: 'logic_changed', path: `${place}value`, message: `${actor || 'the program'} ${change}` }
  if (!machine || !was || !storesLikeMachine(machine)) return undefined
  for (const state of missingStates(machine.root, snapshot.value)) {
    const message = `${actor ? `${actor}: ` : ''}there is no state '${state}' any more`
    yield { reason: 'state_gone', path: `${place}value`, message }
  }
  for (const [name, child] of Object.entries(snapshot.children ?? {})) {
    const [path, at, src] = [actor ? `${actor}/${name}` : name, `${place}children.${name}`, String(child.src)]
    const source = childLogic(machine, src)
    if (!source) {
      yield { reason: 'child_gone', path: `${at}.src`, message: `${path}: there is no actor source '${src}' any more` }
      continue
    }
    const inner = interceptor?.logic({ src, id: name, path, logic: source }) ?? source
    yield* misfits(inner, child.snapshot, interceptor, path, `${at}.snapshot.`)
  }
  return undefined
}

function* missingStates(node: ProgramMachine['root'], value: unknown): Generator<string, undefined> {
  const wanted: Record<string, unknown> = typeof value === 'string' ? { [value]: {} } : ((value ?? {}) as Record<string, unknown>)
  for (const [key, inner] of Object.entries(wanted)) {
    const child = node.states[key]
    if (child) yield* missingStates(child, inner)
    else yield [...node.path, key].join('.')
  }
  return undefined
}

/** The error of a snapshot that does not fit its program. */
export function mismatch(id: string, reason: string): StatewardError {
  return new StatewardError('program_mismatch', `The snapshot of execution ${id} does not fit its program: ${reason}.`, {
    details: { id, reason },
  })
}
