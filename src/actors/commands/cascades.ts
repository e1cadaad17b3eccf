/**
 * Commands that are on their way down to what executions have started.
 *
 * Owns: which of them are. A command whose time was up changes from the router to the inbox, and goes down once all the same.
 * Does not know: how a command gets down (the router).
 */
import type { Command } from '../../events/outcomes.js'

/** The same for the same command to the same execution, however long its answer may take. */
const keyOf = (id: string, command: Command) => JSON.stringify([id, { ...command, wait: undefined }])

/** Those of one router. */
export class Cascades {
  readonly #all = new Map<string, Promise<void>>()

  /** One begins, and goes down to what `id` has started. */
  begin(id: string, command: Command, cascade: Promise<void>): Promise<void> {
    const key = keyOf(id, command)
    this.#all.set(key, cascade)
    return cascade.finally(() => {
      if (this.#all.get(key) === cascade) this.#all.delete(key)
    })
  }

  /** The one that is on its way with that command; undefined if there is none. */
  of(id: string, command: Command): Promise<void> | undefined {
    return this.#all.get(keyOf(id, command))
  }
}
