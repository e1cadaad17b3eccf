/**
 * What happened in a world, one line each: a story that reads well in a diff.
 *
 * Owns: the lines and their order. Times are simulated and count from the world's beginning, so that a story comes out the
 * same whenever it is told.
 */
import { passed } from '../snapshots/coarse-time.js'
import { durationText } from './readable.js'

/** One thing that happened. */
export interface HistoryEntry {
  /** In ms since the world began. */
  readonly at: number
  /** The execution that it happened to; null: to the process. */
  readonly execution: string | null
  readonly text: string
  /** What a machine of the program did, if it is that. */
  readonly transition?: Transition
}

/** One transition of one machine of a program. */
export interface Transition {
  /** Which of its actors; the root's is empty. */
  readonly path: string
  /** Absent where it starts, or stands where it was restored. */
  readonly from?: unknown
  /** The event's type. */
  readonly on: string
  readonly to: unknown
  readonly status: string
  /** The parts of the context that are other ones than before. */
  readonly changes: Readonly<Record<string, unknown>>
}

/** The story of one world. */
export class History {
  readonly entries: readonly HistoryEntry[]

  constructor(entries: readonly HistoryEntry[]) {
    this.entries = entries
  }

  /** Of one execution, and of what happened to its process. */
  of(execution: string): History {
    return new History(this.entries.filter((entry) => entry.execution === execution || entry.execution === null))
  }

  /** A line an entry: the time, the execution where there are several, what happened. */
  get lines(): string[] {
    const several = new Set(this.entries.flatMap(({ execution }) => execution ?? [])).size > 1
    const times = this.entries.map(({ at }) => `+${durationText(passed(at, 1))}`)
    const width = Math.max(0, ...times.map(({ length }) => length))
    const names = several ? Math.max(0, ...this.entries.map(({ execution }) => (execution ?? '').length)) : 0
    return this.entries.map(({ execution, text }, index) =>
      [(times[index] as string).padEnd(width), ...(several ? [(execution ?? '').padEnd(names)] : []), text].join('  '),
    )
  }

  toString(): string {
    return this.lines.join('\n')
  }

  toJSON(): readonly HistoryEntry[] {
    return this.entries
  }
}
