/**
 * One execution as it is stored: what the last commit says of it, and what the next one will.
 *
 * Owns: revision, times and the events that no commit holds yet. Knows nothing of programs, slots or clocks.
 */
import { StatewardError } from '../../errors.js'
import type { CheckpointCause, ExecutionContext } from '../../events/execution-events.js'
import { isTerminal, type ExecutionStatus } from '../../events/execution-status.js'
import type { CommitReason } from '../../machines/execution-machine.js'
import { encode } from '../../codec/snapshot-codec.js'
import type { Acceptance, Commit, CommitVerdict, PublishedEvent, StoredExecution } from '../../persistence/snapshot-store.js'
import { encodeLifecycle, isHeldBack, joinState, piecesOf } from './stored-state.js'
import { PlaceNotes, type Standing } from './places.js'
import type { ProgramText } from '../program/stored-program.js'

/** The parts of a commit that the draft does not know itself. */
export interface CommitParts {
  readonly owner: string | null
  readonly status: ExecutionStatus
  readonly value: unknown
  readonly context: ExecutionContext
  /** True of an execution that has ended and waits for its turn as a suspect. */
  readonly isPutBack?: boolean | undefined
  /** True if what it gets next may end its process: see `counted-waiting.ts`. */
  readonly isUnproven?: boolean
  readonly program: string | undefined
  /** Where the program stands; absent: where it stood. */
  readonly standing?: Standing | undefined
  /** The texts from which `program` was put together; ignored if they make another text. */
  readonly taken?: ProgramText | undefined
  readonly now: number
  readonly dueAt: number | null
  readonly owed: boolean
  readonly consumed: Commit['consumed']
  /** The triggers that it takes in. */
  readonly joins?: Commit['joins']
  /** The input that takes the place of the one before. */
  readonly input?: string | undefined
  /** How many commits with a cause are kept as checkpoints. */
  readonly checkpoints: number
  /** What moved the program; absent: it has not moved. */
  readonly cause?: CheckpointCause | undefined
  /** How many events of a living execution are kept; absent: all. */
  readonly journal?: number | undefined
}

/** What a commit and a stored execution both say: how an execution stands since its last commit. */
export type LastCommit = Pick<
  StoredExecution & Commit,
  'id' | 'revision' | 'owner' | 'status' | 'endedAt' | 'updatedAt' | 'dueAt' | 'state' | 'output'
>

const asBefore: Standing = { stand: undefined, isBackingOff: false, hasTimer: false }
const start: CheckpointCause = { type: 'start' }

/** The next commit of one execution, as it grows. */
export class CommitDraft {
  readonly id: string
  /** As of the last durable commit. */
  status: ExecutionStatus = 'queued'
  /** Of the last durable commit; 0 before the first. Invariant: only grows, by one a commit. */
  revision = 0
  readonly epoch: number
  readonly priority: number
  readonly acceptedAt: number
  readonly idempotencyKey: string | null
  readonly parentId: string | null
  /** The time of the last commit before this process took the execution up. */
  readonly lastCommitAt: number = 0
  /** True if an action was pending when this process took the execution up. */
  readonly wasOwed: boolean = false
  /** When it was due then. */
  readonly wasDueAt: number | null = null
  /** `recoveries` as of the last durable commit. */
  #stored = 0
  /** How many owners died one after the other while they ran the execution, without progress in between. */
  recoveries = 0
  output: string | null = null
  readonly #acceptance: Acceptance | undefined
  #startedAt: number | null = null
  #endedAt: number | null = null
  #events: PublishedEvent[] = []
  /** How runs of steps have ended that have streamed. */
  #streams: NonNullable<Commit['streams']>[number][] | undefined
  readonly #places: PlaceNotes
  #lifecycle:
    | { readonly value: unknown; readonly context: ExecutionContext; readonly isUnproven: boolean; readonly text: string }
    | undefined

  constructor(id: string, from: Acceptance | StoredExecution) {
    this.id = id
    this.priority = from.priority
    this.acceptedAt = from.acceptedAt
    this.idempotencyKey = from.idempotencyKey
    this.parentId = from.parentId
    this.#places = new PlaceNotes('revision' in from ? from.place : undefined)
    this.#acceptance = 'revision' in from ? undefined : from
    this.epoch = 'revision' in from ? from.epoch : 1
    if (!('revision' in from)) return
    this.status = from.status
    this.revision = from.revision
    this.recoveries = this.#stored = from.recoveries
    this.lastCommitAt = from.updatedAt
    this.wasOwed = from.owed
    this.wasDueAt = from.dueAt
    this.output = from.output
    this.#startedAt = from.startedAt
    this.#endedAt = from.endedAt
  }

  /** True if a death of this process would not be counted against the execution: it waits for its turn, and that is durable. */
  get isPutBack(): boolean {
    return this.status === 'queued' || this.#stored < this.recoveries
  }

  /** True if the stored number of recoveries is the present one. */
  get isCounted(): boolean {
    return this.#stored === this.recoveries
  }

  get hasStarted(): boolean {
    return this.#startedAt !== null
  }

  /** Puts an event into the next commit. Throws `not_storable`. */
  publish(type: string, data: unknown, at: number): void {
    this.#record(type, data === undefined ? null : encode(data, { id: this.id, what: type }), at)
  }

