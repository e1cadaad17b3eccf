/**
 * Hosts the executions of one entry point.
 *
 * Owns: which of them are in memory, the queue, the slots in use. Answers to the executions below through
 * `ExecutionPort`, asks the supervisor above through `StreamPort`.
 * Does not know: triggers, other streams, processes.
 */
import { createActor, type Actor, type AnyActorRef, type AnyEventObject } from 'xstate'
import type { Clock } from '../clock.js'
import { StatewardError } from '../errors.js'
import type { Intervention } from '../events/execution-events.js'
import type { ExecutionStatus } from '../events/execution-status.js'
import type { IdSource } from '../ids.js'
import { streamMachine } from '../machines/stream-machine.js'
import type { GroupCommit } from '../persistence/group-commit.js'
import { decode, encode } from '../persistence/snapshot-codec.js'
import type { Commit, SnapshotStore, StoredExecution } from '../persistence/snapshot-store.js'
import { AdmissionQueue } from './admission-queue.js'
import { backoffDelay } from './backoff.js'
import type { StreamDefinition } from './stream-definition.js'
import { ExecutionActor, type AcceptOutcome } from './execution-actor.js'
import { deliverInbox } from './execution-inbox.js'
import type { ExecutionPort } from './execution-port.js'
import { fittingProgram } from './program-version.js'
import type { ProgramSettings } from './program-host.js'
import type { ProgramRecord } from './program-record.js'
import type { Slots, SlotSeeker } from './slots.js'

/** What a stream asks of the supervisor that holds it. */
export interface StreamPort {
  readonly store: SnapshotStore
  readonly commits: GroupCommit
  readonly clock: Clock
  readonly ids: IdSource
  readonly owner: string
  readonly slots: Slots
  readonly logger: (...args: unknown[]) => void
  committed(
    stream: StreamActor,
    execution: ExecutionActor,
    before: ExecutionStatus | undefined,
    commit: Commit,
    firstSeq: number,
  ): void
  left(stream: StreamActor, execution: ExecutionActor): void
  execute(parent: ExecutionActor, entryPoint: string, input: unknown, key: string, signal: AbortSignal): Promise<unknown>
}

/** A request for an execution. Times are milliseconds. */
export interface AdmissionRequest {
  readonly id?: string
  readonly input: unknown
  readonly correlationId?: string
  readonly idempotencyKey?: string
  readonly sessionId?: string
  readonly parentId?: string
  readonly priority?: number
  readonly timeout?: number
  readonly queueTimeout?: number
  /** Absolute. */
  readonly deadline?: number
  /** A program's stored text to begin with, instead of a fresh start. */
  readonly program?: string
}

/** One stream. */
export class StreamActor implements ExecutionPort, SlotSeeker {
  readonly ref: Actor<typeof streamMachine>
  readonly definition: StreamDefinition
  readonly executions = new Map<string, ExecutionActor>()
  readonly #port: StreamPort
  readonly #queue: AdmissionQueue<ExecutionActor>
  readonly #settings: ProgramSettings
  /** Executions that are being taken up again after the store failed. */
  readonly #reloading = new Map<string, Promise<void>>()
  #open = false
  #dead = false
  /** Invariant: `used` ≤ `definition.maxConcurrent`. */
  used = 0

  constructor(definition: StreamDefinition, port: StreamPort, parent: AnyActorRef, pause: Intervention | undefined) {
    this.definition = definition
    this.#port = port
    this.#queue = new AdmissionQueue(definition.ageing)
    const { program: logic, version, hash, durability, maxIterations } = definition
    this.#settings = {
      logic,
      version,
      hash,
      durability,
      maxIterations,
      clock: port.clock,
      random: port.ids.random,
      logger: port.logger,
    }
    port.slots.join(this)
    const machine = streamMachine.provide({
      actions: { openAdmission: () => this.#setOpen(true), closeAdmission: () => this.#setOpen(false) },
    })
    const input = { entryPoint: definition.id, maxConcurrent: definition.maxConcurrent, ...(pause ? { pause } : {}) }
    this.ref = createActor(machine, { id: definition.id, input, parent } as never)
    this.ref.start()
  }

  get id(): string {
    return this.definition.id
  }

