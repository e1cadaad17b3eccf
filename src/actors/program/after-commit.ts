/**
 * What a program does after its next commit, and that is no output: a further attempt of a step, the start of a child execution.
 *
 * Owns: which commit each of these waits for. Outputs wait in `program-host.ts`. A durable commit also proves that this process
 * still owns the execution.
 */
import type { StepOutput } from './program-output.js'
import type { ProgramPort, ProgramSettings } from './program-port.js'

/** What one program does after its commits. */
export class AfterCommit {
  readonly #settings: ProgramSettings
  readonly #port: ProgramPort
  /** `revision`: the commit after which it runs; 0: that commit is not made yet. */
  #waiting: { revision: number; readonly run: () => void }[] = []
  #isClosed = false
  /** Starts a step after the next commit, as an output of the program host, which may make it wait for a slot. */
  readonly start: (step: StepOutput) => void

  constructor(settings: ProgramSettings, port: ProgramPort, start: (step: StepOutput) => void) {
    this.#settings = settings
    this.#port = port
    this.start = start
  }

  /** Runs it once the next commit is durable; with `relaxed` durability, once it is certain that this process owns the execution. */
  run(run: () => void): void {
    const { durability, isOwner, logger } = this.#settings
    if (durability === 'strict') {
      this.#waiting.push({ revision: 0, run })
      return this.#port.dirty()
    }
    isOwner().then(
      (isOwn) => void (isOwn && !this.#isClosed && run()),
      (error: unknown) => logger('who holds an execution could not be asked', error),
    )
  }

  /** A commit was made: all that waits here runs after it. */
  collected(revision: number): void {
    for (const waiting of this.#waiting) waiting.revision ||= revision
  }

  /** That commit is durable. */
  committed(revision: number): void {
    if (this.#waiting.length === 0) return
    const due = this.#waiting.filter((waiting) => waiting.revision > 0 && waiting.revision <= revision)
    this.#waiting = this.#waiting.filter((waiting) => !due.includes(waiting))
    for (const { run } of due) if (!this.#isClosed) run()
  }

  /** Nothing runs any more. */
  close(): void {
    this.#isClosed = true
    this.#waiting = []
  }
}
