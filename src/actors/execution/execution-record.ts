/** A stored execution as users see it. Owns the form of `get()`, of lists and of results. */
import type { AnyActorLogic, OutputFrom, SnapshotFrom } from 'xstate'
import type { ErrorRecord } from '../../errors.js'
import type { ExecutionContext, Limits, PauseRecord, Intervention } from '../../events/execution-events.js'
import { isTerminal, type ExecutionStatus } from '../../events/execution-status.js'
import type { ExecutionOutcome } from '../../events/outcomes.js'
import { waitsFor, type WaitsFor } from '../../events/waits-for.js'
import { startQueueClock } from '../../machines/execution-notes.js'
import { decode } from '../../codec/snapshot-codec.js'
import type { StoredExecution } from '../../persistence/snapshot-store.js'
import { placeOf, storedWaits } from './places.js'
import { isHeldBack, splitState, type Lifecycle } from './stored-state.js'
import { programOf } from '../program/stored-program.js'
import { pendingActions } from '../program/program-outbox.js'
import type { PersistedProgram, ProgramRecord, StepRecord, TimerRecord } from '../program/program-record.js'

type IsAny<T> = 0 extends 1 & T ? true : false

/** A part of the snapshots of a program; unknown if the program is. */
type PartOf<TProgram extends AnyActorLogic, TKey extends string> =
  IsAny<SnapshotFrom<TProgram>> extends true
    ? unknown
    : SnapshotFrom<TProgram> extends { readonly [K in TKey]: infer TPart }
      ? IsAny<TPart> extends true
        ? unknown
        : TPart | undefined
      : unknown

/** How many triggers have gone into one execution. */
export interface GatheredCount {
  readonly count: number
  /** True while more may join it: until it starts, is full or ends. */
  readonly isOpen: boolean
}

/** An execution as of its last commit. Times are milliseconds since the epoch. */
export interface ExecutionRecord<TProgram extends AnyActorLogic = AnyActorLogic> {
  readonly id: string
  readonly entryPoint: string
  readonly program: { readonly id: string; readonly version: string; readonly hash: string }
  readonly status: ExecutionStatus
  /** What it waits for if it does not move by itself: whichever comes first moves it. Empty while something is in flight, and once it has ended. */
  readonly waitsFor: readonly WaitsFor[]
  /** What it was triggered with, and the tags of the states in which its machine stands. */
  readonly tags: readonly string[]
  readonly revision: number
  readonly priority: number
  readonly correlationId: string
  readonly idempotencyKey: string | null
  readonly sessionId: string | null
  readonly parentId: string | null
  /** What started it: what the trigger named, or else its parent. */
  readonly causationId: string | null
  /** The execution that the same step of the parent had started before, and that had failed. */
  readonly retryOf: string | null
  readonly acceptedAt: number
  /** The time before which it must not start, as it was asked for; null: none was. */
  readonly startAt: number | null
  readonly startedAt: number | null
  readonly endedAt: number | null
  readonly updatedAt: number
  readonly attempt: number
  readonly recoveries: number
  /** Of one with `batch`: the list of what has been gathered so far. Of one with `debounce`: the last input so far. */
  readonly input: unknown
  /** How many triggers have gone into it, if its entry point has `debounce` or `batch`, and whether more may; null: it is one trigger's. */
  readonly gathered: GatheredCount | null
  /** The state value of a machine; undefined for other logic and before the start. */
  readonly value: PartOf<TProgram, 'value'>
  /** Undefined before the start. */
  readonly context: PartOf<TProgram, 'context'>
  /** Undefined unless it is `completed`. */
  readonly output: IsAny<OutputFrom<TProgram>> extends true ? unknown : OutputFrom<TProgram> | undefined
  readonly error: ErrorRecord | null
  readonly snapshot: PersistedProgram | undefined
  readonly timers: readonly TimerRecord[]
  /** Steps in flight or about to start, by actor path. */
  readonly steps: Readonly<Record<string, StepRecord>>
  /** How many custom actions are pending. */
  readonly owed: number
  readonly limits: Limits
  readonly pause: PauseRecord | null
  readonly cancel: Intervention | null
}

/** The input of a stored execution. Throws `corrupt` or `unknown_format`, naming it. */
export function storedInput({ id, input, elements }: Pick<StoredExecution, 'id' | 'input' | 'elements'>): unknown {
  const at = { id, what: 'input' }
  return elements === null || input !== '' ? decode(input, at) : elements.map((element) => decode(element, at))
}

