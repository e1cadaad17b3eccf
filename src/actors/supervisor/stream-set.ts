/**
 * The streams of one supervisor.
 *
 * Owns: which streams there are, which stream an execution belongs to, and taking executions from the store into the streams; and that
 * pauses and resumes of a stream take effect in the order in which they were asked for, however long the store takes for each.
 */
import type { HowTaken } from '../execution/execution-origin.js'
import { heldUpBy, StatewardError } from '../../errors.js'
import type { Intervention } from '../../events/execution-events.js'
import { liveStatuses } from '../../events/execution-status.js'
import type { ExecutionQuery, SnapshotStore, StoredExecution } from '../../persistence/snapshot-store.js'
import type { ExecutionHost } from '../execution/execution-host.js'
import { knownStructures, notedStructures } from '../stream/known-structures.js'
import { splitState } from '../execution/stored-state.js'
import { misfitOf } from '../program/program-version.js'
import { pagesOf } from '../../persistence/stored-executions.js'
import type { Load, Loads } from '../execution/loads.js'
import type { StreamHost } from '../stream/stream-host.js'
import type { StreamDefinition } from '../stream/stream-definition.js'
import type { EntryPointSet } from './entry-point-set.js'
import { strangerReason, strangersIn } from '../cluster/strangers.js'

/** What a set of streams is made with. */
export interface StreamSetPort {
  readonly store: SnapshotStore
  readonly loads: Loads
  /** `ready`: resolves once its trigger may act; absent: as soon as the runtime runs. */
  make(definition: StreamDefinition, pause: Intervention | undefined, ready?: Promise<void>): StreamHost
  /** An execution was claimed whose entry point was removed meanwhile. */
  homeless(stored: StoredExecution): void
  /** A stored execution could not be read. */
  unreadable(stored: StoredExecution, error: unknown): void
}

/** A stream that is not made yet, with what the store knows of it. */
export interface PreparedStream {
  readonly definition: StreamDefinition
  readonly pause: Intervention | undefined
}

const controlName = (entryPoint: string) => `stream:${entryPoint}:pause`

/** Streams by entry point. */
export class StreamSet {
  readonly #port: StreamSetPort
  readonly #entryPoints: EntryPointSet
  readonly #streams = new Map<string, StreamHost>()
  /** By entry point: resolves once its pauses and resumes so far are complete; with the error, if another process's lock delayed them. */
  readonly #turns = new Map<string, Promise<unknown>>()
  /** By entry point: how many pauses are under way. */
  readonly #holds = new Map<string, number>()

  constructor(port: StreamSetPort, entryPoints: EntryPointSet) {
    this.#port = port
    this.#entryPoints = entryPoints
  }

  get(entryPoint: string): StreamHost | undefined {
    return this.#streams.get(entryPoint)
  }

