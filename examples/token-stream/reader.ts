/** A reader that shows the text as it comes, and can go away and come back. */
import type { ExecutionHandle } from 'stateward'

/** What a reader has, and where it goes on. */
export interface Reading {
  readonly text: string
  /** The last offset that was read. */
  readonly since: number
  /** True once the text is final. */
  readonly isFinal: boolean
}

/** The beginning of a reading. */
export const unread: Reading = { text: '', since: 0, isFinal: false }

/** Reads on from where a reading stands, for at most so many entries; what an attempt had said that was abandoned is taken back. */
export async function readOn(execution: ExecutionHandle, from: Reading, most = Infinity): Promise<Reading> {
  let { text, since, isFinal } = from
  let left = most
  for await (const entry of execution.stream({ since })) {
    since = entry.offset
    if (entry.type === 'chunk') text += String(entry.data)
    else if (entry.type === 'abandoned') text = ''
    else isFinal = true
    if (--left <= 0) break
  }
  return { text, since, isFinal }
}
