/**
 * Queries of the SQLite store: pages of executions, counts, checkpoints.
 *
 * Owns: which index answers which filter. A page is found as positions first, each list of them in the order of an
 * index, and its rows are read then: a page costs the same however many executions are stored.
 */
import type { ExecutionStatus } from '../../events/execution-status.js'
import type { ExecutionCounts, ExecutionPage, ExecutionQuery, StoredCheckpoint, StoredExecution } from '../snapshot-store.js'
import { hasPermit, storedKey } from './sqlite-admissions.js'
import { isQueued, isUnderWay } from './sqlite-conditions.js'
import { sqlitePlaces } from './sqlite-places.js'
import type { SqliteDatabase } from './sqlite-database.js'
import { numberOfStatus, refsOf, type SqliteRows, statusOfNumber } from './sqlite-rows.js'
import { statusNumbers } from './sqlite-schema.js'
import { atMost, decodeCursor, encodeCursor, lengthOf } from '../store-rules.js'

interface PositionRow {
  readonly position: number
}

interface CheckpointRow {
  readonly executionId: string
  readonly revision: number
  readonly at: number
  readonly status: number
  readonly state: string
  readonly cause: string | null
}

/** The queries of one open database; each function is its namesake of the contract, synchronous. */
export interface SqliteQueries {
  absence(id: string): 'expired' | 'unknown'
  query(query: ExecutionQuery): ExecutionPage
  counts(): ExecutionCounts
  places(of: { readonly entryPoint?: string }): (string | null)[]
  checkpoints(id: string): StoredCheckpoint[]
  checkpoint(id: string, revision: number): StoredCheckpoint | undefined
}

const every = Object.keys(statusNumbers) as ExecutionStatus[]
/** The filters that name few executions, each with its index. */
const selective = [
  ['idempotencyKey', 'idempotency_key'],
  ['parentId', 'parent_id'],
  ['sessionId', 'session_id'],
  ['correlationId', 'correlation_id'],
] as const
/** The unfinished executions of an owner, in the words of the two indexes on owned executions. */
const held = [isUnderWay(), isQueued()] as const
const newestFirst = 'AND position < ? ORDER BY position DESC LIMIT ?'
const selectCheckpoint = `
SELECT e.id AS executionId, c.revision, c.at, c.status, c.state, c.cause
FROM stateward_executions e CROSS JOIN stateward_checkpoints c ON c.position = e.position WHERE e.id = ?`

