/**
 * The only place that reads the wall clock, arms a timer or takes turns with the event loop.
 *
 * Owns: `systemClock`, and timers of any length (Node's own limit is 24.8 days); and what stays real where a test runner has
 * replaced the globals (`vi.useFakeTimers()`, jest's): turns, and the guards of the testing kit. `systemClock` follows the
 * globals, so that such a test can let its time pass. Everything else takes a `Clock`, so that tests can bring a simulated one.
 */
import { performance } from 'node:perf_hooks'
import * as real from 'node:timers'

/** A source of time: milliseconds since the epoch, and timers that fire at most once. */
export interface Clock {
  now(): number
  /** `upkeep`: nobody waits for what it does (a look at what others did, leaving memory); a simulated world comes to rest without it. */
  setTimeout(fn: () => void, ms: number, upkeep?: boolean): unknown
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
const LEAST_JUMP = 1_000

const listeners = new Set<(by: number) => void>()
let watch: ReturnType<typeof setInterval> | undefined
/** How far the wall clock was ahead of the monotonic one when last told. */
let ahead = 0

function glance(): void {
  const by = Date.now() - globalThis.performance.now() - ahead
  if (Math.abs(by) < LEAST_JUMP) return
  ahead += by
  for (const listener of [...listeners]) listener(by)
}

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
  onJump(listener) {
    if (listeners.size === 0) {
      ahead = Date.now() - globalThis.performance.now()
      watch = setInterval(glance, GLANCE)
      watch.unref?.()
    }
    listeners.add(listener)
    return () => {
      listeners.delete(listener)
      if (listeners.size === 0) clearInterval(watch)
    }
  },
}

/** Calls back in the event loop's next turn, also where the timers are faked: a commit is not a matter of time. */
export const nextTurn = (fn: () => void): void => void real.setImmediate(fn)

/** Real ms that have passed, also where the timers are faked. For bounds on what is not simulated; no wall clock. */
export const realTime: Clock = {
  now: () => performance.now(),
  setTimeout: (fn, ms) => real.setTimeout(fn, ms),
  clearTimeout: (handle) => real.clearTimeout(handle as NodeJS.Timeout | undefined),
}
