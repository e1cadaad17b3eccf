/**
 * Where one execution stands: what is durable of it, and what its lifecycle is heading for.
 *
 * Owns: the difference between the two. It only reads; the execution actor moves both.
 */
import type { AnyActorRef } from 'xstate'
import type { StatewardError } from '../../errors.js'
import type { ExecutionContext } from '../../events/execution-events.js'
import { isTerminal, stageOf, type ExecutionStatus } from '../../events/execution-status.js'
import { statusOf } from '../../machines/execution-machine.js'
import type { ExecutionMachineRef } from './execution-lifecycle.js'
import type { ProgramWatcher } from './execution-program.js'
import type { CommitDraft } from './commit-draft.js'
import { isHeldBack } from './stored-state.js'
import { stopReason } from '../../events/stop-reason.js'

/** What was in flight in so many processes that died may be what brought them down. */
const SUSPECT = 2

/** The readable side of an execution in memory. */
export abstract class ExecutionStanding {
  protected abstract readonly machine: ExecutionMachineRef
  protected abstract readonly row: CommitDraft
  abstract readonly program: { readonly takesEvents: boolean; readonly isEnding: boolean; readonly hasMoved: boolean }
  abstract readonly isLeaving: boolean
  abstract readonly id: string
  readonly maxRecoveries: number
  /** Why it left this process. */
  lost: unknown
  /** True while it was told to go on, also where only its back-off was cut short, and that is not durable. */
  isResuming = false

  constructor(maxRecoveries: number) {
    this.maxRecoveries = maxRecoveries
  }

  get ref(): AnyActorRef {
    return this.machine
  }

  /** As of the last durable commit. */
  get status(): ExecutionStatus {
    return this.row.status
  }

  /** How many processes died while they ran it, since it last came on. */
  get recoveries(): number {
    return this.row.recoveries
  }

  get revision(): number {
    return this.row.revision
  }

  /** Under which it is held here. */
  get epoch(): number {
    return this.row.epoch
  }

  get priority(): number {
    return this.row.priority
  }

  get acceptedAt(): number {
    return this.row.acceptedAt
  }

  get idempotencyKey(): string | null {
    return this.row.idempotencyKey
  }

  get hasStarted(): boolean {
    return this.row.hasStarted
  }

  /** Where the lifecycle stands, ahead of what is durable. */
  get nextStatus(): ExecutionStatus {
    return statusOf(this.machine.getSnapshot())
  }

  get context(): ExecutionContext {
    return this.machine.getSnapshot().context
  }

  get lifecycle(): ProgramWatcher['lifecycle'] {
    const { value, context, status } = this.machine.getSnapshot()
    const { attempt, maxAttempts, onExhausted } = context
    return { value: status === 'active' ? value : undefined, attempt, maxAttempts, isMended: onExhausted === 'pause' }
  }

  /** True if it comes to an end, or an attempt does, which no durable commit says yet. */
  get isEnding(): boolean {
    return this.program.isEnding || (isTerminal(this.nextStatus) && !isTerminal(this.status))
  }

  /** True if its lifecycle stands where the store has it, and its program goes on: commands may be carried out. */
  get isSteady(): boolean {
    return !this.isUndecided && !this.isResuming && stageOf(this.nextStatus) === stageOf(this.status)
  }

  get hasMoved(): boolean {
    return this.program.hasMoved
  }

  /** True if it can't tell yet what becomes of it: it ends, leaves memory, or is not accepted yet. */
  get isUndecided(): boolean {
    return this.isLeaving || this.isEnding || this.revision === 0
  }

  /** True if an event would reach the program now. */
  get takesEvents(): boolean {
    const { value } = this.machine.getSnapshot()
    return (value === 'running' || value === 'waiting' || this.isCompensating) && this.program.takesEvents && !this.isLeaving
  }

  /** True if an event may be answered as delivered: it reaches the program, and that it does is durable. */
  get takesDirect(): boolean {
    return this.takesEvents && this.isSteady
  }

  /** Why its program stops, asked when it does. */
  get stopReason(): StatewardError {
    return stopReason(this)
  }

  /** False once it is settled that its program never goes on. */
  get goesOn(): boolean {
    const { value, status } = this.machine.getSnapshot()
    const { cancelling } = value as { cancelling?: string }
    return status === 'active' && cancelling !== 'stopping' && cancelling !== 'draining'
  }

  get isBackingOff(): boolean {
    return this.machine.getSnapshot().value === 'backingOff'
  }

  /** True if it may be what brought its processes down. */
  get isSuspect(): boolean {
    return this.recoveries >= Math.max(1, Math.min(SUSPECT, this.maxRecoveries))
  }

  /** True if it is not counted, should its process die: it waits for its turn as a suspect, and that is durable. */
  get isPutBack(): boolean {
    return this.row.isPutBack
  }

  get isCounted(): boolean {
    return this.row.isCounted
  }

  get lastCommitAt(): number {
    return this.row.lastCommitAt
  }

  get wantsSlot(): boolean {
    const { value } = this.machine.getSnapshot()
    return value === 'queued' || value === 'running'
  }

  /** True if it is to do something of its own here, but for what makes good what it has done. */
  get mayHarm(): boolean {
    return this.wantsSlot || (this.machine.getSnapshot().value === 'waiting' && this.row.wasOwed)
  }

  /** True from a cancel until what it has done is made good. */
  get compensates(): boolean {
    return this.isCompensating || this.isHeldBack
  }

  /** True while it is to compensate, and is held back as a suspect. */
  get isHeldBack(): boolean {
    return isHeldBack(this.machine.getSnapshot().value)
  }

  get isCompensating(): boolean {
    return (this.machine.getSnapshot().value as { cancelling?: string }).cancelling === 'compensating'
  }
}
