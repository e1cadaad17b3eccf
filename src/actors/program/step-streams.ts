/**
 * What steps say while they run, on its way into the store.
 *
 * Owns: small batches (bounded by count, length and time, those of all steps of this process in one transaction), that a step which
 * streams faster than the store writes is held up or refused, that nothing is written of a run that has ended, and who is
 * woken. Does not know: which runs are committed (`program-steps.ts` says so with a commit).
 */
import { encode } from '../../codec/snapshot-codec.js'
import { inBackground, type Clock } from '../../clock.js'
import { isStatewardError, StatewardError } from '../../errors.js'
import type { ChunkVerdict, SnapshotStore, StreamRun } from '../../persistence/snapshot-store.js'

/** A batch is written once it has so many chunks, or characters, or its first chunk waits for so many ms. */
const BATCH = 256
const LENGTH = 2 ** 18
const DELAY = 25
/** From so many chunks or characters of one run on that are not written, `stream()` waits; from ten times as many it refuses. */
const HIGH = 1_000
const HIGH_LENGTH = 2 ** 20

/** One run of a step's function, for those that stream. */
export interface RunningStream {
  readonly run: StreamRun
  /** Resolves once the next chunk may come. Rejects with `not_storable`, `stream_full`, `stale_owner`, `store_failed`. */
  write(chunk: unknown): Promise<void>
  /** Resolves once all chunks are durable; rejects with what has kept one of them from that. */
  flushed(): Promise<void>
  /** Nothing more is written of it. */
  close(): void
}

/** What streams are written with. */
export interface StepStreamsPort {
  readonly store: Pick<SnapshotStore, 'appendChunks'>
  readonly clock: Pick<Clock, 'now' | 'setTimeout' | 'clearTimeout'>
  /** Chunks of that execution are durable. */
  appended(execution: string): void
}

interface Pending {
  readonly at: number
  readonly data: string
}

class Run implements RunningStream {
  readonly executionId: string
  readonly epoch: number
  readonly run: StreamRun
  readonly #streams: StepStreams
  pending: Pending[] = []
  length = 0
  written = 0
  error: StatewardError | undefined
  isClosed = false
  #waiting: (() => void)[] = []

  constructor(streams: StepStreams, of: { executionId: string; epoch: number; run: StreamRun }) {
    this.#streams = streams
    this.executionId = of.executionId
    this.epoch = of.epoch
    this.run = of.run
  }

  write(chunk: unknown): Promise<void> {
    const written = this.#write(chunk)
    // who does not wait for it hears of the error at the end of the step
    written.catch(() => undefined)
    return written
  }

  async #write(chunk: unknown): Promise<void> {
    if (this.error) throw this.error
    if (this.isClosed) throw new StatewardError('stale_owner', `Step ${this.run.step} has ended and streams nothing more.`)
    try {
      this.#take(encode(chunk, { id: this.executionId, what: 'chunk' }))
    } catch (error) {
      if (isStatewardError(error)) this.error = error
      throw error
    }
    while (this.isHigh && !this.isClosed) await this.#change()
    if (this.error) throw this.error as StatewardError
  }

  #take(data: string): void {
    if (this.pending.length >= 10 * HIGH || this.length + data.length > 10 * HIGH_LENGTH + data.length) {
      const { executionId: id, run } = this
      const message = `Step ${run.step} of execution ${id} streams faster than the store writes: let it await stream().`
      throw new StatewardError('stream_full', message, { details: { id, step: run.step, pending: this.pending.length } })
    }
    this.pending.push({ at: this.#streams.now(), data })
    this.length += data.length
    this.#streams.request(this)
  }

  get isHigh(): boolean {
    return this.error === undefined && (this.pending.length > HIGH || this.length > HIGH_LENGTH)
  }

  async flushed(): Promise<void> {
    while (this.pending.length > 0 && !this.error && !this.isClosed) {
      this.#streams.hurry()
      await this.#change()
    }
    if (this.error) throw this.error
  }

  close(): void {
    this.isClosed = true
    this.pending = []
    this.length = 0
    this.changed()
  }

  fail(error: StatewardError): void {
    this.error ??= error
    this.pending = []
    this.length = 0
  }

  changed(): void {
    for (const resolve of this.#waiting.splice(0)) resolve()
  }

  #change(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve))
  }
}

/** The streams of one process. */
export class StepStreams {
  readonly #port: StepStreamsPort
  readonly #dirty = new Set<Run>()
  #timer: unknown
  #runs = 0
  #writing: Promise<void> | undefined

  constructor(port: StepStreamsPort) {
    this.#port = port
  }

  /** A run that streams for the first time. */
  open(of: { executionId: string; epoch: number; run: Omit<StreamRun, 'id'> }): RunningStream {
    // no other process, and no earlier owner, has this epoch
    const id = `${of.run.key}/${of.epoch}.${++this.#runs}`
    return new Run(this, { ...of, run: { id, ...of.run } })
  }

  now(): number {
    return this.#port.clock.now()
  }

  /** The run has chunks to write. */
  request(run: Run): void {
    this.#dirty.add(run)
    if (this.#writing) return
    if (run.pending.length >= BATCH || run.length >= LENGTH) return this.hurry()
    this.#timer ??= this.#port.clock.setTimeout(() => this.hurry(), DELAY, inBackground)
  }

  /** Writes what there is, now. */
  hurry(): void {
    this.#port.clock.clearTimeout(this.#timer)
    this.#timer = undefined
    this.#writing ??= this.#write().finally(() => {
      this.#writing = undefined
      const [next] = this.#dirty
      if (next) this.request(next)
    })
  }

  async #write(): Promise<void> {
    // what came meanwhile waits for its own time, unless it is much
    const batch: { run: Run; count: number }[] = []
    let left = LENGTH
    for (const run of this.#dirty) {
      if (left <= 0) break
      let count = 0
      while (count < run.pending.length && count < BATCH && left > 0) left -= run.pending[count++]?.data.length ?? 0
      if (count === 0) this.#dirty.delete(run)
      else batch.push({ run, count })
    }
    if (batch.length === 0) return
    try {
      const appends = batch.map(({ run: { executionId, epoch, run, written, pending }, count }) => ({
        executionId,
        epoch,
        run,
        first: written,
        chunks: pending.slice(0, count),
      }))
      const verdicts = await this.#port.store.appendChunks(appends)
      batch.forEach(({ run, count }, at) => this.#judged(run, count, verdicts[at] ?? 'not_found'))
    } catch (error) {
      const failure = isStatewardError(error)
        ? error
        : new StatewardError('store_failed', 'Chunks could not be written.', { cause: error })
      for (const { run } of batch) this.#over(run, failure)
    }
  }

  #judged(run: Run, count: number, verdict: ChunkVerdict): void {
    if (verdict !== 'appended') {
      const message = `Execution ${run.executionId} has ended, or another owner has it: step ${run.run.step} streams nothing more.`
      return this.#over(run, new StatewardError('stale_owner', message, { details: { id: run.executionId } }))
    }
    if (!run.isClosed) {
      for (const { data } of run.pending.splice(0, count)) run.length -= data.length
      run.written += count
    }
    if (run.pending.length === 0) this.#dirty.delete(run)
    run.changed()
    this.#port.appended(run.executionId)
  }

  #over(run: Run, error: StatewardError): void {
    run.fail(error)
    this.#dirty.delete(run)
    run.changed()
  }
}
