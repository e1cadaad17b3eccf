/**
 * One simulated process: from its start until it is killed, or has stopped.
 *
 * Owns: that it is dead for good once it is, and the clock as it sees it, whose timers die with it.
 */
import type { Clock, TimerOptions } from '../../clock.js'

/** One process. */
export class Life {
  /** 1 for the first. */
  readonly n: number
  readonly clock: Clock
  /** Resolves when it dies. */
  readonly death: Promise<undefined>
  readonly #clock: Clock
  readonly #timers = new Set<unknown>()
  #dead = false
  #leaving = false
  #die: (value: undefined) => void = () => undefined

  constructor(n: number, clock: Clock) {
    this.n = n
    this.death = new Promise((resolve) => (this.#die = resolve))
    this.#clock = clock
    this.clock = {
      now: () => clock.now(),
      setTimeout: (fn, ms, options) => this.#set(fn, ms, options),
      clearTimeout: (handle) => {
        this.#timers.delete(handle)
        clock.clearTimeout(handle)
      },
      monotonic: () => clock.monotonic?.() ?? clock.now(),
      onJump: (listener) => clock.onJump?.((by) => this.#dead || listener(by)) ?? (() => undefined),
    }
  }

  get isDead(): boolean {
    return this.#dead
  }

  /** True once it is told to stop: what it refuses from then on, the next one is asked. */
  get isLeaving(): boolean {
    return this.#leaving
  }

  /** As SIGTERM. */
  leave(): void {
    this.#leaving = true
  }

  /** As SIGKILL: nothing more comes of it. */
  kill(): void {
    this.#dead = true
    for (const handle of this.#timers) this.#clock.clearTimeout(handle)
    this.#timers.clear()
    this.#die(undefined)
  }

  #set(fn: () => void, ms: number, options: TimerOptions | undefined): unknown {
    if (this.#dead) return undefined
    const fire = () => {
      this.#timers.delete(handle)
      fn()
    }
    const handle = this.#clock.setTimeout(fire, ms, options)
    this.#timers.add(handle)
    return handle
  }
}
