/** Bounds several pieces of work by one deadline. Owns: a late answer delays nothing, also when the clock is set. */
import type { WallClock } from '../../wall-clock.js'

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

  /** How many ms are left: 0 once the time is up. */
  get left(): number {
    return Math.max(0, this.#at - this.#clock.monotonic())
  }

  /** Calls `late` once the time is up, unless the returned function is called before. */
  whenUp(late: () => void): () => void {
    const timer = this.#clock.setTimeout(late, this.left)
    return () => this.#clock.clearTimeout(timer)
  }

  /** The result of the work, or a rejection when the time is up; the work itself goes on. */
  async bound<T>(work: Promise<T>): Promise<T> {
    let stop: (() => void) | undefined
    const late = new Promise<never>((_, reject) => {
      const fail = () => reject(new Error(`it took longer than ${this.#within} ms`))
      stop = this.whenUp(fail)
    })
    return Promise.race([work, late]).finally(() => stop?.())
  }
}
