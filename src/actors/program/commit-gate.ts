/**
 * Holds back what must wait for a commit but is no output of the program: a further attempt of a step.
 *
 * Owns: which commit each of them waits for. A durable commit also proves that this process still owns the execution.
 */
import type { StepOutput } from './program-output.js'
import type { ProgramPort, ProgramSettings } from './program-port.js'

/** The gate of one program. */
export class CommitGate {
  readonly #settings: ProgramSettings
  readonly #port: ProgramPort
  /** `seq`: the commit that it waits for; 0: that commit is not made yet. */
  #waiting: { seq: number; readonly run: () => void }[] = []
  #isClosed = false
  /** Starts a step, which may then have to wait for a slot. */
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
      this.#waiting.push({ seq: 0, run })
      return this.#port.dirty()
    }
    isOwner().then(
      (isOwn) => void (isOwn && !this.#isClosed && run()),
      (error: unknown) => logger('who holds an execution could not be asked', error),
    )
  }

  /** Everything that waits now waits for commit `seq`. */
  collected(seq: number): void {
    for (const waiting of this.#waiting) waiting.seq ||= seq
  }

  /** Commit `seq` is durable. */
  committed(seq: number): void {
    if (this.#waiting.length === 0) return
    const due = this.#waiting.filter((waiting) => waiting.seq > 0 && waiting.seq <= seq)
    this.#waiting = this.#waiting.filter((waiting) => !due.includes(waiting))
    for (const { run } of due) if (!this.#isClosed) run()
  }

  /** Nothing is let go any more. */
  close(): void {
    this.#isClosed = true
    this.#waiting = []
  }
}
