/**
 * Hosts one execution: gives the execution machine its effects and commits what it and its program become.
 *
 * Owns: the one commit in flight, and that an answer is given only when the commit that holds its cause is durable.
 * Talks to: its program, clocks and waiters, which have files of their own; the stream above through `ExecutionPort`.
 */
import type { AnyActorRef, AnyEventObject } from 'xstate'
import type { Clock } from '../clock.js'
import { StatewardError, isStatewardError, toErrorRecord } from '../errors.js'
import type { ExecutionContext, ExecutionEvent, Intervention, LimitName, PauseRecord } from '../events/execution-events.js'
import { isTerminal, type ExecutionStatus } from '../events/execution-status.js'
import { statusOf, type CommitReason } from '../machines/execution-machine.js'
import { startClocks } from '../machines/execution-notes.js'
import type { Committer } from '../persistence/group-commit.js'
import { encode } from '../persistence/snapshot-codec.js'
import type { Commit, CommitVerdict, PublishedEvent } from '../persistence/snapshot-store.js'
import { backoffDelay } from './backoff.js'
import { CommitWaiters } from './commit-waiters.js'
import { dueAt, ExecutionClocks } from './execution-clocks.js'
import { bindEffects, executionRef, type ExecutionEffects, type ExecutionMachineRef } from './execution-effects.js'
import { ExecutionMail } from './execution-mail.js'
import type { AcceptOutcome, ExecutionOrigin } from './execution-origin.js'
import type { ExecutionPort } from './execution-port.js'
import { ExecutionProgram } from './execution-program.js'
import { encodeLifecycle, joinState, splitState } from './execution-state.js'
import type { ProgramPort } from './program-port.js'
import { stopActor } from './program-system.js'
import type { ProgramRecord } from './program-record.js'

/** One execution in memory. */
export class ExecutionActor implements Committer, ProgramPort, ExecutionEffects {
  readonly id: string
  readonly ref: ExecutionMachineRef
  /** As of the last durable commit. */
  status: ExecutionStatus = 'queued'
  /** Of the last durable commit; 0 before the first. Invariant: only grows, by one a commit. */
  revision = 0
  /** True while it holds a slot of its stream. */
  hasSlot = false
  readonly priority: number
  readonly acceptedAt: number
  readonly mail = new ExecutionMail()
  readonly #port: ExecutionPort
  readonly #origin: ExecutionOrigin
  readonly #program: ExecutionProgram
  readonly #clocks: ExecutionClocks
  readonly #waiters = new CommitWaiters()
  readonly #epoch: number
  #accepted: { resolve: (outcome: AcceptOutcome) => void; reject: (error: unknown) => void } | undefined
  #startedAt: number | null = null
  #endedAt: number | null = null
  #recoveries = 0
  #recovering = false
  #output: string | null = null
  #journal: PublishedEvent[] = []
  #encoded: { readonly value: unknown; readonly context: ExecutionContext; readonly text: string } | undefined
  /** Set by a commit that gives it away, until that is durable. */
  #leaving = false
  #gone = false
  /** Its last promise has ended; told at the next commit, after what that promise made of the program. */
  #drained = false
  #whenGone: (() => void)[] = []

  constructor(port: ExecutionPort, id: string, origin: ExecutionOrigin) {
    this.#port = port
    this.#origin = origin
    this.id = id
    this.#clocks = new ExecutionClocks(port.clock, { reached: (what) => this.#reached(what), idle: () => this.#passivate() })
    if (origin.kind === 'fresh') {
      this.#program = new ExecutionProgram(origin.program)
      this.priority = origin.acceptance.priority
      this.acceptedAt = origin.acceptance.acceptedAt
      this.#epoch = 1
      // with a slot at hand it never stands in the queue
      this.hasSlot = port.takeSlot()
      const context = this.hasSlot ? withClocks(origin.context, port.clock.now()) : origin.context
      this.ref = executionRef(id, this.hasSlot ? 'running' : 'queued', context, port.parent)
    } else {
      const { stored } = origin
      const { lifecycle, program } = splitState(stored.state, id)
      this.#program = new ExecutionProgram(program)
      this.priority = stored.priority
      this.acceptedAt = stored.acceptedAt
      this.#epoch = stored.epoch
      this.status = stored.status
      this.revision = stored.revision
      this.#startedAt = stored.startedAt
      this.#endedAt = stored.endedAt
      this.#recoveries = stored.recoveries
      this.#recovering = origin.recovered
      this.#output = stored.output
      this.ref = executionRef(
        id,
        lifecycle.value,
        { ...lifecycle.context, executionId: id, entryPoint: stored.entryPoint },
        port.parent,
      )
    }
    bindEffects(this.ref, this)
  }

