/**
 * When the ticks of a schedule are.
 *
 * Owns: the stored form of `cron`, `every` and `at`, and their ticks. croner is loaded with the first schedule that needs it.
 */
import type { Timing } from '../triggers/ticking.js'

/** What decides when a schedule fires, as it is stored. */
export type StoredTiming =
  | { readonly cron: string; readonly timeZone: string }
  | { readonly every: number; readonly immediately: boolean }
  | { readonly at: number }

/** The ticks. Throws `invalid_definition`, with the option of `cron` or `every`. */
export async function timingOf(stored: StoredTiming): Promise<Timing> {
  if ('at' in stored) return once(stored.at)
  if ('every' in stored) {
    const { everyTiming } = await import('../triggers/every.js')
    return everyTiming(stored.every, stored.immediately)
  }
  const { cronTiming } = await import('../triggers/cron.js')
  return cronTiming(stored.cron, stored.timeZone)
}

/** One tick. It is counted from just before it, so that a time that was past when it was set is a tick that was missed. */
const once = (at: number): Timing => ({
  schedule: `at ${at}`,
  ticks: {
    after: (from) => (from < at ? at : null),
    between: (after, until) => (after < at && at <= until ? [at] : []),
  },
  begin: (now) => Math.min(now, at - 1),
})
