/**
 * Hosts the executions of one entry point.
 *
 * Owns: which executions are in memory, the queue, the slots in use. Serves the executions below through
 * `ExecutionPort`, and asks the supervisor above through `StreamPort`.
 * Does not know: what fires it, other streams, processes.
 * Longer than others because it is the one place where queue, slots and executions in memory meet.
 */
import { createActor, type Actor, type AnyActorRef } from 'xstate'
import type { StatewardError } from '../../errors.js'
import type { Intervention } from '../../events/execution-events.js'
import type { ExecutionStatus } from '../../events/execution-status.js'
import { streamMachine } from '../../machines/stream-machine.js'
import type { GroupCommit } from '../../persistence/group-commit.js'
import { storedInput } from '../execution/execution-record.js'
import type { Commit, SnapshotStore, StoredExecution } from '../../persistence/snapshot-store.js'
import type { Admitted } from './accepted-before.js'
import { queueFull, type AdmissionRequest } from './admission.js'
import type { ChildPort } from '../program/child-port.js'
import { AdmissionQueue } from './admission-queue.js'
import type { FlowQueue } from '../flow/flow-queue.js'
import { ExecutionHost } from '../execution/execution-host.js'
import type { ExecutionOrigin, HowTaken } from '../execution/execution-origin.js'
import type { ExecutionPort, HeldExecution } from '../execution/execution-port.js'
import type { ProgramSettings } from '../program/program-port.js'
import type { ProgramRecord } from '../program/program-record.js'
import type { StepBodies } from '../program/step-bodies.js'
import { guardedParent } from '../program/xstate/inspection.js'
import type { Load } from '../execution/loads.js'
import { fittingProgram } from '../program/program-version.js'
import { takenByOthers } from './queue-check.js'
import { ReloadSchedule, type LostExecution } from './reload-schedule.js'
import { roomIn, type SlotSeeker } from './concurrency-slots.js'
import { admit, type StreamAdmissionPort } from './stream-admission.js'
import { flowOf } from './stream-flow.js'
import type { StreamPort } from './stream-port.js'
import type { Suspect } from '../execution/suspects.js'
import { TriggerHost } from '../trigger/trigger-host.js'
import type { WallClock } from '../../wall-clock.js'
import type { StreamDefinition } from './stream-definition.js'

/** One stream. */
export class StreamHost implements ExecutionPort, SlotSeeker {
  readonly ref: Actor<typeof streamMachine>
  readonly parent: AnyActorRef
  readonly id: string
  readonly definition: StreamDefinition
  readonly executions = new Map<string, ExecutionHost>()
  /** Executions that hold a slot. Invariant: at most `definition.maxConcurrent`. */
  readonly holders = new Set<HeldExecution>()
  readonly clock: WallClock
  readonly commits: GroupCommit
  readonly store: SnapshotStore
  readonly owner: string
  readonly random: () => number
  readonly #port: StreamPort
  readonly #queue: AdmissionQueue<HeldExecution>
  /** Those that wait for a permit under their keys; undefined: the entry point has no keys. */
  readonly flow: FlowQueue | undefined
  readonly #settings: ProgramSettings
  readonly #admission: StreamAdmissionPort
  /** Executions that are being reloaded after the store failed. */
  readonly #reloads: ReloadSchedule
  readonly #trigger: TriggerHost
  #open = false
  /** True while a pause of the stream is on its way to the store. */
  #isHeld = false
  #dead = false
  /** From when the stream takes nothing more: the refusal of what is on its way here. */
  #refusal: StatewardError | undefined
  /** How often the queues were checked. */
  #checks = 0

