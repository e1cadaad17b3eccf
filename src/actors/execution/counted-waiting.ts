/**
 * Whether the death of this process would be counted against an execution that waits.
 *
 * Owns: when it must be. The death of a process is not counted against what waits: it runs nothing. But after such a death it may be what
 * it gets next, a timer that came due or an event from the inbox, that has ended the process. So the store first says that it goes on,
 * by `owed`, until its program has got that.
 * Does not know: what came meanwhile, and how an execution goes on.
 */

/** For one execution in memory. */
export class CountedWaiting {
  /** It does not matter; it does, and the store does not know (`missing`); the next commit says it (`asked`); the store says it (`stored`). */
  #stage: 'none' | 'missing' | 'asked' | 'stored' = 'none'
  #isOn = false

  /** Its process has died while it waited or was queued, or deaths count against it and it has done nothing since. */
  begin(): void {
    this.#stage = 'missing'
  }

  /** True if the store must say that it goes on before it gets anything. */
  get isMissing(): boolean {
    return this.#stage === 'missing'
  }

  /** It is to get something: true if a commit must say that it goes on. */
  ask(): boolean {
    if (!this.isMissing) return false
    this.#stage = 'asked'
    return true
  }

  /** True while it may not go on, because the store does not say so yet. */
  get isAsked(): boolean {
    return this.#stage === 'asked'
  }

  /** It goes on with a slot, which the store says by its status: true if it must wait until that is durable. */
  running(): boolean {
    const isMissing = this.#stage === 'missing'
    this.#stage = 'none'
    return isMissing
  }

  /** A commit is made. `isLeft`: something that came meanwhile has not reached the program. `recoveries`: the deaths that count so far. */
  collect(isLeft: boolean, recoveries: number): void {
    if (this.#stage === 'stored' && !isLeft) this.#stage = 'none'
    this.#isOn = this.#stage === 'asked' || this.#stage === 'stored' || (isLeft && recoveries > 0)
  }

  /** What the last commit says. */
  get isOn(): boolean {
    return this.#isOn
  }

  /** That commit is durable: true if the execution may go on now. */
  committed(): boolean {
    if (this.#stage !== 'asked' || !this.#isOn) return false
    this.#stage = 'stored'
    return true
  }
}
