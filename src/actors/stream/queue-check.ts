/**
 * Finds the executions of a queue that another process has taken.
 *
 * Owns: how few of them must be read from the store. Processes take the executions of one priority in the order of the queue: as
 * long as the first one is still here, all behind it are.
 */
import type { SnapshotStore } from '../../persistence/snapshot-store.js'

/** The part of a queued execution that is read. */
export interface Takeable {
  readonly id: string
  readonly revision: number
  readonly epoch: number
  readonly priority: number
  readonly queuedSince: number
  readonly recoveries: number
  readonly hasStarted: boolean
}

/** At most this many priorities are checked at a time. */
const LEVELS = 50

/** The executions that this process no longer owns, each as soon as it is known. */
export async function* takenByOthers<T extends Takeable>(queue: Iterable<T>, store: SnapshotStore): AsyncGenerator<T, void> {
  for (const level of levels(queue)) {
    for (const execution of level) {
      if (!(await isTaken(execution, store))) break
      yield execution
    }
  }
}

/** Compares epochs, which only grow: an outdated answer takes nothing away. */
async function isTaken({ id, epoch }: Takeable, store: SnapshotStore): Promise<boolean> {
  const stored = await store.load(id)
  return stored ? stored.epoch > epoch : (await store.absence(id)) === 'expired'
}

/** The executions that may have been taken, by priority and in their order; the greatest priorities first, since these are taken first. */
function levels<T extends Takeable>(queue: Iterable<T>): T[][] {
  const byPriority = new Map<number, T[]>()
  for (const execution of queue) {
    const { revision, priority, recoveries, hasStarted } = execution
    if (revision === 0 || hasStarted || recoveries > 0) continue
    const level = byPriority.get(priority)
    if (level) level.push(execution)
    else byPriority.set(priority, [execution])
  }
  return [...byPriority]
    .toSorted(([a], [b]) => b - a)
    .slice(0, LEVELS)
    .map(([, level]) => level.toSorted((a, b) => a.queuedSince - b.queuedSince))
}
