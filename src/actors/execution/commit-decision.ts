/** What becomes of an execution with its next commit. Owns that decision, and touches nothing: whether it leaves memory, who owns it then, when it must be woken. */
import type { Limits } from '../../events/execution-events.js'
import { isTerminal, type ExecutionStatus } from '../../events/execution-status.js'
import { dueAt } from './execution-deadlines.js'

/** What the decision is made from. */
export interface DecisionInput {
  /** That the commit will say. */
  readonly status: ExecutionStatus
  readonly limits: Limits
  /** True while actions are pending that were not acknowledged. */
  readonly owed: boolean
  /** True if it was told to leave. */
  readonly isLeaving: boolean
  /** When the program's next timer is due. */
  readonly nextTimer: number | undefined
}

/** What comes with the commit. */
export interface Decision {
  readonly leaves: boolean
  /** False: nobody owns it from then on. One that has actions pending keeps its owner, or another process would run them as well. */
  readonly isKept: boolean
  /** True if nothing of its life is committed here after it. */
  readonly isLast: boolean
  readonly dueAt: number | null
}

/** A paused execution leaves memory, and one that has ended does, unless it has actions pending. */
export function decide({ status, limits, owed, isLeaving, nextTimer }: DecisionInput): Decision {
  const ends = isTerminal(status)
  const leaves = isLeaving || status === 'paused' || (ends && !owed)
  const isKept = !leaves || owed
  return {
    leaves,
    isKept,
    isLast: !isKept || ends,
    dueAt: ends ? null : dueAt(status, limits, status === 'waiting' ? nextTimer : undefined),
  }
}
