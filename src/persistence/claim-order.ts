/** The order in which executions are claimed. Owns: that order, for every store that sorts for itself. */

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
