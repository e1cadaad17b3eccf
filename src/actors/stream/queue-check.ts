/**
 * Finds the executions of a queue that another process has taken.
 *
 * Owns: how few of them must be read from the store. Processes take the executions of one priority, and of the same keys, in the
 * order of the queue: as long as the first one is still here, all behind it are.
 */
import type { FlowKeys, SnapshotStore } from '../../persistence/snapshot-store.js'

/** The part of a queued execution that is read. */
export interface Takeable {
  readonly id: string
  readonly revision: number
  readonly epoch: number
  readonly priority: number
  readonly queuedSince: number
  readonly recoveries: number
  readonly hasStarted: boolean
  readonly keys: FlowKeys | undefined
}

/** At most this many lines, each of one priority and the same keys, are checked at a time. */
const LINES = 50

/** The executions that this process no longer owns, each as soon as it is known. `round`: where there are many lines, each round checks others. */
export async function* takenByOthers<T extends Takeable>(
  queue: Iterable<T>,
  store: SnapshotStore,
  round = 0,
): AsyncGenerator<T, void> {
  const all = lines(queue)
  const from = (round * LINES) % Math.max(1, all.length)
  for (const level of [...all.slice(from), ...all.slice(0, from)].slice(0, LINES)) {
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

/** The executions that may have been taken, by line and in their order; the greatest priorities first, since these are taken first. */
function lines<T extends Takeable>(queue: Iterable<T>): T[][] {
  const found = new Map<number | string, T[]>()
  for (const execution of queue) {
    const { revision, priority, recoveries, hasStarted, keys } = execution
    if (revision === 0 || hasStarted || recoveries > 0) continue
    const name = keys ? JSON.stringify([priority, keys.concurrency, keys.rate]) : priority
    const line = found.get(name)
    if (line) line.push(execution)
    else found.set(name, [execution])
  }
  return [...found.values()]
    .toSorted(([a], [b]) => (b as T).priority - (a as T).priority)
    .map((line) => line.toSorted((a, b) => a.queuedSince - b.queuedSince))
}
