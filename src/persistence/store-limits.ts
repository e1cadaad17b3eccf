/** The numbers and the answer that every store shares. Owns: nothing else. */

/** The answer to a command that was still in the inbox when its execution ended. */
export const finishedAnswer = '{"status":"already_finished"}'

/** For how long an answer waits for its sender, in milliseconds. */
export const answerKept = 60 * 60 * 1000

/** For how long a pruned id is told from an unknown one, in milliseconds. */
export const tombstoneKept = 90 * 24 * 60 * 60 * 1000

/** A limit as a whole number that any store can bind; less than nothing is nothing. */
export function atMost(limit: number): number {
  return limit >= 1 ? Math.floor(Math.min(limit, 2 ** 31 - 1)) : 0
}
