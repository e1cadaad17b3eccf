/**
 * The trigger that fires by a cron expression.
 *
 * Owns: its options, and their refusals. croner reads the expression, and knows time zones and their changes.
 */
import { Cron } from 'croner'
import type { ActiveTrigger } from '../actors/trigger/trigger.js'
import { refuseUnknown, type OptionNames } from '../known-options.js'
import { refuse } from './refusal.js'
import { tickOptionNames, tickSettings, type Tick, type TickOptions } from './tick-options.js'
import { ticking, type Ticks, type Timing } from './ticking.js'

/** The options of `cron`. Times are milliseconds. */
export interface CronOptions<TInput = unknown> extends TickOptions<TInput> {
  /** An IANA name, such as `Europe/Berlin`. Default `UTC`: that of a machine would differ between machines. */
  readonly timeZone?: string | undefined
}

const optionNames: OptionNames<CronOptions> = { ...tickOptionNames, timeZone: true }

/**
 * Fires at the times of a cron expression: minute, hour, day of the month, month, day of the week; a sixth field in
 * front is the second. Names (`MON-FRI`, `JAN`), lists, ranges, steps, `L` (the last day), `#` (`FRI#2`) and `@daily`, … work.
 *
 * Where clocks are set forward, an expression with fixed times (no `*` nor step in second, minute and hour), which would fall into the
 * hour that is missing, fires at the first instant after it; others fire by what clocks show, and leave that hour out. Where they are
 * set back, fixed times fire once, the first time that clocks show them; others fire in both hours. Errors: `invalid_definition`, with
 * `details.option`; also for an expression that never comes.
 *
 * @example
 * ```ts
 * const digest = defineEntryPoint({
 *   id: 'digest',
 *   program: fromPromise(async ({ input }: { input: { day: number } }) => new Date(input.day).toISOString()),
 *   trigger: cron('0 9 * * MON-FRI', { timeZone: 'Europe/Berlin', jitter: 30_000, input: ({ at }) => ({ day: at }) }),
 * })
 * console.log(digest.trigger.type) // prints cron
 * ```
 */
export function cron(
  expression: string,
  options?: CronOptions<undefined> & { readonly input?: undefined },
): ActiveTrigger<undefined>
export function cron<TInput>(
  expression: string,
  options: CronOptions<TInput> & { readonly input: (tick: Tick) => TInput },
): ActiveTrigger<TInput>
export function cron<TInput>(expression: string, options: CronOptions<TInput> = {}): ActiveTrigger<TInput> {
  refuseUnknown('invalid_definition', 'The trigger cron', options, optionNames, { trigger: 'cron' })
  const { timeZone = 'UTC' } = options
  return ticking({ type: 'cron', settings: tickSettings('cron', options), ...cronTiming(expression, timeZone) })
}

/** The ticks of an expression in a time zone. Throws `invalid_definition`. */
export function cronTiming(expression: string, timeZone: string): Timing {
  if (!isTimeZone(timeZone)) refuse('cron', 'timeZone', timeZone, 'the IANA name of a time zone, such as Europe/Berlin')
  const ticks = ticksOf(cronOf(expression, timeZone))
  return { schedule: `cron ${expression} ${timeZone}`, ticks, begin: (now) => now }
}

const wanted = 'a cron expression of five fields, or of six with the second in front'

function cronOf(expression: string, timezone: string): Cron {
  // croner takes an instant as well, which a colon tells
  if (typeof expression !== 'string' || expression.includes(':')) refuse('cron', 'expression', expression, wanted)
  let made: Cron
  try {
    made = new Cron(expression, { timezone, paused: true, mode: '5-or-6-parts', fixedTimeRule: 'no-wildcard' })
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    return refuse('cron', 'expression', expression, `${wanted} (${why})`, cause)
  }
  if (made.nextRun(new Date(0)) === null) refuse('cron', 'expression', expression, 'one that comes at some time')
  return made
}

function isTimeZone(name: unknown): name is string {
  try {
    return typeof name === 'string' && new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== ''
  } catch {
    return false
  }
}

function ticksOf(made: Cron): Ticks {
  const after = (at: number) => made.nextRun(new Date(at))?.getTime() ?? null
  /** All ticks after `from` and until `until`; undefined: there are more than `limit`. */
  const upTo = (from: number, until: number, limit: number): number[] | undefined => {
    const found: number[] = []
    for (let at = after(from); at !== null && at <= until; at = after(at)) {
      if (found.push(at) > limit) return undefined
    }
    return found
  }
  return {
    after,
    between(from, until, limit) {
      const all = upTo(from, until, limit)
      if (all) return all
      // from the end: a span that holds enough of them, however many there were since
      for (let span = 1_000; ; span *= 2) {
        const start = Math.max(from, until - span)
        const found = upTo(start, until, Infinity) as number[]
        if (found.length >= limit || start === from) return found.slice(-limit)
      }
    },
  }
}
