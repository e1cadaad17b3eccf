/**
 * Permits under keys in SQLite.
 *
 * Owns: the rows of executions that are counted under keys, the lanes of those that wait, and the log of starts. An execution has a
 * row here from its acceptance to its end, and none if it is counted under no key: others cost nothing. Which execution is next says
 * `fair-admission.ts`; each of its questions is one step in an index.
 */
import { admitFairly, setBackBefore, type Lane, type WaitingLanes } from '../fair-admission.js'
import type { AdmitRequest, Admittance, Commit, FlowKeys, StoredExecution } from '../snapshot-store.js'
import { atMost } from '../store-rules.js'
import { firstTerminal, queuedSince } from './sqlite-conditions.js'
import type { SqliteDatabase } from './sqlite-database.js'
import type { SqliteRows } from './sqlite-rows.js'
import { statusNumbers } from './sqlite-schema.js'

/** How an execution stands under its keys. `outside`: it neither waits nor has a permit. `given`: it has a permit, and has not started. Stored in the column `place`. */
const standings = { outside: 0, waits: 1, given: 2, started: 3 } as const

/** True of a row of an execution that has a permit. */
export const hasPermit = `place >= ${standings.given}`

/** A lane, as its row says. */
interface SqliteLane extends Lane {
  readonly turn: number
  readonly key: string
  readonly rateKey: string
}

interface LaneRow {
  readonly turn: number
  readonly key: string
  readonly rateKey: string
  readonly priority: number
}

interface FlowRow {
  readonly position: number
  readonly entryRef: number
  readonly key: string
  readonly rateKey: string
  readonly priority: number
  readonly place: number
}

/** A key as it is stored: the empty text stands for none. */
export const storedKey = (key: string | null): string => (key === null ? '' : `=${key}`)
const keyOf = (stored: string) => (stored === '' ? null : stored.slice(1))
const keysOf = ({ key, rateKey }: Pick<LaneRow, 'key' | 'rateKey'>): FlowKeys => ({
  concurrency: keyOf(key),
  rate: keyOf(rateKey),
})

/** The admissions of one open database, synchronous. */
export interface SqliteAdmissions {
  /** A commit of an execution that is counted under keys is written, in the same transaction. */
  committed(position: number, entryRef: number, keys: FlowKeys, commit: Commit, status: number): void
  admit(request: AdmitRequest): Admittance
}

const flow = 'stateward_flow'
const lanes = 'stateward_lanes'
const starts = 'stateward_starts'

/** So many starts that no window holds any more are forgotten in one call. */
const FORGOTTEN = 1_000

