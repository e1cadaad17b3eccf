/**
 * When the unowned executions of a memory store are due.
 *
 * Owns: a heap for each entry point. When a row changes, its old entry stays in the heap and is skipped when it
 * comes up; a heap that consists mostly of such entries is made anew.
 */
import { Heap } from '../../heap.js'
import type { MemoryRow, MemoryRows } from './memory-rows.js'

interface DueEntry {
  readonly at: number
  readonly row: MemoryRow
}

const slack = 64

/** The due times of the rows that stand in the index `due`. */
export class MemoryDue {
  readonly #rows: MemoryRows
  readonly #heaps = new Map<string, Heap<DueEntry>>()

  constructor(rows: MemoryRows) {
    this.#rows = rows
  }

  /** To be called after each change of a row, once its indexes are right. */
  note(row: MemoryRow): void {
    const { dueAt, entryPoint } = row.execution
    const waiting = this.#rows.under('due', entryPoint)
    if (dueAt === null || !waiting.has(row)) return
    const heap = this.#heapOf(entryPoint)
    heap.push({ at: dueAt, row })
    if (heap.size <= 2 * waiting.size + slack) return
    heap.refill([...waiting].map((each) => ({ at: each.execution.dueAt ?? 0, row: each })))
  }

  /** The earliest due time of an entry point. */
  next(entryPoint: string): number | null {
    return this.#top(entryPoint)?.at ?? null
  }

  /** At most `limit` rows that are due at `now`, earliest first; they stay. What was updated later than that is due `setBack` ms earlier. */
  due(entryPoint: string, now: number, setBack: number, limit: number): MemoryRow[] {
    const seen: DueEntry[] = []
    const found = new Set<MemoryRow>()
    for (let top = this.#top(entryPoint); top && top.at <= now + setBack && found.size < limit; top = this.#top(entryPoint)) {
      if (top.at <= now || top.row.execution.updatedAt > now) found.add(top.row)
      seen.push(top)
      this.#heapOf(entryPoint).pop()
    }
    for (const entry of seen) this.#heapOf(entryPoint).push(entry)
    return [...found]
  }

  #top(entryPoint: string): DueEntry | undefined {
    const heap = this.#heaps.get(entryPoint)
    const waiting = this.#rows.under('due', entryPoint)
    for (let top = heap?.first; top; top = heap?.first) {
      if (waiting.has(top.row) && top.row.execution.dueAt === top.at) return top
      heap?.pop()
    }
    return undefined
  }

  #heapOf(entryPoint: string): Heap<DueEntry> {
    let heap = this.#heaps.get(entryPoint)
    if (!heap) this.#heaps.set(entryPoint, (heap = new Heap((a, b) => a.at < b.at)))
    return heap
  }
}
