/**
 * What of a program may go on once a commit is durable, but is no output of it: a further attempt of a step.
 *
 * Owns: which commit each waits for. A commit that is durable also says that the execution is still held here.
 */
import type { StepOutput } from './program-output.js'
import type { ProgramPort, ProgramSettings } from './program-port.js'

/** The gate of one program. */
export class CommitGate {
  readonly #settings: ProgramSettings
  readonly #port: ProgramPort
  /** `seq`: the commit that lets it go; 0: none is made yet. */
  #waiting: { seq: number; readonly run: () => void }[] = []
  #isClosed = false
  /** The start of a step, which may have to wait for a slot then. */
  readonly start: (step: StepOutput) => void

  constructor(settings: ProgramSettings, port: ProgramPort, start: (step: StepOutput) => void) {
    this.#settings = settings
    this.#port = port
    this.start = start
  }

  /** Runs it once the next commit is durable; where outputs wait for no commit, once it is sure who holds the execution. */
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

  /** All there is goes with commit `seq`. */
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

  /** Nothing goes any more. */
  close(): void {
    this.#isClosed = true
    this.#waiting = []
  }
}
