/** The context changes of the execution machine: pure functions from context and event to a change of context. */
import type { Ending, ExecutionContext, ExecutionEvent, Limits } from '../events/execution-events.js'

interface Given {
  readonly context: ExecutionContext
  readonly event: ExecutionEvent
}

type Change = Partial<ExecutionContext>

/** A limit that is taken away stays out of the persisted form. */
function limits(now: Limits, change: { [Key in keyof Limits]?: number | undefined }): Limits {
  const next: Record<string, number> = {}
  for (const [key, value] of Object.entries({ ...now, ...change })) if (value !== undefined) next[key] = value
  return next
}

const ends = (ending: (given: Given) => Ending) => (given: Given) => ({ ending: ending(given) }) satisfies Change

/** The program has completed; its output is stored beside the lifecycle. */
export const completed = ends(() => ({ status: 'completed' }))

/** The execution ends with the error of the program. */
export const failed = ends(({ event, context }) => ({
  status: 'failed',
  error: event.type === 'program.failed' ? event.error : (context.failure ?? { name: 'Error', message: 'unknown' }),
}))

/** The execution ends by the limit that was reached. */
export const timedOut = ends(({ event }) => ({
  status: 'timed_out',
  limit: event.type === 'limit.reached' ? event.limit : 'timeout',
}))

/** The execution ends without having begun. */
export const rejected = ends(({ event }) => ({
  status: 'rejected',
  reason: event.type === 'execution.reject' ? event.reason : '',
}))

/** The execution ends as cancelled, with the error of the compensation if it failed. */
export const cancelled = ends(({ event, context }) => ({
  status: 'cancelled',
  intervention: (event.type === 'execution.cancel' ? event.cancel : context.cancel) ?? { at: 0 },
  ...(event.type === 'program.failed' ? { error: event.error } : {}),
}))

const stopBy = (event: ExecutionEvent) => ('stopBy' in event ? event.stopBy : undefined)

/** The time by which the steps in flight must have ended. The execution is ending, so that no other limit counts any more. */
export function noteStop({ event }: Given): Change {
  return { limits: limits({}, { stopBy: stopBy(event) }) }
}

/** Who cancels, why, and the time by which the steps must have ended. */
export function noteCancel({ context, event }: Given): Change {
  return event.type === 'execution.cancel' ? { cancel: event.cancel, ...noteStop({ context, event }) } : {}
}

/** A pause at a boundary waits for its steps as long as they take. */
export function notePause({ context, event }: Given): Change {
  if (event.type !== 'execution.pause' && event.type !== 'program.held') return {}
  return {
    pause: event.pause,
    ...(event.pause.error ? { failure: event.pause.error } : {}),
    ...(event.pause.mode === 'now' ? { limits: limits(context.limits, { stopBy: stopBy(event) }) } : {}),
  }
}

/** The execution goes on; `away`: the time for which its limits did not run. */
function goesOn({ context, event }: Given, away: number): Change {
  if (event.type !== 'execution.resume') return {}
  const { timeoutAt, queueUntil } = context.limits
  const later = (at: number | undefined) => (at === undefined ? undefined : at + away)
  const kept = {
    resume: event.resume,
    limits: limits(context.limits, {
      timeoutAt: later(timeoutAt),
      queueUntil: later(queueUntil),
      stopBy: undefined,
      retryAt: undefined,
    }),
  }
  return event.retry ? { ...kept, attempt: context.attempt + 1, maxAttempts: context.maxAttempts + context.attempt } : kept
}

/** The time spent in a pause does not count. */
export function noteResume({ context, event }: Given): Change {
  const away = event.type === 'execution.resume' && context.pause ? Math.max(0, event.resume.at - context.pause.at) : 0
  return goesOn({ context, event }, away)
}

/** The execution was not paused but between two attempts, and that time counts. */
export function noteRetryNow(given: Given): Change {
  return goesOn(given, 0)
}

/** The error of the attempt that failed, or of the one before. */
export function noteFailure({ context, event }: Given): Change {
  return event.type === 'program.failed' ? { failure: event.error } : context.failure ? { failure: context.failure } : {}
}

/** Another attempt will be made, at that time. */
export function noteRetry({ context, event }: Given): Change {
  if (event.type !== 'program.failed') return {}
  return { attempt: context.attempt + 1, failure: event.error, limits: limits(context.limits, { retryAt: event.retryAt }) }
}

/** Its steps have ended, or are no longer waited for. */
export function clearStop({ context }: Given): Change {
  return context.limits.stopBy === undefined ? {} : { limits: limits(context.limits, { stopBy: undefined }) }
}

/** No attempt is waited for any more. */
export function clearRetry({ context }: Given): Change {
  return { limits: limits(context.limits, { retryAt: undefined }) }
}

/** Its attempts are used up, and a person must resume it once the steps that still run have ended or had their time. */
export function noteExhausted({ context, event }: Given): Change {
  if (event.type !== 'program.failed') return {}
  const pause = { mode: 'now', at: event.at, reason: 'retries_exhausted' } as const
  return { failure: event.error, pause, limits: limits(context.limits, { stopBy: stopBy(event) }) }
}

/** The clock was set back. */
export function noteLimits({ event }: Given): Change {
  return event.type === 'clock.set_back' ? { limits: event.limits } : {}
}

/** The time in the queue of an execution that was to start later begins when it may start; what it spent in a pause before does not count. */
export function startQueueClock({ context }: Pick<Given, 'context'>): Change {
  const { startAt, queueTimeout, resume } = context
  if (startAt === undefined || queueTimeout === undefined || context.limits.queueUntil !== undefined) return {}
  return { limits: limits(context.limits, { queueUntil: Math.max(startAt, resume?.at ?? 0) + queueTimeout }) }
}

/** The time limit starts with the first slot; waiting for a later slot counts. */
export function startClocks({ context, event }: Given): Change {
  const { timeoutAt } = context.limits
  const at = 'at' in event ? event.at : 0
  const first = context.timeout === undefined ? undefined : at + context.timeout
  return { limits: limits(context.limits, { queueUntil: undefined, timeoutAt: timeoutAt ?? first }) }
}

/** A context that begins with a slot: the queue's limit is past, and the time limit runs. */
export function withClocks(context: ExecutionContext, at: number): ExecutionContext {
  if (context.timeout === undefined && context.limits.queueUntil === undefined) return context
  return { ...context, ...startClocks({ context, event: { type: 'slot.granted', at } }) }
}
