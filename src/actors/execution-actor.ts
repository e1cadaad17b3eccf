/**
 * Hosts one execution: gives the execution machine its effects and commits what it and its program become.
 *
 * Owns: the one commit in flight, and that an answer is given only when the commit that holds its cause is durable.
 * Talks to: its row, program, clocks, mail and waiters, which have files of their own; the stream above through `ExecutionPort`.
 */
import type { AnyActorRef, AnyEventObject } from 'xstate'
import type { Clock } from '../clock.js'
import { isStatewardError } from '../errors.js'
import type { ExecutionContext, ExecutionEvent, Intervention, LimitName } from '../events/execution-events.js'
import { isTerminal, type ExecutionStatus } from '../events/execution-status.js'
import { statusOf, type CommitReason } from '../machines/execution-machine.js'
import { startClocks } from '../machines/execution-notes.js'
import type { Committer } from '../persistence/group-commit.js'
import type { Commit, CommitVerdict } from '../persistence/snapshot-store.js'
import { CommitWaiters } from './commit-waiters.js'
import { dueAt, ExecutionClocks } from './execution-clocks.js'
import { executionRef, tell, type ExecutionEffects, type ExecutionMachineRef } from './execution-effects.js'
import { ExecutionMail } from './execution-mail.js'
import type { AcceptOutcome, ExecutionOrigin } from './execution-origin.js'
import type { ExecutionPort } from './execution-port.js'
import { ExecutionProgram, type ProgramWatcher } from './execution-program.js'
import { ExecutionRow } from './execution-row.js'
import { splitState } from './execution-state.js'
import { stopActor } from './program-system.js'

/** One execution in memory. */
export class ExecutionActor implements Committer, ProgramWatcher, ExecutionEffects {
  readonly id: string
  readonly #machine: ExecutionMachineRef
  readonly mail = new ExecutionMail()
  readonly program: ExecutionProgram
  /** True while it holds a slot of its stream. */
  hasSlot = false
  readonly #row: ExecutionRow
  readonly #port: ExecutionPort
  readonly #clocks: ExecutionClocks
  readonly #waiters = new CommitWaiters()
  #accepted: { resolve: (outcome: AcceptOutcome) => void; reject: (error: unknown) => void } | undefined
  #recovering: boolean
  /** Set by a commit that gives it away, until that is durable. */
  #leaving = false
  #gone = false
  #whenGone: (() => void)[] = []

  constructor(port: ExecutionPort, id: string, origin: ExecutionOrigin) {
    this.id = id
    this.#port = port
    this.#clocks = new ExecutionClocks(port.clock, { reached: (what) => this.#reached(what), idle: () => this.#passivate() })
    if (origin.kind === 'fresh') {
      this.#row = new ExecutionRow(id, origin.acceptance)
      this.#recovering = false
      this.program = new ExecutionProgram(port, this, origin.input, origin.program)
      // with a slot at hand it never stands in the queue
      this.hasSlot = port.takeSlot()
      const context = this.hasSlot ? withClocks(origin.context, port.clock.now()) : origin.context
      this.#machine = executionRef(id, { value: this.hasSlot ? 'running' : 'queued', context }, port.parent, this)
    } else {
      const { stored } = origin
      const { lifecycle, program } = splitState(stored.state, id)
      this.#row = new ExecutionRow(id, stored)
      this.#recovering = origin.recovered
      this.program = new ExecutionProgram(port, this, origin.input, program)
      const context = { ...lifecycle.context, executionId: id, entryPoint: stored.entryPoint }
      this.#machine = executionRef(id, { value: lifecycle.value, context }, port.parent, this)
    }
  }

  /** Starts a fresh one; resolves once its acceptance is durable. */
  accept(): Promise<AcceptOutcome> {
    return new Promise((resolve, reject) => {
      this.#accepted = { resolve, reject }
      this.publish('execution.accepted', undefined)
      this.#machine.start()
      if (this.hasSlot) this.runProgram()
      else this.#port.acquire(this)
      this.enter(this.hasSlot ? 'running' : 'queued', this.context)
    })
  }

