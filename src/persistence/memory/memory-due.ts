/**
 * When the unowned executions of a memory store are due.
 *
 * Owns: a binary heap for each entry point. An entry is not taken out when its row changes, but passed over when it
 * comes up, if it does not hold any more; a heap that is mostly such entries is made anew.
 */
import type { MemoryRow, MemoryRows } from './memory-rows.js'

interface DueEntry {
  readonly at: number
  readonly row: MemoryRow
}

const slack = 64

/** The due times of the rows that stand in the index `due`. */
export class MemoryDue {
  readonly #rows: MemoryRows
  readonly #heaps = new Map<string, DueEntry[]>()

  constructor(rows: MemoryRows) {
    this.#rows = rows
  }

  /** To be called after each change of a row, once its indexes are right. */
  note(row: MemoryRow): void {
    const { dueAt, entryPoint } = row.execution
    const waiting = this.#rows.under('due', entryPoint)
    if (dueAt === null || !waiting.has(row)) return
    const heap = this.#heaps.get(entryPoint) ?? []
    this.#heaps.set(entryPoint, heap)
    push(heap, { at: dueAt, row })
    if (heap.length <= 2 * waiting.size + slack) return
    heap.length = 0
    for (const each of waiting) push(heap, { at: each.execution.dueAt ?? 0, row: each })
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
      pop(this.#heaps.get(entryPoint) ?? [])
    }
    for (const entry of seen) push(this.#heaps.get(entryPoint) ?? [], entry)
    return [...found]
  }

  #top(entryPoint: string): DueEntry | undefined {
    const heap = this.#heaps.get(entryPoint)
    const waiting = this.#rows.under('due', entryPoint)
    while (heap?.[0] && !(waiting.has(heap[0].row) && heap[0].row.execution.dueAt === heap[0].at)) pop(heap)
    return heap?.[0]
  }
}

function push(heap: DueEntry[], entry: DueEntry): void {
  let index = heap.push(entry) - 1
  while (index > 0) {
    const up = (index - 1) >>> 1
    const parent = heap[up] as DueEntry
    if (parent.at <= entry.at) break
    heap[index] = parent
    index = up
  }
  heap[index] = entry
}

function pop(heap: DueEntry[]): void {
  const last = heap.pop()
  if (last === undefined || heap.length === 0) return
  let index = 0
  for (;;) {
    let down = 2 * index + 1
    const right = heap[down + 1]
    if (right && right.at < (heap[down] as DueEntry).at) down++
    const child = heap[down]
    if (!child || child.at >= last.at) break
    heap[index] = child
    index = down
  }
  heap[index] = last
}
