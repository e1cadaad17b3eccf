/** What an execution actor asks of the stream that holds it. Owns no behaviour: the stream actor implements it. */
import type { ChildPort } from '../program/child-port.js'
import type { AnyActorRef, AnyEventObject } from 'xstate'
import type { Backoff } from '../../backoff.js'
import type { ExecutionStatus } from '../../events/execution-status.js'
import type { GroupCommit } from '../../persistence/group-commit.js'
import type { Commit, SnapshotStore } from '../../persistence/snapshot-store.js'
import type { ProgramSettings } from '../program/program-port.js'
import type { PausedTimers, ProgramRecord } from '../program/program-record.js'
import type { ProgramDefinition } from '../program/program-version.js'
import type { Suspect } from './suspects.js'
import type { WallClock } from '../../wall-clock.js'

/** What can stand in the queue of a stream. */
export interface Admissible {
  readonly priority: number
  readonly acceptedAt: number
  /** True once it has run before. */
  readonly hasStarted: boolean
}

/** What a stream reads of an execution that it holds. */
export interface HeldExecution extends Admissible {
  readonly id: string
  readonly revision: number
  readonly epoch: number
  readonly recoveries: number
  /** True while it holds a slot. */
  hasSlot: boolean
  /** A slot is free for it. */
  grant(): void
  abandon(error: unknown): void
  /** Another process has it. */
  takenAway(): void
}

/** What an execution reads of its entry point. Times are milliseconds. */
export interface ExecutionDefinition extends ProgramDefinition {
  readonly retry: RetryPolicy | undefined
  readonly cancelEvent: AnyEventObject | undefined
  readonly cancelTimeout: number
  readonly pausedTimers: PausedTimers
  readonly passivateAfter: number
  readonly maxRecoveries: number
  readonly checkpoints: number
  /** How many events of an execution are kept; undefined: all, as long as it is. */
  readonly journal: number | undefined
}

/** How an execution that failed is tried again. */
export interface RetryPolicy {
  readonly maxAttempts: number
  readonly backoff?: Backoff | undefined
  readonly onExhausted?: 'fail' | 'pause' | undefined
}

/** The settings of an entry point as its executions see them, and the calls upwards. */
export interface ExecutionPort {
  readonly definition: ExecutionDefinition
  readonly clock: WallClock
  readonly random: () => number
  readonly commits: GroupCommit
  readonly store: SnapshotStore
  readonly children: ChildPort
  /** The key under which this process owns executions. */
  readonly owner: string
  /** The stream's ref: an inspector shows executions under it. */
  readonly parent: AnyActorRef

  /** The program for a fresh start, or the one that fits a record, migrated if need be. Throws `program_mismatch`. */
  programFor(record: ProgramRecord | undefined): { settings: ProgramSettings; record: ProgramRecord | undefined }
  /** Takes a slot if one is free and nobody stands in the queue. */
  takeSlot(execution: HeldExecution): boolean
  /** Takes a slot; false: it was put into the queue and will be granted one. */
  acquire(execution: HeldExecution): boolean
  /** It wants no slot any more. */
  dequeued(execution: HeldExecution): void
  /** It was in flight in several processes that died: it gets a turn when it is time. */
  suspect(execution: Suspect): void
  /** Its slot is free. */
  freed(execution: HeldExecution): void
  /** A commit is durable; `before` is the status until then, undefined at its acceptance. */
  committed(execution: HeldExecution & Suspect, before: ExecutionStatus | undefined, commit: Commit): void
  /** It is no longer in this process's memory. */
  left(execution: HeldExecution & Suspect): void
  /** Another process has taken it. */
  takenAway(execution: HeldExecution, status: ExecutionStatus): void
  /** A commit of it could not be written: it must be taken up again from what is durable. */
  lost(execution: HeldExecution, error: unknown): void
  /** What its steps have started could not be stopped with it. */
  unstopped(execution: HeldExecution, error: unknown): void
  /** It has ended, and an action that it still owes can't be run. */
  unpaid(execution: HeldExecution, action: string, error: unknown): void
  /** Its handling threw: the stream itself is in doubt. */
  crashed(execution: HeldExecution, error: unknown): void
}
