/**
 * Events that came straight to a program, and the commit that holds them.
 *
 * Owns: what the runtime has said of it at its last commit of each execution; one is in flight at a time. Does not know:
 * whether that commit comes to the store.
 */
import type { Commit } from '../../persistence/snapshot-store.js'

/** Those of one process. */
export class DirectEvents {
  readonly #collected = new Map<string, { readonly revision: number; readonly payloads: readonly string[] }>()

  /** The runtime makes a commit that holds them. */
  collected(execution: string, revision: number, payloads: readonly string[]): void {
    if (payloads.length > 0) this.#collected.set(execution, { revision, payloads })
    else this.#collected.delete(execution)
  }

  /** What a commit holds, as it would be stored. */
  in({ id, revision }: Commit): readonly string[] {
    const collected = this.#collected.get(id)
    return collected?.revision === revision ? collected.payloads : []
  }
}
