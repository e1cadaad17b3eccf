/**
 * One simulated process: from its start until it is killed.
 *
 * Owns: that it is dead for good once it is, and the clock as it sees it, whose timers die with it.
 */
import type { Clock } from '../../clock.js'

/** One process. */
export class Life {
  /** 1 for the first. */
  readonly n: number
  readonly clock: Clock
  /** Resolves when it dies. */
  readonly death: Promise<undefined>
  #dead = false
  #die: (value: undefined) => void = () => undefined

  constructor(n: number, clock: Clock) {
    this.n = n
    this.death = new Promise((resolve) => (this.#die = resolve))
    this.clock = {
      now: () => clock.now(),
      setTimeout: (fn, ms, upkeep) => clock.setTimeout(() => this.#dead || fn(), ms, upkeep),
      clearTimeout: (handle) => clock.clearTimeout(handle),
    }
  }

  get isDead(): boolean {
    return this.#dead
  }

  /** As SIGKILL: nothing more comes of it. */
  kill(): void {
    this.#dead = true
    this.#die(undefined)
  }
}
