/**
 * A binary heap (J. W. J. Williams, "Algorithm 232: Heapsort", CACM 7, 1964).
 *
 * Owns: that the first of its items is at hand, and what putting one in and taking the first out costs. Nothing can be taken out
 * of its midst: who needs that marks an item, and skips it when it comes up.
 */

/** Items of which the first, by `isBefore`, is at hand. */
export class Heap<T> {
  readonly #items: T[] = []
  readonly #isBefore: (a: T, b: T) => boolean

  /** `isBefore`: true if `a` comes ahead of `b`; must be false for two of the same place. */
  constructor(isBefore: (a: T, b: T) => boolean) {
    this.#isBefore = isBefore
  }

  get size(): number {
    return this.#items.length
  }

  /** The first one, left in its place. */
  get first(): T | undefined {
    return this.#items[0]
  }

  push(item: T): void {
    const items = this.#items
    const isBefore = this.#isBefore
    let index = items.push(item) - 1
    while (index > 0) {
      const up = (index - 1) >>> 1
      const parent = items[up] as T
      if (!isBefore(item, parent)) break
      items[index] = parent
      index = up
    }
    items[index] = item
  }

  /** Takes the first one out. */
  pop(): T | undefined {
    const items = this.#items
    const isBefore = this.#isBefore
    const first = items[0]
    const last = items.pop() as T
    const size = items.length
    if (size === 0) return first
    let index = 0
    for (let child = 1; child < size; child = 2 * index + 1) {
      if (child + 1 < size && isBefore(items[child + 1] as T, items[child] as T)) child++
      const next = items[child] as T
      if (!isBefore(next, last)) break
      items[index] = next
      index = child
    }
    items[index] = last
    return first
  }

  /** Has these items alone from now on. */
  refill(items: Iterable<T>): void {
    const all = [...items]
    this.#items.length = 0
    for (const item of all) this.push(item)
  }

  /** Leaves out what `isKept` is false for. */
  keep(isKept: (item: T) => boolean): void {
    this.refill(this.#items.filter((item) => isKept(item)))
  }
}
