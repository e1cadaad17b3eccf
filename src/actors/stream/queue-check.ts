/**
 * Finds out which executions of a queue another process has taken.
 *
 * Owns: how few of them must be asked for. Of each priority they are taken in the order in which they were accepted: as long
 * as the first one is here, all behind it are.
 */
import type { SnapshotStore } from '../../persistence/snapshot-store.js'

/** What it reads of an execution in the queue. */
export interface Takeable {
  readonly id: string
  readonly revision: number
  readonly epoch: number
  readonly priority: number
  readonly acceptedAt: number
  readonly recoveries: number
  readonly hasStarted: boolean
}

/** At most so many priorities are looked at in one check. */
const LEVELS = 50

/** Those that are no longer this process's own, each as soon as it is known. */
export async function* takenByOthers<T extends Takeable>(queue: Iterable<T>, store: SnapshotStore): AsyncGenerator<T, void> {
  for (const level of levels(queue)) {
    for (const execution of level) {
      if (!(await isTaken(execution, store))) break
      yield execution
    }
  }
}

/** By the epoch, which only grows: an answer that lags behind takes nothing away. */
async function isTaken({ id, epoch }: Takeable, store: SnapshotStore): Promise<boolean> {
  const stored = await store.load(id)
  return stored ? stored.epoch > epoch : (await store.absence(id)) === 'expired'
}

/** Of each priority those that may be taken, in the order in which they are; the greatest priorities first, from which they are taken first. */
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
    .map(([, level]) => level.toSorted((a, b) => a.acceptedAt - b.acceptedAt))
}
