/**
 * Pruning in SQLite: what may be forgotten, and what is left of it.
 *
 * Owns: deletion, tombstones, and the floor under the numbers of events. A call is one short transaction, however much there
 * is; it tells whether to call again.
 */
import type { Pruned, PruneRequest } from '../snapshot-store.js'
import { hasEnded } from './sqlite-conditions.js'
import type { SqliteDatabase } from './sqlite-database.js'
import type { SqliteRows } from './sqlite-rows.js'
import { answerKept, atMost, tombstoneKept } from '../store-rules.js'

interface DoomedRow {
  readonly position: number
  readonly id: string
  readonly endedAt: number
}

const of = `FROM stateward_executions INDEXED BY stateward_ended
  WHERE entry_ref = ? AND ${hasEnded} AND ended_at IS NOT NULL`
/** How many old answers and tombstones go with a call, so that it stays short. */
const swept = 1_000
/** How many events go with a call: an execution that lived long may have more than all the others. */
const eventsAtOnce = 10_000

/** Prunes one open database; the function is its namesake of the contract, synchronous. */
export function sqlitePruning(database: SqliteDatabase, rows: SqliteRows): (request: PruneRequest) => Pruned {
  const old = database.prepare<DoomedRow>(`
    SELECT position, id, ended_at AS endedAt ${of} AND ended_at < ? AND owed = 0 ORDER BY ended_at, position LIMIT ?`)
  const newestTooMany = database.prepare<{ position: number; endedAt: number }>(`
    SELECT position, ended_at AS endedAt ${of} ORDER BY ended_at DESC, position DESC LIMIT 1 OFFSET ?`)
  const tooMany = database.prepare<DoomedRow>(`
    SELECT position, id, ended_at AS endedAt ${of} AND (ended_at, position) <= (?, ?) AND owed = 0
    ORDER BY ended_at, position LIMIT ?`)
  const raiseFloor = database.prepare(`
    UPDATE stateward_event_floor SET seq = max(seq, coalesce((SELECT max(seq) FROM stateward_events), 0))`)
  const dropEvents = database.prepare(`
    DELETE FROM stateward_events WHERE seq IN (SELECT seq FROM stateward_events WHERE position = ? LIMIT ?)`)
  const tables = [
    'executions',
    'inputs',
    'state_pieces',
    'checkpoints',
    'inbox',
    'mail',
    'tags',
    'chunks',
    'stream_runs',
    'joins',
  ]
  const removals = tables.map((table) => database.prepare(`DELETE FROM stateward_${table} WHERE position = ?`))
  const bury = database.prepare('INSERT OR REPLACE INTO stateward_tombstones (id, expired_at) VALUES (?, ?)')
  const sweepAnswers = database.prepare(`
    DELETE FROM stateward_inbox WHERE seq IN (
      SELECT seq FROM stateward_inbox WHERE answered_at IS NOT NULL AND answered_at < ? LIMIT ${swept})`)
  const sweepTombstones = database.prepare(`
    DELETE FROM stateward_tombstones WHERE id IN (SELECT id FROM stateward_tombstones WHERE expired_at < ? LIMIT ${swept})`)

  const countTombstones = database.prepare<{ count: number }>('SELECT count(*) AS count FROM stateward_tombstones')
  const dropTombstones = database.prepare(`
    DELETE FROM stateward_tombstones WHERE id IN (SELECT id FROM stateward_tombstones ORDER BY expired_at, id LIMIT ?)`)
  /** How many there are, as far as this process knows: counted once. */
  let tombstones: number | undefined
  database.onRollback(() => (tombstones = undefined))

  /** False: there are still too many. */
  function limitTombstones(most: number, added: number): boolean {
    tombstones = tombstones === undefined ? (countTombstones.get()?.count ?? 0) : tombstones + added
    const excess = tombstones - most
    // not at each call for a few
    if (excess <= most / 10) return true
    tombstones -= Number(dropTombstones.run(Math.min(excess, swept)).changes)
    return excess <= swept
  }

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
      let events = eventsAtOnce
      let executions = 0
      for (const { position, id } of found) {
        events -= Number(dropEvents.run(position, events).changes)
        if (events === 0) break
        for (const removal of removals) removal.run(position)
        bury.run(id, request.now)
        executions++
      }
      const isSwept = [
        Number(sweepAnswers.run(request.now - answerKept).changes) < swept,
        Number(sweepTombstones.run(request.now - tombstoneKept).changes) < swept,
        request.traces === undefined || executions === 0 || limitTombstones(request.traces, executions),
      ]
      const isWhole = executions === found.length && found.length < atMost(request.limit)
      return { executions, more: request.limit >= 1 && !(isWhole && isSwept.every(Boolean)) }
    })
}
