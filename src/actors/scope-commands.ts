/**
 * Pauses and resumes of many executions at once that are on their way.
 *
 * Owns: that they hold in the order in which they were asked for: a resume takes back what the pauses before it have not told yet,
 * and a pause tells nobody before the resumes that came earlier are through. Does not know: what one execution is told (the router).
 */

/** A pause of many that has no answer yet. */
export interface ScopePause {
  /** True once a resume that came later holds: nobody else is told of it. */
  isTakenBack: boolean
}

/** Those of one router, by what they are about. */
export class ScopeCommands {
  readonly #pauses = new Map<string, Set<ScopePause>>()
  /** Resolves when the resumes that have begun are through, well or not. */
  readonly #resumes = new Map<string, Promise<unknown>>()

  /** Runs a pause; `resumed` resolves when those are through that came before it. */
  async pausing<T>(about: string, run: (pause: ScopePause, resumed: Promise<unknown>) => Promise<T>): Promise<T> {
    const pause: ScopePause = { isTakenBack: false }
    const pauses = this.#pauses.get(about) ?? new Set()
    this.#pauses.set(about, pauses.add(pause))
    try {
      return await run(pause, this.#resumes.get(about) ?? Promise.resolve())
    } finally {
      pauses.delete(pause)
      if (pauses.size === 0) this.#pauses.delete(about)
    }
  }

  /** Runs a resume; `takeBack` is for when it holds: it concerns the pauses that came before it. */
  resuming<T>(about: string, run: (takeBack: () => void) => Promise<T>): Promise<T> {
    const before = [...(this.#pauses.get(about) ?? [])]
    const resume = run(() => {
      for (const pause of before) pause.isTakenBack = true
    })
    const through: Promise<unknown> = Promise.allSettled([this.#resumes.get(about), resume]).finally(() => {
      if (this.#resumes.get(about) === through) this.#resumes.delete(about)
    })
    this.#resumes.set(about, through)
    return resume
  }
}
