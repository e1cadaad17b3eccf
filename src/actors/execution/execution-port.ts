/** What an execution host asks of its stream. Owns no behaviour: the stream host implements it. */
import type { ChildPort } from '../program/child-port.js'
import type { AnyActorRef, AnyEventObject } from 'xstate'
import type { Backoff } from '../../backoff.js'
import type { ExecutionStatus } from '../../events/execution-status.js'
import type { GroupCommit } from '../../persistence/group-commit.js'
import type { Commit, FlowKeys, SnapshotStore } from '../../persistence/snapshot-store.js'
import type { History } from '../../events/execution-events.js'
import type { ProgramSettings } from '../program/program-port.js'
import type { PausedTimers, ProgramRecord } from '../program/program-record.js'
import type { StepBodies } from '../program/step-bodies.js'
import type { ProgramDefinition } from '../program/program-version.js'
import type { Suspect } from './suspects.js'
import type { WallClock } from '../../wall-clock.js'

/** An item of a stream's queue. */
export interface Admissible {
  readonly priority: number
  /** Since when it may start: its acceptance, or the time before which it must not start. */
  readonly queuedSince: number
  /** True if it has run before. */
  readonly hasStarted: boolean
}

/** An execution as its stream sees it. */
export interface HeldExecution extends Admissible {
  readonly id: string
  readonly parentId: string | null
  /** Undefined: it is counted under none. */
  readonly keys: FlowKeys | undefined
  /** As of the last durable commit. */
  readonly status: ExecutionStatus
  readonly revision: number
  readonly epoch: number
  readonly recoveries: number
  readonly delivery: { readonly placing: Promise<unknown> | undefined }
  /** True while it holds a slot. */
  hasSlot: boolean
  /** A slot is free for this execution. */
  grant(): void
  abandon(error: unknown): void
  /** Another process owns it now. */
  takenAway(): void
}

/** The options of an entry point that an execution reads. Times are milliseconds. */
export interface ExecutionDefinition extends ProgramDefinition {
  readonly retry: RetryPolicy | undefined
  readonly cancelEvent: AnyEventObject | undefined
  readonly cancelTimeout: number
  readonly pausedTimers: PausedTimers
  readonly passivateAfter: number
  readonly maxRecoveries: number
  readonly checkpoints: number
  /** How many events of an execution are kept; undefined: all, for as long as the execution is kept. */
  readonly journal: number | undefined
  /** How much the journal tells of each execution. */
  readonly history: History
}

/** How an execution that failed is tried again. */
export interface RetryPolicy {
  readonly maxAttempts: number
  readonly backoff?: Backoff | undefined
  readonly onExhausted?: 'fail' | 'pause' | undefined
}

/** The settings of an entry point as its executions see them, and the calls from an execution to its stream. */
export interface ExecutionPort {
  readonly definition: ExecutionDefinition
  readonly clock: WallClock
  readonly random: () => number
  readonly commits: GroupCommit
  readonly store: SnapshotStore
  readonly children: ChildPort
  /** The functions of steps that run in this process. */
  readonly bodies: StepBodies
  /** The key under which this process owns executions. */
  readonly owner: string
  /** The stream's ref: an inspector shows executions under it. */
  readonly parent: AnyActorRef

  /** The program for a fresh start, or the one that fits a record, migrated if need be. Throws `program_mismatch`. */
  programFor(record: ProgramRecord | undefined): { settings: ProgramSettings; record: ProgramRecord | undefined }
  /** Takes a slot if one is free and the queue is empty. */
  takeSlot(execution: HeldExecution): boolean
  /** Takes a slot; false: the execution was put into the queue and will be granted one. */
  acquire(execution: HeldExecution): boolean
  /** The execution wants no slot any more. */
  dequeued(execution: HeldExecution): void
  /** The execution was in flight in several processes that died: it gets a turn later (`suspects.ts`). */
  suspect(execution: Suspect): void
  /** The execution gives its slot back. */
  freed(execution: HeldExecution): void
  /** A commit is durable; `before` is the status until then, undefined at its acceptance. */
  committed(execution: HeldExecution & Suspect, before: ExecutionStatus | undefined, commit: Commit): void
  /** The execution is no longer in this process's memory. */
  left(execution: HeldExecution & Suspect): void
  /** Another process has taken the execution. */
  takenAway(execution: HeldExecution, status: ExecutionStatus): void
  /** A commit could not be written: the execution must be reloaded from its last durable commit. */
  lost(execution: HeldExecution, error: unknown): void
  /** The executions that its steps started could not be stopped with it. */
  unstopped(execution: HeldExecution, error: unknown): void
  /** The execution has ended, and a pending action of it can't be run. */
  unpaid(execution: HeldExecution, action: string, error: unknown): void
  /** The execution host itself threw: the stream fails. */
  crashed(execution: HeldExecution, error: unknown): void
}