  /** Goes on where a stored one stood. */
  revive(): void {
    const { value, context } = this.#machine.getSnapshot()
    this.#machine.start()
    this.#clocks.set(context.limits)
    if (this.#recovering) this.publish('execution.recovered', { recoveries: this.#row.recoveries })
    if (isTerminal(this.status)) return this.#payDebts()
    if (this.#row.recoveries > this.#port.definition.maxRecoveries && this.status !== 'paused') {
      return this.program.fail(this.#row.recoveryLimit(), true)
    }
    if (value === 'queued') return this.#port.acquire(this) ? this.grant() : undefined
    if (value === 'running') return this.#port.acquire(this) ? this.runProgram() : this.tell({ type: 'slot.missing' })
    if (this.isCompensating) return this.compensate()
    if (typeof value === 'object') return this.tell({ type: 'program.drained' })
    if (value === 'waiting') this.runProgram()
    if (this.status === 'waiting') this.#clocks.leaveAfter(this.#port.definition.passivateAfter)
  }

  /** A slot is free for it. */
  grant(): void {
    this.tell({ type: 'slot.granted', at: this.#port.clock.now() })
  }

  // ── what others read ──────────────────────────────────────────────────────────────────────────────────────────────

  get ref(): AnyActorRef {
    return this.#machine as unknown as AnyActorRef
  }

  /** As of the last durable commit. */
  get status(): ExecutionStatus {
    return this.#row.status
  }

  get revision(): number {
    return this.#row.revision
  }

  get priority(): number {
    return this.#row.priority
  }

  get acceptedAt(): number {
    return this.#row.acceptedAt
  }

  get idempotencyKey(): string | null {
    return this.#row.idempotencyKey
  }

  get hasStarted(): boolean {
    return this.#row.hasStarted
  }

  get clock(): Clock {
    return this.#port.clock
  }

  /** Where the lifecycle stands, ahead of what is durable. */
  get heading(): ExecutionStatus {
    return statusOf(this.#machine.getSnapshot())
  }

  get context(): ExecutionContext {
    return this.#machine.getSnapshot().context
  }

  get lifecycle(): ProgramWatcher['lifecycle'] {
    const { value, context, status } = this.#machine.getSnapshot()
    return { value: status === 'active' ? value : undefined, attempt: context.attempt, maxAttempts: context.maxAttempts }
  }

  get isLeaving(): boolean {
    return this.#leaving || this.#gone
  }

  get isBackingOff(): boolean {
    return this.#machine.getSnapshot().value === 'backingOff'
  }

  get isCompensating(): boolean {
    return (this.#machine.getSnapshot().value as { cancelling?: string }).cancelling === 'compensating'
  }

  /** True if an event may go straight to the program. */
  get takesEvents(): boolean {
    const { value } = this.lifecycle
    return (value === 'running' || value === 'waiting' || this.isCompensating) && this.program.isLive && !this.#leaving
  }

  /** Resolves once it is no longer in memory. */
  get gone(): Promise<void> {
    return this.#gone ? Promise.resolve() : new Promise((resolve) => this.#whenGone.push(resolve))
  }

  // ── for those who command it ──────────────────────────────────────────────────────────────────────────────────────

  /** Hands an event to the program; the answer is the revision that holds what it caused. */
  deliver(event: AnyEventObject, seq?: number): Promise<number> {
    this.mail.delivered(event, seq)
    this.program.send(event)
    return this.until(() => true)
  }

  /** Sends an event to the machine, and carries out what it asks for. */
  tell(event: ExecutionEvent): void {
    if (!this.#gone) tell(this.#machine, event)
  }

  /** Goes on, as soon as there is a slot. `retry`: with fresh attempts. */
  resume(resume: Intervention, retry: boolean): void {
    const granted = this.heading === 'pausing' || this.#port.acquire(this)
    this.tell({ type: 'execution.resume', resume, retry, granted })
  }

  /** What every stopping command says of the steps in flight. */
  stopping(): { started: boolean; inFlight: boolean; stopBy: number } {
    const stopBy = this.#port.clock.now() + this.#port.definition.cancelTimeout
    return { started: this.hasStarted, inFlight: this.program.inFlight, stopBy }
  }

  /** The message is consumed by the next commit, with this answer, unless one holds it already. */
  consume(seq: number, answer: string): void {
    if (this.mail.answered(seq, answer)) this.touch()
  }

  /** A message was put into its inbox here. */
  mailArrived(): void {
    this.mail.waits = true
    if (this.takesEvents) this.#port.started(this)
  }

  /** Resolves with the revision of the first later durable commit with such a status, or of the terminal one; rejects if the execution is lost to another owner or the store. */
  until(ready: (status: ExecutionStatus) => boolean): Promise<number> {
    if (this.#gone) return Promise.reject(this.#row.lostError())
    this.touch()
    return this.#waiters.until(ready)
  }

  /** Gives up what it holds without a trace: as if the process had died here. */
  abandon(error: unknown): void {
    this.#leave(error)
    this.#accepted?.reject(error)
  }

  /** Commits what there is and gives the execution back to the store, wherever it stands. */
  release(): Promise<number> {
    this.program.quiet()
    this.#leaving = true
    return this.until(() => true)
  }

  // ── effects of the machine ────────────────────────────────────────────────────────────────────────────────────────

  /** A state was entered: it will be committed, with an event that says so. */
  enter(as: CommitReason, context: ExecutionContext): void {
    if (as !== 'queued' && as !== 'cancelling') this.#port.dequeued(this)
    this.#clocks.set(context.limits)
    this.#row.entered(as, context, this.#port.clock.now())
    if (as === 'waiting' || as === 'retrying') this.#clocks.leaveAfter(this.#port.definition.passivateAfter)
    else this.#clocks.stay()
    this.touch()
  }

  runProgram(mayStart = true): void {
    const recovering = this.#recovering
    this.#recovering = false
    this.program.run({ recovering, mayStart })
    if (this.mail.waits) this.#port.started(this)
  }

  /** Lets the program make good what it has done. Its steps need a slot, like any others. */
  compensate(): void {
    const { cancelEvent } = this.#port.definition
    const isNew = !this.#recovering && this.status !== 'cancelling'
    this.runProgram(this.#port.acquire(this))
    if (cancelEvent && isNew) this.program.send(cancelEvent)
  }

  // ── for its program ───────────────────────────────────────────────────────────────────────────────────────────────

  touch(): void {
    if (!this.#gone) this.#port.commits.request(this)
  }

  publish(type: string, data: unknown): void {
    this.#row.publish(type, data, this.#port.clock.now())
    this.touch()
  }

  ended(output: string | null): void {
    this.#row.output = output
  }

  // ── the commit ────────────────────────────────────────────────────────────────────────────────────────────────────

  collect(): Commit | undefined {
    if (this.#gone) return undefined
    this.program.observe()
    this.program.take(this.heading === 'paused' && this.status !== 'paused')
    if (this.program.hasProgressed) this.#row.recoveries = 0
    const { value, context } = this.#machine.getSnapshot()
    const status = this.heading
    const owed = this.program.owes
    const ends = isTerminal(status)
    if ((ends && !owed) || status === 'paused') this.#leaving = true
    const { definition, owner, clock, commits } = this.#port
    this.#waiters.collect()
    // what moved while this was being made is in it
    commits.withdraw(this)
    return this.#row.commit({
      owner: this.#leaving ? null : owner,
      status,
      value,
      context,
      program: this.program.text,
      now: clock.now(),
      dueAt: ends ? null : dueAt(status, context.limits, status === 'waiting' ? this.program.nextTimer : undefined),
      owed,
      consumed: this.mail.collect(status, this.revision + 1, this.#leaving || ends),
      checkpoints: definition.checkpoints,
    })
  }

  judged(verdict: CommitVerdict, commit: Commit): void {
    if (this.#gone) return
    if (verdict.status === 'duplicate') return this.#taken({ status: 'duplicate', id: verdict.id, of: verdict.of })
    if (verdict.status !== 'committed') return this.abandon(this.#row.lostError())
    const before = commit.accept ? undefined : this.status
    this.#row.committed(commit)
    if (this.hasSlot && !holdsSlot(commit.status)) this.#port.freed(this)
    if (isTerminal(commit.status)) this.#clocks.clear()
    this.#accepted?.resolve({ status: 'accepted' })
    this.#accepted = undefined
    this.mail.acknowledged(commit.consumed)
    this.program.release(commit.revision)
    if (commit.status === 'pausing' || commit.status === 'cancelling') this.tell({ type: 'commit.acknowledged' })
    this.#waiters.answer(commit.status, commit.revision)
    this.#port.committed(this, before, commit)
    if (commit.owner === null) this.#leave()
    else if (isTerminal(commit.status)) this.#payDebts()
  }

  refused(error: unknown, commit: Commit | undefined): void {
    if (this.#gone) return
    if (commit === undefined && !isStatewardError(error)) return this.crashed(error)
    this.#port.lost(this, error)
  }

  crashed(error: unknown): void {
    this.#port.crashed(this, error)
  }

  // ── inside ────────────────────────────────────────────────────────────────────────────────────────────────────────

  #reached(what: LimitName | 'retry'): void {
    if (what !== 'retry') this.tell({ type: 'limit.reached', limit: what, ...this.stopping() })
    else if (this.isBackingOff) this.tell({ type: 'retry.due', granted: this.#port.acquire(this) })
  }

  #passivate(): void {
    // what rejects it is told to whoever holds the stream, or is no longer ours
    this.release().catch(() => undefined)
  }

  #taken(outcome: AcceptOutcome): void {
    const { resolve } = this.#accepted ?? {}
    this.#accepted = undefined
    this.#leave()
    resolve?.(outcome)
  }

  /** A terminal one goes on until its owed actions are acknowledged. */
  #payDebts(): void {
    if (!this.program.isLive && this.program.text !== undefined) this.program.repay()
    this.touch()
  }

  /** Out of memory: who still waits for something here must ask whoever takes it up next. */
  #leave(error?: unknown): void {
    if (this.#gone) return
    this.#gone = true
    if (this.#waiters.some) this.#waiters.reject(error ?? this.#row.lostError())
    this.#clocks.clear()
    this.program.stop()
    this.#port.commits.withdraw(this)
    stopActor(this.ref)
    if (this.hasSlot) this.#port.freed(this)
    this.#port.left(this)
    for (const resolve of this.#whenGone.splice(0)) resolve()
  }
}

const withClocks = (context: ExecutionContext, at: number): ExecutionContext =>
  context.timeout === undefined && context.limits.queueUntil === undefined
    ? context
    : { ...context, ...startClocks({ context, event: { type: 'slot.granted', at } }) }

/** Statuses under which steps may run. */
const holdsSlot = (status: ExecutionStatus) => status === 'running' || status === 'pausing' || status === 'cancelling'
