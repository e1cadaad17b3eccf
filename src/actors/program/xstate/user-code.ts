/**
 * Runs user code whose result XState ignores: listeners, observers, cleanups, async functions.
 *
 * Owns: every error that it throws or rejects with is reported; otherwise it would end the process. The caller says
 * to whom.
 */
import type { InnerActor } from './xstate-internals.js'
import { hosted } from './hosted-actor.js'

/** Gets the error that user code has thrown or rejected with. */
export type Failed = (error: unknown) => void

/** True for a promise that runs already; a query that only begins once it is asked for its result is none. */
export function isPromise(value: unknown): value is PromiseLike<unknown> {
  return value instanceof Promise || Object.prototype.toString.call(value) === '[object Promise]'
}

/** Reports a promise that rejects; ignores anything else. */
export function watch(result: unknown, failed: Failed): void {
  if (isPromise(result)) result.then(undefined, failed)
}

/** Runs a function, and reports what it throws or rejects with. */
export function attempt(run: () => unknown, failed: Failed): void {
  try {
    watch(run(), failed)
  } catch (error) {
    failed(error)
  }
}

type Listener = ((value: unknown) => unknown) | undefined
interface Listeners {
  next?: Listener
  error?: Listener
  complete?: Listener
}

const guarded = (ref: InnerActor, listener: Listener, self?: object): Listener =>
  listener &&
  ((value) =>
    attempt(
      () => listener.call(self, value),
      (error) => hosted(ref)?.host.failedAside('listener', error),
    ))
const made = (ref: InnerActor) => Object.getPrototypeOf(ref) as InnerActor

/**
 * The members of an actor of a program by which somebody listens to it, each listener heard to fail by itself.
 * The error of an actor goes to its parent, so that an error without a listener here is not lost.
 */
export const guardedListening: Pick<InnerActor, 'on' | 'subscribe'> = {
  on(this: InnerActor, type, listener) {
    return made(this).on.call(this, type, guarded(this, listener as Listener))
  },
  subscribe(this: InnerActor, first, error, complete) {
    const given = (typeof first === 'object' ? first : { next: first, error, complete }) as Listeners
    return made(this).subscribe.call(this, {
      next: guarded(this, given.next, given),
      error: guarded(this, given.error, given) ?? (() => undefined),
      complete: guarded(this, given.complete, given),
    })
  },
}