/** The admissions of one open database. */
export function sqliteAdmissions(database: SqliteDatabase, rows: SqliteRows): SqliteAdmissions {
  const insert = database.prepare(
    `INSERT INTO ${flow} (position, entry_ref, key, rate_key, priority, since, place) VALUES (?, ?, ?, ?, ?, ?, ${standings.outside})`,
  )
  const columns = 'position, entry_ref AS entryRef, key, rate_key AS rateKey, priority, place'
  const find = database.prepare<FlowRow>(`SELECT ${columns} FROM ${flow} WHERE position = ?`)
  const remove = database.prepare(`DELETE FROM ${flow} WHERE position = ?`)
  const move = database.prepare(`UPDATE ${flow} SET place = ? WHERE position = ?`)
  const insertStart = database.prepare(`INSERT OR IGNORE INTO ${starts} (entry_ref, key, at, position) VALUES (?, ?, ?, ?)`)
  const wakeKey = database.prepare(`UPDATE ${lanes} SET aside_at = 0 WHERE entry_ref = ? AND key = ? AND aside_at > 0`)
  const wakeRate = database.prepare(
    `UPDATE ${lanes} SET aside_at = 0, until = NULL WHERE entry_ref = ? AND rate_key = ? AND aside_at < 0`,
  )
  const arrives = database.prepare(`UPDATE ${flow} SET place = ${standings.waits}, since = ? WHERE position = ?`)
  const queued = database.prepare<{ position: number; since: number }>(
    `SELECT position, ${queuedSince} AS since FROM stateward_executions WHERE id = ? AND owner = ? AND status = ${statusNumbers.queued}`,
  )
  const others = database.prepare<{ count: number }>(`
    SELECT count(*) AS count FROM ${flow} WHERE entry_ref = ? AND key = ? AND position <> ?
      AND (place >= ${standings.given} OR (place = ${standings.waits} AND position < ?))`)
  const insertLane = database.prepare(`
    INSERT INTO ${lanes} (entry_ref, key, rate_key, priority, head_at, aside_at) VALUES (?, ?, ?, ?, ?, 0)
    ON CONFLICT (entry_ref, key, rate_key, priority) DO UPDATE SET head_at = min(head_at, excluded.head_at)`)
  const wakeLower = database.prepare(`UPDATE ${lanes} SET aside_at = 0 WHERE entry_ref = ? AND aside_at > 0 AND aside_at < ?`)
  const isDue = 'entry_ref = ? AND aside_at = -1 AND (until <= ? OR until > ?)'
  const wakeDue = database.prepare(`UPDATE ${lanes} SET aside_at = 0, until = NULL WHERE ${isDue}`)
  const forget = database.prepare(`
    DELETE FROM ${starts} WHERE rowid IN (SELECT rowid FROM ${starts} WHERE entry_ref = ? AND at <= ? ORDER BY at LIMIT ${FORGOTTEN})`)
  const setBack = database.prepare(`UPDATE ${starts} SET at = ? WHERE entry_ref = ? AND at > ?`)
  const level = database.prepare<{ priority: number }>(
    `SELECT priority FROM ${lanes} WHERE entry_ref = ? AND aside_at = 0 AND priority > ? ORDER BY priority LIMIT 1`,
  )
  const oldest = database.prepare<{ headAt: number }>(
    `SELECT head_at AS headAt FROM ${lanes} WHERE entry_ref = ? AND aside_at = 0 AND priority = ? ORDER BY head_at LIMIT 1`,
  )
  const next = database.prepare<LaneRow>(`
    SELECT turn, key, rate_key AS rateKey, priority FROM ${lanes} INDEXED BY stateward_lane_turns
    WHERE entry_ref = ? AND aside_at = 0 AND priority = ? ORDER BY turn LIMIT 1`)
  const holders = database.prepare<{ count: number }>(
    `SELECT count(*) AS count FROM ${flow} WHERE entry_ref = ? AND key = ? AND ${hasPermit}`,
  )
  const started = database.prepare<{ count: number }>(
    `SELECT count(*) AS count FROM ${starts} WHERE entry_ref = ? AND key = ? AND at > ?`,
  )
  const pending = database.prepare<{ count: number }>(
    `SELECT count(*) AS count FROM ${flow} WHERE entry_ref = ? AND rate_key = ? AND place = ${standings.given}`,
  )
  const nthStart = database.prepare<{ at: number }>(
    `SELECT at FROM ${starts} WHERE entry_ref = ? AND key = ? AND at > ? ORDER BY at LIMIT 1 OFFSET ?`,
  )
  const setAside = database.prepare(`UPDATE ${lanes} SET aside_at = ? WHERE turn = ?`)
  const delay = database.prepare(`UPDATE ${lanes} SET aside_at = -1, until = ? WHERE turn = ?`)
  const waiting = database.prepare<{ position: number; since: number }>(`
    SELECT position, since FROM ${flow}
    WHERE entry_ref = ? AND key = ? AND rate_key = ? AND priority = ? AND place = ${standings.waits} ORDER BY since, position LIMIT 2`)
  const dropLane = database.prepare(`DELETE FROM ${lanes} WHERE turn = ?`)
  const lastTurn = `(SELECT max(turn) + 1 FROM ${lanes})`
  const endTurn = database.prepare(`UPDATE ${lanes} SET turn = ${lastTurn}, head_at = ? WHERE turn = ?`)
  const ownerOf = database.prepare<{ owner: string | null }>('SELECT owner FROM stateward_executions WHERE position = ?')
  const take = database.prepare('UPDATE stateward_executions SET owner = ?, epoch = epoch + 1 WHERE position = ?')
  const called = database.prepare('DELETE FROM stateward_mail WHERE position = ?')
  const givenTo = database.prepare<{ id: string }>(`
    SELECT e.id FROM ${flow} f CROSS JOIN stateward_executions e ON e.position = f.position
    WHERE f.entry_ref = ? AND f.place = ${standings.given} AND e.owner = ? ORDER BY f.position`)
  const soonest = database.prepare<{ until: number | null }>(
    `SELECT min(until) AS until FROM ${lanes} WHERE entry_ref = ? AND aside_at = -1`,
  )
  const some = database.prepare(`
    SELECT 1 FROM stateward_entry_points WHERE ref = ? AND (
      EXISTS (SELECT 1 FROM ${flow} WHERE entry_ref = ref AND place = ${standings.given})
      OR EXISTS (SELECT 1 FROM ${lanes} WHERE entry_ref = ref AND aside_at = 0)
      OR EXISTS (SELECT 1 FROM ${lanes} WHERE entry_ref = ref AND aside_at > 0 AND aside_at < ?)
      OR EXISTS (SELECT 1 FROM ${lanes} WHERE entry_ref = ref AND aside_at = -1 AND (until <= ? OR until > ?)))`)

  /** Its permit is given back. */
  function released({ entryRef, key, rateKey, place }: FlowRow): void {
    if (place >= standings.given && key !== '') wakeKey.run(entryRef, key)
    if (place === standings.given && rateKey !== '') wakeRate.run(entryRef, rateKey)
  }

  function committed(position: number, entryRef: number, keys: FlowKeys, commit: Commit, status: number): void {
    const { accept, startedAt } = commit
    if (accept)
      insert.run(position, entryRef, storedKey(keys.concurrency), storedKey(keys.rate), accept.priority, accept.acceptedAt)
    const row = find.get(position)
    if (!row) return
    // one that has ended in the commit that would have started it has started all the same
    const isStart = startedAt !== null && row.place !== standings.started
    if (isStart && keys.rate !== null) insertStart.run(entryRef, storedKey(keys.rate), startedAt, position)
    if (status >= firstTerminal) {
      remove.run(position)
      released(row)
    } else if (startedAt !== null) {
      if (isStart) move.run(standings.started, position)
    } else if (status !== statusNumbers.queued && row.place !== standings.outside) {
      move.run(standings.outside, position)
      released(row)
    }
  }

  /** Puts executions that arrived into their lanes; gives those that don't wait: as many as `limit` others wait or have a permit. */
  function arrive({ arrived, owner }: AdmitRequest, at: number, limit: number | undefined): string[] {
    const arriving = arrived.flatMap((id) => {
      const execution = queued.get(id, owner)
      return execution ? [{ id, ...execution }] : []
    })
    // of those that arrive together the first ones have the key
    if (limit !== undefined) arriving.sort((a, b) => a.position - b.position)
    const busy: string[] = []
    for (const { id, position, since } of arriving) {
      const row = find.get(position)
      if (!row || row.entryRef !== at || row.place >= standings.given) continue
      const { entryRef, key, rateKey, priority } = row
      // one that waits already stays before those that were accepted later
      const until = row.place === standings.waits ? position : Number.MAX_SAFE_INTEGER
      if (limit !== undefined && key !== '' && countOf(others.get(entryRef, key, position, until)) >= limit) {
        move.run(standings.outside, position)
        busy.push(id)
      } else {
        arrives.run(since, position)
        insertLane.run(entryRef, key, rateKey, priority, since)
      }
    }
    return busy
  }

  /** The lanes of one entry point. `given`: called with the position of each execution that gets a permit. */
  function lanesOf(entryRef: number, given: (position: number) => void): WaitingLanes<SqliteLane> {
    const waitingIn = ({ key, rateKey, priority }: SqliteLane) => waiting.all(entryRef, key, rateKey, priority)
    return {
      levels() {
        const found: number[] = []
        for (let known = level.get(entryRef, -Infinity); known; known = level.get(entryRef, known.priority))
          found.push(known.priority)
        return found
      },
      oldest: (priority) => oldest.get(entryRef, priority)?.headAt,
      next(priority) {
        const row = next.get(entryRef, priority)
        return row && { ...row, keys: keysOf(row) }
      },
      holders: (key) => countOf(holders.get(entryRef, storedKey(key))),
      starts: (rateKey, after) => ({
        started: countOf(started.get(entryRef, storedKey(rateKey), after)),
        pending: countOf(pending.get(entryRef, storedKey(rateKey))),
      }),
      startOf: (rateKey, after, nth) => nthStart.get(entryRef, storedKey(rateKey), after, nth)?.at ?? after,
      setAside: (lane, limit) => void setAside.run(limit, lane.turn),
      delay: (lane, until) => void delay.run(until, lane.turn),
      give(lane) {
        const [first, second] = waitingIn(lane)
        if (first) {
          move.run(standings.given, first.position)
          given(first.position)
        }
        if (second) endTurn.run(second.since, lane.turn)
        else dropLane.run(lane.turn)
        return first !== undefined
      },
    }
  }

  function admitNow(request: AdmitRequest, entryRef: number): Admittance {
    const { owner, now, concurrency, rate } = request
    const skipAt = concurrency?.skip ? concurrency.limit : undefined
    const busy = arrive(request, entryRef, skipAt)
    wakeLower.run(entryRef, concurrency?.limit ?? Infinity)
    wakeDue.run(entryRef, rate ? now : Infinity, rate ? now + rate.per : Infinity)
    if (rate) {
      forget.run(entryRef, now - rate.per)
      setBack.run(now, entryRef, setBackBefore(now))
    }
    const taken: StoredExecution[] = []
    const given = (position: number) => {
      if (ownerOf.get(position)?.owner === owner) return
      take.run(owner, position)
      called.run(position)
      taken.push(rows.byPosition(position) as StoredExecution)
    }
    const opensAt = admitFairly(lanesOf(entryRef, given), { ...request, limit: atMost(request.limit) })
    const ids = new Set(taken.map(({ id }) => id))
    const own = givenTo.all(entryRef, owner).flatMap(({ id }) => (ids.has(id) ? [] : [id]))
    return { own, taken, busy, nextAt: opensAt ?? soonest.get(entryRef)?.until ?? null }
  }

  function admit(request: AdmitRequest): Admittance {
    const { entryPoint, arrived, now, concurrency, rate } = request
    const entryRef = rows.knownRefs([entryPoint])[0]
    if (entryRef === undefined) return { own: [], taken: [], busy: [], nextAt: null }
    // most polls find nothing: these must not take the write lock
    const limit = concurrency?.limit ?? Infinity
    const isIdle =
      arrived.length === 0 &&
      database.read('admit', () => some.get(entryRef, limit, rate ? now : Infinity, rate ? now + rate.per : Infinity)) ===
        undefined
    if (isIdle) return { own: [], taken: [], busy: [], nextAt: soonest.get(entryRef)?.until ?? null }
    return database.write('admit', () => admitNow(request, entryRef))
  }

  return { committed, admit }
}

const countOf = (row: { readonly count: number } | undefined) => row?.count ?? 0
