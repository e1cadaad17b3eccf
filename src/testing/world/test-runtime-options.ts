/** The options of a test runtime. Owns no behaviour. */
import type { EntryPoint } from '../../runtime/entry-point.js'
import type { SnapshotStore } from '../../persistence/snapshot-store.js'
import type { RuntimeOptions } from '../../runtime/runtime.js'
import type { SimulatedClock } from '../clock/simulated-clock.js'

/** The options of a test runtime: those of a runtime, but for its clock and its ids. */
export interface TestRuntimeOptions<TEntryPoints extends readonly EntryPoint[] = readonly EntryPoint[]> extends Omit<
  RuntimeOptions<TEntryPoints>,
  'store' | 'clock' | 'ids'
> {
  /** Default a memory store of its own; or one for each simulated process, such as several connections to one file. */
  readonly store?: SnapshotStore | (() => SnapshotStore)
  /** Of the jitter; default 1. */
  readonly seed?: number
  /** When simulated time begins; default 2026-01-01T00:00:00Z. */
  readonly now?: number | Date
  /** Shared with another world; default one of its own. */
  readonly clock?: SimulatedClock
}
