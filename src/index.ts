/** The public API, as a table of contents; nothing inside imports it. */
export { createRuntime, runtimeOf, Runtime } from './runtime/runtime.js'
export type { RuntimeOptions, StopOptions } from './runtime/runtime.js'
export { RuntimeCalls } from './runtime/runtime-calls.js'
export type { ExecutionFilter, ExecutionWhere } from './events/execution-filter.js'
export type { SentEvent } from './runtime/runtime-calls.js'
export { Client, createClient } from './runtime/client.js'
export type { ClientOptions } from './runtime/client.js'
export type { CommandScope } from './runtime/command-scope.js'
export { defineEntryPoint } from './runtime/entry-point.js'
export type { EntryPoint, EntryPointOptions, JournalRetention, Retention } from './runtime/entry-point.js'
export { defineGroup } from './runtime/entry-point-group.js'
export type { EntryPointGroup, Grouped } from './runtime/entry-point-group.js'
export { AddedEntryPoints } from './runtime/entry-point-calls.js'
export type { EntryPointSummary, Listed } from './runtime/entry-point-calls.js'
export type {
  ActiveTrigger,
  CursorState,
  Fired,
  FireOptions,
  PassiveTrigger,
  RouteAnswered,
  RoutedTrigger,
  RoutePort,
  Skipped,
  Trigger,
  TriggerClock,
  TriggerCursor,
  TriggerHealth,
  TriggerLogic,
  TriggerPort,
  TriggerRoute,
} from './actors/trigger/trigger.js'
export { ExecutionHandle } from './runtime/execution-handle.js'
export type { ForkOptions } from './runtime/execution-handle.js'
export { fromExecution, fromStep } from './actors/program/step.js'
export type { ChildOptionsArguments, ChildStepOptions, OnRecovery, StepArguments, StepOptions } from './actors/program/step.js'
export { supervisorMachine } from './runtime/supervisor-logic.js'
export type { PublishedRetention, Supervision, SupervisorOptions } from './actors/supervisor/supervisor-options.js'
export { executionMachine } from './machines/execution-machine.js'
export { streamMachine } from './machines/stream-machine.js'
export type { Backoff } from './backoff.js'
export type { Checkpoint } from './actors/execution/execution-checkpoints.js'
export type { ResultOptions } from './actors/commands/execution-results.js'
export type { ExecutionList } from './actors/execution/execution-page.js'
export type { ExecutionRecord } from './actors/execution/execution-record.js'
export type { PublishOptions, PublishOutcome } from './events/publication.js'
export type { EventFilter } from './events/event-filter.js'
export type { ExecutionGoal, GoalOptions, GoalOutcome } from './events/state-wait.js'
export type { WaitForOptions, WaitForOutcome } from './events/event-wait.js'
export type {
  NoSchedule,
  ScheduleFilter,
  ScheduleList,
  ScheduleOptions,
  SchedulePauseOutcome,
  ScheduleRecord,
  ScheduleRemoveOutcome,
  ScheduleResumeOutcome,
  ScheduleTimes,
  SetOutcome,
  TickExecution,
} from './events/schedule.js'
export type { ScheduleFireOutcome, ScheduleOf, Schedules } from './runtime/schedules.js'
export type { WaitsFor } from './events/waits-for.js'
export type { StepChunk, StreamOptions } from './events/step-chunk.js'
export type { RuntimeEvent, RuntimeEventType } from './events/runtime-event.js'
export type { ExecutionSummary, Health, Registry, StatusCounts } from './actors/supervisor/live-view.js'
export type { Deadlock } from './actors/supervisor/deadlocks.js'
export type { PausedTimers, PersistedProgram } from './actors/program/program-record.js'
export type {
  CheckpointCause,
  Ending,
  History,
  Intervention,
  JournalEventType,
  LimitName,
  Limits,
  PauseMode,
  PauseRecord,
} from './events/execution-events.js'
export type {
  By,
  CancelOptions,
  ChildOptions,
  PauseOptions,
  RemoveOptions,
  RemoveTarget,
  ReplyAddress,
  ResumeOptions,
  SendTarget,
  SupervisorReply,
  SupervisorRequest,
  TriggerOptions,
} from './events/requests.js'
export { executionStatuses, isTerminal, terminalStatuses } from './events/execution-status.js'
export type { ExecutionStatus, TerminalStatus } from './events/execution-status.js'
export type {
  Absent,
  AddOutcome,
  AlreadyFinished,
  CancelOutcome,
  ExecutionOutcome,
  PauseOutcome,
  RemoveOutcome,
  ResultOutcome,
  ResumeOutcome,
  SendOutcome,
} from './events/outcomes.js'
export { isStatewardError, StatewardError, toErrorRecord } from './errors.js'
export type { ErrorRecord, StatewardErrorCode } from './errors.js'
export type { LevelLogger, LogFunction } from './logger.js'
export { systemClock } from './clock.js'
export type { Clock, TimerOptions } from './clock.js'
export { randomIds } from './ids.js'
export type { ChildName, IdSource } from './ids.js'
export type {
  Acceptance,
  AdmitRequest,
  Admittance,
  ChunkAppend,
  ChunkPage,
  ChunkVerdict,
  ClaimRequest,
  CommandAnswer,
  Commit,
  CommitVerdict,
  DocumentQuery,
  DocumentVerdict,
  DocumentWrite,
  EventPruneRequest,
  EventQuery,
  ExecutionCounts,
  ExecutionPage,
  ExecutionQuery,
  FlowKeys,
  InboxMessage,
  Join,
  Joined,
  OwnerRecord,
  Pruned,
  PruneRequest,
  Publication,
  PublicationVerdict,
  PublishedEvent,
  SnapshotStore,
  StatePiece,
  StoredChunk,
  StatePieces,
  StoredCheckpoint,
  StoredDocument,
  StoredEvent,
  StoredExecution,
  StoredPlace,
  StreamRun,
} from './persistence/snapshot-store.js'