  get clock(): Clock {
    return this.#port.clock
  }

  get commits(): GroupCommit {
    return this.#port.commits
  }

  get owner(): string {
    return this.#port.owner
  }

  get parent(): AnyActorRef {
    return this.ref as unknown as AnyActorRef
  }

  get store(): SnapshotStore {
    return this.#port.store
  }

  random = (): number => this.#port.ids.random()

  programFor(record: ProgramRecord | undefined): { settings: ProgramSettings; record: ProgramRecord | undefined } {
    return fittingProgram(this.definition, this.#settings, record)
  }

  get queued(): number {
    return this.#queue.size
  }

  /** True while something is queued or holds a slot, or is on its way to the store. */
  get isBusy(): boolean {
    return this.#queue.size > 0 || this.used > 0 || this.#reloading.size > 0
  }

  // ── from above ────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Accepts an execution; resolves once that is durable. */
  async admit(request: AdmissionRequest): Promise<AcceptOutcome & { id: string }> {
    const { clock, ids } = this.#port
    const now = clock.now()
    const { definition } = this
    const id = request.id ?? ids.execution(now)
    // what the caller does to its object afterwards changes nothing here
    const input = encode(request.input, { id, what: 'input' })
    this.#refuseOverflow()
    const timeout = request.timeout ?? definition.timeout
    const queueTimeout = request.queueTimeout ?? definition.queueTimeout
    const execution = new ExecutionActor(this, id, {
      kind: 'fresh',
      input: request.input === undefined ? undefined : decode(input, { id, what: 'input' }),
      acceptance: {
        entryPoint: definition.id,
        programId: definition.programId,
        programVersion: definition.version,
        programHash: definition.hash,
        priority: request.priority ?? definition.priority,
        acceptedAt: now,
        sessionId: request.sessionId ?? null,
        correlationId: request.correlationId ?? id,
        idempotencyKey: request.idempotencyKey ?? null,
        parentId: request.parentId ?? null,
        input,
      },
      context: {
        executionId: id,
        entryPoint: definition.id,
        attempt: 1,
        maxAttempts: definition.retry?.maxAttempts ?? 1,
        onExhausted: definition.retry?.onExhausted ?? 'fail',
        compensates: definition.cancelEvent !== undefined,
        ...(timeout === undefined ? {} : { timeout }),
        limits: {
          ...(queueTimeout === undefined ? {} : { queueUntil: now + queueTimeout }),
          ...(request.deadline === undefined ? {} : { deadlineAt: request.deadline }),
        },
      },
      ...(request.program === undefined ? {} : { program: request.program }),
    })
    if (this.executions.has(id)) return { status: 'duplicate', of: 'id', id }
    this.executions.set(id, execution)
    const outcome = await execution.accept()
    return outcome.status === 'accepted' ? { status: 'accepted', id } : outcome
  }

  /** Takes up an execution that this process has claimed. `recovered`: its last owner died. */
  take(stored: StoredExecution, recovered: boolean): ExecutionActor | undefined {
    const known = this.executions.get(stored.id)
    if (known || this.#dead) return known
    const input: unknown = decode(stored.input, { id: stored.id, what: 'input' })
    const execution = new ExecutionActor(this, stored.id, { kind: 'stored', stored, recovered, input })
    this.executions.set(stored.id, execution)
    // what came while nobody held it stands in its inbox
    execution.mail = true
    execution.revive()
    this.started(execution)
    return execution
  }

  /** Resolves once an execution that is being taken up again is there. */
  reloading(id: string): Promise<void> | undefined {
    return this.#reloading.get(id)
  }

  /** Gives everything back to the store; nothing is lost and nothing ends. */
  async release(): Promise<void> {
    this.#setOpen(false)
    await Promise.allSettled([...this.executions.values()].map((execution) => execution.release()))
    this.#end()
  }

  /** As if the process had died: nothing is written any more. */
  abandon(error: unknown): void {
    this.#setOpen(false)
    this.#end()
    for (const execution of [...this.executions.values()]) execution.abandon(error)
  }

  #end(): void {
    this.#dead = true
    this.#port.slots.leave(this)
  }

  // ── slots ─────────────────────────────────────────────────────────────────────────────────────────────────────────

  acquire(execution: ExecutionActor): boolean {
    if (execution.hasSlot) return true
    if (this.#open && this.#queue.size === 0 && this.#takeSlot()) {
      execution.hasSlot = true
      return true
    }
    this.#queue.add(execution)
    return false
  }

  dequeued(execution: ExecutionActor): void {
    this.#queue.remove(execution)
  }

  freed(execution: ExecutionActor): void {
    execution.hasSlot = false
    this.used--
    this.#port.slots.free()
  }

  wanting() {
    return this.#open && this.used < this.definition.maxConcurrent ? this.#queue.headKey() : undefined
  }

  /** Grants a free slot to the first of the queue. */
  next(): void {
    const execution = this.#takeSlot() ? this.#queue.take() : undefined
    if (!execution) return
    execution.hasSlot = true
    execution.grant()
  }

  #takeSlot(): boolean {
    if (this.used >= this.definition.maxConcurrent || !this.#port.slots.take()) return false
    this.used++
    return true
  }

  #setOpen(open: boolean): void {
    this.#open = open
    if (open) this.#port.slots.offer()
  }

