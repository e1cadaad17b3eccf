/**
 * Rules that are the same for every store.
 *
 * Owns: how long answers and traces are kept, what a limit means, the order of claims, which of them count an owner's death, and the form of a page's cursor.
 */
import { StatewardError } from '../errors.js'
import { mayBeInFlight } from '../events/execution-status.js'
import type { StoredExecution } from './snapshot-store.js'

/** For how long an answer waits for its sender, in milliseconds. */
export const answerKept = 60 * 60 * 1000

/** For how long a pruned id is answered as `expired` and not as unknown, in milliseconds. */
export const tombstoneKept = 90 * 24 * 60 * 60 * 1000

/** A limit as a whole number that any store can bind; a negative limit becomes 0. */
export function atMost(limit: number): number {
  return limit >= 1 ? Math.floor(Math.min(limit, 2 ** 31 - 1)) : 0
}

/** The length of those texts of an execution that may be long, in characters. */
export function lengthOf({ input, elements, state, output, error }: StoredExecution): number {
  const gathered = elements?.reduce((sum, { length }) => sum + length, 0) ?? 0
  return input.length + gathered + state.length + (output?.length ?? 0) + (error?.length ?? 0)
}

/** What the order looks at. `position` is the place in the order of acceptance. */
export interface ClaimCandidate {
  readonly position: number
  readonly queued: boolean
  readonly priority: number
  /** Since when it may start. */
  readonly since: number
}

/** Executions under way before queued ones; queued ones by priority, the greater first; then those first that may have started first. */
export function byClaimOrder(a: ClaimCandidate, b: ClaimCandidate): number {
  if (a.queued !== b.queued) return a.queued ? 1 : -1
  if (a.queued && a.priority !== b.priority) return b.priority - a.priority
  return a.since - b.since || a.position - b.position
}

/** True if a takeover from a dead owner counts as a recovery: the execution, or an action that is pending, may have ended that owner's process. */
export function countsAsRecovery({ status, owed }: Pick<StoredExecution, 'status' | 'owed'>): boolean {
  return mayBeInFlight(status) || (owed && status !== 'queued')
}

/** The cursor after the execution at `position`, its place in the order of acceptance. */
export function encodeCursor(position: number): string {
  return Buffer.from(`after:${position}`).toString('base64url')
}

/** The position in a cursor; all positions are before `Infinity`, where a query without a cursor begins. */
export function decodeCursor(cursor: string | undefined): number {
  if (cursor === undefined) return Number.MAX_SAFE_INTEGER
  const text = typeof cursor === 'string' ? Buffer.from(cursor, 'base64url').toString() : ''
  const position = Number(/^after:(\d{1,16})$/.exec(text)?.[1] ?? Number.NaN)
  if (Number.isSafeInteger(position) && encodeCursor(position) === cursor) return position
  throw new StatewardError('invalid_option', 'the cursor is none that a page of executions gave', {
    details: { option: 'cursor' },
  })
}
