/**
 * The start of a callback or an observable, guarded: XState drops what their functions return.
 *
 * Owns: that a promise which they return is the actor's own, so that its rejection is the actor's error; that a cleanup which
 * is asynchronous, or comes late, is awaited; that it runs once. Logic that XState's creators did not make starts as it is.
 */
import { fromCallback, fromEventObservable, fromObservable, type AnyActorLogic, type AnyEventObject } from 'xstate'
import { creatorOf } from './program-logic.js'
import { attempt, isPromise, watch, type Failed } from './user-code.js'

/** Gets the errors of a started step. */
export interface StepReports {
  /** While its actor may still fail with it. */
  readonly failed: Failed
  /** What comes of its cleanup: its actor has ended. */
  readonly failedAfterwards: Failed
}

/** A step as it is started. */
export interface Started {
  start(snapshot: object, scope: object): void
  /** Undoes the start, if XState has not; for an actor that ends by an error, which XState does not clean up. */
  cleanUp(): void
}

type Logic = AnyActorLogic & { config?: unknown }
type Cleanup = () => unknown
interface CallbackArguments {
  receive(listener: (event: AnyEventObject) => unknown): void
}
interface Subscribable {
  subscribe(observer: object): unknown
}

/** The start of a logic, which is called once. */
export function guardedStart(logic: Logic, reports: StepReports): Started {
  const created = creatorOf(logic)
  if (created === 'callback') return guardedCallback(logic.config as (args: CallbackArguments) => unknown, reports)
  if (created !== 'observable' && created !== 'events')
    return { start: (snapshot, scope) => logic.start?.(snapshot as never, scope as never), cleanUp: () => undefined }
  const source = guardedSource(logic.config as (args: object) => Subscribable, reports)
  const made = created === 'observable' ? fromObservable(source as never) : fromEventObservable(source as never)
  return { start: (snapshot, scope) => made.start?.(snapshot as never, scope as never), cleanUp: () => undefined }
}

function guardedCallback(callback: (args: CallbackArguments) => unknown, reports: StepReports): Started {
  let cleanUp: Cleanup | undefined
  const made = fromCallback((args) => {
    const receive: CallbackArguments['receive'] = (listener) =>
      (args as CallbackArguments).receive((event) => watch(listener(event), reports.failed))
    const result = callback({ ...args, receive })
    cleanUp = isPromise(result) ? lateCleanup(result, reports) : (result as Cleanup | undefined)
    return cleanUp && (() => cleanedUp())
  })
  const cleanedUp = () => {
    const run = cleanUp
    cleanUp = undefined
    watch(run?.(), reports.failedAfterwards)
  }
  return {
    start: (snapshot, scope) => made.start?.(snapshot as never, scope as never),
    cleanUp: () => attempt(cleanedUp, reports.failedAfterwards),
  }
}

/** The cleanup that an asynchronous function may return later: it runs as soon as it exists and the actor has ended. */
function lateCleanup(coming: PromiseLike<unknown>, reports: StepReports): Cleanup {
  let cleanUp: Cleanup | undefined
  let isOver = false
  const came = (come: unknown) => {
    if (typeof come !== 'function') return
    cleanUp = come as Cleanup
    if (isOver) attempt(cleanUp, reports.failedAfterwards)
  }
  coming.then(came, reports.failed)
  return () => {
    isOver = true
    return cleanUp?.()
  }
}

function guardedSource(creator: (args: object) => Subscribable, reports: StepReports): (args: object) => Subscribable {
  return (args) => {
    const source = creator(args)
    // XState fails it for having no `subscribe`
    watch(source, () => undefined)
    return {
      subscribe(observer) {
        const subscription = source.subscribe(observer)
        watch(subscription, reports.failed)
        return { unsubscribe: () => watch(unsubscribe(subscription), reports.failedAfterwards) }
      },
    }
  }
}

function unsubscribe(subscription: unknown): unknown {
  const end = (given: unknown) => (given as { unsubscribe(): unknown }).unsubscribe()
  return isPromise(subscription)
    ? subscription.then(
        (come) => come && end(come),
        () => undefined,
      )
    : end(subscription)
}
