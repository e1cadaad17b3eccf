/**
 * Hosts one execution: gives the execution machine its effects and commits what it and its program become.
 *
 * Owns: the one commit in flight, and that an answer is given only when the commit that holds its cause is durable.
 * Talks to: its row, program, clocks, mail and waiters, which have files of their own; the stream above through `ExecutionPort`.
 */
import type { AnyEventObject } from 'xstate'
import { isStatewardError } from '../errors.js'
import type { ExecutionContext, ExecutionEvent, Intervention, LimitName } from '../events/execution-events.js'
import { holdsSlot, isTerminal, type ExecutionStatus } from '../events/execution-status.js'
import type { CommitReason } from '../machines/execution-machine.js'
import type { Committer } from '../persistence/group-commit.js'
import type { Commit, CommitVerdict } from '../persistence/snapshot-store.js'
import { CommitWaiters } from './commit-waiters.js'
import { dueAt, ExecutionClocks } from './execution-clocks.js'
import { executionRef, tell, type ExecutionEffects, type ExecutionMachineRef } from './execution-effects.js'
import { ExecutionMail } from './execution-mail.js'
import { opening, type AcceptOutcome, type ExecutionOrigin } from './execution-origin.js'
import type { ExecutionPort } from './execution-port.js'
import { ExecutionProgram, type ProgramWatcher } from './execution-program.js'
import type { ExecutionRow } from './execution-row.js'
import { ExecutionStanding } from './execution-standing.js'
import { PendingAcceptance } from './pending-acceptance.js'
import type { WallClock } from './wall-clock.js'
import { stopActor } from './xstate/hidden-members.js'

/** One execution in memory. */
export class ExecutionActor extends ExecutionStanding implements Committer, ProgramWatcher, ExecutionEffects {
  readonly id: string
  protected readonly machine: ExecutionMachineRef
  readonly mail = new ExecutionMail()
  readonly clock: WallClock
  readonly program: ExecutionProgram
  /** True while it holds a slot of its stream. */
  hasSlot = false
  protected readonly row: ExecutionRow
  readonly #port: ExecutionPort
  readonly #clocks: ExecutionClocks
  readonly #waiters = new CommitWaiters()
  #acceptance: PendingAcceptance | undefined
  #recovering: boolean
  /** Set by a commit that gives it away, until that is durable. */
  #leaving = false
  #gone = false
  #whenGone: (() => void)[] = []

