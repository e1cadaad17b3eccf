/**
 * Pauses and resumes of many executions at once that are on their way.
 *
 * Owns: that they hold in the order in which they were asked for: a resume takes back what the pauses before it have not told yet,
 * and a pause tells nobody before the resumes that came earlier are through, or takes back what is left of them once its own time is up.
 * Does not know: what one execution is told (the router).
 */

/** A pause or a resume of many that has no answer yet. */
export class ScopeCommand {
  readonly #overtaken = new Set<string>()
  #isOvertaken = false

  /** A command that came later holds for that entry point, or for all: nobody else there is told of this one. */
  overtake(entryPoint?: string): void {
    if (entryPoint === undefined) this.#isOvertaken = true
    else this.#overtaken.add(entryPoint)
  }

  /** True if nobody else of that entry point is to be told. */
  isOvertaken(entryPoint: string): boolean {
    return this.#isOvertaken || this.#overtaken.has(entryPoint)
  }
}

/** Resumes that have begun, as a pause that comes after them sees them. */
export interface EarlierResumes {
  /** Resolves when they are through, well or not. */
  readonly through: Promise<unknown>
  /** The time of the pause is up: it takes back what they have not told yet. */
  takeBack(this: void): void
}

/** Those of one router, by what they are about. */
export class ScopeCommands {
  readonly #pauses = new Map<string, Set<ScopeCommand>>()
  readonly #resumes = new Map<string, Map<ScopeCommand, Promise<unknown>>>()

  /** Runs a pause. */
  async pausing<T>(about: string, run: (pause: ScopeCommand, resumes: EarlierResumes) => Promise<T>): Promise<T> {
    const pause = new ScopeCommand()
    const pauses = this.#pauses.get(about) ?? new Set()
    this.#pauses.set(about, pauses.add(pause))
    const resumes = [...(this.#resumes.get(about) ?? [])]
    try {
      return await run(pause, {
        through: Promise.allSettled(resumes.map(([, through]) => through)),
        takeBack: () => resumes.forEach(([resume]) => resume.overtake()),
      })
    } finally {
      pauses.delete(pause)
      if (pauses.size === 0) this.#pauses.delete(about)
    }
  }

  /** Runs a resume; `takeBack` is for when it holds for an entry point: it concerns the pauses that came before it. */
  resuming<T>(about: string, run: (resume: ScopeCommand, takeBack: (entryPoint: string) => void) => Promise<T>): Promise<T> {
    const before = [...(this.#pauses.get(about) ?? [])]
    const resume = new ScopeCommand()
    const answer = run(resume, (entryPoint) => before.forEach((pause) => pause.overtake(entryPoint)))
    const resumes = this.#resumes.get(about) ?? new Map<ScopeCommand, Promise<unknown>>()
    this.#resumes.set(about, resumes)
    const over = () => {
      resumes.delete(resume)
      if (resumes.size === 0 && this.#resumes.get(about) === resumes) this.#resumes.delete(about)
    }
    resumes.set(resume, answer.then(over, over))
    return answer
  }
}
