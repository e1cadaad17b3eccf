/** The order in which executions are claimed, and which of them count their owner's death. Owns: both, for every store that does it for itself. */
import type { StoredExecution } from './snapshot-store.js'

/** What the order looks at. `position` is the place in the order of acceptance. */
export interface ClaimCandidate {
  readonly position: number
  readonly queued: boolean
  readonly priority: number
  readonly acceptedAt: number
}

/** Those under way before those in the queue; there the greater priority first; then the oldest first. */
export function byClaimOrder(a: ClaimCandidate, b: ClaimCandidate): number {
  if (a.queued !== b.queued) return a.queued ? 1 : -1
  if (a.queued && a.priority !== b.priority) return b.priority - a.priority
  return a.acceptedAt - b.acceptedAt || a.position - b.position
}

/** True of what may have brought its owner down: it was neither queued, nor waiting without an action that it owes. */
export function isCounted({ status, owed }: Pick<StoredExecution, 'status' | 'owed'>): boolean {
  return status !== 'queued' && (status !== 'waiting' || owed)
}