  constructor(port: ExecutionPort, id: string, origin: ExecutionOrigin) {
    super()
    this.id = id
    this.#port = port
    this.clock = port.clock
    this.#clocks = new ExecutionClocks(port.clock, {
      reached: (what) => this.#reached(what), // what rejects it is told to whoever holds the stream, or is no longer ours
      idle: () => (this.program.observe(), this.heading === 'waiting' && void this.release().catch(() => undefined)), // unless it moved in this turn
    })
    // with a slot at hand a fresh one never stands in the queue
    this.hasSlot = origin.kind === 'fresh' && port.takeSlot()
    const { row, lifecycle, program } = opening(origin, id, port.clock, this.hasSlot ? port.clock.now() : undefined)
    this.row = row
    this.#recovering = origin.kind === 'stored' && origin.recovered
    this.program = new ExecutionProgram(port, this, origin.input, program)
    this.machine = executionRef(id, lifecycle, port.parent, this)
  }

  /** Starts a fresh one; resolves once its acceptance is durable. */
  accept(): Promise<AcceptOutcome> {
    this.#acceptance = new PendingAcceptance()
    this.publish('execution.accepted', undefined)
    this.machine.start()
    if (this.hasSlot) this.runProgram()
    else this.#port.acquire(this)
    this.enter(this.hasSlot ? 'running' : 'queued', this.context)
    return this.#acceptance.answer
  }

  /** Goes on where a stored one stood. */
  revive(): void {
    const { value, context } = this.machine.getSnapshot()
    this.machine.start()
    this.#clocks.set(context.limits)
    if (this.#recovering) this.publish('execution.recovered', { recoveries: this.row.recoveries })
    if (isTerminal(this.status)) return this.#payDebts()
    if (this.row.recoveries > this.#port.definition.maxRecoveries && this.status !== 'paused') {
      return this.program.fail(this.row.recoveryLimit(), true)
    }
    if (value === 'queued') return this.#port.acquire(this) ? this.grant() : undefined
    if (value === 'running') return this.#port.acquire(this) ? this.runProgram() : this.tell({ type: 'slot.missing' })
    if (this.isCompensating) return this.compensate(false)
    if (typeof value === 'object') {
      this.touch()
      return this.tell({ type: 'program.drained' })
    }
    if (value === 'waiting') this.runProgram()
    if (this.status === 'waiting') this.#clocks.leaveAfter(this.#port.definition.passivateAfter)
  }

  /** A slot is free for it. */
  grant(): void {
    this.tell({ type: 'slot.granted', at: this.#port.clock.now() })
  }

  get isLeaving(): boolean {
    return this.#leaving || this.#gone
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

  /** Hands an event to the program; the answer is the revision that holds what it caused. */
  deliver(event: AnyEventObject, seq?: number): Promise<number> {
    this.mail.delivered(event, seq)
    this.program.send(event)
    return this.until(() => true)
  }

  /** To the machine; carries out what that asks for. */
  tell(event: ExecutionEvent): void {
    if (!this.#gone) tell(this.machine, event)
  }

  /** Goes on, as soon as there is a slot. `retry`: with fresh attempts. */
  resume(resume: Intervention, retry: boolean): void {
    this.tell({ type: 'execution.resume', resume, retry, granted: this.heading === 'pausing' || this.#port.acquire(this) })
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
    if (this.#gone) return Promise.reject(this.row.lostError())
    this.touch()
    return this.#waiters.until(ready)
  }

  /** Gives up what it holds without a trace: as if the process had died here. */
  abandon(error: unknown): void {
    this.#leave(error)
    this.#acceptance?.abandoned(error)
  }

  /** Commits what there is and gives the execution back to the store, wherever it stands. */
  release(): Promise<void> {
    this.program.quiet()
    this.#leaving = true
    return this.until(() => true).then(() => this.gone)
  }

  /** A state was entered: it will be committed, with an event that says so. */
  enter(as: CommitReason, context: ExecutionContext): void {
    if (as !== 'queued' && as !== 'cancelling') this.#port.dequeued(this)
    this.#clocks.set(context.limits)
    this.row.entered(as, context, this.#port.clock.now())
    if (as === 'waiting' || as === 'retrying') this.#clocks.leaveAfter(this.#port.definition.passivateAfter)
    else this.#clocks.stay()
    this.touch()
  }

  /** The clock was set back: what its limits and timers had left stays. */
  retime(): void {
    const limits = this.#clocks.retimed()
    if (limits) this.tell({ type: 'clock.set_back', limits })
    this.#clocks.set(this.context.limits)
    this.program.retime()
    if (limits) this.touch()
  }

  runProgram(mayStart = true): void {
    const recovering = this.#recovering
    this.#recovering = false
    this.program.run({ recovering, mayStart })
    if (this.mail.waits) this.#port.started(this)
  }

  /** Lets the program make good what it has done. Its steps need a slot, like any others. */
  compensate(isNew = true): void {
    const { cancelEvent } = this.#port.definition
    this.runProgram(this.#port.acquire(this))
    if (cancelEvent && isNew) this.program.send(cancelEvent)
  }

  touch(): void {
    if (!this.#gone) this.#port.commits.request(this)
  }

  publish(type: string, data: unknown): void {
    this.row.publish(type, data, this.#port.clock.now())
    this.touch()
  }

  ended(output: string | null): void {
    this.row.output = output
  }

  collect(): Commit | undefined {
    if (this.#gone) return undefined
    this.program.observe()
    this.program.take(this.heading === 'paused' && (this.status !== 'paused' || this.program.isLive))
    if (this.program.isReturning) return undefined
    if (this.program.hasProgressed) this.row.recoveries = 0
    const { value, context } = this.machine.getSnapshot()
    const [status, owed] = [this.heading, this.program.owes]
    const ends = isTerminal(status)
    if ((ends && !owed) || status === 'paused') this.#leaving = true
    const { definition, owner, clock, commits } = this.#port
    this.#waiters.collect()
    commits.withdraw(this) // what moved while this was being made is in it
    if (this.revision === 0) this.#acceptance?.collected()
    return this.row.commit({
      owner: this.#leaving && !owed ? null : owner, // what it owes is done here, or it would be done again elsewhere
      status,
      value,
      context,
      program: this.program.text,
      now: clock.now(),
      dueAt: ends ? null : dueAt(status, context.limits, status === 'waiting' ? this.program.nextTimer : undefined),
      owed,
      consumed: this.mail.collect(status, this.revision + 1, (this.#leaving && !owed) || ends),
      checkpoints: definition.checkpoints,
    })
  }

  judged(verdict: CommitVerdict, commit: Commit): void {
    if (commit.accept) this.#acceptance?.judged(verdict)
    if (this.#gone) return
    if (verdict.status === 'duplicate') return this.#leave()
    if (this.row.isBehind(verdict, this.#port.owner)) return this.#port.lost(this, this.row.lostError())
    if (verdict.status !== 'committed') return this.abandon(this.row.lostError())
    const before = commit.accept ? undefined : this.status
    this.row.committed(commit)
    if (this.hasSlot && ![commit.status, this.heading].some(holdsSlot)) this.#port.freed(this) // what goes on ahead keeps its slot
    if (isTerminal(commit.status)) this.#clocks.clear()
    this.#acceptance = undefined
    this.mail.acknowledged(commit.consumed)
    this.program.release(commit.revision)
    if (commit.status === 'pausing' || commit.status === 'cancelling') this.tell({ type: 'commit.acknowledged' })
    this.#waiters.answer(commit.status, commit.revision)
    this.#port.committed(this, before, commit)
    if (commit.owner === null) this.#leave()
    else if (isTerminal(commit.status)) this.#payDebts()
  }

  refused(error: unknown, commit: Commit | undefined): void {
    this.#acceptance?.failed(error)
    if (this.#gone) return
    if (commit === undefined && !isStatewardError(error)) return this.crashed(error)
    this.#port.lost(this, error)
  }

  crashed(error: unknown): void {
    this.#port.crashed(this, error)
  }

  #reached(what: LimitName | 'retry'): void {
    if (what !== 'retry') this.tell({ type: 'limit.reached', limit: what, ...this.stopping() })
    else if (this.isBackingOff) this.tell({ type: 'retry.due', granted: this.#port.acquire(this) })
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
    if (this.#waiters.some) this.#waiters.reject(error ?? this.row.lostError())
    this.#clocks.clear()
    this.program.stop()
    this.#port.commits.withdraw(this)
    stopActor(this.ref)
    if (this.hasSlot) this.#port.freed(this)
    this.#port.left(this)
    for (const resolve of this.#whenGone.splice(0)) resolve()
  }
}
