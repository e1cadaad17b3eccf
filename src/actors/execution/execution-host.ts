/**
 * Hosts one execution: gives the execution machine its effects, and commits the new states of the machine and of the program.
 *
 * Owns: the one commit in flight; that a call is answered only when the commit that holds its cause is durable; the
 * difference between the durable status and the status that the next commit will say.
 * Talks to: its draft, program, deadlines, inbox and waiters, which have files of their own; the stream above through `ExecutionPort`.
 * Longer than others because everything that moves an execution ends in its one commit, and reads as one story.
 */
import type { AnyActorRef, AnyEventObject } from 'xstate'
import { isStatewardError, StatewardError } from '../../errors.js'
import type { Command, CommandOutcome, SendOutcome } from '../../events/outcomes.js'
import type { ExecutionContext, ExecutionEvent, Intervention, LimitName } from '../../events/execution-events.js'
import { holdsSlot, isTerminal, stageOf, type ExecutionStatus } from '../../events/execution-status.js'
import { stopReason } from '../../events/stop-reason.js'
import type { CommitReason } from '../../machines/execution-machine.js'
import type { Committer } from '../../persistence/group-commit.js'
import type { Commit, CommitVerdict } from '../../persistence/snapshot-store.js'
import { decide, type Decision } from './commit-decision.js'
import { ChildrenHold } from './children-hold.js'
import { CountedWaiting } from './counted-waiting.js'
import { CommitWaiters, PendingAcceptance } from './commit-waiters.js'
import { dueAt as nextDue, ExecutionDeadlines } from './execution-deadlines.js'
import { executionRef, tell, type ExecutionEffects, type ExecutionMachineRef } from './execution-lifecycle.js'
import { InboxDelivery, type InboxOwner } from './inbox-delivery.js'
import type { SentEvent } from './external-event.js'
import { isLater } from './later-start.js'
import { opening, type AcceptOutcome, type ExecutionOrigin } from './execution-origin.js'
import type { ExecutionPort } from './execution-port.js'
import { ExecutionProgram, type ProgramWatcher } from './execution-program.js'
import type { CommitDraft } from './commit-draft.js'
import { positionOf, type LifecyclePosition } from './lifecycle-position.js'
import type { Suspect } from './suspects.js'
import type { Alarm, WallClock } from '../../wall-clock.js'
import { stopActor } from '../program/xstate/xstate-internals.js'

/** An execution that is to start later, and that a command has brought into memory, leaves it after so many ms. */
const LINGER = 1_000

/** An execution that was in flight in so many processes that died is a suspect: it may have brought them down. */
const SUSPECT = 2

/** One execution in memory. */
export class ExecutionHost implements Committer, ProgramWatcher, ExecutionEffects, InboxOwner, Suspect {
  readonly id: string
  readonly #machine: ExecutionMachineRef
  readonly delivery: InboxDelivery
  readonly clock: WallClock
  readonly program: ExecutionProgram
  /** True while the execution holds a slot of its stream. */
  hasSlot = false
  readonly #row: CommitDraft
  readonly #port: ExecutionPort
  readonly #deadlines: ExecutionDeadlines
  readonly #waiters = new CommitWaiters()
  readonly #hold: ChildrenHold
  #acceptance: PendingAcceptance | undefined
  readonly #isNamed: boolean
  readonly #recovering: boolean
  /** True until its turn as a suspect is durable. */
  #waitsForCommit = false
  /** True of an execution that has ended and waits for its turn as a suspect. */
  #waitsForTurn = false
  /** True from the commit that gives the execution back to the store, until that commit is durable. */
  #leaving = false
  readonly #counted = new CountedWaiting()
  /** True if the execution was to leave memory while a timer was due or an action pending: it leaves once that is done. */
  #lingers = false
  #gone = false
  #whenGone: (() => void)[] = []
  /** Of an execution that is to start later. */
  #startAlarm: Alarm | undefined
  /** How many states of the lifecycle have asked for a commit; and how many had when the last one was made. */
  #entered = 0
  #enteredAtCommit = 0
  readonly maxRecoveries: number
  /** The error with which the execution left this process. */
  lost: unknown
  /** True while a resume is not durable yet, also one that only cuts a back-off short. */
  isResuming = false
  /** The snapshot that `#position` is of. */
  #seen: unknown
  #position: LifecyclePosition | undefined
  /** True while a place in the next batch is asked for. */
  #isAsked = false

