/** How often children may be restarted before their supervisor gives up. Owns the sliding window (OTP's intensity and period). */

/** Counts restarts within a period. */
export class RestartIntensity {
  readonly #limit: number
  readonly #period: number
  #times: number[] = []

  /** At most `limit` restarts within `period` ms. */
  constructor(limit: number, period: number) {
    this.#limit = limit
    this.#period = period
  }

  /** Counts a restart at `now`; false: one too many. */
  allow(now: number): boolean {
    this.#times = this.#times.filter((at) => at > now - this.#period)
    this.#times.push(now)
    return this.#times.length <= this.#limit
  }

  /** How many stand in the window: the attempt number for back-off. */
  get recent(): number {
    return this.#times.length
  }
}
