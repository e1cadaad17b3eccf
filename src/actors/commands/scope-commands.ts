/**
 * Pauses and resumes of many executions that are under way.
 *
 * Owns: they take effect in the order in which they were asked for. A resume stops earlier pauses from reaching further executions. A
 * pause begins when earlier resumes are complete; once its own time is up, it stops them from reaching further executions.
 * Does not know: how one execution gets its command (the router).
 */

/** A pause or a resume of many that has no answer yet. */
export class ScopeCommand {
  readonly #overtaken = new Set<string>()
  #isOvertaken = false

  /** A later command holds for that entry point, or for all: no further execution there gets this one. */
  overtake(entryPoint?: string): void {
    if (entryPoint === undefined) this.#isOvertaken = true
    else this.#overtaken.add(entryPoint)
  }

  /** True if no further execution of that entry point may get the command. */
  isOvertaken(entryPoint: string): boolean {
    return this.#isOvertaken || this.#overtaken.has(entryPoint)
  }
}

/** Resumes that have begun, as a pause that comes after them sees them. */
export interface EarlierResumes {
  /** Resolves when the resumes are complete or have failed. */
  readonly through: Promise<unknown>
  /** The time of the pause is up: the resumes reach no further execution. */
  takeBack(this: void): void
}

/** The pauses and resumes of one router, by scope. */
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

  /** Runs a resume. `run` calls `takeBack` for each entry point where the resume takes effect: earlier pauses go no further there. */
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
