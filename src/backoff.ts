/** How long to wait before the next attempt: exponential, with full or no jitter. Owns the formula, and what it may be given. */
import { StatewardError } from './errors.js'
import { refuseUnknown, type OptionNames } from './known-options.js'

/** Waiting times between attempts, in ms. */
export interface Backoff {
  /** Before the second attempt; default 200. */
  readonly initial?: number | undefined
  /** Growth from one to the next; default 2. */
  readonly factor?: number | undefined
  /** Never longer; default 30,000. */
  readonly max?: number | undefined
  /** `full`: anything from 0 to the whole; `equal`: from half of it; `none`. Default `equal`. */
  readonly jitter?: 'full' | 'equal' | 'none' | undefined
}

/**
 * The wait in ms after the given attempt (1 for the first).
 * Formula: min(max, initial × factor^(attempt − 1)), with the jitters of M. Brooker, "Exponential Backoff And Jitter" (AWS, 2015).
 */
export function backoffDelay(backoff: Backoff | undefined, attempt: number, random: () => number): number {
  const { initial = 200, factor = 2, max = 30_000, jitter = 'equal' } = backoff ?? {}
  const whole = Math.min(max, initial * factor ** (attempt - 1))
  if (jitter === 'none') return whole
  // whole ms, as the wall clock counts, so that a time reads the same everywhere
  return Math.round(jitter === 'full' ? whole * random() : whole / 2 + (whole / 2) * random())
}

const names: OptionNames<Backoff> = { initial: true, factor: true, max: true, jitter: true }

/** Throws with `code`, naming the option, unless it is a backoff or absent. */
export function checkBackoff(
  code: 'invalid_option' | 'invalid_definition',
  subject: string,
  backoff: unknown,
  details: Readonly<Record<string, unknown>> = {},
): void {
  refuseUnknown(code, `${subject}'s \`backoff\``, backoff, names, details)
  for (const [option, value] of Object.entries((backoff ?? {}) as Backoff)) {
    const isJitter = option === 'jitter'
    if (value === undefined || (isJitter ? ['full', 'equal', 'none'].includes(value as string) : (value as number) >= 0)) continue
    const wanted = isJitter ? 'full, equal or none' : 'a number from 0'
    throw new StatewardError(code, `${subject}'s \`backoff.${option}\` is ${String(value)}; it must be ${wanted}.`, {
      details: { ...details, option: `backoff.${option}`, value: String(value) },
    })
  }
}
