/**
 * What an execution waits for that does not move by itself.
 *
 * Owns: the words for it, and which of them hold for an execution. Does not know: how an execution is stored.
 */
import type { ExecutionStatus } from './execution-status.js'

/**
 * `slot`: a slot of its stream. `key`, `rate`: others with its key, or the rate of its entry point, are ahead of it. `start`: the time
 * at which it is to start. `resume`: a person's `resume()`. `event`: an event from outside. `timer`: a timer of its program, or the
 * next attempt. `question`: the answer of a person.
 */
export type WaitsFor = 'slot' | 'key' | 'rate' | 'start' | 'resume' | 'event' | 'timer' | 'question'

/** Every word, in the order in which they are listed. */
export const waitsForWords: readonly WaitsFor[] = ['slot', 'key', 'rate', 'start', 'resume', 'event', 'timer', 'question']

/** What decides what an execution waits for. */
export interface Standing {
  readonly status: ExecutionStatus
  /** What keeps a queued one from its start; default: a slot. */
  readonly queuedFor?: readonly WaitsFor[] | undefined
  /** True between two attempts of its program. */
  readonly isBackingOff?: boolean
  /** True if a timer of its program is set. */
  readonly hasTimer?: boolean
  /** False if no event from outside could move its program. */
  readonly takesEvents?: boolean
}

const slot: readonly WaitsFor[] = ['slot']
const resume: readonly WaitsFor[] = ['resume']
const event: readonly WaitsFor[] = ['event']
const timer: readonly WaitsFor[] = ['timer']
const either: readonly WaitsFor[] = ['event', 'timer']
const nothing: readonly WaitsFor[] = []

/** What it waits for: whichever comes first moves it. Nothing while it has something in flight, and once it has ended. The same list for the same words. */
export function waitsFor(standing: Standing): readonly WaitsFor[] {
  const { status, queuedFor = slot, isBackingOff = false, hasTimer = false, takesEvents = true } = standing
  if (status === 'queued') return queuedFor
  if (status === 'paused') return resume
  if (status !== 'waiting') return nothing
  if (isBackingOff) return timer
  if (takesEvents) return hasTimer ? either : event
  return hasTimer ? timer : nothing
}
