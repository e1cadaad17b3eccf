/** A run of published events in memory. Owns: their order, and finding the place of a number among them. */
import type { StoredEvent } from './snapshot-store.js'

/** Events by ascending `seq`. */
export class MemoryJournal {
  #events: StoredEvent[] = []

  append(event: StoredEvent): void {
    this.#events.push(event)
  }

  /** At most `limit` events with a greater `seq` than `since`. */
  after(since: number, limit: number): StoredEvent[] {
    const first = this.#firstAfter(since)
    return this.#events.slice(first, first + limit)
  }

  /** All but the last `keep`. */
  allBut(keep: number): readonly StoredEvent[] {
    return this.#events.slice(0, Math.max(0, this.#events.length - keep))
  }

  /** Takes these events out, and puts another one in the place of the last of them. */
  replace(dropped: readonly StoredEvent[], by: StoredEvent): void {
    for (const { seq } of dropped) {
      const at = this.#firstAfter(seq - 1)
      if (seq === by.seq) this.#events[at] = by
      else this.#events.splice(at, 1)
    }
  }

  #firstAfter(since: number): number {
    let low = 0
    let high = this.#events.length
    while (low < high) {
      const middle = (low + high) >>> 1
      const event = this.#events[middle]
      if (event && event.seq <= since) low = middle + 1
      else high = middle
    }
    return low
  }

  /** Takes the events of these executions out. */
  drop(executions: ReadonlySet<string>): void {
    this.#events = this.#events.filter((event) => !executions.has(event.executionId))
  }
}