/** Decodes a stored execution. Throws `corrupt` or `unknown_format`, naming it. */
export function executionRecord(stored: StoredExecution): ExecutionRecord {
  const { id } = stored
  const { lifecycle, program } = splitState(stored.state, id)
  const record = program === undefined ? undefined : programOf(program, id)
  const { context } = lifecycle
  return {
    id,
    entryPoint: stored.entryPoint,
    program: {
      id: stored.programId,
      version: record?.version ?? stored.programVersion,
      hash: record?.hash ?? stored.programHash,
    },
    status: stored.status,
    waitsFor: storedWaits(stored) ?? whileWaiting(lifecycle, record),
    tags: [...new Set([...(stored.tags ?? []), ...(stored.place ? placeOf(stored.place.text).tags : [])])],
    revision: stored.revision,
    priority: stored.priority,
    correlationId: stored.correlationId ?? id,
    idempotencyKey: stored.idempotencyKey,
    sessionId: stored.sessionId,
    parentId: stored.parentId,
    causationId: stored.causationId ?? stored.parentId,
    retryOf: context.child?.retryOf ?? null,
    acceptedAt: stored.acceptedAt,
    startAt: context.startAt ?? null,
    startedAt: stored.startedAt,
    endedAt: stored.endedAt,
    updatedAt: stored.updatedAt,
    attempt: context.attempt,
    recoveries: stored.recoveries + (isHeldBack(lifecycle.value) ? 1 : 0),
    input: storedInput(stored),
    gathered: context.gathering ? { count: context.gathering.count, isOpen: stored.gathers !== null } : null,
    value: record?.snapshot.value,
    context: record?.snapshot.context,
    output: stored.output === null ? undefined : decode(stored.output, { id, what: 'output' }),
    error: stored.error === null ? (context.failure ?? null) : decode(stored.error, { id, what: 'error' }),
    snapshot: record?.snapshot,
    timers: record?.timers ?? [],
    steps: record?.steps ?? {},
    owed: pendingIn(stored, record),
    limits: stored.status === 'queued' && stored.startedAt === null ? queueLimits(context) : context.limits,
    pause: isPausing(stored.status) ? (context.pause ?? null) : null,
    cancel: context.cancel ?? null,
  }
}

/** With the end of its time in the queue, which no commit holds before it is due. */
function queueLimits(context: ExecutionContext): Limits {
  return { ...context.limits, ...startQueueClock({ context }).limits }
}

/** Also counts the actions of a paused execution that had thrown, or had not run, when it was silenced; no column of the store has these, since nobody waits for them. */
function pendingIn({ owed, status }: StoredExecution, record: ProgramRecord | undefined): number {
  if (owed) return record?.outbox?.length ?? 0
  return status === 'paused' && record ? pendingActions(record).length : 0
}

/** What an execution waits for that an earlier version has stored, as far as its record tells. */
function whileWaiting({ value }: Lifecycle, record: ProgramRecord | undefined): readonly WaitsFor[] {
  return waitsFor({ status: 'waiting', isBackingOff: value === 'backingOff', hasTimer: (record?.timers?.length ?? 0) > 0 })
}

const isPausing = (status: ExecutionStatus) => status === 'pausing' || status === 'paused'

/** How a stored execution ended; undefined if it has not. */
export function storedOutcome(stored: Pick<StoredExecution, 'id' | 'status' | 'state' | 'output'>): ExecutionOutcome | undefined {
  if (!isTerminal(stored.status)) return undefined
  const { lifecycle } = splitState(stored.state, stored.id)
  return outcome(lifecycle.context, stored.output === null ? undefined : decode(stored.output, { id: stored.id, what: 'output' }))
}

function outcome({ ending, failure }: ExecutionContext, output: unknown): ExecutionOutcome {
  switch (ending?.status) {
    case 'completed':
      return { status: 'completed', output }
    case 'cancelled':
      return { status: 'cancelled', ...ending.intervention, ...(ending.error ? { error: ending.error } : {}) }
    case 'timed_out':
    case 'rejected':
      return ending
    default:
      return { status: 'failed', error: ending?.error ?? failure ?? { name: 'Error', message: 'unknown' } }
  }
}