  get all(): StreamHost[] {
    return [...this.#streams.values()]
  }

  /** The execution, if it is in memory. */
  live(id: string): ExecutionHost | undefined {
    for (const stream of this.#streams.values()) {
      const execution = stream.executions.get(id)
      if (execution) return execution
    }
    return undefined
  }

  /** Starts every stream that does not run. */
  async open(): Promise<void> {
    for (const definition of this.#entryPoints.serving) if (!this.#streams.has(definition.id)) await this.#make(definition)
  }

  /** Reads what the store knows of a stream, before it is made. */
  async prepare(definition: StreamDefinition): Promise<PreparedStream> {
    const text = await this.#port.store.control(controlName(definition.id))
    const pause = text === null ? undefined : (JSON.parse(text) as Intervention)
    const structures = await notedStructures(this.#port.store, definition)
    return { definition: { ...definition, structures }, pause }
  }

  /** Starts a stream, in this turn. */
  make({ definition, pause }: PreparedStream, ready?: Promise<void>): void {
    const { id } = definition
    const stream = this.#port.make(definition, pause, ready)
    this.#streams.set(id, stream)
    if (this.#holds.has(id)) stream.setHeld(true)
  }

  /** Restarts a stream, with the executions that `owner` owns. */
  async restart(definition: StreamDefinition, owner: string): Promise<void> {
    await this.#make(definition)
    if (!this.#streams.has(definition.id)) return
    await this.#port.loads.during(async (load) => {
      for await (const stored of this.held(owner, definition.id)) this.take(stored, 'recovered', load)
    })
  }

  /** Drops one stream as if the process had died for this stream alone. */
  drop(id: string, error: unknown): void {
    const stream = this.#streams.get(id)
    this.#streams.delete(id)
    stream?.abandon(error)
    if (stream?.ref.getSnapshot().status === 'active') stream.ref.send({ type: 'stream.stop' })
  }

  dropAll(error: unknown): void {
    for (const id of [...this.#streams.keys()]) this.drop(id, error)
  }

  /** The clock was set back: limits and timers in memory keep the time that they had left. */
  retime(): void {
    for (const { executions } of this.#streams.values()) for (const execution of [...executions.values()]) execution.retime()
  }

  /** Drops the executions that other processes have taken out of the queues. */
  async checkQueues(): Promise<void> {
    await allOf(this.all.map((stream) => stream.checkQueue()))
  }

  /** Gives every execution back to the store. */
  async giveBack(): Promise<void> {
    await Promise.all(this.all.map((stream) => stream.giveBack()))
  }

  /** Takes a claimed execution into memory. An execution that can't be read is reported, and does not affect others. */
  take(stored: StoredExecution, how: HowTaken, load: Load): ExecutionHost | undefined {
    const stream = this.#streams.get(stored.entryPoint)
    if (!stream && !this.#entryPoints.serves(stored.entryPoint)) this.#port.homeless(stored)
    try {
      return stream?.take(stored, how, load)
    } catch (error) {
      this.#port.unreadable(stored, error)
      return undefined
    }
  }

  /** Starts nothing more in a stream until the returned function is called, because its pause is on its way to the store. */
  hold(entryPoint: string): () => void {
    const change = (by: 1 | -1) => {
      const holds = (this.#holds.get(entryPoint) ?? 0) + by
      if (holds === 0) this.#holds.delete(entryPoint)
      else this.#holds.set(entryPoint, holds)
      this.#streams.get(entryPoint)?.setHeld(holds > 0)
    }
    let isOver = false
    change(1)
    return () => {
      if (!isOver) change(-1)
      isOver = true
    }
  }

  /** Resolves once the stream's pauses and resumes so far are complete or have failed; undefined: there are none. */
  ordered(entryPoint: string): Promise<unknown> | undefined {
    return this.#turns.get(entryPoint)
  }

  /** Stores the pause of a stream, which outlives the process. */
  setPause(entryPoint: string, pause: Intervention | undefined): Promise<void> {
    return this.#inTurn(entryPoint, async () => {
      await this.#port.store.setControl(controlName(entryPoint), pause ? JSON.stringify(pause) : null)
      this.#streams.get(entryPoint)?.ref.send(pause ? { type: 'stream.pause', pause } : { type: 'stream.resume' })
    })
  }

  /** Applies the pauses and resumes that other processes were asked for. */
  async followPauses(): Promise<void> {
    // a pause that is under way here is newer than the answer of the store
    const streams = [...this.#streams].filter(([entryPoint]) => !this.#turns.has(entryPoint))
    await allOf(
      streams.map(([entryPoint, { ref }]) =>
        this.#inTurn(entryPoint, async () => {
          const text = await this.#port.store.control(controlName(entryPoint))
          if ((text !== null) === ref.getSnapshot().matches('paused')) return
          ref.send(text === null ? { type: 'stream.resume' } : { type: 'stream.pause', pause: JSON.parse(text) as Intervention })
        }),
      ),
    )
  }

  /** Begins once all earlier work for the stream is complete. A lock that delayed that work for its whole time is not waited for again. */
  #inTurn(entryPoint: string, run: () => Promise<void>): Promise<void> {
    const before = this.#turns.get(entryPoint)
    const own = before ? before.then((error) => (error ? Promise.reject(error as Error) : run())) : run()
    const through: Promise<unknown> = own
      .then(() => undefined, heldUpBy)
      .finally(() => {
        if (this.#turns.get(entryPoint) === through) this.#turns.delete(entryPoint)
      })
    this.#turns.set(entryPoint, through)
    return own
  }

  /** Executions in flight that would not fit their program, each with the reason. */
  async *misfits(): AsyncGenerator<{ id: string; entryPoint: string; reason: string }, void> {
    for (const plain of this.#entryPoints.all) {
      const definition = { ...plain, structures: await knownStructures(this.#port.store, plain.id) }
      for await (const stored of this.#stored({ entryPoint: definition.id, status: liveStatuses })) {
        const { program } = splitState(stored.state, stored.id)
        const reason = program === undefined ? undefined : misfitOf(definition, program, stored.id)
        if (reason) yield { id: stored.id, entryPoint: definition.id, reason }
      }
    }
    const known = this.#entryPoints.all.map(({ id }) => id)
    for (const entryPoint of strangersIn(await this.#port.store.counts(), known).keys()) {
      const reason = strangerReason(entryPoint)
      for await (const { id } of this.#stored({ entryPoint, status: liveStatuses, brief: true })) yield { id, entryPoint, reason }
    }
  }

  /** The unfinished executions of an owner, of one entry point or of all. */
  async *held(owner: string, entryPoint?: string): AsyncGenerator<StoredExecution, void> {
    const one = entryPoint === undefined ? {} : { entryPoint }
    for await (const stored of this.#stored({ owner, ...one })) if (stored.owner === owner) yield stored
  }

  /** Unless it was removed, or made in another way, while the store was asked. */
  async #make(definition: StreamDefinition): Promise<void> {
    const prepared = await this.prepare(definition)
    const isMeant = this.#entryPoints.serves(definition.id) && this.#entryPoints.get(definition.id) === definition
    if (isMeant && !this.#streams.has(definition.id)) this.make(prepared)
  }

  /** Those that fit, oldest first within a page. */
  async *#stored(filter: Omit<ExecutionQuery, 'limit'>): AsyncGenerator<StoredExecution, void> {
    for await (const page of pagesOf(this.#port.store, filter)) yield* page.toReversed()
  }
}

/** Runs all, even if one fails; throws at the end what has failed: the first error, which names the others. */
async function allOf(work: readonly Promise<void>[]): Promise<void> {
  const results = await Promise.allSettled(work)
  const failures = results.flatMap((result) => (result.status === 'rejected' ? [result.reason as unknown] : []))
  const [first] = failures
  if (first === undefined) return
  const messages = [...new Set(failures.map((error) => (error instanceof Error ? error.message : String(error))))]
  if (messages.length === 1 || !(first instanceof StatewardError)) throw first
  const { code, details, retryable } = first
  throw new StatewardError(code, messages.join('; '), { details: { ...details, failures: messages }, retryable, cause: first })
}
