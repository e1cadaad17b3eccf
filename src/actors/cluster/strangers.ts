/**
 * Finds executions whose entry point is not defined here: it was renamed or removed, or other processes run it.
 *
 * Owns: finding them, and one warning to the operator at the start. They stay as they are; `stored-commands.ts` carries out
 * a pause or a cancel of them.
 */
import { isTerminal, type ExecutionStatus } from '../../events/execution-status.js'
import type { ExecutionCounts, SnapshotStore } from '../../persistence/snapshot-store.js'
import type { Log } from '../../logger.js'
import { isGone } from './process-identity.js'

/** How many executions of each entry point that is not among `known` have not ended. */
export function strangersIn(counts: ExecutionCounts, known: readonly string[]): ReadonlyMap<string, number> {
  const strangers = new Map<string, number>()
  for (const [entryPoint, statuses] of Object.entries(counts)) {
    if (known.includes(entryPoint)) continue
    let count = 0
    for (const [status, of] of Object.entries(statuses)) if (!isTerminal(status as ExecutionStatus)) count += of
    if (count > 0) strangers.set(entryPoint, count)
  }
  return strangers
}

/** Why such an execution does not go on here. */
export function strangerReason(entryPoint: string): string {
  return `there is no entry point ${entryPoint} here: it was renamed or removed, or another process runs it`
}

/** Reports them: as a warning, unless another process may run them. */
export async function tellStrangers(
  store: Pick<SnapshotStore, 'owners'>,
  strangers: ReadonlyMap<string, number>,
  own: string,
  logger: Log,
): Promise<void> {
  if (strangers.size === 0) return
  const others = (await store.owners()).some((owner) => owner.key !== own && !isGone(owner))
  for (const [entryPoint, count] of strangers) {
    const text = `${count} execution${count === 1 ? '' : 's'} of entry point ${entryPoint} can't go on here: ${strangerReason(entryPoint)}`
    if (others) logger.info(text)
    else logger.warn(`${text}. Define it again, or cancel them.`)
  }
}
