/**
 * How the attempts of one step follow each other.
 *
 * Owns: the time limit of an attempt, the back-off, and that an attempt never begins while the attempt before it still runs.
 * Talks to: the host of the step through its context, which says when a further attempt may begin.
 */
import { backoffDelay } from '../../backoff.js'
import type { Clock } from '../../clock.js'
import { StatewardError } from '../../errors.js'
import type { StepContext, StepOptions } from './step-context.js'

/** Runs attempts until one succeeds or no further one may follow. */
export async function attempts<TOutput>(
  { retry, timeout }: StepOptions,
  context: StepContext,
  signal: AbortSignal,
  run: (attempt: number, signal: AbortSignal) => PromiseLike<TOutput> | TOutput,
): Promise<TOutput> {
  const { clock, random } = context
  const most = retry?.maxAttempts ?? 1
  // the permission to begin may come in the same turn in which the step is stopped
  const begin = (attempt: number) => (inner: AbortSignal) => {
    signal.throwIfAborted()
    return run(attempt, inner)
  }
  for (let attempt = context.attempt; ; attempt++) {
    let before: Promise<void> | undefined
    const outlived = (body: Promise<unknown>) => void (before = context.outlived(body))
    try {
      const output = await limited(timeout, clock, signal, begin(attempt), outlived)
      // its end is not durable before all that it has said is
      const flushed = context.flushed(attempt)
      if (flushed) await flushed
      return output
    } catch (error) {
      const said = signal.aborted ? undefined : context.flushed(attempt)
      if (said) await settled(said)
      if (attempt >= most || signal.aborted || retry?.retryIf?.(error) === false) throw error
      await delay(backoffDelay(retry?.backoff, attempt, random), clock, signal)
      if (before) await unlessAborted(before, signal)
      await unlessAborted(context.attempted(attempt + 1, error), signal)
    }
  }
}

/** Resolves when a promise has settled, one way or the other. */
export function settled(promise: Promise<unknown>): Promise<void> {
  return promise.then(
    () => undefined,
    () => undefined,
  )
}

async function limited<T>(
  timeout: number | undefined,
  clock: Clock,
  outer: AbortSignal,
  run: (signal: AbortSignal) => PromiseLike<T> | T,
  outlived: (body: Promise<unknown>) => void,
): Promise<T> {
  if (timeout === undefined) return run(outer)
  const controller = new AbortController()
  const late = new StatewardError('step_timeout', `A step took longer than its ${timeout} ms.`, { details: { timeout } })
  const body = Promise.resolve().then(() => run(AbortSignal.any([outer, controller.signal])))
  return new Promise<T>((resolve, reject) => {
    const timer = clock.setTimeout(() => {
      outlived(body)
      controller.abort(late)
      reject(late)
    }, timeout)
    const done = () => clock.clearTimeout(timer)
    body.then(resolve, reject).finally(done)
  })
}

function delay(ms: number, clock: Clock, signal: AbortSignal): Promise<void> {
  let timer: unknown
  const passed = new Promise<void>((resolve) => (timer = clock.setTimeout(resolve, ms)))
  return unlessAborted(passed, signal).catch((error: unknown) => {
    clock.clearTimeout(timer)
    throw error
  })
}

/** As the promise, but rejects with the signal's reason once that fires. */
async function unlessAborted(promise: Promise<void>, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted()
  let stop: () => void = () => undefined
  const aborted = new Promise<never>((_, reject) => {
    stop = () => reject(signal.reason as Error)
    signal.addEventListener('abort', stop, { once: true })
  })
  try {
    await Promise.race([promise, aborted])
  } finally {
    signal.removeEventListener('abort', stop)
  }
}
