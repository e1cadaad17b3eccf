/** A run of published events in memory. Owns: their order, finding the place of a number among them, and what taking some out costs. */
import type { StoredEvent } from '../snapshot-store.js'

/** A journal of fewer places is not made anew. */
const few = 16

/** Events by ascending `seq`. */
export class MemoryJournal {
  /** In the place of an event that was taken out stands its `seq`, until half of all places are such: so that one costs the same among many as among few. */
  #places: (StoredEvent | number)[] = []
  #gaps = 0

  append(event: StoredEvent): void {
    this.#places.push(event)
  }

  /** At most `limit` events with a greater `seq` than `since`. */
  after(since: number, limit: number): StoredEvent[] {
    const found: StoredEvent[] = []
    for (let at = this.#firstAfter(since); at < this.#places.length && found.length < limit; at++) {
      const event = this.#places[at]
      if (typeof event === 'object') found.push(event)
    }
    return found
  }

  /** All there are. */
  all(): readonly StoredEvent[] {
    return this.after(0, Infinity)
  }

  /** All but the last `keep`. */
  allBut(keep: number): readonly StoredEvent[] {
    return this.after(0, Math.max(0, this.#places.length - this.#gaps - keep))
  }

  /** Takes these events out, and puts another one in the place of the last of them. */
  replace(dropped: readonly StoredEvent[], by: StoredEvent): void {
    this.drop(dropped.slice(0, -1))
    this.#places[this.#firstAfter(by.seq - 1)] = by
  }

  /** Takes these events out. */
  drop(dropped: readonly StoredEvent[]): void {
    for (const { seq } of dropped) this.#places[this.#firstAfter(seq - 1)] = seq
    this.#gaps += dropped.length
    if (this.#places.length < few || 2 * this.#gaps < this.#places.length) return
    this.#places = this.#places.filter((place) => typeof place === 'object')
    this.#gaps = 0
  }

  #firstAfter(since: number): number {
    let low = 0
    let high = this.#places.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (seqOf(this.#places[middle] as StoredEvent | number) <= since) low = middle + 1
      else high = middle
    }
    return low
  }
}

const seqOf = (place: StoredEvent | number) => (typeof place === 'number' ? place : place.seq)