/** The queries of one open database. */
export function sqliteQueries(database: SqliteDatabase, rows: SqliteRows): SqliteQueries {
  const tombstone = database.prepare('SELECT 1 FROM stateward_tombstones WHERE id = ?')
  const ofAll = database.prepare<PositionRow>(`SELECT position FROM stateward_executions WHERE true ${newestFirst}`)
  const ofStatus = database.prepare<PositionRow>(
    `SELECT position FROM stateward_executions WHERE entry_ref = ? AND status = ? ${newestFirst}`,
  )
  const counts = database.prepare<{ ref: number; status: number; count: number }>(
    'SELECT entry_ref AS ref, status, count(*) AS count FROM stateward_executions GROUP BY entry_ref, status',
  )
  const ofKey = database.prepare<PositionRow>('SELECT position FROM stateward_joins WHERE entry_ref = ? AND idempotency_key = ?')
  const gathering = database.prepare<PositionRow>('SELECT position FROM stateward_executions WHERE entry_ref = ? AND gathers = ?')
  const checkpoints = database.prepare<CheckpointRow>(`${selectCheckpoint} ORDER BY c.revision`)
  const checkpoint = database.prepare<CheckpointRow>(`${selectCheckpoint} AND c.revision = ?`)

  const standing = sqlitePlaces(database, rows)

  /** By the most telling of the given keys; the others are looked up in the rows, which the `+` says to SQLite. */
  function ofKeys(query: ExecutionQuery, before: number, limit: number, only?: number): PositionRow[] | undefined {
    const given = selective.filter(([key]) => query[key] !== undefined)
    const { owner, concurrencyKey, permitted } = query
    if (given.length === 0 && owner === undefined && concurrencyKey === undefined && only === undefined) return undefined
    const best = owner === undefined && only === undefined ? 0 : -1
    const conditions = given.map(([, column], index) => `${index === best ? '' : '+'}${column} = ?`)
    const values: (string | number)[] = given.map(([key]) => query[key] as string)
    if (only !== undefined) {
      conditions.push('position = ?')
      values.push(only)
    }
    if (query.entryPoint !== undefined) {
      const ref = rows.knownRefs([query.entryPoint])[0]
      if (ref === undefined) return []
      // the index of keys begins with it
      conditions.push(query.idempotencyKey === undefined ? '+entry_ref = ?' : 'entry_ref = ?')
      values.push(ref)
    }
    if (query.group !== undefined) {
      conditions.push('+entry_ref IN (SELECT value FROM json_each(?))')
      values.push(JSON.stringify(refsOf(rows, query)))
    }
    if (concurrencyKey !== undefined) {
      // keys are those of an entry point
      const ref = query.entryPoint === undefined ? undefined : rows.knownRefs([query.entryPoint])[0]
      if (ref === undefined) return []
      conditions.push(
        `position IN (SELECT position FROM stateward_flow WHERE entry_ref = ? AND key = ?${permitted ? ` AND ${hasPermit}` : ''})`,
      )
      values.push(ref, storedKey(concurrencyKey))
    }
    if (query.status !== undefined) conditions.push(`+status IN (${query.status.map(numberOfStatus).join(', ')})`)
    const place = standing.conditions(query)
    conditions.push(...place.conditions)
    values.push(...place.values)
    const select = (...all: readonly string[]) =>
      database.prepare<PositionRow>(`SELECT position FROM stateward_executions WHERE ${all.join(' AND ')} ${newestFirst}`)
    if (owner === undefined) return select(...conditions).all(...values, before, limit)
    return held
      .flatMap((part) => select('owner = ?', part, ...conditions).all(owner, ...values, before, limit))
      .toSorted((a, b) => b.position - a.position)
  }

  /** By entry point and status: one short list for each pair, merged. */
  function ofPairs(query: ExecutionQuery, before: number, limit: number): PositionRow[] {
    const refs = refsOf(rows, query)
    const numbers = [...new Set((query.status ?? every).map(numberOfStatus))]
    return refs
      .flatMap((ref) => numbers.flatMap((status) => ofStatus.all(ref, status, before, limit)))
      .toSorted((a, b) => b.position - a.position)
  }

  /** The one that gathers under a key, or has taken in a trigger with that idempotency key. */
  function ofJoins(query: ExecutionQuery, before: number): PositionRow[] {
    const { entryPoint, gathers, idempotencyKey } = query
    const refs = entryPoint === undefined ? rows.entryPoints().map(({ ref }) => ref) : rows.knownRefs([entryPoint])
    const found =
      gathers === undefined
        ? refs.map((ref) => ofKey.get(ref, idempotencyKey as string))
        : refs.slice(0, entryPoint === undefined ? 0 : 1).map((ref) => gathering.get(ref, gathers))
    const { idempotencyKey: _key, gathers: _gathers, ...rest } = query
    return found
      .flatMap((row) => (row ? (ofKeys(rest, before, 1, row.position) ?? []) : []))
      .toSorted((a, b) => b.position - a.position)
  }

  function read({ brief, gathers }: ExecutionQuery, position: number): StoredExecution | undefined {
    if (brief) return rows.briefByPosition(position)
    return gathers === undefined ? rows.byPosition(position) : rows.bareByPosition(position)
  }

  function page(filter: ExecutionQuery): ExecutionPage {
    const before = decodeCursor(filter.cursor)
    const limit = atMost(filter.limit)
    if (limit === 0) return { executions: [] }
    const unfiltered = filter.entryPoint === undefined && filter.group === undefined && filter.status === undefined
    const byKeys = filter.gathers === undefined ? ofKeys(filter, before, limit + 1) : undefined
    const isJoin = filter.gathers !== undefined || (filter.idempotencyKey !== undefined && byKeys?.length === 0)
    const all = () => (unfiltered ? ofAll.all(before, limit + 1) : ofPairs(filter, before, limit + 1))
    const found = isJoin ? ofJoins(filter, before) : (byKeys ?? standing.find(filter, before, limit + 1) ?? all())
    const executions: StoredExecution[] = []
    let last: PositionRow | undefined
    let left = filter.length ?? Infinity
    for (const at of found.slice(0, limit)) {
      const row = read(filter, at.position)
      last = at
      // another process may have pruned it since
      if (row === undefined) continue
      executions.push(row)
      left -= lengthOf(row)
      if (left <= 0) break
    }
    return { executions, ...(last && last !== found.at(-1) ? { cursor: encodeCursor(last.position) } : {}) }
  }

  const toCheckpoint = (row: CheckpointRow): StoredCheckpoint => ({
    executionId: row.executionId,
    revision: row.revision,
    at: row.at,
    status: statusOfNumber(row.status),
    state: row.state,
    cause: row.cause,
  })

  return {
    absence: (id) => (tombstone.get(id) ? 'expired' : 'unknown'),
    query: page,
    counts: () => {
      const result: Record<string, Partial<Record<ExecutionStatus, number>>> = {}
      for (const { ref, status, count } of counts.all()) {
        const of = (result[rows.entryName(ref)] ??= {})
        of[statusOfNumber(status)] = count
      }
      return result
    },
    places: (of) => standing.places(of),
    checkpoints: (id) => checkpoints.all(id).map(toCheckpoint),
    checkpoint: (id, revision) => {
      const row = checkpoint.get(id, revision)
      return row && toCheckpoint(row)
    },
  }
}
