/** How long to wait before the next attempt: exponential, with full or no jitter. Owns the formula. */

/** Waiting times between attempts, in ms. */
export interface Backoff {
  /** Before the second attempt; default 200. */
  readonly initial?: number
  /** Growth from one to the next; default 2. */
  readonly factor?: number
  /** Never longer; default 30,000. */
  readonly max?: number
  /** `full`: anything from 0 to the whole; `equal`: from half of it; `none`. Default `equal`. */
  readonly jitter?: 'full' | 'equal' | 'none'
}

/**
 * The wait in ms after the given attempt (1 for the first).
 * Formula: min(max, initial × factor^(attempt − 1)), with the jitters of M. Brooker, "Exponential Backoff And Jitter" (AWS, 2015).
 */
export function backoffDelay(backoff: Backoff | undefined, attempt: number, random: () => number): number {
  const { initial = 200, factor = 2, max = 30_000, jitter = 'equal' } = backoff ?? {}
  const whole = Math.min(max, initial * factor ** (attempt - 1))
  if (jitter === 'none') return whole
  return jitter === 'full' ? whole * random() : whole / 2 + (whole / 2) * random()
}
