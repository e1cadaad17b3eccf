/**
 * Machines that an endless loop can't hang.
 *
 * Owns: the limit on microsteps (XState's own default is none), and the typed error past it.
 * The user's machine stays as it is: its limit counts for a copy that the program runs on.
 */
import type { AnyActorLogic } from 'xstate'
import { StatewardError } from '../errors.js'
import type { ProgramMachine } from './program-logic.js'

type Machine = ProgramMachine & AnyActorLogic

const known = new WeakMap<object, Map<number, Machine>>()

/** The same machine with a limit on the microsteps of one event, past which it fails as `endless_loop`; the user's own limit wins. */
export function boundedMachine(machine: Machine, maxIterations: number): AnyActorLogic {
  let made = known.get(machine)
  if (!made) known.set(machine, (made = new Map()))
  let bounded = made.get(maxIterations)
  if (!bounded) made.set(maxIterations, (bounded = bound(machine, maxIterations)))
  return bounded
}

function bound(machine: Machine, maxIterations: number): Machine {
  const options = { maxIterations, ...(machine.config['options'] as object | undefined) }
  // XState binds a machine's methods to it and reads the limit there, so that only a second machine has another one
  const Type = machine.constructor as new (config: object, implementations: object) => Machine
  const copy = new Type({ ...machine.config, options }, machine.implementations)
  // an inspector draws the definition that the user wrote
  Object.assign(copy, { config: machine.config })
  const { transition, getInitialSnapshot } = copy
  copy.transition = (...args) => told(machine.id, options.maxIterations, () => transition(...args))
  copy.getInitialSnapshot = (...args) => told(machine.id, options.maxIterations, () => getInitialSnapshot(...args))
  return copy
}

/** XState throws out of a transition, and makes an error of an initial snapshot. */
function told<T>(machine: string, maxIterations: number, run: () => T): T {
  let result: T
  try {
    result = run()
  } catch (cause) {
    throw isLoop(cause) ? endlessLoop(machine, maxIterations, cause) : cause
  }
  const { status, error } = result as { status?: string; error?: unknown }
  return status === 'error' && isLoop(error) ? { ...result, error: endlessLoop(machine, maxIterations, error) } : result
}

const isLoop = (error: unknown) => error instanceof Error && error.message.startsWith('Infinite loop detected')

function endlessLoop(machine: string, maxIterations: number, cause: unknown): StatewardError {
  const message = `Machine '${machine}' took more than ${maxIterations} microsteps for one event and came to no rest.`
  return new StatewardError('endless_loop', message, { details: { machine, maxIterations }, cause })
}
