/**
 * The only place that reads the wall clock or arms a timer.
 *
 * Owns: `systemClock`, and timers of any length (Node's own limit is 24.8 days).
 * Everything else takes a `Clock`, so that tests can bring a simulated one.
 */

/** A source of time: milliseconds since the epoch, and timers that fire at most once. */
export interface Clock {
  now(): number
  /** `upkeep`: nobody waits for what it does (a look at what others did, leaving memory); a simulated world comes to rest without it. */
  setTimeout(fn: () => void, ms: number, upkeep?: boolean): unknown
  clearTimeout(handle: unknown): void
}

/** Node turns a longer delay into 1 ms. */
const MAX_DELAY = 2 ** 31 - 1

interface LongTimer {
  current: ReturnType<typeof setTimeout> | undefined
}

/** The machine's clock. A delay longer than 24.8 days is walked in several timers. */
export const systemClock: Clock = {
  now: () => Date.now(),
  setTimeout(fn, ms) {
    const timer: LongTimer = { current: undefined }
    const due = Date.now() + Math.max(0, ms)
    const arm = () => {
      const left = due - Date.now()
      timer.current = left > MAX_DELAY ? setTimeout(arm, MAX_DELAY) : setTimeout(fn, Math.max(0, left))
    }
    arm()
    return timer
  },
  clearTimeout(handle) {
    clearTimeout((handle as LongTimer | undefined)?.current)
  },
}
