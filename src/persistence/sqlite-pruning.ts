/**
 * Pruning in SQLite: what may be forgotten, and what is left of it.
 *
 * Owns: deletion, tombstones, and the floor under the numbers of events.
 */
import type { PruneRequest } from './snapshot-store.js'
import type { SqliteDatabase } from './sqlite-database.js'
import type { SqliteRows } from './sqlite-rows.js'
import { answerKept, atMost, tombstoneKept } from './store-limits.js'

interface DoomedRow {
  readonly position: number
  readonly id: string
  readonly endedAt: number
}

const of = `FROM stateward_executions INDEXED BY stateward_ended
  WHERE entry_ref = ? AND status >= 10 AND ended_at IS NOT NULL`
/** How many old answers and tombstones go with a call, so that it stays short. */
const swept = 1_000

/** Prunes one open database; the function is its namesake of the contract, synchronous. */
export function sqlitePruning(database: SqliteDatabase, rows: SqliteRows): (request: PruneRequest) => { executions: number } {
  const old = database.prepare<DoomedRow>(`
    SELECT position, id, ended_at AS endedAt ${of} AND ended_at < ? AND owed = 0 ORDER BY ended_at, position LIMIT ?`)
  const newestTooMany = database.prepare<{ position: number; endedAt: number }>(`
    SELECT position, ended_at AS endedAt ${of} ORDER BY ended_at DESC, position DESC LIMIT 1 OFFSET ?`)
  const tooMany = database.prepare<DoomedRow>(`
    SELECT position, id, ended_at AS endedAt ${of} AND (ended_at, position) <= (?, ?) AND owed = 0
    ORDER BY ended_at, position LIMIT ?`)
  const raiseFloor = database.prepare(`
    UPDATE stateward_event_floor SET seq = max(seq, coalesce((SELECT max(seq) FROM stateward_events), 0))`)
  const tables = ['executions', 'inputs', 'events', 'checkpoints', 'inbox']
  const removals = tables.map((table) => database.prepare(`DELETE FROM stateward_${table} WHERE position = ?`))
  const bury = database.prepare('INSERT OR REPLACE INTO stateward_tombstones (id, expired_at) VALUES (?, ?)')
  const sweepAnswers = database.prepare(`
    DELETE FROM stateward_inbox WHERE seq IN (
      SELECT seq FROM stateward_inbox WHERE answered_at IS NOT NULL AND answered_at < ? LIMIT ${swept})`)
  const sweepTombstones = database.prepare(`
    DELETE FROM stateward_tombstones WHERE id IN (SELECT id FROM stateward_tombstones WHERE expired_at < ? LIMIT ${swept})`)

  function doomed(request: PruneRequest, ref: number): DoomedRow[] {
    const limit = atMost(request.limit)
    const found = new Map<number, DoomedRow>()
    if (request.endedBefore !== undefined) {
      for (const row of old.all(ref, request.endedBefore, limit)) found.set(row.position, row)
    }
    const newest = request.keep === undefined ? undefined : newestTooMany.get(ref, atMost(request.keep))
    if (newest) for (const row of tooMany.all(ref, newest.endedAt, newest.position, limit)) found.set(row.position, row)
    return [...found.values()].toSorted((a, b) => a.endedAt - b.endedAt || a.position - b.position).slice(0, limit)
  }

  return (request) =>
    database.write('prune', () => {
      const ref = rows.knownRefs([request.entryPoint])[0]
      const found = ref === undefined ? [] : doomed(request, ref)
      if (found.length > 0) raiseFloor.run()
      for (const { position, id } of found) {
        for (const removal of removals) removal.run(position)
        bury.run(id, request.now)
      }
      sweepAnswers.run(request.now - answerKept)
      sweepTombstones.run(request.now - tombstoneKept)
      return { executions: found.length }
    })
}
