/**
 * Claims in SQLite: which executions an owner takes over, and in what order.
 *
 * Owns: epochs. The candidates of each kind come from a partial index that holds nothing but candidates, so that a
 * claim costs what it takes, however many executions are stored. Knows no lease: see sqlite-owners.
 */
import type { ClaimRequest, StoredExecution } from '../snapshot-store.js'
import { hasWork, isAwaited, isDue, isLive, isQueued, isUndelayed, isUnderWay, queuedSince } from './sqlite-conditions.js'
import type { SqliteDatabase } from './sqlite-database.js'
import { statusOfNumber, type SqliteRows } from './sqlite-rows.js'
import { statusNumbers } from './sqlite-schema.js'
import { atMost, byClaimOrder, countsAsRecovery, type ClaimCandidate } from '../store-rules.js'

interface CandidateRow {
  readonly position: number
  readonly status: number
  readonly owed: number
  readonly priority: number
  readonly since: number
}

const table = 'stateward_executions'
const columns = `position, status, owed, priority, ${queuedSince} AS since`
const inRefs = 'entry_ref IN (SELECT value FROM json_each(?))'

/** The claims of one open database; each function is its namesake of the contract, synchronous. */
export interface SqliteClaims {
  claim(request: ClaimRequest): StoredExecution[]
  nextDue(entryPoints: readonly string[]): number | null
}

/** The claims of one open database. */
export function sqliteClaims(database: SqliteDatabase, rows: SqliteRows): SqliteClaims {
  const find = (sql: string) => database.prepare<CandidateRow>(sql)
  const held = find(`
    SELECT ${columns} FROM ${table} INDEXED BY stateward_held WHERE owner = ? AND ${isUnderWay()} AND +${inRefs} ORDER BY accepted_at, position LIMIT ?`)
  const heldQueued = find(`
    SELECT ${columns} FROM ${table} INDEXED BY stateward_held_queued WHERE owner = ? AND ${isQueued()} AND +${inRefs}
    ORDER BY priority DESC, ${queuedSince}, position LIMIT ?`)
  const heldFresh = find(`
    SELECT ${columns} FROM ${table} INDEXED BY stateward_held_queued
    WHERE owner = ? AND ${isQueued()} AND started_at IS NULL AND (${isUndelayed} OR start_at <= ?) AND recoveries = 0 AND +${inRefs}
    ORDER BY priority DESC, ${queuedSince}, position LIMIT ?`)
  const free = find(`
    SELECT ${columns} FROM ${table} INDEXED BY stateward_free WHERE entry_ref = ? AND owner IS NULL AND ${hasWork} ORDER BY accepted_at, position LIMIT ?`)
  const freeQueued = find(`
    SELECT ${columns} FROM ${table} INDEXED BY stateward_free_queued WHERE entry_ref = ? AND owner IS NULL AND ${isQueued()} AND ${isUndelayed}
    ORDER BY priority DESC, accepted_at, position LIMIT ?`)
  const due = find(`
    SELECT ${columns} FROM ${table} INDEXED BY stateward_due
    WHERE entry_ref = ? AND ${isDue} AND due_at <= ? AND (due_at <= ? OR updated_at > ?) ORDER BY due_at LIMIT ?`)
  const withInbox = find(`
    SELECT e.position, e.status, e.owed, e.priority, ${queuedSince} AS since
    FROM stateward_mail m CROSS JOIN ${table} e ON e.position = m.position
    WHERE e.owner IS NULL AND ${isLive('e.')} AND +e.${inRefs}
      AND EXISTS (SELECT 1 FROM stateward_inbox i WHERE i.position = e.position AND ${isAwaited('e.status', 'e.start_at')})
    ORDER BY e.accepted_at, e.position LIMIT ?`)
  const called = database.prepare('DELETE FROM stateward_mail WHERE position = ?')
  const one = find(`SELECT ${columns} FROM ${table} WHERE id = ? AND owner IS NULL AND ${isLive()} AND +${inRefs}`)
  const take = database.prepare(
    `UPDATE ${table} SET owner = ?, epoch = epoch + 1, recoveries = recoveries + ? WHERE position = ?`,
  )
  const nextDue = database.prepare<{ dueAt: number | null }>(
    `SELECT min(due_at) AS dueAt FROM ${table} INDEXED BY stateward_due
     WHERE entry_ref = ? AND ${isDue}`,
  )

  function candidates(request: ClaimRequest, limit: number): CandidateRow[] {
    const refs = rows.knownRefs(request.entryPoints)
    const list = JSON.stringify(refs)
    const { from, now, setBack = 0 } = request
    if (from.kind === 'one') return one.all(from.id, list)
    if (from.kind === 'queued') return from.owners.flatMap((owner) => heldFresh.all(owner, now, list, limit))
    if (from.kind === 'lost') {
      return from.owners.flatMap((owner) => [...held.all(owner, list, limit), ...heldQueued.all(owner, list, limit)])
    }
    return [
      ...withInbox.all(list, limit),
      ...refs.flatMap((ref) => [
        ...free.all(ref, limit),
        ...freeQueued.all(ref, limit),
        ...due.all(ref, now + setBack, now, now, limit),
      ]),
    ]
  }

  function claim(request: ClaimRequest): StoredExecution[] {
    const limit = atMost(request.limit)
    // most polls find nothing: these must not take the write lock
    if (database.read('claim', () => candidates(request, Math.min(limit, 1))).length === 0) return []
    return database.write('claim', () =>
      inClaimOrder(candidates(request, limit))
        .slice(0, limit)
        .map((row) => {
          const recovered =
            request.from.kind === 'lost' && countsAsRecovery({ status: statusOfNumber(row.status), owed: row.owed === 1 })
          take.run(request.owner, recovered ? 1 : 0, row.position)
          called.run(row.position)
          return rows.byPosition(row.position) as StoredExecution
        }),
    )
  }

  return {
    claim,
    nextDue: (entryPoints) => {
      const times = rows.knownRefs(entryPoints).map((ref) => nextDue.get(ref)?.dueAt ?? null)
      const known = times.filter((time) => time !== null)
      return known.length === 0 ? null : Math.min(...known)
    },
  }
}

/** Each candidate once, in the order of claims. */
function inClaimOrder(found: readonly CandidateRow[]): CandidateRow[] {
  const each = new Map(found.map((row) => [row.position, row]))
  const order = (row: CandidateRow): ClaimCandidate => ({ ...row, queued: row.status === statusNumbers.queued })
  return [...each.values()]
    .map((row) => [order(row), row] as const)
    .toSorted(([a], [b]) => byClaimOrder(a, b))
    .map(([, row]) => row)
}
