/** A table of contents of `stateward/testing`; nothing inside imports it. */
export { aClaim, aCommit, anAcceptance, anAccepted, anEnd, anOwner } from './store/store-builders.js'
export type { StoreCase, StoreCaseResult, StoreFactory } from './store/store-case.js'
export { storeSuite } from './store/store-suite.js'
export type { ExecutionPath, PathRunOptions, PathStep } from './paths/execution-path.js'
export type { PathOptions } from './paths/path-options.js'
export { pathsOf } from './paths/paths-of.js'
export type { PathState } from './paths/path-state.js'
export { createTestRuntime, TestRuntime, testRuntimeOf } from './world/test-runtime.js'
export type { TestRuntimeOptions } from './world/test-runtime.js'
export { SimulatedClock } from './clock/simulated-clock.js'
export { delayed, fails, hangs, returns } from './world/mock-behaviour.js'
export type { MockArguments, MockBehaviour } from './world/mock-behaviour.js'
export type { HeldCall, HeldStep } from './world/held-step.js'
export type { StepCall } from './world/step-calls.js'
export type { History, HistoryEntry } from './world/history.js'
export { exploreCrashes } from './explore/explore-crashes.js'
export { explorePauses } from './explore/explore-pauses.js'
export { exploreCancels } from './explore/explore-cancels.js'
export { ExplorationError } from './explore/report.js'
export type { ExplorationFailure, ExplorationReport } from './explore/report.js'
export type { Cause, CauseCode } from './explore/cause.js'
export type { Difference } from './explore/differences.js'
export type { ObservedExecution } from './explore/exploration-host.js'
export type { Run } from './explore/run.js'
export type { ExplorationOptions, Explored, Scenario } from './explore/scenario.js'
export { naiveHost } from './explore/naive-host.js'
export type { ExplorationHost } from './explore/exploration-host.js'
export { executionSnapshot, snapshotOf } from './snapshots/execution-snapshot.js'
export type { SnapshotOptions } from './snapshots/execution-snapshot.js'
export { snapshotOfRecord } from './snapshots/record-snapshot.js'
export type { RecordSurroundings } from './snapshots/record-snapshot.js'
export { isExecutionSnapshot } from './snapshots/snapshot-form.js'
export type {
  ChildSnapshot,
  EventSnapshot,
  ExecutionSnapshot,
  InboxSnapshot,
  InterventionSnapshot,
  RanSnapshot,
  StartedSnapshot,
  StepSnapshot,
  TimerSnapshot,
} from './snapshots/snapshot-form.js'
export { formatExecution } from './snapshots/execution-text.js'
export { executionSerializer } from './snapshots/execution-serializer.js'
export type { ExecutionSerializer } from './snapshots/execution-serializer.js'
export { matchers } from './snapshots/matchers.js'
export type { EmittedEvent, ExecutionMatchers, MatcherContext } from './snapshots/matchers.js'
export { checkCompatibility } from './golden/compatibility.js'
export type { CompatibilityOptions } from './golden/compatibility.js'
export type { CompatibilityReport } from './golden/compatibility-report.js'
export type { Misfit, MisfitReason } from './golden/misfit.js'
export type { GoldenExecution, OldSnapshot, OldSnapshots } from './golden/old-snapshot.js'
export { checkGolden } from './golden/check-golden.js'
export { readGolden } from './golden/golden-file.js'
export type { GoldenFile } from './golden/golden-file.js'
export { recordGolden } from './golden/record-golden.js'
export type { GoldenOptions, GoldenRecording } from './golden/record-golden.js'
