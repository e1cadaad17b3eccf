/**
 * The errors of Stateward: one class, told apart by `code`.
 *
 * Owns: the list of codes, which of them may be tried again, and the JSON form that is stored and sent.
 */

/** Every code, with whether the same call may succeed when it is made again. */
const codes = {
  // definition and call
  invalid_definition: false,
  duplicate_entry_point: false,
  unknown_entry_point: false,
  invalid_id: false,
  invalid_option: false,
  invalid_event: false,
  duplicate_execution: false,
  owner_in_use: false,
  // lifecycle of the runtime
  not_started: false,
  already_stopped: false,
  draining: true,
  stream_down: true,
  // admission
  queue_full: true,
  // values
  not_storable: false,
  unknown_format: false,
  corrupt: false,
  // persistence
  store_failed: true,
  store_closed: false,
  missing_dependency: false,
  stale_owner: false,
  no_answer: true,
  // execution
  program_mismatch: false,
  endless_loop: false,
  step_timeout: true,
  step_interrupted: true,
  recovery_limit: false,
  execution_failed: false,
  not_found: false,
  no_checkpoint: false,
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

/** The stored and sent form of an error. */
export interface ErrorRecord {
  readonly name: string
  readonly message: string
  readonly code?: string
  readonly stack?: string
  readonly details?: Readonly<Record<string, unknown>>
  readonly cause?: ErrorRecord
}

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

  toJSON(): ErrorRecord {
    return toErrorRecord(this)
  }
}

/** True if `error` is a `StatewardError`, and has that `code` if one is given. */
export function isStatewardError(error: unknown, code?: StatewardErrorCode): error is StatewardError {
  return error instanceof StatewardError && (code === undefined || error.code === code)
}

/** The JSON-safe form of anything that was thrown, also of what can't even be read; keeps name, message, code, stack and the chain of causes. */
export function toErrorRecord(error: unknown, depth = 0): ErrorRecord {
  try {
    if (error instanceof Error || isErrorRecord(error)) return recordOf(error, depth)
    return { name: 'Error', message: typeof error === 'string' ? error : describe(error) }
  } catch {
    return { name: 'Error', message: 'something was thrown that can not be read' }
  }
}

function recordOf(error: Error | ErrorRecord, depth: number): ErrorRecord {
  const { name, message, stack, cause, code, details } = error as Partial<Record<keyof ErrorRecord, unknown>>
  const isOurs = error instanceof StatewardError || !(error instanceof Error)
  const kept = isOurs && typeof details === 'object' && details !== null ? jsonOf(details) : undefined
  return {
    name: String(name),
    message: String(message),
    ...(typeof code === 'string' || typeof code === 'number' ? { code: String(code) } : {}),
    ...(typeof stack === 'string' && stack !== '' ? { stack } : {}),
    ...(kept ? { details: kept } : {}),
    ...(cause !== undefined && depth < 4 ? { cause: toErrorRecord(cause, depth + 1) } : {}),
  }
}

function jsonOf(details: object): Readonly<Record<string, unknown>> | undefined {
  try {
    return JSON.parse(JSON.stringify(details)) as Record<string, unknown>
  } catch {
    return undefined
  }
}

function isErrorRecord(value: unknown): value is ErrorRecord {
  const record = value as Partial<ErrorRecord> | null
  return typeof record === 'object' && record !== null && typeof record.message === 'string' && typeof record.name === 'string'
}

function describe(value: unknown): string {
  try {
    return JSON.stringify(value) ?? String(value)
  } catch {
    return String(value)
  }
}
