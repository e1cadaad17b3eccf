/**
 * Claims in memory: which executions an owner takes over, and in what order.
 *
 * Owns: epochs. Candidates come from the indexes alone.
 */
import { isTerminal } from '../../events/execution-status.js'
import { wholeOf } from './memory-joins.js'
import type { MemoryRow } from './memory-rows.js'
import type { MemoryTables } from './memory-tables.js'
import type { ClaimRequest, StoredExecution } from '../snapshot-store.js'
import { atMost, byClaimOrder, countsAsRecovery } from '../store-rules.js'

/** Takes executions over, as the contract says. */
export function claimInMemory(tables: MemoryTables, request: ClaimRequest): StoredExecution[] {
  const entryPoints = new Set(request.entryPoints)
  const limit = atMost(request.limit)
  const found = [...candidates(tables, request, entryPoints, limit)]
    .filter(({ execution }) => entryPoints.has(execution.entryPoint))
    .map((row) => {
      const { status, priority, acceptedAt, startAt } = row.execution
      return { row, position: row.position, queued: status === 'queued', priority, since: startAt ?? acceptedAt }
    })
    .toSorted(byClaimOrder)
  return found.slice(0, limit).map(({ row }) => {
    const { epoch, recoveries } = row.execution
    const recovered = request.from.kind === 'lost' && countsAsRecovery(row.execution)
    tables.change(row, { owner: request.owner, epoch: epoch + 1, recoveries: recoveries + (recovered ? 1 : 0) })
    return wholeOf(row)
  })
}

function candidates(
  { rows, due }: MemoryTables,
  { from, now, setBack = 0 }: ClaimRequest,
  entryPoints: ReadonlySet<string>,
  limit: number,
): ReadonlySet<MemoryRow> {
  if (from.kind === 'one') {
    const row = rows.byId.get(from.id)
    return new Set(row && row.execution.owner === null && !isTerminal(row.execution.status) ? [row] : [])
  }
  if (from.kind === 'queued') {
    const held = from.owners.flatMap((owner) => [...rows.under('held', owner)])
    return new Set(held.filter(({ execution }) => isFresh(execution, now)))
  }
  if (from.kind === 'lost') return new Set(from.owners.flatMap((owner) => [...rows.under('held', owner)]))
  return new Set(
    [...entryPoints].flatMap((entryPoint) => [...rows.under('free', entryPoint), ...due.due(entryPoint, now, setBack, limit)]),
  )
}

/** In the queue, and never out of it; it may start now. */
const isFresh = ({ status, startedAt, startAt, recoveries }: StoredExecution, now: number) =>
  status === 'queued' && startedAt === null && (startAt ?? now) <= now && recoveries === 0
