/**
 * The errors of Stateward: one class, told apart by `code`.
 *
 * Owns: the list of codes and which of them may be tried again. The form in which an error is stored and sent is that of
 * `error-record.ts`.
 */
import { errorBrand, isBranded, toErrorRecord, type ErrorRecord } from './error-record.js'

export { toErrorRecord, type ErrorRecord }

/** Every code, with whether the same call may succeed when it is made again. */
const codes = {
  // definition and call
  invalid_definition: false,
  duplicate_entry_point: false,
  duplicate_route: false,
  unknown_entry_point: false,
  invalid_id: false,
  invalid_option: false,
  invalid_key: false,
  invalid_event: false,
  duplicate_execution: false,
  idempotency_conflict: false,
  owner_in_use: false,
  // lifecycle of the runtime
  not_started: false,
  already_stopped: false,
  draining: true,
  stream_down: true,
  // admission
  queue_full: true,
  stream_full: false,
  causation_depth: false,
  // values
  not_storable: false,
  unknown_format: false,
  corrupt: false,
  // persistence
  store_failed: true,
  store_closed: false,
  missing_dependency: false,
  // server
  address_unavailable: true,
  stale_owner: true,
  no_answer: true,
  // execution
  program_mismatch: false,
  endless_loop: false,
  step_timeout: true,
  cancelled: false,
  paused: true,
  left: false,
  timed_out: false,
  stopping: true,
  step_interrupted: true,
  recovery_limit: false,
  execution_failed: false,
  not_found: false,
  no_checkpoint: false,
  // graphs
  limit_exceeded: false,
  invalid_value: false,
  no_edge: false,
  branch_failed: false,
  branch_timeout: false,
  // testing
  stuck: false,
  exploration_failed: false,
  golden_misfit: false,
  golden_exists: false,
  path_diverged: false,
  store_broken: false,
} as const

/** What went wrong, as a word to switch on. */
export type StatewardErrorCode = keyof typeof codes

/**
 * An error with a `code` to switch on, whether it may be tried again, and JSON-safe `details`
 * that name what was wrong and where.
 *
 * @example
 * ```ts
 * try {
 *   await runtime.trigger('tickets', { id: 123 }, { timeout: -1 })
 * } catch (error) {
 *   if (isStatewardError(error, 'invalid_option')) console.log(error.details['option']) // prints timeout
 * }
 * ```
 */
export class StatewardError extends Error {
  override readonly name = 'StatewardError'
  readonly code: StatewardErrorCode
  readonly retryable: boolean
  readonly details: Readonly<Record<string, unknown>>

  constructor(
    code: StatewardErrorCode,
    message: string,
    options: { details?: Readonly<Record<string, unknown>>; cause?: unknown; retryable?: boolean } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.retryable = options.retryable ?? codes[code]
    this.details = options.details ?? {}
  }

  /** Known by its brand: `instanceof` also holds for the error of another copy of the package in the same process. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    return this === StatewardError ? isBranded(value) : Function.prototype[Symbol.hasInstance].call(this, value)
  }

  toJSON(): ErrorRecord {
    return toErrorRecord(this)
  }
}

/** True if `error` is a `StatewardError`, also one of another copy of the package, and has that `code` if one is given. */
export function isStatewardError(error: unknown, code?: StatewardErrorCode): error is StatewardError {
  return isBranded(error) && (code === undefined || (error as StatewardError).code === code)
}

/** True for the error of a call that has waited for another process's lock for as long as a call may: others would wait as long. */
export function isHeldUp(error: unknown): error is StatewardError {
  return isStatewardError(error, 'store_failed') && error.details['busy'] === true
}

/** The error itself, if it is such a one. */
export function heldUpBy(error: unknown): StatewardError | undefined {
  return isHeldUp(error) ? error : undefined
}

Object.defineProperty(StatewardError.prototype, errorBrand, { value: true })
