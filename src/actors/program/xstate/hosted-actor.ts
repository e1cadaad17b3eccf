/**
 * The notes that a program system keeps on each of its actors, beside XState's own state.
 *
 * Owns: which actor is below which, also for children that their parent no longer knows; and that they end with the actor above them:
 * XState stops the children of a machine that ends properly, and forgets the children of a machine that throws. Does not know outputs.
 */
import type { ProgramSystemHost } from '../program-output.js'
import { hostedKey, type Hosted, type InnerActor } from './xstate-internals.js'

/** Takes an actor in when it is made. */
export function noteActor(ref: InnerActor, host: ProgramSystemHost): void {
  const above = ref._parent && hosted(ref._parent)
  // the end of a whole program that is restored is not known yet
  const isNotified = above !== undefined && (ref.options.snapshot as { status?: string } | undefined)?.status === 'done'
  ref[hostedKey] = {
    host,
    actionsAhead: 0,
    hasFailed: false,
    failsLater: false,
    isNotified,
    microsteps: 0,
    below: undefined,
    letGo: undefined,
  }
  if (above) (above.below ??= new Set()).add(ref)
}

/** The notes on an actor; undefined for what is no actor of a program. */
export const hosted = (ref: InnerActor): Hosted | undefined => ref[hostedKey]

/** XState has let go of an actor. One that runs is only about to be stopped, and stays below until it is. */
export function leave(ref: InnerActor): void {
  if (!isRunning(ref)) ref._parent?.[hostedKey]?.below?.delete(ref)
}

/** True between an actor's start and its end. */
export const isRunning = (ref: InnerActor) => ref._processingStatus === 1

/** True if an actor, or one above it, has failed at an earlier output. */
export function hasFailed(ref: InnerActor | undefined): boolean {
  for (let at = ref; at; at = at._parent) if (at[hostedKey]?.hasFailed) return true
  return false
}

/** True if an actor, or one above it, fails once the silenced program goes on. */
export function failsLater(ref: InnerActor | undefined): boolean {
  for (let at = ref; at; at = at._parent) if (at[hostedKey]?.failsLater) return true
  return false
}

/** Stops all that stands below an actor, down to the leaves: signals fire, cleanups run, timers and subscriptions end. */
export function stopBelow(ref: InnerActor, stopped: (ref: InnerActor) => void): void {
  const notes = hosted(ref)
  if (!notes?.below) return
  const { below } = notes
  notes.below = undefined
  for (const child of below) {
    child._stop()
    stopped(child)
    stopBelow(child, stopped)
  }
}
