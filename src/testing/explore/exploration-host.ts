/** What can carry programs through an exploration. Owns the contract between explorations and hosts. */
import type { EntryPoint } from '../../runtime/entry-point.js'
import type { ErrorRecord } from '../../errors.js'
import type { Breach } from '../world/commit-oracle.js'
import type { History } from '../world/history.js'
import type { Point } from '../world/points.js'
import type { StepCall } from '../world/step-calls.js'
import type { TestRuntimeOptions } from '../world/test-runtime-options.js'

/** How one execution came out. */
export interface ObservedExecution {
  readonly id: string
  readonly entryPoint: string
  readonly parentId: string | null
  /** Of the step that started it, for one that has a parent. */
  readonly key: string | null
  readonly status: string
  readonly value: unknown
  readonly context: unknown
  readonly output: unknown
  readonly error: ErrorRecord | null
  /** Why it is paused. */
  readonly paused: string | null
  /** What was emitted, in order. */
  readonly emitted: readonly unknown[]
  /** How many terminal events there are in its journal. */
  readonly ends: number
  /** Attempts of the execution itself, from 1. */
  readonly attempt: number
  /** Custom actions that are owed. */
  readonly owed: number
  /** Events and commands that stand in its inbox. */
  readonly inbox: number
  /** The state in which its cancel event was lost on its machine; absent if it was not, or if it got none. */
  readonly cancelUntakenIn?: unknown
  /** Actors of its program that have ended and are still there, by path. */
  readonly endedChildren: readonly string[]
}

/** A value that was another one after it had been stored. */
export interface LossyValue {
  readonly execution: string
  readonly path: string
  readonly was: string
  readonly is: string
}

/** A world in which a scenario runs once. */
export interface ExplorationWorld {
  /** What the scenario gets. */
  readonly runtime: unknown
  readonly calls: readonly StepCall[]
  history(): History
  /** Steps that began as they must not. */
  readonly breaches: readonly Breach[]
  /** Values that did not survive a restart. */
  readonly lossy: readonly LossyValue[]
  crash(): void
  restart(): Promise<void>
  /** The process stops as it should, and another one begins. */
  redeploy(): Promise<void>
  /** An execution leaves memory, if it waits. */
  passivate(execution: string): Promise<void>
  runToIdle(): Promise<void>
  settle(): Promise<void>
  /** Gives a command to an execution; resolves when it, and what undoes it, is over. */
  command(execution: string, command: ExplorationCommand): Promise<void>
  observe(): Promise<readonly ObservedExecution[]>
  end(): Promise<void>
}

/** A command at a point, to the execution that came there or to the one that started it: a pause is followed by a resume. */
export type ExplorationCommand =
  | 'pause'
  | 'pause now'
  | 'cancel'
  | 'pause of the parent'
  | 'pause now of the parent'
  | 'cancel of the parent'

/** Makes worlds. */
export interface ExplorationHost {
  /** For people. */
  readonly name: string
  begin(options: {
    readonly entryPoints: readonly EntryPoint[]
    readonly seed: number
    readonly store: TestRuntimeOptions['store']
    /** Makes those of each further process; undefined: they are the same. */
    readonly fresh?: (() => readonly EntryPoint[]) | undefined
    readonly onPoint: (point: Point) => void
  }): ExplorationWorld
}