  /** Starts a fresh one; resolves once its acceptance is durable. */
  accept(): Promise<AcceptOutcome> {
    return new Promise((resolve, reject) => {
      this.#accepted = { resolve, reject }
      this.publish('execution.accepted', undefined)
      this.ref.start()
      if (this.hasSlot) this.runProgram()
      else this.#port.acquire(this)
      this.enter(this.hasSlot ? 'running' : 'queued', this.context)
    })
  }

  /** Goes on where a stored one stood. */
  revive(): void {
    const { value, context } = this.ref.getSnapshot()
    this.ref.start()
    this.#clocks.set(context.limits)
    if (this.#recovering) this.publish('execution.recovered', { recoveries: this.#recoveries })
    if (isTerminal(this.status)) return this.#payDebts()
    if (this.#recoveries > this.#port.definition.maxRecoveries && this.status !== 'paused')
      return this.#failed(this.#recoveryLimit(), true)
    if (value === 'queued') return this.#port.acquire(this) ? this.grant() : undefined
    if (value === 'running') return this.#port.acquire(this) ? this.runProgram() : this.#tell({ type: 'slot.missing' })
    if (value === 'waiting') return this.#waitOn()
    if (this.isCompensating) return this.compensate()
    if (typeof value === 'object') this.#tell({ type: 'program.drained' })
  }

  #waitOn(): void {
    this.runProgram()
    this.#clocks.leaveAfter(this.#port.definition.passivateAfter)
  }

  /** A slot is free for it. */
  grant(): void {
    this.#tell({ type: 'slot.granted', at: this.#port.clock.now() })
  }

  // ── for those who command it ──────────────────────────────────────────────────────────────────────────────────────

  get hasStarted(): boolean {
    return this.#startedAt !== null
  }

  /** Where the lifecycle stands, ahead of what is durable. */
  get heading(): ExecutionStatus {
    return statusOf(this.ref.getSnapshot())
  }

  get context(): ExecutionContext {
    return this.ref.getSnapshot().context
  }

  get isLeaving(): boolean {
    return this.#leaving || this.#gone
  }

  get isBackingOff(): boolean {
    return this.ref.getSnapshot().value === 'backingOff'
  }

  get isCompensating(): boolean {
    return (this.ref.getSnapshot().value as { cancelling?: string }).cancelling === 'compensating'
  }

  /** True if an event may go straight to the program. */
  get takesEvents(): boolean {
    const { value } = this.ref.getSnapshot()
    const open = value === 'running' || value === 'waiting' || this.isCompensating
    return open && this.#program.isLive && !this.#leaving
  }

  get clock(): Clock {
    return this.#port.clock
  }

  /** Resolves once it is no longer in memory. */
  get gone(): Promise<void> {
    return this.#gone ? Promise.resolve() : new Promise((resolve) => this.#whenGone.push(resolve))
  }

  /** Hands an event to the program; the answer is the revision that holds what it caused. */
  deliver(event: AnyEventObject, seq?: number): Promise<number> {
    this.mail.delivered(event, seq)
    this.#program.send(event)
    return this.until(() => true)
  }

  /** Sends a command's event to the machine. */
  command(event: ExecutionEvent): void {
    this.#tell(event)
  }

  /** Goes on, as soon as there is a slot. `retry`: with fresh attempts. */
  resume(resume: Intervention, retry: boolean): void {
    const granted = this.heading === 'pausing' || this.#port.acquire(this)
    this.#tell({ type: 'execution.resume', resume, retry, granted })
  }

  /** What every stopping command says of the steps in flight. */
  stopping(): { started: boolean; inFlight: boolean; stopBy: number } {
    const stopBy = this.#port.clock.now() + this.#port.definition.cancelTimeout
    return { started: this.hasStarted, inFlight: this.#program.inFlight, stopBy }
  }

  /** The message is consumed by the next commit, with this answer, unless one holds it already. */
  consume(seq: number, answer: string): void {
    if (this.mail.answered(seq, answer)) this.#touch()
  }

  /** A message was put into its inbox here. */
  mailArrived(): void {
    this.mail.waits = true
    if (this.takesEvents) this.#port.started(this)
  }

  /** Resolves with the revision of the first later durable commit with such a status, or of the terminal one; rejects if the execution is lost to another owner or the store. */
  until(ready: (status: ExecutionStatus) => boolean): Promise<number> {
    if (this.#gone) return Promise.reject(this.#lostError())
    this.#touch()
    return this.#waiters.until(ready)
  }

  /** Gives up what it holds without a trace: as if the process had died here. */
  abandon(error: unknown): void {
    this.#leave(error)
    this.#accepted?.reject(error)
  }

  /** Commits what there is and gives the execution back to the store, wherever it stands. */
  release(): Promise<number> {
    this.quietProgram()
    this.#leaving = true
    return this.until(() => true)
  }

  // ── effects of the machine ────────────────────────────────────────────────────────────────────────────────────────

  /** A state was entered: it will be committed, with an event that says so. */
  enter(as: CommitReason, context: ExecutionContext): void {
    const { ending } = context
    if (as !== 'queued' && as !== 'cancelling') this.#port.dequeued(this)
    this.#clocks.set(context.limits)
    if (isTerminal(as as ExecutionStatus)) {
      this.#endedAt = this.#port.clock.now()
      this.#record(
        `execution.${as}`,
        ending && ending.status !== 'completed' ? encode(ending, { id: this.id, what: 'ending' }) : this.#output,
      )
    } else if (as === 'retrying') this.publish('execution.retrying', { attempt: context.attempt, error: context.failure })
    else if (as === 'paused' || as === 'pausing') this.publish(`execution.${as}`, context.pause)
    else if (as === 'cancelling') this.publish('execution.cancelling', context.cancel)
    else if (as === 'running') this.#recordRun(context)
    else if (as === 'waiting' || this.revision > 0) this.#record(`execution.${as}`, null)
    if (as === 'waiting' || as === 'retrying') this.#clocks.leaveAfter(this.#port.definition.passivateAfter)
    else this.#clocks.stay()
    this.#touch()
  }

  runProgram(mayStart = true): void {
    const recovering = this.#recovering
    this.#recovering = false
    try {
      const source = { ...this.#source, programFor: (record: ProgramRecord | undefined) => this.#port.programFor(record) }
      this.#program.run(source, { recovering, mayStart })
    } catch (error) {
      this.#misfit(error)
    }
    if (this.mail.waits) this.#port.started(this)
  }

  get #source() {
    return { id: this.id, owner: this.ref as unknown as AnyActorRef, port: this, input: this.#origin.input }
  }

  startSteps(): void {
    this.#program.startSteps()
  }

  holdProgram(): void {
    this.#program.hold()
  }

  quietProgram(): void {
    this.#program.quiet()
  }

  stopProgram(): void {
    this.#program.stop()
    if (!this.#program.inFlight) this.drained()
  }

  /** Back to the last good commit: what the program did since is gone. */
  dropProgram(): void {
    this.#program.drop()
  }

  /** Lets the program make good what it has done. Its steps need a slot, like any others. */
  compensate(): void {
    const { cancelEvent } = this.#port.definition
    const isNew = !this.#recovering && this.status !== 'cancelling'
    this.runProgram(this.#port.acquire(this))
    if (cancelEvent && isNew) this.#program.send(cancelEvent)
  }

  // ── what the program says ─────────────────────────────────────────────────────────────────────────────────────────

  dirty(): void {
    this.#program.touch()
    this.#touch()
  }

  hold(path: string): void {
    const pause: PauseRecord = { mode: 'now', at: this.#port.clock.now(), reason: `step_in_doubt: ${path}` }
    this.#tell({ type: 'program.held', pause, ...this.stopping() })
  }

  drained(): void {
    this.#drained = true
    this.#touch()
  }

  publish(type: string, data: unknown): void {
    this.#record(type, data === undefined ? null : encode(data, { id: this.id, what: type }))
    this.#touch()
  }

  execute(entryPoint: string, input: unknown, key: string, signal: AbortSignal): Promise<unknown> {
    return this.#port.execute(this, entryPoint, input, key, signal)
  }

  // ── the commit ────────────────────────────────────────────────────────────────────────────────────────────────────

  collect(): Commit | undefined {
    if (this.#gone) return undefined
    this.#observeProgram()
    if (this.#drained) this.#tell({ type: 'program.drained' })
    this.#drained = false
    const revision = this.revision + 1
    const problem = this.#takeProgram(revision)
    if (problem !== undefined) {
      this.#program.drop()
      this.#failed(problem, true)
    }
    const { value, context } = this.ref.getSnapshot()
    const status = this.heading
    const owed = this.#program.owes
    const ends = isTerminal(status)
    if ((ends && !owed) || status === 'paused') this.#leaving = true
    const { definition, owner, clock, commits } = this.#port
    const events = this.#journal
    this.#journal = []
    this.#waiters.collect()
    // what moved while this was being made is in it
    commits.withdraw(this)
    return {
      id: this.id,
      accept: this.revision === 0 && this.#origin.kind === 'fresh' ? this.#origin.acceptance : undefined,
      revision,
      epoch: this.#epoch,
      owner: this.#leaving ? null : owner,
      status,
      startedAt: this.#startedAt,
      endedAt: this.#endedAt,
      updatedAt: clock.now(),
      dueAt: ends ? null : dueAt(status, context.limits, status === 'waiting' ? this.#program.nextTimer : undefined),
      owed,
      recoveries: this.#recoveries,
      state: joinState(this.#lifecycle(value, context), this.#program.text),
      output: this.#output,
      error: context.ending && 'error' in context.ending ? encode(context.ending.error, { id: this.id, what: 'error' }) : null,
      events,
      consumed: this.mail.collect(status, revision, this.#leaving || ends),
      checkpoints: definition.checkpoints > 0 ? definition.checkpoints : undefined,
    }
  }

  judged(verdict: CommitVerdict, commit: Commit): void {
    if (this.#gone) return
    if (verdict.status === 'duplicate') return this.#taken({ status: 'duplicate', id: verdict.id, of: verdict.of })
    if (verdict.status !== 'committed') return this.abandon(this.#lostError())
    const before = commit.accept ? undefined : this.status
    this.revision = commit.revision
    this.status = commit.status
    if (this.hasSlot && !holdsSlot(commit.status)) this.#port.freed(this)
    if (isTerminal(commit.status)) this.#clocks.clear()
    this.#accepted?.resolve({ status: 'accepted' })
    this.#accepted = undefined
    this.mail.acknowledged(commit.consumed)
    this.#program.release(commit.revision)
    if (commit.status === 'pausing' || commit.status === 'cancelling') this.#tell({ type: 'commit.acknowledged' })
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

  #tell(event: ExecutionEvent): void {
    if (!this.#gone && this.ref.getSnapshot().status === 'active') this.ref.send(event)
  }

  #touch(): void {
    if (!this.#gone) this.#port.commits.request(this)
  }

  /** The lifecycle as stored; steps that come and go leave it as it is. */
  #lifecycle(value: unknown, context: ExecutionContext): string {
    const last = this.#encoded
    if (last?.context === context && last.value === value) return last.text
    const text = encodeLifecycle({ value: value as never, context }, this.id)
    this.#encoded = { value, context, text }
    return text
  }

  #record(type: string, data: string | null): void {
    this.#journal.push({ type, at: this.#port.clock.now(), data })
  }

  #recordRun({ resume }: ExecutionContext): void {
    if (this.#startedAt === null) {
      this.#startedAt = this.#port.clock.now()
      this.#record('execution.started', null)
    } else if (this.status === 'paused') this.publish('execution.resumed', resume)
    else this.#record('execution.running', null)
  }

  /** What the program has become moves the machine before the commit is made. */
  #observeProgram(): void {
    const program = this.#program
    if (!program.isDirty || this.ref.getSnapshot().status !== 'active') return
    const { value } = this.ref.getSnapshot()
    if (program.outcome?.status === 'error') this.#failed(program.outcome.error, false)
    else if (program.outcome) this.#done(program.outcome.output)
    else if (value === 'running' && !program.busy) this.#tell({ type: 'program.idle' })
    else if (value === 'waiting' && program.busy) {
      const granted = this.#port.acquire(this)
      if (!granted) program.hold()
      this.#tell({ type: 'program.busy', granted })
    }
  }

  /** The end counts only if its snapshot and its output can be stored. */
  #done(output: unknown): void {
    const problem = this.#takeProgram(this.revision + 1)
    if (problem !== undefined) return this.#failed(problem, true)
    try {
      this.#output = output === undefined ? null : encode(output, { id: this.id, what: 'output' })
    } catch (error) {
      return this.#failed(error, true)
    }
    this.#tell({ type: 'program.done' })
  }

  #failed(cause: unknown, final: boolean): void {
    const now = this.#port.clock.now()
    const { attempt, maxAttempts } = this.context
    const retryAt = now + backoffDelay(this.#port.definition.retry?.backoff, attempt, this.#port.random)
    // the program that took these events is gone
    if (!final && attempt < maxAttempts) for (const event of this.mail.giveBack()) this.#port.reenqueue(this, event)
    this.#tell({ type: 'program.failed', error: toErrorRecord(cause), retryAt, final, at: now })
  }

  /** Why the snapshot can't be stored; undefined if it was taken. */
  #takeProgram(revision: number): unknown {
    const pausing = this.heading === 'paused' && this.status !== 'paused'
    try {
      const { definition, clock } = this.#port
      this.#program.take(this.id, revision, pausing ? { policy: definition.pausedTimers, now: clock.now() } : undefined)
      if (this.#program.hasProgressed) this.#recoveries = 0
      return undefined
    } catch (error) {
      return error
    }
  }

  #misfit(error: unknown): void {
    if (!isStatewardError(error, 'program_mismatch')) return this.#failed(error, true)
    const pause: PauseRecord = { mode: 'now', at: this.#port.clock.now(), reason: `program_mismatch: ${error.message}` }
    this.#tell({ type: 'program.held', pause, inFlight: false, stopBy: 0 })
  }

  #reached(what: LimitName | 'retry'): void {
    if (what !== 'retry') this.#tell({ type: 'limit.reached', limit: what, ...this.stopping() })
    else if (this.isBackingOff) this.#tell({ type: 'retry.due', granted: this.#port.acquire(this) })
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
    if (!this.#program.isLive && this.#program.text !== undefined) this.runProgram()
    this.#touch()
  }

  /** Out of memory: who still waits for something here must ask whoever takes it up next. */
  #leave(error?: unknown): void {
    if (this.#gone) return
    this.#gone = true
    if (this.#waiters.some) this.#waiters.reject(error ?? this.#lostError())
    this.#clocks.clear()
    this.#port.commits.withdraw(this)
    this.#program.stop()
    stopActor(this.ref as unknown as AnyActorRef)
    if (this.hasSlot) this.#port.freed(this)
    this.#port.left(this)
    for (const resolve of this.#whenGone.splice(0)) resolve()
  }

  #lostError(): StatewardError {
    const details = { id: this.id, revision: this.revision }
    return new StatewardError(
      'stale_owner',
      `Execution ${this.id} is held by another owner; revision ${this.revision} is the last one made here.`,
      { details },
    )
  }

  #recoveryLimit(): StatewardError {
    const details = { id: this.id, recoveries: this.#recoveries }
    return new StatewardError(
      'recovery_limit',
      `Execution ${this.id} was running in ${this.#recoveries} processes that died, one after the other.`,
      { details },
    )
  }
}

const withClocks = (context: ExecutionContext, at: number): ExecutionContext =>
  context.timeout === undefined && context.limits.queueUntil === undefined
    ? context
    : { ...context, ...startClocks({ context, event: { type: 'slot.granted', at } }) }

/** Statuses under which steps may run. */
const holdsSlot = (status: ExecutionStatus) => status === 'running' || status === 'pausing' || status === 'cancelling'
