/**
 * The limit on the microsteps of one event, past which a machine fails as `endless_loop`: XState's own default is none.
 *
 * Owns: the count, kept as XState tells an inspector of each microstep, so that the machine itself is the user's and stays as
 * it is, wrapped or changed as it may be. A limit of the machine's own wins; XState keeps it, and its error is named alike.
 */
import { StatewardError } from '../../../errors.js'

/** The part of a machine that says how far it may go. */
interface Limited {
  readonly id: string
  readonly config?: { readonly options?: { readonly maxIterations?: number } }
  readonly options?: { readonly maxIterations?: number }
}

/** Counts a microstep of the event at hand. Throws `endless_loop`, out of the transition that takes it. */
export function countMicrostep(notes: { microsteps: number }, { machine }: Snapshot, most: number): void {
  if (!machine || ++notes.microsteps <= most || ownLimit(machine) !== undefined) return
  throw endlessLoop(machine, most)
}

/** An error as the runtime names it: the end of a loop past the machine's own limit is an `endless_loop` as well. */
export function namedError(error: unknown, { machine }: Snapshot): unknown {
  return machine && isLoop(error) ? endlessLoop(machine, ownLimit(machine) ?? machine.options?.maxIterations ?? 0, error) : error
}

function isLoop(error: unknown): boolean {
  try {
    return error instanceof Error && String(error.message).startsWith('Infinite loop detected')
  } catch {
    // whatever was thrown, it can't be read: so it is not XState's
    return false
  }
}

interface Snapshot {
  readonly machine?: Limited
}

const ownLimit = (machine: Limited) => machine.config?.options?.maxIterations

function endlessLoop({ id }: Limited, maxIterations: number, cause?: unknown): StatewardError {
  const message = `Machine '${id}' took more than ${maxIterations} microsteps for one event and came to no rest.`
  return new StatewardError('endless_loop', message, {
    details: { machine: id, maxIterations },
    ...(cause === undefined ? {} : { cause }),
  })
}
