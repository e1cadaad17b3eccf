/**
 * Cascades: commands on their way from executions to their children.
 *
 * Owns: which cascades are under way. A command whose time is up moves from the router to the inbox, and still cascades only once.
 * Does not know: how a command gets down (the router).
 */
import type { Command } from '../../events/outcomes.js'

/** The same key for the same command to the same execution, however long the answer may take. */
const keyOf = (id: string, command: Command) => JSON.stringify([id, { ...command, wait: undefined }])

/** The cascades of one router. */
export class Cascades {
  readonly #all = new Map<string, Promise<void>>()

  /** A cascade to the children of `id` begins. */
  begin(id: string, command: Command, cascade: Promise<void>): Promise<void> {
    const key = keyOf(id, command)
    this.#all.set(key, cascade)
    return cascade.finally(() => {
      if (this.#all.get(key) === cascade) this.#all.delete(key)
    })
  }

  /** The cascade of that command that is under way; undefined if there is none. */
  of(id: string, command: Command): Promise<void> | undefined {
    return this.#all.get(keyOf(id, command))
  }
}
