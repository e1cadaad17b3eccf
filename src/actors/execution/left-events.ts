/**
 * Events that were still on their way into the durable inbox when their execution left memory.
 *
 * Owns: until when they are. A later event of the same process is placed by somebody else, and must not come before them.
 */
import type { HeldExecution } from './execution-port.js'

/** Such events of one runtime. */
export class LeftEvents {
  readonly #placing = new Map<string, Promise<unknown>>()

  /** An execution has left memory. */
  left({ id, delivery: { placing } }: HeldExecution): void {
    if (!placing) return
    const all = Promise.all([this.#placing.get(id), placing]).then(([before, last]) => {
      if (this.#placing.get(id) === all) this.#placing.delete(id)
      return last ?? before
    })
    this.#placing.set(id, all)
  }

  /** Resolves once they have their places, or are sent again, with the error if another process's lock delayed one for its whole time; undefined if there are none. */
  placing(id: string): Promise<unknown> | undefined {
    return this.#placing.get(id)
  }
}
