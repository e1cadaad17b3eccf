/** Waiting no longer than until a deadline. Owns that a late answer holds nobody up. */
import type { WallClock } from './wall-clock.js'

/** A time by which several pieces of work must be done together. */
export class Deadline {
  readonly #clock: WallClock
  readonly #within: number
  /** By the monotonic clock. */
  readonly #at: number

  /** `within` ms from now. */
  constructor(clock: WallClock, within: number) {
    this.#clock = clock
    this.#within = within
    this.#at = clock.monotonic() + within
  }

  /** The work, or a rejection when the time is up; the work itself goes on. */
  async bound<T>(work: Promise<T>): Promise<T> {
    let timer: unknown
    const late = new Promise<never>((_, reject) => {
      const fail = () => reject(new Error(`it took longer than ${this.#within} ms`))
      timer = this.#clock.setTimeout(fail, this.#at - this.#clock.monotonic())
    })
    return Promise.race([work, late]).finally(() => this.#clock.clearTimeout(timer))
  }
}
