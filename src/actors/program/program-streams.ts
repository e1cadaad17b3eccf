/**
 * The streams of the steps of one program.
 *
 * Owns: which runs there are of each step, and that how a run has ended goes into the commit that holds the end of its step.
 * Does not know: how chunks are written (`step-streams.ts`).
 */
import type { StepEnd, StepOutput } from './program-output.js'
import type { ProgramPort, ProgramSettings } from './program-port.js'
import type { RunningStream } from './step-streams.js'

interface Ended {
  readonly run: string
  readonly end: 'committed' | 'abandoned'
}

/** The streams of one program. */
export class ProgramStreams {
  readonly #id: string
  readonly #settings: ProgramSettings
  readonly #port: ProgramPort
  /** Of each active step, the last one is that of its present attempt. */
  readonly #runs = new Map<StepOutput, RunningStream[]>()
  #ended: Ended[] = []

  constructor(id: string, settings: ProgramSettings, port: ProgramPort) {
    this.#id = id
    this.#settings = settings
    this.#port = port
  }

  /** The stream of an attempt, which begins with its first chunk. `isOver`: nothing more is heard of it. */
  of(step: StepOutput, key: string, attempt: number, isOver: boolean): RunningStream {
    const runs = this.#runs.get(step) ?? []
    const known = runs.find(({ run }) => run.attempt === attempt)
    if (known) return known
    const about = { step: step.path, name: step.name ?? null, key, attempt }
    const run = this.#settings.streams.open({ executionId: this.#id, epoch: this.#port.epoch, run: about })
    if (isOver || !step.isActive()) {
      run.close()
      return run
    }
    // a function of an attempt before may go on, and is heard no more
    for (const before of runs) before.close()
    this.#runs.set(step, [...runs, run])
    return run
  }

  /** Resolves once all that an attempt has said is durable; undefined: it has said nothing. */
  flushed(step: StepOutput, attempt: number): Promise<void> | undefined {
    return this.#runs
      .get(step)
      ?.find(({ run }) => run.attempt === attempt)
      ?.flushed()
  }

  /** The step is no longer active. */
  left(step: StepOutput, { status }: StepEnd, attempt: number): void {
    for (const stream of this.#runs.get(step) ?? []) {
      const isGood = status === 'done' && stream.run.attempt === attempt
      this.#ended.push({ run: stream.run.id, end: isGood ? 'committed' : 'abandoned' })
      stream.close()
    }
    this.#runs.delete(step)
  }

  /** A commit is made: it holds these ends. */
  collected(): void {
    for (const { run, end } of this.#ended.splice(0)) this.#port.streamed(run, end)
  }

  /** The program has failed: steps that had ended since the last commit run again. */
  failed(): void {
    this.#ended = this.#ended.filter(({ end }) => end === 'abandoned')
    this.collected()
  }

  /** Nothing more is written here. */
  stop(): void {
    for (const runs of this.#runs.values()) for (const run of runs) run.close()
  }
}
