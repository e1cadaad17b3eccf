/** The trigger that fires at a fixed interval. Owns: its options, and the instants of its ticks. */
import type { ActiveTrigger } from '../actors/trigger/trigger.js'
import { refuseUnknown, type OptionNames } from '../known-options.js'
import { refuse } from './refusal.js'
import { tickOptionNames, tickSettings, type Tick, type TickOptions } from './tick-options.js'
import { ticking, type Ticks, type Timing } from './ticking.js'

/** The options of `every`. Times are milliseconds. */
export interface EveryOptions<TInput = unknown> extends TickOptions<TInput> {
  /** True: the first tick is now, the first time that the trigger runs on a store. Default false: after one interval. */
  readonly immediately?: boolean | undefined
}

const optionNames: OptionNames<EveryOptions> = { ...tickOptionNames, immediately: true }

/**
 * Fires every `ms` milliseconds, a whole number from 1: counted from when it first ran on the store, over restarts and
 * in all processes together, however long its executions take.
 *
 * Another interval begins anew. If the clock is set back, the next tick is late by so much, at most by one interval and a minute. Errors: `invalid_definition`, with `details.option`.
 *
 * @example
 * ```ts
 * const poll = defineEntryPoint({
 *   id: 'poll',
 *   program: fromPromise(async ({ input }: { input: { at: number } }) => new Date(input.at).toISOString()),
 *   trigger: every(60_000, { immediately: true, overlap: 'skip', input: ({ at }) => ({ at }) }),
 * })
 * console.log(poll.trigger.type) // prints every
 * ```
 */
export function every(ms: number, options?: EveryOptions<undefined> & { readonly input?: undefined }): ActiveTrigger<undefined>
export function every<TInput>(
  ms: number,
  options: EveryOptions<TInput> & { readonly input: (tick: Tick) => TInput },
): ActiveTrigger<TInput>
export function every<TInput>(ms: number, options: EveryOptions<TInput> = {}): ActiveTrigger<TInput> {
  refuseUnknown('invalid_definition', 'The trigger every', options, optionNames, { trigger: 'every' })
  return ticking({ type: 'every', settings: tickSettings('every', options), ...everyTiming(ms, options.immediately) })
}

/** The ticks at an interval. Throws `invalid_definition`. */
export function everyTiming(ms: number, immediately = false): Timing {
  if (!(Number.isSafeInteger(ms) && ms >= 1)) refuse('every', 'ms', ms, 'a whole number of ms from 1')
  if (typeof immediately !== 'boolean') refuse('every', 'immediately', immediately, 'true or false')
  return {
    schedule: `every ${ms}`,
    ticks: ticksEvery(ms),
    begin: (now, isNew) => (immediately && isNew ? now - ms : now),
    recount: { patience: ms + 60_000, from: (now) => now - ms },
  }
}

/** Positions are ticks, so that the next ones follow from them. */
const ticksEvery = (ms: number): Ticks => ({
  after: (at) => at + ms,
  between(after, until, limit) {
    const count = Math.max(0, Math.floor((until - after) / ms))
    const length = Math.min(count, limit)
    return Array.from({ length }, (_, n) => after + (count - length + n + 1) * ms)
  },
})
