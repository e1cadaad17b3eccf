/** The numbers that every store shares. Owns: nothing else. */
import type { StoredExecution } from './snapshot-store.js'

/** For how long an answer waits for its sender, in milliseconds. */
export const answerKept = 60 * 60 * 1000

/** For how long a pruned id is told from an unknown one, in milliseconds. */
export const tombstoneKept = 90 * 24 * 60 * 60 * 1000

/** A limit as a whole number that any store can bind; less than nothing is nothing. */
export function atMost(limit: number): number {
  return limit >= 1 ? Math.floor(Math.min(limit, 2 ** 31 - 1)) : 0
}

/** How long the texts of an execution are that may be long, in characters. */
export function lengthOf({ input, state, output, error }: StoredExecution): number {
  return input.length + state.length + (output?.length ?? 0) + (error?.length ?? 0)
}