  /** The next commit says how a run of a step has ended. */
  streamed(run: string, end: 'committed' | 'abandoned'): void {
    ;(this.#streams ??= []).push({ run, end })
  }

  /** The lifecycle entered a state: the next commit publishes an event that says so. */
  entered(as: CommitReason, context: ExecutionContext, at: number): void {
    const { ending, attempt, failure, pause, cancel, resume } = context
    if (isTerminal(as as ExecutionStatus)) {
      this.#endedAt = at
      if (ending && ending.status !== 'completed') this.publish(`execution.${as}`, ending, at)
      else this.#record(`execution.${as}`, this.output, at)
    } else if (as === 'retrying') this.publish('execution.retrying', { attempt, error: failure }, at)
    else if (as === 'paused' || as === 'pausing') this.publish(`execution.${as}`, pause, at)
    else if (as === 'cancelling') this.#cancelling(cancel, at)
    else if (as === 'running' && this.#startedAt === null) {
      this.#startedAt = at
      this.#record('execution.started', null, at)
    } else if (as === 'running' && this.status === 'paused') this.publish('execution.resumed', resume, at)
    else if (as !== 'queued' || this.revision > 0) this.#record(`execution.${as}`, null, at)
  }

  /** The time before which it must not start, as long as it has not; undefined: nothing delays it. */
  heldUntil({ startAt, gathering }: ExecutionContext): number | undefined {
    if (startAt === undefined || this.#startedAt !== null) return undefined
    // a clock that was set back has moved the start of one that gathers, and not its acceptance
    return gathering !== undefined || startAt > this.acceptedAt ? startAt : undefined
  }

  /** The key under which it takes triggers in, as long as it does. */
  #gathers(status: ExecutionStatus, gathering: NonNullable<ExecutionContext['gathering']>): string | null {
    return gathering.isFull || this.#startedAt !== null || isTerminal(status) ? null : gathering.key
  }

  /** The next commit. */
  commit(parts: CommitParts): Commit {
    const { owner, status, value, context, isPutBack, isUnproven = false } = parts
    const { program, taken, standing, now, dueAt, owed, consumed, checkpoints, cause, journal, joins, input } = parts
    const events = this.#events
    this.#events = []
    const streams = this.#streams
    this.#streams = undefined
    // the acceptance is kept as well: a fork can begin again from there
    const kept = checkpoints > 0 ? (cause ?? (this.revision === 0 ? start : undefined)) : undefined
    const lifecycle = this.#textOf(value, context, isUnproven)
    const state = joinState(lifecycle, program)
    return {
      id: this.id,
      accept: this.revision === 0 ? this.#acceptance : undefined,
      keys: context.keys,
      revision: this.revision + 1,
      epoch: this.epoch,
      owner,
      status,
      startedAt: this.#startedAt,
      endedAt: this.#endedAt,
      updatedAt: now,
      dueAt,
      startAt: isTerminal(status) ? null : (this.heldUntil(context) ?? null),
      gathers: context.gathering && this.#gathers(status, context.gathering),
      joins,
      input,
      owed,
      recoveries: this.recoveries - (isPutBack || isHeldBack(value) ? 1 : 0),
      place: this.#places.next(standing ?? asBefore, status, now),
      state,
      pieces: taken && taken.text === program ? piecesOf(state, lifecycle, taken) : undefined,
      output: this.output,
      error: context.ending && 'error' in context.ending ? encode(context.ending.error, { id: this.id, what: 'error' }) : null,
      events,
      streams,
      consumed,
      checkpoints: kept && checkpoints,
      cause: kept && encode(kept, { id: this.id, what: 'cause' }),
      journal,
    }
  }

  /** That commit is durable. */
  committed({ revision, status, recoveries }: Commit): void {
    this.revision = revision
    this.status = status
    this.#stored = recoveries
  }

  /** True if we still own it and only our copy was out of date. */
  isBehind(verdict: CommitVerdict, owner: string): boolean {
    return verdict.status === 'stale' && verdict.owner === owner && verdict.epoch === this.epoch
  }

  /** The error for calls that were waiting when ownership was lost. */
  lostError(): StatewardError {
    const { id, revision } = this
    const message = `Execution ${id} is held by another owner; revision ${revision} is the last one made here.`
    return new StatewardError('stale_owner', message, { details: { id, revision } })
  }

  recoveryLimit(): StatewardError {
    const { id, recoveries } = this
    const message = `Execution ${id} was running in ${recoveries} processes that died, one after the other.`
    return new StatewardError('recovery_limit', message, { details: { id, recoveries } })
  }

  /** A compensation that goes on after it was held back has published its event before. */
  #cancelling(cancel: ExecutionContext['cancel'], at: number): void {
    if (this.status !== 'cancelling' || !this.isPutBack) this.publish('execution.cancelling', cancel, at)
  }

  #record(type: string, data: string | null, at: number): void {
    this.#events.push({ type, at, data })
  }

  /** The text is kept while the lifecycle does not move: steps that start and end leave it as it is. */
  #textOf(value: unknown, context: ExecutionContext, isUnproven: boolean): string {
    const last = this.#lifecycle
    if (last?.context === context && last.value === value && last.isUnproven === isUnproven) return last.text
    const text = encodeLifecycle({ value: value as never, context, isUnproven }, this.id)
    this.#lifecycle = { value, context, isUnproven, text }
    return text
  }
}
