/**
 * What waits for what, and which of it waits for ever.
 *
 * Owns: the graph of one look, and the names of its nodes. A node is an execution, the slots of an entry point in one process, or the
 * permits under one key of an entry point on the store. Does not know: where that stands.
 */

/** Those that a node waits for: it goes on as soon as any one of them does, or as soon as all of them do. Undefined: it goes on by itself. */
export type WaitsFor = { readonly anyOf: readonly string[] } | { readonly allOf: readonly string[] } | undefined

/** What executions wait for in a queue. */
export type Wanted =
  | { readonly owner: string; readonly entryPoint: string; readonly key?: undefined }
  | { readonly owner?: undefined; readonly entryPoint: string; readonly key: string }

/** The node of what is wanted. No execution id is equal to it, since it is not printable. */
export const wantedNode = ({ owner, entryPoint, key }: Wanted) =>
  owner === undefined ? `\u0000key\u0000${entryPoint}\u0000${key}` : `\u0000slots\u0000${entryPoint}\u0000${owner}`

/** What a node stands for; undefined: an execution, whose id it is. */
export function wantedAt(node: string): Wanted | undefined {
  const [id, kind, entryPoint = '', last = ''] = node.split('\u0000')
  if (id !== '') return undefined
  return kind === 'key' ? { entryPoint, key: last } : { entryPoint, owner: last }
}

const listOf = (waitsFor: WaitsFor) => (!waitsFor ? [] : 'anyOf' in waitsFor ? waitsFor.anyOf : waitsFor.allOf)

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
    for (const other of listOf(waitsFor)) if (!this.#nodes.has(other)) this.#open.add(other)
  }

  /** Those that a node waits for, as far as that is known. */
  waitsFor(node: string): readonly string[] {
    return listOf(this.#nodes.get(node))
  }

  /** Those that wait for ever, unless something from outside moves them. Of what is open it is taken that it goes on. */
  stuck(): ReadonlySet<string> {
    const waiters = new Map<string, string[]>()
    const free = [...this.#open]
    // how many of those that it waits for must go on before it does
    const missing = new Map<string, number>()
    for (const [node, waitsFor] of this.#nodes) {
      const others = listOf(waitsFor)
      missing.set(node, waitsFor && 'allOf' in waitsFor ? others.length : 1)
      if (others.length === 0) free.push(node)
      for (const other of others) {
        const known = waiters.get(other)
        if (known) known.push(node)
        else waiters.set(other, [node])
      }
    }
    const stuck = new Set(this.#nodes.keys())
    for (const node of free) {
      stuck.delete(node)
      // the list grows while it is walked
      for (const waiter of waiters.get(node) ?? []) {
        const left = (missing.get(waiter) ?? 0) - 1
        missing.set(waiter, left)
        if (left <= 0 && stuck.delete(waiter)) free.push(waiter)
      }
    }
    return stuck
  }
}
