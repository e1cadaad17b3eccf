/** What a stream asks of its supervisor. Owns no behaviour: the supervisor host implements it. */
import type { ExecutionStatus } from '../../events/execution-status.js'
import type { IdSource } from '../../ids.js'
import type { Log } from '../../logger.js'
import type { GroupCommit } from '../../persistence/group-commit.js'
import type { SnapshotStore, StoredExecution } from '../../persistence/snapshot-store.js'
import type { LastCommit } from '../execution/commit-draft.js'
import type { SharedByPrograms } from '../program/program-port.js'
import type { ConcurrencySlots } from './concurrency-slots.js'
import type { LeftEvents } from '../execution/left-events.js'
import type { Loads } from '../execution/loads.js'
import type { Suspects } from '../execution/suspects.js'
import type { TriggerCalls } from '../trigger/trigger-calls.js'
import type { TriggerHealth } from '../trigger/trigger.js'
import type { WallClock } from '../../wall-clock.js'

/** The parts of the runtime that all its streams share, and the calls from a stream to its supervisor. */
export interface StreamPort {
  readonly store: SnapshotStore
  readonly commits: GroupCommit
  readonly clock: WallClock
  readonly ids: IdSource
  readonly owner: string
  readonly slots: ConcurrencySlots
  readonly suspects: Suspects
  readonly loads: Loads
  readonly leftEvents: LeftEvents
  readonly programs: SharedByPrograms
  readonly triggers: TriggerCalls
  readonly logger: Log
  committed(entryPoint: string, before: ExecutionStatus | undefined, commit: LastCommit): void
  left(): void
  /** An execution was claimed for the stream, which has ended meanwhile. */
  tooLate(stored: StoredExecution): void
  /** Another process has taken an execution, which had this status here. */
  takenAway(entryPoint: string, status: ExecutionStatus): void
  /** True while other processes are on the same store. */
  hasOthers(): boolean
  /** Applies the pauses that other processes were asked for. */
  followPauses(): Promise<void>
  /** Resolves once the runtime runs; rejects if it could not start. */
  running(): Promise<void>
  triggered(entryPoint: string, health: TriggerHealth): void
  /** What fires an entry point may act now, or no longer. */
  admits(entryPoint: string, isAdmitting: boolean): void
}
