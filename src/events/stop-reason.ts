/**
 * The reason that a step's function finds in `signal.reason` when its signal fires.
 *
 * Owns: how the reason follows from the state of the execution. Knows no actor and no program.
 */
import { isStatewardError, StatewardError } from '../errors.js'
import type { ExecutionContext } from './execution-events.js'
import type { ExecutionStatus } from './execution-status.js'

/** The state of an execution when its program is stopped. */
export interface Stopping {
  readonly id: string
  readonly nextStatus: ExecutionStatus
  readonly context: ExecutionContext
  /** Why it left this process, if it did. */
  readonly lost: unknown
}

/** The step's state was left, or its actor stopped by the program. */
export function leftReason(id: string, path?: string): StatewardError {
  const what = path === undefined ? 'The program' : `Step ${path}`
  return new StatewardError('left', `${what} of execution ${id} was left.`, {
    details: { id, ...(path === undefined ? {} : { path }) },
  })
}

/** Why a whole program is stopped. */
export function stopReason({ id, nextStatus, context, lost }: Stopping): StatewardError {
  const { ending, cancel, pause } = context
  if (isStatewardError(lost) && lost.code !== 'already_stopped') return lost
  if (nextStatus === 'timed_out' || (nextStatus === 'cancelling' && ending?.status === 'timed_out')) {
    const limit = ending?.status === 'timed_out' ? ending.limit : 'timeout'
    return new StatewardError('timed_out', `Execution ${id} has reached its ${limit}.`, { details: { id, limit } })
  }
  if (nextStatus === 'cancelling' || nextStatus === 'cancelled') {
    const by = ending?.status === 'cancelled' ? ending.intervention : cancel
    return new StatewardError('cancelled', `Execution ${id} is cancelled.`, { details: { id, ...by } })
  }
  if (nextStatus === 'pausing' || nextStatus === 'paused')
    return new StatewardError('paused', `Execution ${id} is paused.`, { details: { id, ...pause } })
  if (nextStatus === 'completed' || nextStatus === 'failed') return leftReason(id)
  return new StatewardError('stopping', `The runtime that holds execution ${id} is stopping.`, { details: { id } })
}
