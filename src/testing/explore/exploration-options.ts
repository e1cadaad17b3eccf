/** The options of an exploration. Owns no behaviour. */
import type { SnapshotStore } from '../../persistence/snapshot-store.js'
import type { CauseCode } from './cause.js'
import type { ExplorationHost } from './exploration-host.js'
import type { Run } from './run.js'

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
  /**
   * Whether a function that is explored makes the entry points anew for each `run`, or for each `process` of a run: then what its
   * machines keep outside of their context, in closures, is gone with a process, as it would be in earnest. Default `run`;
   * of `exploreRestarts`, `process`.
   */
  readonly fresh?: 'run' | 'process'
  /** What carries the programs; default Stateward. `naiveHost` shows what becomes of them without it. */
  readonly host?: ExplorationHost
}
