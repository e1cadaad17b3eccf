/** What is explored: entry points, and what a scenario does with them. Owns the forms in which both may be given. */
import type { EntryPoint } from '../../entry-point.js'
import type { SnapshotStore } from '../../persistence/snapshot-store.js'
import type { TestRuntime } from '../world/test-runtime.js'
import type { CauseCode } from './cause.js'
import type { ExplorationHost } from './exploration-host.js'
import type { Run } from './run.js'

/** One entry point, several, or a function that makes them anew for each run (so that what their machines close over is fresh). */
export type Explored = EntryPoint | readonly EntryPoint[] | (() => EntryPoint | readonly EntryPoint[])

type Made<T> = T extends () => infer TMade ? TMade : T
type ListOf<T> = T extends readonly EntryPoint[] ? T : T extends EntryPoint ? readonly [T] : never

/** The entry points of what is explored, as a list. */
export type EntryPointsOf<TExplored extends Explored> = ListOf<Made<TExplored>>

/**
 * Sets its mocks, triggers, sends, lets time pass. What it resolves with is compared, such as a ledger of what was charged.
 * It may be async, must do the same in each run, and leave judging to the exploration.
 */
export type Scenario<TExplored extends Explored> = (runtime: TestRuntime<EntryPointsOf<TExplored>>) => unknown

/** The options of an exploration. */
export interface ExplorationOptions {
  /** How many runs at the most; default 1,000. Points beyond are left out, and counted in the report. */
  readonly budget?: number
  /** How many pairs of crashes, chosen by the seed; default 40. */
  readonly pairs?: number
  /** Default 1. */
  readonly seed?: number
  /** Whether custom actions without a name must run exactly as often as in an undisturbed run; default `compare`. */
  readonly inlineActions?: 'compare' | 'ignore'
  /** Causes that are as they should be: runs that differ for them are counted, and no failure. Default none. */
  readonly accept?: readonly CauseCode[]
  /** Throws if a run came out as it must not. */
  readonly invariant?: (run: Run) => void
  /** Makes the store of one run, or what opens it for each process of the run; default a memory store. */
  readonly store?: () => SnapshotStore | (() => SnapshotStore)
  /** What carries the programs; default Stateward. `naiveHost` shows what becomes of them without it. */
  readonly host?: ExplorationHost
}

/** The entry points for one run. */
export function entryPointsFor(explored: Explored): readonly EntryPoint[] {
  const made = typeof explored === 'function' ? explored() : explored
  return Array.isArray(made) ? (made as readonly EntryPoint[]) : [made as EntryPoint]
}
