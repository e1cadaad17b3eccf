/**
 * The only place that reads the wall clock, arms a timer or takes turns with the event loop.
 *
 * Owns: `systemClock`, and timers of any length (Node's own limit is 24.8 days); and what stays real where a test runner has
 * replaced the globals (`vi.useFakeTimers()`, jest's): turns, and the guards of the testing kit. `systemClock` follows the
 * globals, so that such a test can let its time pass. Everything else takes a `Clock`, so that tests can bring a simulated one.
 */
import { performance } from 'node:perf_hooks'
import * as real from 'node:timers'

/** Options of a timer. */
export interface TimerOptions {
  /**
   * True: maintenance only, such as a look at what other processes did; a simulated clock may go idle while such timers are
   * pending. Default false. A clock of your own may leave it alone.
   */
  readonly background?: boolean | undefined
}

/** For timers of maintenance. */
export const inBackground: TimerOptions = { background: true }

/** A source of time: milliseconds since the epoch, and timers that fire at most once. */
export interface Clock {
  now(): number
  setTimeout(fn: () => void, ms: number, options?: TimerOptions): unknown
  clearTimeout(handle: unknown): void
  /** Ms that only grow, whatever is done to `now`; absent: `now` is taken for it. Timers go by it. */
  monotonic?(): number
  /** Tells by how many ms `now` was set forward or (less than 0) back, until the function that it returns is called; absent: it never is. */
  onJump?(listener: (by: number) => void): () => void
}

/** Node turns a longer delay into 1 ms. */
const MAX_DELAY = 2 ** 31 - 1

interface LongTimer {
  current: ReturnType<typeof setTimeout> | undefined
}

/** How often the wall clock is held against the monotonic one, in ms. A machine that slept finds out so late. */
const GLANCE = 1_000

/** By less than this, in ms, a wall clock is adjusted, and not set. */
export const LEAST_JUMP = 1_000

/** Watches the wall clock of the machine while somebody listens. */
class JumpWatch {
  readonly #listeners = new Set<(by: number) => void>()
  #timer: ReturnType<typeof setInterval> | undefined
  /** How far the wall clock was ahead of the monotonic one at the last report. */
  #ahead = 0

  listen(listener: (by: number) => void): () => void {
    if (this.#listeners.size === 0) {
      this.#ahead = Date.now() - globalThis.performance.now()
      this.#timer = setInterval(() => this.#glance(), GLANCE)
      this.#timer.unref?.()
    }
    this.#listeners.add(listener)
    return () => {
      this.#listeners.delete(listener)
      if (this.#listeners.size === 0) clearInterval(this.#timer)
    }
  }

  #glance(): void {
    const by = Date.now() - globalThis.performance.now() - this.#ahead
    if (Math.abs(by) < LEAST_JUMP) return
    this.#ahead += by
    for (const listener of [...this.#listeners]) listener(by)
  }
}

/** One for the process, as there is one wall clock. */
const jumps = new JumpWatch()

/** The machine's clock. A delay longer than 24.8 days is walked in several timers. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => globalThis.performance.now(),
  setTimeout(fn, ms) {
    const timer: LongTimer = { current: undefined }
    if (!(ms > MAX_DELAY)) {
      timer.current = setTimeout(fn, Math.max(0, ms))
      return timer
    }
    const due = globalThis.performance.now() + ms
    const arm = () => {
      const left = due - globalThis.performance.now()
      timer.current = left > MAX_DELAY ? setTimeout(arm, MAX_DELAY) : setTimeout(fn, Math.max(0, left))
    }
    arm()
    return timer
  },
  clearTimeout(handle) {
    clearTimeout((handle as LongTimer | undefined)?.current)
  },
  onJump: (listener) => jumps.listen(listener),
}

/** Calls back in the event loop's next turn, also where the timers are faked: a commit is not a matter of time. */
export const nextTurn = (fn: () => void): void => void real.setImmediate(fn)

/** Real ms that have passed, also where the timers are faked. For bounds on what is not simulated; no wall clock. */
export const realTime: Clock = {
  now: () => performance.now(),
  setTimeout: (fn, ms) => real.setTimeout(fn, ms),
  clearTimeout: (handle) => real.clearTimeout(handle as NodeJS.Timeout | undefined),
}
