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
    let low = 0
    let high = this.#events.length
    while (low < high) {
      const middle = (low + high) >>> 1
      const event = this.#events[middle]
      if (event && event.seq <= since) low = middle + 1
      else high = middle
    }
    return this.#events.slice(low, low + limit)
  }

  /** Takes the events of these executions out. */
  drop(executions: ReadonlySet<string>): void {
    this.#events = this.#events.filter((event) => !executions.has(event.executionId))
  }
}
