/**
 * Which triggers of an entry point go into one execution, and when that starts.
 *
 * Owns: the limits with every default filled in, and the words for them. Does not know: how triggers are taken in, or stored.
 */
import type { KeyOf } from './flow-limits.js'

/** One execution with the last input: it starts when no further trigger has come for `quiet` ms, and `atMost` ms after the first one. */
export interface DebounceLimit {
  readonly quiet: number
  /** Infinity: only a quiet time starts it. */
  readonly atMost: number
  readonly key: KeyOf | undefined
}

/** One execution with the list of all inputs: it starts when there are `size`, and `within` ms after the first one. */
export interface BatchLimit {
  readonly size: number
  readonly within: number
  readonly key: KeyOf | undefined
}

/** The limits of an entry point: one of them at most. */
export interface GatheringLimits {
  readonly debounce: DebounceLimit | undefined
  readonly batch: BatchLimit | undefined
}

/** How triggers go into one execution: the last input counts, or all of them do. */
export type GatheringKind = 'debounce' | 'batch'

/** A batch takes no more in once its elements have so many characters in all, as they are stored. */
export const batchLength = 4_000_000

/** How the entry point gathers; undefined: each trigger makes an execution of its own. */
export function gatheringKind({ debounce, batch }: GatheringLimits): GatheringKind | undefined {
  return debounce ? 'debounce' : batch && 'batch'
}
