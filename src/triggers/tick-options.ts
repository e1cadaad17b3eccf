/**
 * The options that all triggers with ticks share.
 *
 * Owns: their defaults and checks. What is wrong is said when the trigger is made, with the option and its value.
 */
import type { FireOptions } from '../actors/trigger/trigger.js'
import { refuse } from './refusal.js'

/** One tick, for the function that makes the input of its execution. */
export interface Tick {
  /** The instant of the tick, in ms since the epoch; not when it fires, which may be later. */
  readonly at: number
}

/** What may be said of the execution of a tick: its key is made of the tick. */
export type TickFireOptions = Omit<FireOptions, 'idempotencyKey'>

/** What triggers with ticks can be told. `TInput` is what they give their program. */
export interface TickOptions<TInput = unknown> {
  /**
   * Makes the input of a tick's execution; default none. Make it of the tick alone: each process makes its own, and the first one
   * counts. If it throws, or its value can't be stored, the tick is given up: the logger and `registry.triggers` say so.
   */
  readonly input?: ((tick: Tick) => TInput) | undefined
  /**
   * What else is said of a tick's execution, such as `tags` or `sessionId`; default nothing. As for `input`: make it of the tick alone;
   * what can't be gives the tick up.
   */
  readonly options?: ((tick: Tick) => TickFireOptions) | undefined
  /** Each tick fires later by up to so many ms: always the same for one tick of one entry point, in every process. Default 0. */
  readonly jitter?: number | undefined
  /**
   * What happens to a tick while the execution of the one before it has not ended. `queue`: it starts one like any other, beside it or
   * behind it as `maxConcurrent` says. `skip`: it is left out. `replace`: the one before is cancelled, and it starts one once that has
   * ended. Default `queue`.
   */
  readonly overlap?: 'queue' | 'skip' | 'replace' | undefined
  /**
   * What happens to ticks that could not fire within 10 seconds, because nothing ran, the stream was paused, the queue was full, or the
   * clock was set forward. `once`: one execution for all of them, that of the last one. `none`: they are left out. `all`: each
   * fires, the oldest first. Default `once`.
   */
  readonly missed?: 'once' | 'none' | 'all' | undefined
  /** With `missed: 'all'`: of more than so many, those before are left out. From 1 to 10,000; default 100. */
  readonly maxMissed?: number | undefined
}

/** The same, complete. */
export interface TickSettings<TInput> {
  readonly input: ((tick: Tick) => TInput) | undefined
  /** Absent of a schedule. */
  readonly options?: ((tick: Tick) => TickFireOptions) | undefined
  readonly jitter: number
  readonly overlap: 'queue' | 'skip' | 'replace'
  readonly missed: 'once' | 'none' | 'all'
  readonly maxMissed: number
}

/** Every option that all of them have. */
export const tickOptionNames = { input: true, options: true, jitter: true, overlap: true, missed: true, maxMissed: true } as const

/** Fills in the defaults. Throws `invalid_definition`. */
export function tickSettings<TInput>(type: string, options: TickOptions<TInput>): TickSettings<TInput> {
  const { input, options: more, jitter = 0, overlap = 'queue', missed = 'once', maxMissed = 100 } = options
  if (input !== undefined && typeof input !== 'function') refuse(type, 'input', input, 'a function')
  if (more !== undefined && typeof more !== 'function') refuse(type, 'options', more, 'a function')
  if (!(typeof jitter === 'number' && jitter >= 0 && Number.isFinite(jitter)))
    refuse(type, 'jitter', jitter, 'a number of ms from 0')
  if (!['queue', 'skip', 'replace'].includes(overlap)) refuse(type, 'overlap', overlap, 'one of queue, skip, replace')
  if (!['once', 'none', 'all'].includes(missed)) refuse(type, 'missed', missed, 'one of once, none, all')
  if (!(Number.isInteger(maxMissed) && maxMissed >= 1 && maxMissed <= 10_000))
    refuse(type, 'maxMissed', maxMissed, 'a whole number from 1 to 10,000')
  return { input, options: more, jitter, overlap, missed, maxMissed }
}