  #refuseOverflow(): void {
    const { maxQueued, maxConcurrent, overflow } = this.definition
    const full = this.#queue.size >= maxQueued && (!this.#open || this.used >= maxConcurrent || this.#queue.size > 0)
    if (!full) return
    const oldest = overflow === 'drop_oldest' ? this.#queue.oldest() : undefined
    if (oldest) return oldest.command({ type: 'execution.reject', reason: 'queue_full' })
    throw new StatewardError('queue_full', `The queue of entry point ${this.id} is full: ${this.#queue.size} wait.`, {
      details: { entryPoint: this.id, queued: this.#queue.size, maxQueued },
    })
  }

  // ── from the executions ───────────────────────────────────────────────────────────────────────────────────────────

  started(execution: ExecutionActor): void {
    if (execution.mail) void deliverInbox(this.#port.store, execution).catch((error: unknown) => this.lost(execution, error))
  }

  committed(execution: ExecutionActor, before: ExecutionStatus | undefined, commit: Commit, firstSeq: number): void {
    this.#port.committed(this, execution, before, commit, firstSeq)
  }

  left(execution: ExecutionActor): void {
    this.#queue.remove(execution)
    if (this.executions.get(execution.id) === execution) this.executions.delete(execution.id)
    this.#port.left(this, execution)
  }

  lost(execution: ExecutionActor, error: unknown): void {
    execution.abandon(error)
    if (execution.revision > 0 && !this.#dead) this.#reload(execution.id)
  }

  crashed(execution: ExecutionActor, error: unknown): void {
    this.#port.logger('stream', this.id, 'crashed at execution', execution.id, error)
    this.ref.send({ type: 'stream.crash', error })
  }

  reenqueue(execution: ExecutionActor, event: AnyEventObject): void {
    execution.mail = true
    const payload = encode(event, { id: execution.id, what: 'event' })
    const message = { executionId: execution.id, kind: 'event', payload, at: this.#port.clock.now() } as const
    this.#port.store.enqueue(message).catch((error: unknown) => this.lost(execution, error))
  }

  execute(execution: ExecutionActor, entryPoint: string, input: unknown, key: string, signal: AbortSignal): Promise<unknown> {
    return this.#port.execute(execution, entryPoint, input, key, signal)
  }

  /** Takes an execution up again from what is durable, as soon as the store answers. */
  #reload(id: string): void {
    const attempt = async (n: number): Promise<void> => {
      if (this.#dead) return
      await new Promise<void>((resolve) =>
        this.#port.clock.setTimeout(resolve, backoffDelay({ initial: 50, max: 5_000 }, n, this.#port.ids.random)),
      )
      try {
        const stored = await this.#port.store.load(id)
        if (stored && stored.owner === this.#port.owner) this.take(stored, false)
      } catch (error) {
        this.#port.logger('execution', id, 'could not be taken up again yet', error)
        return attempt(n + 1)
      }
    }
    const done = attempt(1).finally(() => this.#reloading.delete(id))
    this.#reloading.set(id, done)
  }
}