  constructor(port: ExecutionPort, id: string, origin: ExecutionOrigin) {
    this.maxRecoveries = port.definition.maxRecoveries
    this.id = id
    this.#port = port
    this.clock = port.clock
    this.delivery = new InboxDelivery(this, port.store, (error) => port.lost(this, error))
    this.#deadlines = new ExecutionDeadlines(port.clock, {
      reached: (what) => this.#reached(what), // a rejection is already reported by the stream, or belongs to the new owner
      idle: () => this.#idle(),
    })
    // a fresh execution that gets a slot at once never enters the queue
    this.hasSlot = origin.kind === 'fresh' && !isLater(origin.context, port.clock.now()) && port.takeSlot(this)
    const { row, lifecycle, program } = opening(origin, id, port.clock, this.hasSlot ? port.clock.now() : undefined)
    this.#row = row
    this.#isNamed = origin.kind === 'fresh' && origin.isNamed
    this.#recovering = origin.kind === 'stored' && origin.how === 'recovered'
    if (lifecycle.isUnproven) this.#counted.begin()
    const recovering = origin.kind === 'stored' && origin.how !== 'claimed'
    this.program = new ExecutionProgram(port, this, { input: origin.input, text: program, recovering })
    this.#machine = executionRef(id, lifecycle, port.parent, this)
    this.#hold = new ChildrenHold(this, port.children, port.clock, (error) => port.unstopped(this, error))
  }

  /** Starts a fresh execution; resolves once its acceptance is durable. */
  accept(): Promise<AcceptOutcome> {
    this.#acceptance = new PendingAcceptance()
    const { startAt } = this.context
    this.publish('execution.accepted', startAt === undefined ? undefined : { startAt })
    this.#machine.start()
    if (this.hasSlot) this.runProgram()
    else if (this.isLater) this.#startLater()
    else this.#port.acquire(this)
    this.enter(this.hasSlot ? 'running' : 'queued', this.context)
    return this.#acceptance.answer
  }

  /** Continues a stored execution from its last commit. */
  revive(): void {
    const { value, context } = this.#machine.getSnapshot()
    this.#machine.start()
    this.#deadlines.set(context.limits)
    // an execution that has ended publishes nothing more: only its pending actions are taken over
    if (isTerminal(this.status)) return this.#reviveEnded()
    if (this.#recovering) this.publish('execution.recovered', { recoveries: this.#row.recoveries })
    const { compensates, mayHarm } = this
    if (this.recoveries > this.maxRecoveries && compensates)
      return this.program.fail(this.#row.recoveryLimit(), { isFinal: true })
    if (mayHarm && this.recoveries > this.maxRecoveries) return this.program.holdFor('recovery_limit', this.#row.recoveryLimit())
    if (this.isHeldBack || ((mayHarm || compensates) && this.isSuspect)) return this.#underSuspicion()
    if (this.#recovering && (value === 'queued' || (value === 'waiting' && !this.#row.wasOwed))) this.#counted.begin()
    if (value === 'queued') return this.#enqueue()
    if (value === 'running') return this.#port.acquire(this) ? this.runProgram() : this.tell({ type: 'slot.missing' })
    if (this.isCompensating) return this.#runCompensation()
    if (typeof value === 'object') {
      this.touch()
      // a program that had ended can no longer be paused
      if (this.nextStatus === 'pausing' && this.recoveries <= this.maxRecoveries && this.comesToItsEnd()) return
      // functions that still run here are waited for, as before it was lost
      return this.program.inFlight ? undefined : this.tell({ type: 'program.drained' })
    }
    const { wasDueAt } = this.#row
    const isDue = wasDueAt !== null && wasDueAt <= this.clock.now()
    if (value === 'waiting' && !(isDue && this.countsFirst())) this.runProgram()
    if (this.nextStatus === 'waiting') this.#deadlines.leaveAfter(this.#port.definition.passivateAfter)
  }

  /** Runs the pending actions of an execution that has ended. If they may have brought its processes down, they wait for their turn as suspects. */
  #reviveEnded(): void {
    if (this.recoveries <= this.maxRecoveries && !this.isSuspect) return this.#flushOutbox()
    if (this.recoveries > this.maxRecoveries) this.program.forgoPendingActions(this.#row.recoveryLimit())
    else this.#waitsForCommit = this.#waitsForTurn = true
    this.touch()
    if (this.#waitsForTurn) this.#port.suspect(this)
  }

  /** Lets a program that had ended before it was taken up here run the actions that it asked for before its end; that needs no slot. False: the program had not ended. */
  comesToItsEnd(): boolean {
    if (this.#waitsForCommit || !this.program.isLeftAtEnd) return false
    this.program.run('no-new-steps')
    return this.isEnding
  }

  /** Puts the execution back until its turn as a suspect is durable: if the process dies once more, only executions that run are counted. */
  #underSuspicion(): void {
    this.#waitsForCommit = true
    this.tell({ type: 'slot.missing' })
    // for an execution that waits and has an action pending
    this.tell({ type: 'program.busy', granted: false })
    this.touch()
    this.#port.suspect(this)
  }

  takeTurn(): void {
    if (this.#waitsForTurn) {
      this.#waitsForTurn = false
      return this.touch()
    }
    if (this.isHeldBack) return this.tell({ type: 'turn.given', stopBy: this.stopping().stopBy })
    if (this.nextStatus === 'queued') this.#enqueue()
  }

  /** Lets it run, or wait for a slot; or for the time before which it must not start, the last of it in memory. */
  #enqueue(): void {
    if (this.isLater) {
      this.#deadlines.leaveAfter(Math.min(LINGER, this.#port.definition.passivateAfter))
      return this.#startLater()
    }
    this.#queueClock()
    if (this.#port.acquire(this)) this.grant()
  }

  #startLater(): void {
    const { clock } = this.#port
    clock.clearAlarm(this.#startAlarm)
    // the alarm also comes if the clock was set back: then it waits anew
    const due = () => (!this.isLeaving && this.nextStatus === 'queued' ? this.#enqueue() : undefined)
    this.#startAlarm = clock.alarm(this.#row.heldUntil(this.context) ?? 0, due)
  }

  /** The time in the queue begins for an execution that was to start later. */
  #queueClock(): void {
    const { queueTimeout, limits } = this.context
    if (queueTimeout === undefined || limits.queueUntil !== undefined || this.hasStarted) return
    this.tell({ type: 'start.due' })
    this.#deadlines.set(this.context.limits)
  }

  clear(): void {
    this.#row.recoveries = Math.max(0, this.recoveries - 1)
    this.touch()
  }

  /** True until the store has said that no other execution was accepted before under this id or key. */
  get mayBeAnother(): boolean {
    return this.#isNamed && this.#acceptance !== undefined
  }

  countsFirst(): boolean {
    if (this.nextStatus !== 'waiting') return false
    // what it gets may end this process: not beside a suspect that the death would end
    const takesTurn = this.#counted.isMissing && this.recoveries > 0 && !this.isBackingOff
    if (takesTurn) this.#underSuspicion()
    else if (this.#counted.ask()) this.touch()
    return takesTurn || this.#counted.isAsked
  }

  /** A slot is free for this execution. */
  grant(): void {
    if (this.#counted.running()) this.#waitsForCommit = true
    this.tell({ type: 'slot.granted', at: this.#port.clock.now() })
  }

  get isLeaving(): boolean {
    return this.#leaving || this.#gone
  }

  /** Resolves once the execution is no longer in memory. */
  get gone(): Promise<void> {
    return this.#gone ? Promise.resolve() : new Promise((resolve) => this.#whenGone.push(resolve))
  }

  inOrder(command: Command, own: () => Promise<CommandOutcome>): Promise<CommandOutcome> {
    return this.program.hasChildren ? this.#port.children.inOrder(this.id, command, own) : own()
  }

  /** Resolves once the next commit is durable, or the execution is no longer in memory. */
  async decided(): Promise<void> {
    await (this.#leaving ? this.gone : this.nextCommit().catch(() => undefined))
  }

  /** Hands an event to the program; resolves once what the event caused is durable. Undefined: it never will be, because the program failed. */
  async deliver(sent: SentEvent): Promise<SendOutcome | undefined> {
    const direct = this.delivery.inbox.direct(sent)
    const taken = this.program.send(sent.event)
    direct.ended = this.program.isEnding
    const revision = await this.nextCommit()
    if (direct.isReturned) return { status: 'queued' }
    return direct.isLost ? undefined : { status: 'delivered', revision, taken }
  }

  /** Sends the lifecycle machine an event, and carries out the effects that the machine asks for. */
  tell(event: ExecutionEvent): void {
    if (!this.#gone) tell(this.#machine, event)
  }

  /** Resumes the execution as soon as there is a slot. `retry`: with fresh attempts. */
  resume(resume: Intervention, retry: boolean): void {
    this.#row.recoveries = 0
    const granted = this.nextStatus === 'pausing' || (!this.isLater && this.#port.acquire(this))
    this.tell({ type: 'execution.resume', resume, retry, granted, at: this.clock.now() })
    if (granted) return
    if (this.isLater) this.#startLater()
    else this.#queueClock()
  }

  /** What every stopping command says of the steps in flight. */
  stopping(): { started: boolean; inFlight: boolean; repeatsActions: boolean; stopBy: number } {
    // notice a clock that was set, so that the time left is right
    this.clock.glance()
    const stopBy = this.clock.now() + this.#port.definition.cancelTimeout
    const { inFlight, repeatsActions } = this.program
    return { started: this.hasStarted, inFlight, repeatsActions, stopBy }
  }

  /** Resolves with the revision of the first later durable commit with such a status, or of the terminal one; rejects if the execution is lost to another owner or the store. */
  until(ready: (status: ExecutionStatus) => boolean): Promise<number> {
    if (this.#gone) return Promise.reject(this.#row.lostError())
    this.touch()
    return this.#waiters.until(ready)
  }

  /** Resolves with the revision of the next durable commit, whatever it says. */
  nextCommit(): Promise<number> {
    return this.until(() => true)
  }

  /** Drops the execution from memory and writes nothing, as if the process had died here. */
  abandon(error: unknown): void {
    this.#leave(error)
    this.#acceptance?.abandoned(error)
  }

  /** Another process owns the execution now: waiting calls ask there, and the counts of this process lose it. */
  takenAway(): void {
    if (!this.#gone) this.#port.takenAway(this, this.status)
    this.outdated()
  }

  /** The store has a newer form of it, which the counts know of already: waiting calls ask there. */
  outdated(): void {
    if (!this.#gone) this.abandon(this.#row.lostError())
  }

  /** Commits the present state and gives the execution back to the store, in whatever status it is. */
  giveBack(): Promise<void> {
    const isUnpaid = isTerminal(this.status) && this.program.hasPendingActions && !this.program.isPaying
    if (this.#hold.isOn || isUnpaid)
      return Promise.resolve(this.abandon(new StatewardError('already_stopped', 'The runtime was stopped.')))
    this.program.setMode('muted')
    this.#leaving = true
    return this.nextCommit().then(() => this.gone)
  }

  /** The lifecycle entered a state: the next commit holds it, with an event that says so. */
  enter(as: CommitReason, context: ExecutionContext): void {
    this.#entered++
    if (as !== 'queued' && as !== 'cancelling') this.#port.dequeued(this)
    if (as === 'running') this.#counted.running()
    this.#deadlines.set(context.limits)
    this.#row.entered(as, context, this.#port.clock.now())
    if (as === 'waiting' || as === 'retrying') this.#deadlines.leaveAfter(this.#port.definition.passivateAfter)
    else this.#deadlines.stay()
    this.touch()
  }

  /** The clock was set back: limits and timers keep the time that they had left. */
  retime(): void {
    const limits = this.#deadlines.retimed()
    if (limits) this.tell({ type: 'clock.set_back', limits })
    this.#deadlines.set(this.context.limits)
    this.program.retime()
    if (limits) this.touch()
  }

  runProgram(): void {
    // it may have been taken up here long ago, and be another owner's by now
    if (this.nextStatus === 'running' && this.status !== 'running' && this.program.repeatsActions) this.#waitsForCommit = true
    if (this.#waitsForCommit && this.status !== 'running') return this.touch()
    this.#waitsForCommit = false
    this.program.run('running')
    this.delivery.started()
  }

  /** Lets the program compensate. */
  compensate(): void {
    this.#runCompensation(this.#port.definition.cancelEvent)
  }

  /** The steps of a compensation need a slot, like any others. `event` begins one; absent: it goes on with one that has begun. */
  #runCompensation(event?: AnyEventObject): void {
    if (this.#waitsForCommit && this.status === 'cancelling' && this.isPutBack) return this.touch()
    this.#waitsForCommit = false
    this.program.run(this.#port.acquire(this) ? 'running' : 'no-new-steps')
    // before any event that waits in the inbox
    if (event) this.program.send(event)
    this.delivery.started()
  }

  touch(): void {
    if (this.#gone) return this.#giveSlotBack()
    if (this.#isAsked) return
    this.#isAsked = true
    this.#port.commits.request(this)
  }

  #withdraw(): void {
    if (!this.#isAsked) return
    this.#isAsked = false
    this.#port.commits.withdraw(this)
  }

  publish(type: string, data: unknown): void {
    this.#row.publish(type, data, this.#port.clock.now())
    this.touch()
  }

  streamed(run: string, end: 'committed' | 'abandoned'): void {
    this.#row.streamed(run, end)
    this.touch()
  }

  ended(output: string | null): void {
    this.#row.output = output
  }

  collect(): Commit | undefined {
    this.#isAsked = false
    if (this.#gone) return undefined
    // first the lifecycle: it reacts to the end of the program, and to a snapshot that can't be stored
    this.program.observe()
    if (this.nextStatus === 'queued') this.program.keepDoubts()
    // before the snapshot is taken: what it holds of events that no commit consumes would be there twice after another attempt
    if (this.#isWithheld) return undefined
    this.program.take(this.nextStatus === 'paused' && (this.status !== 'paused' || this.program.isLive))
    if (this.#isWithheld) return undefined
    const { nextTimer, hasPendingActions: owed } = this.program
    const { nextStatus: status, context } = this
    const startAt = this.#row.heldUntil(context)
    const isLeaving = this.#leaving
    const decision = decide({ status, limits: context.limits, owed, isLeaving, nextTimer, startAt, isLater: this.isLater })
    this.#leaving = decision.leaves
    this.#waiters.collect()
    // this commit also holds what changed while it was being made
    this.#withdraw()
    if (this.revision === 0) this.#acceptance?.collected()
    return this.#draft(decision, owed, nextTimer)
  }

  /** True while no commit can be made: events of a failed attempt are on their way back, or children have not ended yet. */
  get #isWithheld(): boolean {
    return this.program.isReturning || this.#hold.holds()
  }

  #draft({ isKept, isLast, dueAt }: Decision, owed: boolean, nextTimer: number | undefined): Commit {
    this.#enteredAtCommit = this.#entered
    const { definition, owner, clock } = this.#port
    const { value, context } = this.#machine.getSnapshot()
    definition.interceptor?.committing(this.id, this.revision + 1, this.delivery.inbox.held)
    const consumed = this.delivery.inbox.collect(this.nextStatus, this.revision + 1, isLast)
    this.#counted.collect(consumed.length === 0 && this.#lags(nextTimer), this.recoveries)
    const isAtRest = this.nextStatus === 'waiting' && !owed && !this.#counted.isOn
    const hasJustEnded = isTerminal(this.nextStatus) && !isTerminal(this.status)
    if (this.program.hasProgressed || (isAtRest && this.program.hasActed) || (hasJustEnded && owed)) this.#row.recoveries = 0
    else if (isAtRest && this.recoveries > 0) this.#counted.begin()
    return this.#row.commit({
      owner: isKept ? owner : null,
      status: this.nextStatus,
      value,
      context,
      isPutBack: this.#waitsForTurn,
      isUnproven: this.#counted.isMissing,
      program: this.program.text,
      standing: {
        stand: this.program.stand,
        isBackingOff: this.isBackingOff,
        hasTimer: nextTimer !== undefined,
      },
      taken: this.program.taken,
      now: clock.now(),
      dueAt,
      owed: owed || (isKept && this.#counted.isOn),
      consumed,
      checkpoints: definition.checkpoints,
      cause: definition.checkpoints > 0 ? this.program.moved() : undefined,
      journal: definition.journal,
    })
  }

  judged(verdict: CommitVerdict, commit: Commit): void {
    if (commit.accept) this.#acceptance?.judged(verdict)
    if (this.#gone) return
    if (verdict.status === 'duplicate') return this.#leave()
    if (this.#row.isBehind(verdict, this.#port.owner)) return this.#port.lost(this, this.#row.lostError())
    if (verdict.status !== 'committed')
      return verdict.status === 'stale' && verdict.owner !== null ? this.takenAway() : this.outdated()
    const before = commit.accept ? undefined : this.status
    this.#row.committed(commit)
    this.#giveSlotBack()
    if (isTerminal(commit.status)) this.#deadlines.clear()
    this.#acceptance = undefined
    this.delivery.inbox.acknowledged(commit.consumed)
    this.program.committed(commit.revision)
    // a commit that was made before the state was entered says nothing of what has moved until then
    const isOfState = this.#enteredAtCommit === this.#entered
    if (isOfState && (commit.status === 'pausing' || commit.status === 'cancelling')) this.tell({ type: 'commit.acknowledged' })
    this.#waiters.answer(commit.status, commit.revision)
    this.#port.committed(this, before, commit)
    if (commit.owed && this.#counted.committed() && this.nextStatus === 'waiting') this.runProgram()
    if (this.#waitsForCommit && commit.status === 'running' && this.nextStatus === 'running') this.runProgram()
    if (this.#waitsForCommit && this.isCompensating && !this.isPutBack) this.#runCompensation()
    if (commit.owner === null) this.#leave()
    else if (isTerminal(commit.status)) this.#flushOutbox()
    else if (this.#lingers) this.#idle()
  }

  /** True while the program, which waits, has not got yet what is due or in the inbox. */
  #lags(nextTimer: number | undefined): boolean {
    if (this.nextStatus !== 'waiting') return false
    return this.delivery.mayHold || (nextTimer !== undefined && nextTimer <= this.clock.now())
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

  /** Passivates the execution if it is still waiting after this turn. Timers that are due and pending actions come first. */
  #idle(): void {
    this.#lingers = false
    if (this.nextStatus === 'queued' && this.isLater) return void this.giveBack().catch(() => undefined)
    if (this.nextStatus !== 'waiting') return
    if (this.mayLeave) this.giveBack().catch(() => undefined) // a rejection is already reported by the stream, or belongs to the new owner
    else this.#lingers = !this.isEnding && !this.program.isBusy
  }

  /** True if the execution waits, and no due timer or pending action would bring it back at once. */
  get mayLeave(): boolean {
    const { isBusy, inFlight, hasPendingActions, nextTimer } = this.program
    if (this.nextStatus !== 'waiting' || this.isLeaving || this.isEnding) return false
    // a failed attempt may have left a step running, which a command must still wait for
    if (isBusy || inFlight || hasPendingActions) return false
    const due = nextDue('waiting', this.context.limits, nextTimer)
    return due === null || due > this.clock.now()
  }

  /** An execution that has already moved on to a status with a slot keeps it, and so does one whose steps' functions still run. */
  #giveSlotBack(): void {
    const isNeeded = this.program.inFlight || (!this.#gone && (holdsSlot(this.status) || holdsSlot(this.nextStatus)))
    if (this.hasSlot && !isNeeded) this.#port.freed(this)
  }

  #reached(what: LimitName | 'retry'): void {
    // the next owner finds the same limits in the commit that gives the execution back
    if (this.isLeaving) return
    if (this.nextStatus !== 'queued' || !this.program.isLeftAtEnd) return this.#limited(what)
    // only a commit proves that it is still ours, and that its pending actions may run; a rejection belongs to the new owner
    const confirmed = this.nextCommit()
    confirmed.then(() => (this.comesToItsEnd(), this.#limited(what))).catch(() => undefined)
  }

  #limited(what: LimitName | 'retry'): void {
    // an end that is on its way to the store comes first; if the program does not end after all, the limit is asked for again
    if (this.isEnding) return void this.decided().then(() => this.#gone || this.#deadlines.again())
    if (what === 'stop') this.program.giveUp()
    if (what !== 'retry') this.tell({ type: 'limit.reached', limit: what, ...this.stopping() })
    else if (this.isBackingOff) this.tell({ type: 'retry.due', granted: this.#port.acquire(this), at: this.clock.now() })
  }

  /** Runs the pending actions of an execution that has ended. Each acknowledgement asks for a commit by itself. */
  #flushOutbox(): void {
    if (this.#waitsForCommit && (this.#waitsForTurn || this.isPutBack)) return
    if (!this.program.isLive && this.program.text !== undefined && !this.program.isUnpaid) this.program.repeatPendingActions()
    if (!this.program.hasPendingActions) this.touch()
  }

  /** Takes the execution out of memory: calls that still wait here must ask its next owner. */
  #leave(error?: unknown): void {
    if (this.#gone) return
    ;[this.#gone, this.lost] = [true, error]
    if (this.#waiters.some) this.#waiters.reject(error ?? this.#row.lostError())
    this.#deadlines.clear()
    this.#port.clock.clearAlarm(this.#startAlarm)
    this.program.setMode('stopped')
    this.#withdraw()
    stopActor(this.ref)
    this.#giveSlotBack()
    this.#port.left(this)
    for (const resolve of this.#whenGone.splice(0)) resolve()
  }

  // ── its state: as of the last durable commit, and as of the lifecycle now ────────────────────────────────────────

  /** The position of the lifecycle, computed once for each snapshot of the machine. */
  get #at(): LifecyclePosition {
    const snapshot = this.#machine.getSnapshot()
    if (snapshot === this.#seen && this.#position) return this.#position
    this.#seen = snapshot
    return (this.#position = positionOf(snapshot))
  }

  get ref(): AnyActorRef {
    return this.#machine
  }

  /** As of the last durable commit. */
  get status(): ExecutionStatus {
    return this.#row.status
  }

  /** How many processes died while they ran this execution, since it last made progress. */
  get recoveries(): number {
    return this.#row.recoveries
  }

  get revision(): number {
    return this.#row.revision
  }

  /** The epoch under which this process owns the execution. */
  get epoch(): number {
    return this.#row.epoch
  }

  get priority(): number {
    return this.#row.priority
  }

  get queuedSince(): number {
    return this.#row.heldUntil(this.context) ?? this.#row.acceptedAt
  }

  /** True while it must not start: the time for that has not come. */
  get isLater(): boolean {
    const at = this.#row.heldUntil(this.context)
    return at !== undefined && at > this.clock.now()
  }

  get parentId(): string | null {
    return this.#row.parentId
  }

  get keys(): ExecutionContext['keys'] {
    return this.context.keys
  }

  get idempotencyKey(): string | null {
    return this.#row.idempotencyKey
  }

  get hasStarted(): boolean {
    return this.#row.hasStarted
  }

  /** The status that the lifecycle has now, ahead of the durable one. */
  get nextStatus(): ExecutionStatus {
    return this.#at.status
  }

  get context(): ExecutionContext {
    return this.#machine.getSnapshot().context
  }

  get lifecycle(): ProgramWatcher['lifecycle'] {
    const { value, context, status } = this.#machine.getSnapshot()
    const { attempt, maxAttempts, onExhausted } = context
    return { value: status === 'active' ? value : undefined, attempt, maxAttempts, isMended: onExhausted === 'pause' }
  }

  /** True if the execution, or an attempt of it, has ended and no durable commit says so yet. */
  get isEnding(): boolean {
    return this.program.isEnding || (isTerminal(this.nextStatus) && !isTerminal(this.status))
  }

  /** True if the lifecycle is at the same stage as the store says, and the program goes on: commands may be carried out. */
  get isSteady(): boolean {
    return !this.isUndecided && !this.isResuming && stageOf(this.nextStatus) === stageOf(this.status)
  }

  get hasMoved(): boolean {
    return this.program.hasMoved
  }

  /** True while the next state is not certain: the execution ends, leaves memory, is counted, or is not accepted yet. */
  get isUndecided(): boolean {
    return this.isLeaving || this.isEnding || this.#counted.isAsked || this.revision === 0
  }

  /** True if an event would reach the program now. */
  get takesEvents(): boolean {
    return this.#at.takesEvents && this.program.takesEvents && !this.#counted.isAsked && !this.isLeaving
  }

  /** True if an event may be answered as delivered: it reaches the program, and the status that allows this is durable. */
  get takesDirect(): boolean {
    return this.takesEvents && this.isSteady
  }

  /** The reason that the signals of the program's steps get; asked when the program stops. */
  get stopReason(): StatewardError {
    return stopReason(this)
  }

  /** False once it is certain that the program never goes on. */
  get goesOn(): boolean {
    return this.#at.goesOn
  }

  get isBackingOff(): boolean {
    return this.#at.isBackingOff
  }

  /** True if this execution may have brought its processes down. */
  get isSuspect(): boolean {
    return this.recoveries >= Math.max(1, Math.min(SUSPECT, this.maxRecoveries))
  }

  /** True if a death of this process would not be counted against the execution: it waits for its turn as a suspect, and that is durable. */
  get isPutBack(): boolean {
    return this.#row.isPutBack
  }

  get isCounted(): boolean {
    return this.#row.isCounted
  }

  get hasUndelivered(): boolean {
    return this.#counted.isOn
  }

  get lastCommitAt(): number {
    return this.#row.lastCommitAt
  }

  get wantsSlot(): boolean {
    return this.#at.wantsSlot
  }

  /** True if the execution has steps or pending actions to run here, compensation left aside. */
  get mayHarm(): boolean {
    return this.wantsSlot || (this.#machine.getSnapshot().value === 'waiting' && this.#row.wasOwed)
  }

  /** True from a cancel until the compensation has ended. */
  get compensates(): boolean {
    return this.isCompensating || this.isHeldBack
  }

  /** True while a compensation is due, and held back because the execution is a suspect. */
  get isHeldBack(): boolean {
    return this.#at.isHeldBack
  }

  get isCompensating(): boolean {
    return this.#at.isCompensating
  }
}
