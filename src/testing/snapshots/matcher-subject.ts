/**
 * What an assertion is about: a snapshot, a record, or the execution behind a handle.
 *
 * Owns: telling these apart, and what each of them can answer. Talks to: `execution-snapshot.ts` for handles.
 */
import type { ExecutionRecord } from '../../actors/execution/execution-record.js'
import { StatewardError } from '../../errors.js'
import { ExecutionHandle } from '../../runtime/execution-handle.js'
import { snapshotOf } from './execution-snapshot.js'
import { snapshotOfRecord } from './record-snapshot.js'
import { isExecutionSnapshot, type ExecutionSnapshot } from './snapshot-form.js'

/** What a matcher returns to its runner. */
export interface MatcherResult {
  readonly pass: boolean
  readonly message: () => string
  readonly actual?: unknown
  readonly expected?: unknown
}

/** What a matcher judges. */
export interface MatcherSubject {
  readonly snapshot: ExecutionSnapshot
  /** False for a record, which has no journal. */
  readonly hasEvents: boolean
}

/** Judges a subject at once, or once the execution behind a handle was read. Throws `invalid_option` for anything else. */
export function judged(
  matcher: string,
  received: unknown,
  judge: (subject: MatcherSubject) => MatcherResult,
): MatcherResult | Promise<MatcherResult> {
  if (isExecutionSnapshot(received)) return judge({ snapshot: received, hasEvents: true })
  if (received instanceof ExecutionHandle) return snapshotOf(received).then((snapshot) => judge({ snapshot, hasEvents: true }))
  if (isRecord(received)) return judge({ snapshot: snapshotOfRecord(received), hasEvents: false })
  throw unfit(matcher, `needs an execution snapshot, a record or a handle; it was given ${described(received)}`)
}

/** A subject that can't answer, or a question that is none; with or without `.not`. */
export function unfit(matcher: string, problem: string, option = 'subject'): StatewardError {
  return new StatewardError('invalid_option', `${matcher} ${problem}.`, { details: { option, matcher } })
}

const isRecord = (value: unknown): value is ExecutionRecord =>
  typeof value === 'object' && value !== null && 'revision' in value && 'acceptedAt' in value && 'steps' in value

function described(value: unknown): string {
  if (value instanceof Promise) return 'a promise: await it first'
  const status = typeof value === 'object' && value !== null && 'status' in value ? value.status : undefined
  if (status === 'not_found' || status === 'expired') return `\`${status}\`: there is no such execution`
  return value === null ? 'null' : typeof value
}
