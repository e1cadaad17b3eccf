/** Decides what the next commit of an execution says: whether the execution leaves memory, whether it keeps its owner, when it must be woken. Changes nothing. */
import type { Limits } from '../../events/execution-events.js'
import { isTerminal, type ExecutionStatus } from '../../events/execution-status.js'
import { dueAt } from './execution-deadlines.js'

/** What the decision is made from. */
export interface DecisionInput {
  /** The status that the commit will say. */
  readonly status: ExecutionStatus
  readonly limits: Limits
  /** True while actions are pending. */
  readonly owed: boolean
  /** True if the execution was asked to leave memory. */
  readonly isLeaving: boolean
  /** When the program's next timer is due. */
  readonly nextTimer: number | undefined
  /** The time before which it must not start, as long as it has not. */
  readonly startAt?: number | undefined
  /** True if that time has not come. */
  readonly isLater?: boolean
}

/** The decision that goes with the commit. */
export interface Decision {
  readonly leaves: boolean
  /** False: nobody owns the execution after this commit. While actions are pending it keeps its owner; another process would run them again. */
  readonly isKept: boolean
  /** True if this process commits nothing of the execution's life after it. */
  readonly isLast: boolean
  readonly dueAt: number | null
}

/** A paused execution leaves memory, one that is to start later does, and one that has ended, unless it has actions pending. */
export function decide({ status, limits, owed, isLeaving, nextTimer, startAt, isLater = false }: DecisionInput): Decision {
  const ends = isTerminal(status)
  const leaves = isLeaving || status === 'paused' || (status === 'queued' && isLater) || (ends && !owed)
  const isKept = !leaves || owed
  return {
    leaves,
    isKept,
    isLast: !isKept || ends,
    dueAt: ends ? null : dueAt(status, limits, status === 'waiting' ? nextTimer : undefined, startAt),
  }
}
