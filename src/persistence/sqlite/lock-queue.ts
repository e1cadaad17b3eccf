/**
 * Waits for a lock of another process across turns of the event loop, never on the thread.
 *
 * Owns: how long a call may wait in all, and the order of the waiting calls: a new call goes to the end. SQLite itself waits on
 * the thread, so it may do that only for a moment (`onThread`); the rest of the waiting happens here.
 * Knows neither SQL nor files.
 */
import { nextTurn, realTime } from '../../clock.js'

/** For so many ms SQLite may wait on the thread, once a turn. */
export const onThread = 20

/** Between two tries, in ms; the last one again and again. */
const pauses = [2, 5, 10, 20, 30]

interface Waiter {
  readonly until: number
  attempt(): boolean
  giveUp(): void
  close(): void
}

/** What a queue needs to know of failures. */
export interface LockQueueOptions {
  /** For how long a call may wait, in ms. */
  readonly limit: number
  /** True if the lock of another connection is the cause. */
  isBusy(error: unknown): boolean
  /** What a call that has waited for its whole time fails with. */
  tooLong(operation: string, waited: number, cause: unknown): unknown
}

/** The calls that wait for one kind of lock. */
export class LockQueue {
  readonly #options: LockQueueOptions
  #waiting: Waiter[] = []
  #lastBusy: unknown
  #timer: unknown

  constructor(options: LockQueueOptions) {
    this.#options = options
  }

  /** Runs `work` at once if no call waits, else in its turn. Busy work is tried again until the limit has passed, counted from `from`. */
  run<T>(operation: string, work: () => T, from = realTime.now()): Promise<T> {
    if (this.#waiting.length === 0) {
      try {
        return Promise.resolve(work())
      } catch (error) {
        if (!this.#isBusy(error)) return Promise.reject(error as Error)
      }
    }
    return new Promise((resolve, reject) => {
      const { limit, tooLong } = this.#options
      const waiter: Waiter = {
        until: from + limit,
        attempt: () => {
          try {
            resolve(work())
          } catch (error) {
            if (this.#isBusy(error)) return false
            reject(error as Error)
          }
          return true
        },
        giveUp: () => reject(tooLong(operation, Math.round(realTime.now() - from), this.#lastBusy) as Error),
        // the place that it works on is gone, which it says itself
        close: () => void (waiter.attempt() || waiter.giveUp()),
      }
      this.#waiting.push(waiter)
      if (this.#waiting.length === 1) this.#failed(0)
    })
  }

  /** Lets each waiting call try once more, because the file was closed. */
  close(): void {
    realTime.clearTimeout(this.#timer)
    for (const waiter of this.#waiting.splice(0)) waiter.close()
  }

  #isBusy(error: unknown): boolean {
    if (!this.#options.isBusy(error)) return false
    this.#lastBusy = error
    return true
  }

  /** The lock is still held: calls that have waited long enough fail, and the others go on waiting. */
  #failed(tries: number): void {
    const now = realTime.now()
    const over = this.#waiting.filter(({ until }) => until <= now)
    this.#waiting = this.#waiting.filter(({ until }) => until > now)
    for (const waiter of over) waiter.giveUp()
    if (this.#waiting.length === 0) return
    const pause = pauses[Math.min(tries, pauses.length - 1)] as number
    const next = Math.min(...this.#waiting.map(({ until }) => until)) - now
    this.#timer = realTime.setTimeout(() => this.#tryNext(tries + 1), Math.max(1, Math.min(pause, next)))
  }

  /** Runs one call a turn, as when no call waits: each may take as long as its sync to the disk. */
  #tryNext(tries: number): void {
    const first = this.#waiting[0]
    if (!first) return
    if (!first.attempt()) return this.#failed(tries)
    this.#waiting.shift()
    if (this.#waiting.length > 0) nextTurn(() => this.#tryNext(0))
  }
}
