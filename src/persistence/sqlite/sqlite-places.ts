/**
 * Finding executions in SQLite by where they stand, and by their tags.
 *
 * Owns: which index answers that. Those that stand still have an index of their own; those that move are few, and are looked
 * through. Does not know: what a place says.
 */
import type { ExecutionQuery } from '../snapshot-store.js'
import { isLive, isStill, moving, still } from './sqlite-conditions.js'
import type { SqliteDatabase } from './sqlite-database.js'
import type { SqliteValue } from './sqlite-driver.js'
import { numberOfStatus, refsOf, type SqliteRows } from './sqlite-rows.js'

interface PositionRow {
  readonly position: number
}

interface PlaceRow {
  readonly place: string | null
}

/** An empty text: it is not known where. */
interface RestRow {
  readonly resting: string
}

type Place = string | null
type Query = Pick<ExecutionQuery, 'entryPoint' | 'group' | 'status' | 'places' | 'tagged'>

/** Conditions on rows of executions, with their values. */
export interface Conditions {
  readonly conditions: readonly string[]
  readonly values: readonly (string | number)[]
}

/** Finds by places and tags. */
export interface SqlitePlaces {
  places(of: { readonly entryPoint?: string }): Place[]
  /** The newest of those that fit; undefined if the query asks for neither. */
  find(query: Query, before: number, limit: number): readonly PositionRow[] | undefined
  /** What the query asks of a row that was found in another way. */
  conditions(query: Query): Conditions
}

const newestFirst = 'position < ? ORDER BY position DESC LIMIT ?'
const isIn = '(standing IN (SELECT value FROM json_each(?)) OR (standing IS NULL AND ? = 1))'
const stands = `(started_at IS NOT NULL AND ${isLive()} AND ${isIn})`
const inPlace = `FROM stateward_executions INDEXED BY stateward_resting WHERE entry_ref = ? AND ${isStill}`
const inMotion = `FROM stateward_executions INDEXED BY stateward_by_status WHERE entry_ref = ? AND started_at IS NOT NULL`

const listed = (places: readonly Place[]): [string, number] => [
  JSON.stringify(places.filter((place) => place !== null)),
  places.includes(null) ? 1 : 0,
]

/** The places of one open database. */
export function sqlitePlaces(database: SqliteDatabase, rows: SqliteRows): SqlitePlaces {
  const first = database.prepare<RestRow>(`SELECT resting ${inPlace} ORDER BY resting LIMIT 1`)
  const next = database.prepare<RestRow>(`SELECT resting ${inPlace} AND resting > ? ORDER BY resting LIMIT 1`)
  const movingIn = database.prepare<PlaceRow>(
    `SELECT DISTINCT standing AS place ${inMotion} AND status IN (${moving.join(', ')})`,
  )

  /** One look into the index for each place. */
  function stillIn(ref: number, into: Set<Place>): void {
    for (let found = first.get(ref); found; found = next.get(ref, found.resting))
      into.add(found.resting === '' ? null : found.resting)
  }

  function ofPlaces(query: Query, places: readonly Place[], before: number, limit: number): PositionRow[] {
    const numbers = query.status && new Set(query.status.map(numberOfStatus))
    const asked = (all: readonly number[]) => all.filter((number) => numbers?.has(number) ?? true)
    const [stays, moves] = [asked(still), asked(moving)]
    const wanted = [...new Set(places)]
    const found: PositionRow[] = []
    for (const ref of refsOf(rows, query)) {
      const isAsked = stays.length === 0 ? '' : ` AND +status IN (${stays.join(', ')})`
      const atRest = `SELECT position ${inPlace} AND resting = ?${isAsked} AND ${newestFirst}`
      if (stays.length > 0)
        for (const place of wanted) found.push(...database.prepare<PositionRow>(atRest).all(ref, place ?? '', before, limit))
      const onTheMove = `SELECT position ${inMotion} AND status = ? AND ${isIn} AND ${newestFirst}`
      for (const number of moves)
        found.push(...database.prepare<PositionRow>(onTheMove).all(ref, number, ...listed(wanted), before, limit))
    }
    return found
  }

  function ofTag(query: Query, tag: string, before: number, limit: number): PositionRow[] {
    const conditions: string[] = []
    const values: SqliteValue[] = [tag]
    if (query.entryPoint !== undefined || query.group !== undefined) {
      const refs = refsOf(rows, query)
      if (refs.length === 0) return []
      conditions.push('entry_ref IN (SELECT value FROM json_each(?))')
      values.push(JSON.stringify(refs))
    }
    if (query.status !== undefined) conditions.push(`status IN (${query.status.map(numberOfStatus).join(', ')})`)
    if (query.places !== undefined) {
      conditions.push(stands)
      values.push(...listed(query.places))
    }
    const rest = conditions.map((condition) => `AND ${condition} `).join('')
    const select = `SELECT t.position FROM stateward_tags t CROSS JOIN stateward_executions e ON e.position = t.position
      WHERE t.tag = ? ${rest}AND t.position < ? ORDER BY t.position DESC LIMIT ?`
    return database.prepare<PositionRow>(select).all(...values, before, limit)
  }

  function find(query: Query, before: number, limit: number): PositionRow[] | undefined {
    const { places, tagged } = query
    if (tagged === undefined) return places && newest(ofPlaces(query, places, before, limit))
    const common = places === undefined ? tagged.places : tagged.places.filter((place) => places.includes(place))
    return newest([...ofTag(query, tagged.tag, before, limit), ...ofPlaces(query, common, before, limit)])
  }

  return {
    places(of) {
      const found = new Set<Place>()
      for (const ref of refsOf(rows, of)) {
        stillIn(ref, found)
        for (const { place } of movingIn.all(ref)) found.add(place)
      }
      return [...found]
    },
    find,
    conditions({ places, tagged }) {
      const all: { readonly condition: string; readonly values: readonly (string | number)[] }[] = []
      if (places) all.push({ condition: stands, values: listed(places) })
      if (tagged) {
        const condition = `(position IN (SELECT position FROM stateward_tags WHERE tag = ?) OR ${stands})`
        all.push({ condition, values: [tagged.tag, ...listed(tagged.places)] })
      }
      return { conditions: all.map(({ condition }) => condition), values: all.flatMap(({ values }) => values) }
    },
  }
}

/** Each once, the newest first. */
function newest(found: readonly PositionRow[]): PositionRow[] {
  const positions = [...new Set(found.map(({ position }) => position))].toSorted((a, b) => b - a)
  return positions.map((position) => ({ position }))
}
