/**
 * The loads of stored executions that are to be taken into memory.
 *
 * Owns: which of the copies that were read are outdated by the time they are here. The store gives its answers in any order: an
 * execution may have been taken up by another load meanwhile, have moved, and have left memory again. A second host made of the
 * older copy would write the same commit once more, and let out once more what goes with it.
 */
import type { StoredExecution } from '../../persistence/snapshot-store.js'
import type { HeldExecution } from './execution-port.js'

/** One question to the store, from when it is asked until its answer is in memory. */
export class Load {
  /** What has left memory here since the question: id → the epoch that it had. */
  readonly #left = new Map<string, number>()

  left({ id, epoch }: HeldExecution): void {
    this.#left.set(id, epoch)
  }

  /** True if the execution was in memory after the copy was read. A copy that was claimed anew is newer than what has left. */
  isOutdated({ id, epoch }: StoredExecution): boolean {
    const left = this.#left.get(id)
    return left !== undefined && left >= epoch
  }
}

/** The loads of one runtime that are under way. */
export class Loads {
  readonly #underWay = new Set<Load>()

  /** Runs a load; what has left memory meanwhile is not taken from its answer. */
  async during<T>(run: (load: Load) => Promise<T>): Promise<T> {
    const load = new Load()
    this.#underWay.add(load)
    try {
      return await run(load)
    } finally {
      this.#underWay.delete(load)
    }
  }

  /** An execution has left memory. */
  left(execution: HeldExecution): void {
    for (const load of this.#underWay) load.left(execution)
  }
}
