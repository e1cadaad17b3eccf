/**
 * What waits for what, and which of it waits for ever.
 *
 * Owns: the graph of one look. A node is an execution, or the slots of an entry point in one process; it goes on as soon as
 * any one of those does that it waits for. Does not know: where that stands.
 */

/** Those that a node waits for; undefined: it goes on by itself. */
export type WaitsFor = readonly string[] | undefined

/** One graph, from what is asked about down to all that it waits for. */
export class WaitGraph {
  readonly #nodes = new Map<string, WaitsFor>()
  readonly #open: Set<string>

  constructor(asked: Iterable<string>) {
    this.#open = new Set(asked)
  }

  /** The nodes of which it is not known yet for what they wait. */
  get open(): readonly string[] {
    return [...this.#open]
  }

  get size(): number {
    return this.#nodes.size
  }

  know(node: string, waitsFor: WaitsFor): void {
    this.#open.delete(node)
    this.#nodes.set(node, waitsFor)
    for (const other of waitsFor ?? []) if (!this.#nodes.has(other)) this.#open.add(other)
  }

  /** Those that wait for ever, unless something from outside moves them. Of what is open it is taken that it goes on. */
  stuck(): ReadonlySet<string> {
    const waiters = new Map<string, string[]>()
    const free = [...this.#open]
    for (const [node, waitsFor = []] of this.#nodes) {
      if (waitsFor.length === 0) free.push(node)
      for (const other of waitsFor) {
        const known = waiters.get(other)
        if (known) known.push(node)
        else waiters.set(other, [node])
      }
    }
    const stuck = new Set(this.#nodes.keys())
    for (const node of free) {
      stuck.delete(node)
      // the list grows while it is walked
      for (const waiter of waiters.get(node) ?? []) if (stuck.delete(waiter)) free.push(waiter)
    }
    return stuck
  }
}