  constructor(definition: StreamDefinition, port: StreamPort, parent: AnyActorRef, pause: Intervention | undefined) {
    const { program: logic, version, hash, durability, maxIterations, cancelTimeout, history, interceptor } = definition
    const { clock, ids, programs } = port
    const logger = port.logger.program
    this.id = definition.id
    this.definition = definition
    this.clock = clock
    this.commits = port.commits
    this.store = port.store
    this.owner = port.owner
    this.random = () => ids.random()
    this.#port = port
    this.#queue = new AdmissionQueue(definition.ageing, port.clock)
    const limits = { durability, maxIterations, cancelTimeout, history }
    this.#settings = { logic, version, hash, ...limits, clock, random: this.random, logger, interceptor, ...programs }
    this.#reloads = new ReloadSchedule({
      id: definition.id,
      store: port.store,
      clock: port.clock,
      random: port.ids.random,
      takeAgain: (lost) => this.#takeAgain(lost),
      failed: (id, error) => port.logger('execution', id, 'could not be taken up again yet', error),
      settled: () => port.left(),
    })
    this.#admission = {
      definition,
      store: port.store,
      clock,
      ids,
      executions: this.executions,
      isFull: () => this.#isFull,
      checkQueue: () => this.checkQueue(),
      refuseOverflow: () => this.#refuseOverflow(),
      dropOldest: () => this.#dropOldest(),
      make: (id, origin) => {
        if (this.#refusal) throw this.#refusal
        return this.#make(id, origin)
      },
    }
    this.flow = flowOf(this, port)
    this.#trigger = new TriggerHost({
      entryPoint: definition.id,
      trigger: definition.trigger,
      store: port.store,
      clock,
      random: this.random,
      logger: port.logger,
      calls: port.triggers,
      stream: () => this.ref,
      running: () => port.running(),
      changed: (health) => port.triggered(definition.id, health),
      admits: (isAdmitting) => port.admits(definition.id, isAdmitting),
    })
    port.slots.join(this)
    const actions = {
      openAdmission: () => this.#setOpen(true),
      closeAdmission: () => this.#setOpen(false),
      startTrigger: () => this.#trigger.start(),
      stopTrigger: () => this.#trigger.stop(),
    }
    const input = { entryPoint: definition.id, maxConcurrent: definition.maxConcurrent, ...(pause ? { pause } : {}) }
    const above = guardedParent(parent, port.logger)
    this.ref = createActor(streamMachine.provide({ actions }), { id: definition.id, input, parent: above })
    this.parent = this.ref
    this.ref.start()
  }

  /** True while something holds a slot, is queued and can start here, or is on its way to the store. */
  get isBusy(): boolean {
    const canStart = this.#admits && (this.#queue.size > 0 || this.#port.suspects.waitingIn(this.id) > 0)
    return canStart || this.used > 0 || this.#reloads.size > 0 || (this.#admits && this.flow?.isAsking === true)
  }

  // ── from above ────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Accepts an execution; resolves once that is durable. Throws `queue_full`, `not_storable`, `idempotency_conflict`. */
  admit(request: AdmissionRequest): Promise<Admitted> {
    return admit(this.#admission, request)
  }

  /** Takes an execution that this process owns into memory; undefined: it has left memory since it was read. Throws `corrupt`, `unknown_format`. */
  take(stored: StoredExecution, how: HowTaken, load: Load): ExecutionHost | undefined {
    const known = this.executions.get(stored.id)
    if (load.isOutdated(stored)) return known
    // another process had taken it, and it came back before this process noticed
    if (known && known.epoch < stored.epoch && !known.isLeaving) {
      known.outdated()
      return this.take(stored, how, load)
    }
    // it was given back, and claimed again before this process noticed
    if (known && known.epoch < stored.epoch)
      known.gone.then(() => this.take(stored, how, load)).catch((error: unknown) => this.lost(known, error))
    if (!known && this.#dead) this.#port.tooLate(stored)
    if (known || this.#dead || this.#refusal) return known
    const input = storedInput(stored)
    const execution = this.#make(stored.id, { kind: 'stored', stored, how, input })
    // messages that came while nobody owned it are in its inbox
    execution.delivery.poll().catch((error: unknown) => this.lost(execution, error))
    execution.revive()
    if (how !== 'claimed') this.children.adopted(stored).catch((error: unknown) => this.unstopped(execution, error))
    return execution
  }

  /** Resolves once an execution that is being reloaded is in memory; rejects if the store still fails. */
  reloading(id: string): Promise<void> | undefined {
    return this.#reloads.attempt(id)
  }

  /** Why the execution is being reloaded, if another process's lock was the cause. */
  busyWith(id: string): StatewardError | undefined {
    return this.#reloads.busy(id)
  }

  /** A request to a route of its trigger was answered. */
  answered(...args: Parameters<TriggerHost['answered']>): void {
    this.#trigger.answered(...args)
  }

  /** Starts nothing more: no execution, no step, no timer. What is in flight goes on, and its results are committed. */
  freeze(): void {
    this.#setOpen(false)
    this.#trigger.close()
    for (const { nextStatus, program } of this.executions.values())
      if (nextStatus === 'running' || nextStatus === 'waiting') program.setMode('frozen')
  }

  /** True while a function of a step runs. */
  get inFlight(): boolean {
    return [...this.executions.values()].some(({ program }) => program.inFlight)
  }

  /** True while a step is in flight that must not run twice unasked, or an execution is being reloaded: the last commit may not hold what has begun. */
  get isGuarded(): boolean {
    return this.#reloads.size > 0 || [...this.executions.values()].some(({ program }) => program.isGuarded)
  }

  /** True from when it is being removed: what is taken from the store now would not be given back. */
  get isClosed(): boolean {
    return this.#refusal !== undefined
  }

  /** Gives everything back to the store; nothing is lost and nothing ends. `refusal`: what is on its way here gets it from now on. */
  async giveBack(refusal?: StatewardError): Promise<void> {
    this.#refusal = refusal
    this.#setOpen(false)
    this.#trigger.close()
    await Promise.allSettled([...this.executions.values()].map((execution) => execution.giveBack()))
    this.#end()
  }

  /** Drops all executions as if the process had died: nothing is written any more. */
  abandon(error: unknown): void {
    this.#setOpen(false)
    this.#end()
    for (const execution of [...this.executions.values()]) execution.abandon(error)
  }

  #end(): void {
    this.#dead = true
    this.#trigger.close()
    this.#reloads.stop()
    this.flow?.close()
    this.#port.slots.leave(this)
  }

  // ── slots ─────────────────────────────────────────────────────────────────────────────────────────────────────────

  /** How many slots are in use. */
  get used(): number {
    return this.holders.size
  }

  takeSlot(execution: HeldExecution): boolean {
    // a fresh one of an entry point with keys has no permit under them yet
    return !this.flow && this.#admits && this.#queue.size === 0 && this.#useSlot(execution)
  }

  acquire(execution: HeldExecution): boolean {
    if (this.executions.get(execution.id) !== execution) return false // it has left memory, and would keep the slot for ever
    if (!execution.hasSlot && this.flow?.holdsBack(execution)) return false
    if (!execution.hasSlot) execution.hasSlot = this.#admits && this.#queue.size === 0 && this.#useSlot(execution)
    if (!execution.hasSlot) this.#queue.add(execution)
    return execution.hasSlot
  }

  dequeued(execution: HeldExecution): void {
    this.#queue.remove(execution)
    this.flow?.remove(execution)
  }

  freed(execution: HeldExecution): void {
    execution.hasSlot = false
    this.holders.delete(execution)
    this.#port.slots.free()
    this.flow?.offer()
    this.#port.left()
  }

  wanting(): { started: boolean; key: number } | undefined {
    return this.#admits && this.used < this.definition.maxConcurrent ? this.#queue.headKey() : undefined
  }

  /** How many executions of other processes' queues could start here at once; 0 with `relaxed` durability, where steps start before the store has decided. */
  get freeSlots(): number {
    const { durability, maxConcurrent } = this.definition
    const { limit, used } = this.#port.slots
    // with keys the store says who is next, in whose queue that may be
    if (!this.#admits || this.#queue.size > 0 || durability === 'relaxed' || this.flow) return 0
    return Math.max(0, Math.min(maxConcurrent - this.used, limit - used))
  }

  /** Drops the executions that other processes have taken out of the queue. */
  async checkQueue(): Promise<void> {
    if (this.queued === 0 || !this.#port.hasOthers()) return
    for await (const execution of takenByOthers(this.#queue, this.store)) execution.takenAway()
    if (!this.flow) return
    for await (const execution of takenByOthers(this.flow, this.store, this.#checks++)) execution.takenAway()
  }

  /** True while executions are queued that could start, and every slot that the stream may have is in use. */
  get isJammed(): boolean {
    const { slots } = this.#port
    return this.#admits && this.queued > 0 && (this.used >= this.definition.maxConcurrent || !slots.hasFree)
  }

  /** True while it waits here, for a slot or for a permit under its key. */
  isQueued(execution: HeldExecution): boolean {
    return this.#queue.has(execution) || this.flow?.has(execution) === true
  }

  /** Grants a free slot to the first execution of the queue. */
  next(): void {
    const execution = this.#queue.peek()
    if (!execution || !this.#useSlot(execution)) return
    this.#queue.take()
    execution.hasSlot = true
    execution.grant()
  }

  #useSlot(execution: HeldExecution): boolean {
    if (this.used >= this.definition.maxConcurrent || !this.#port.slots.take()) return false
    this.holders.add(execution)
    return true
  }

  /** Nothing more starts while it is held, whatever it stands in. */
  setHeld(isHeld: boolean): void {
    this.#isHeld = isHeld
    if (!isHeld) this.#setOpen(this.#open)
  }

  get #admits(): boolean {
    return this.#open && !this.#isHeld
  }

  #setOpen(open: boolean): void {
    this.#open = open
    if (!this.#admits) return
    queueMicrotask(() => this.#port.slots.offer()) // Deferred: XState warns when an action starts actors synchronously.
    this.flow?.ask()
  }

  #make(id: string, origin: ExecutionOrigin): ExecutionHost {
    const execution = new ExecutionHost(this, id, origin)
    this.executions.set(id, execution)
    return execution
  }

  get #isFull(): boolean {
    const { maxQueued, maxConcurrent } = this.definition
    const canStart = this.queued === 0 && this.#admits && this.used < maxConcurrent && this.#port.slots.hasFree
    return !canStart && this.queued >= maxQueued
  }

  /** How many wait here, for a slot or for a permit under their keys. */
  get queued(): number {
    return this.#queue.size + (this.flow?.size ?? 0)
  }

  get room(): number {
    if (!this.#admits) return 0
    const { used, definition } = this
    // more may stand in the queue than there is room: those that wait for a slot again, with the permits that they have
    return Math.max(0, roomIn(this.#port.slots, definition.maxConcurrent - used) - this.#queue.size)
  }

  permitted(execution: HeldExecution): void {
    this.#queue.add(execution)
    this.#port.slots.offer()
  }

  /** The first accepted execution of those that wait and never started. */
  get #oldest(): HeldExecution | undefined {
    const waiting = [...(this.flow ?? []), this.#queue.oldest()].filter((each) => each !== undefined)
    return waiting.reduce<HeldExecution | undefined>(
      (old, each) => (old && old.queuedSince <= each.queuedSince ? old : each),
      undefined,
    )
  }

  #refuseOverflow(): void {
    const { maxQueued, overflow } = this.definition
    if (overflow === 'drop_oldest' && this.#oldest) return
    throw queueFull(this.id, this.queued, maxQueued)
  }

  #dropOldest(): void {
    const oldest = this.queued > this.definition.maxQueued ? this.#oldest : undefined
    if (oldest) this.executions.get(oldest.id)?.tell({ type: 'execution.reject', reason: 'queue_full' })
  }

  // ── from the executions ───────────────────────────────────────────────────────────────────────────────────────────

  programFor(record: ProgramRecord | undefined): { settings: ProgramSettings; record: ProgramRecord | undefined } {
    return fittingProgram(this.definition, this.#settings, record)
  }

  suspect(execution: Suspect): void {
    this.#port.suspects.add(execution, this.id)
  }

  committed(execution: HeldExecution & Suspect, before: ExecutionStatus | undefined, commit: Commit): void {
    this.#reloads.committed(execution.id)
    this.#port.suspects.committed(execution)
    this.#port.committed(this.id, before, commit)
    this.flow?.committed(execution, commit)
  }

  left(execution: HeldExecution & Suspect): void {
    this.dequeued(execution)
    this.#port.suspects.left(execution)
    this.#port.loads.left(execution)
    this.#port.leftEvents.left(execution)
    if (this.executions.get(execution.id) === execution) this.executions.delete(execution.id)
    this.#port.left()
  }

  takenAway(_: HeldExecution, status: ExecutionStatus): void {
    this.#port.takenAway(this.id, status)
  }

  lost(execution: HeldExecution, error: unknown): void {
    execution.abandon(error)
    // also an execution whose acceptance failed: the store may have written it all the same
    this.#reloads.lost(execution, error)
  }

  get children(): ChildPort {
    return this.#port.programs.children
  }

  get bodies(): StepBodies {
    return this.#port.programs.bodies
  }

  unpaid({ id }: HeldExecution, action: string, error: unknown): void {
    this.#port.logger('execution', id, "has ended, and an action that it still owes can't be run:", action, error)
  }

  unstopped({ id }: HeldExecution, error: unknown): void {
    this.#port.logger('what the steps of execution', id, 'had started could not be stopped with it', error)
  }

  crashed(execution: HeldExecution, error: unknown): void {
    this.#port.logger('stream', this.id, 'crashed at execution', execution.id, error)
    this.ref.send({ type: 'stream.crash', error })
  }

  #takeAgain(lost: LostExecution): Promise<boolean> {
    return this.#port.loads.during(async (load) => {
      const stored = await this.#port.store.load(lost.id)
      const isOurs = stored?.owner === this.owner
      if (isOurs) this.take(stored, 'reloaded', load)
      this.#tellOf(lost, isOurs || stored?.epoch === lost.epoch ? stored : undefined)
      return isOurs
    })
  }

  /** Tells what was written of it without being acknowledged; `stored` undefined: it is no longer here. */
  #tellOf({ revision, status }: LostExecution, stored: StoredExecution | undefined): void {
    const before = revision > 0 ? status : undefined
    if (stored && stored.revision > revision) this.#port.committed(this.id, before, stored)
    else if (!stored && before) this.#port.takenAway(this.id, before)
  }
}
