/**
 * A map of things that come and go.
 *
 * Owns: what is deleted can be collected at once. V8 replaces a map's table as entries come and go, and each table of the past
 * keeps the next one alive, with all that was in them, until a full collection: everything that was ever in a plain `Map` would
 * be copied, and live on in the heap, for nothing. Here the tables hold cells, and a deleted cell is empty.
 */
interface Cell<V> {
  value: V | undefined
}

/** The part of a `Map` that is used, for values that are never undefined. */
export class ReleasingMap<K, V> {
  readonly #cells = new Map<K, Cell<V>>()

  get size(): number {
    return this.#cells.size
  }

  get(key: K): V | undefined {
    return this.#cells.get(key)?.value
  }

  has(key: K): boolean {
    return this.#cells.has(key)
  }

  set(key: K, value: V): void {
    const cell = this.#cells.get(key)
    if (cell) cell.value = value
    else this.#cells.set(key, { value })
  }

  delete(key: K): boolean {
    const cell = this.#cells.get(key)
    if (!cell) return false
    cell.value = undefined
    return this.#cells.delete(key)
  }

  clear(): void {
    for (const key of this.#cells.keys()) this.delete(key)
  }

  keys(): Iterable<K> {
    return this.#cells.keys()
  }

  *values(): Generator<V, void> {
    for (const { value } of this.#cells.values()) if (value !== undefined) yield value
  }
}
