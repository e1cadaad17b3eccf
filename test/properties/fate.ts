/**
 * What becomes of one simulated process: how long it lives, when it is frozen, which of its store calls fail.
 *
 * Owns: freezing, as by SIGSTOP: timers that come due wait until it wakes. Death is the kit's.
 */
import type { Clock } from '../../src/index.js'
import { Life } from '../../src/testing/world/process-life.js'

/** Calls to be made to fail: how many more, whose, and whether the write happens all the same. */
export interface Fault {
  count: number
  readonly operation: 'commit' | 'any'
  readonly when: 'before' | 'after' | 'slow'
}

/** The fate of one process. */
export class Fate {
  readonly name: string
  readonly life: Life
  /** Freezes between the next write and its acknowledgement. */
  freezesAtWrite = false
  readonly faults: Fault[] = []
  /** How many store calls wait for something that takes its time. */
  slow = 0
  #thaw: (() => void)[] = []
  #frozen = false

  /** The `n`th process, from 1. */
  constructor(n: number, clock: Clock) {
    this.name = `p${n - 1}`
    this.life = new Life(n, this.#freezing(clock))
  }

  get dead(): boolean {
    return this.life.isDead
  }

  get frozen(): boolean {
    return this.#frozen
  }

  kill(): void {
    this.life.kill()
    this.thaw()
  }

  freeze(): void {
    this.#frozen = true
  }

  thaw(): void {
    this.#frozen = false
    for (const resolve of this.#thaw.splice(0)) resolve()
  }

  thawed(): Promise<void> {
    return new Promise((resolve) => this.#thaw.push(resolve))
  }

  #freezing(clock: Clock): Clock {
    const cancelled = new WeakSet<object>()
    const fire = async (timer: object, fn: () => void) => {
      await this.thawed()
      if (!cancelled.has(timer)) fn()
    }
    return {
      now: () => clock.now(),
      monotonic: () => clock.monotonic?.() ?? clock.now(),
      onJump: (told) =>
        clock.onJump?.((by) => (this.#frozen ? void this.thawed().then(() => told(by)) : told(by))) ?? (() => undefined),
      setTimeout: (fn, ms, options) => {
        const timer = { handle: undefined as unknown }
        timer.handle = clock.setTimeout(() => (this.#frozen ? void fire(timer, fn) : fn()), ms, options)
        return timer
      },
      clearTimeout: (timer) => {
        if (timer === undefined) return
        cancelled.add(timer as object)
        clock.clearTimeout((timer as { handle: unknown }).handle)
      },
    }
  }
}
