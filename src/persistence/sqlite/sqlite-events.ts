/**
 * The journal of published events in SQLite.
 *
 * Owns: the numbers of events, and reading them. Numbers are given by whoever holds the write lock, so they grow in
 * commit order over all processes; the floor keeps them growing when the newest events were pruned.
 */
import { gapData, gapType } from '../journal-gap.js'
import type { EventQuery, PublishedEvent, StoredEvent } from '../snapshot-store.js'
import type { SqliteDatabase } from './sqlite-database.js'
import type { SqliteValue } from './sqlite-driver.js'
import type { SqliteRows } from './sqlite-rows.js'
import { atMost } from '../store-rules.js'

const lastSeqSql = `
SELECT max(coalesce((SELECT max(seq) FROM stateward_events), 0), (SELECT seq FROM stateward_event_floor)) AS seq`

/** How many rows one statement inserts when there are many. */
const rowsAtOnce = 16
const insertSql = (rows: number) =>
  `INSERT INTO stateward_events (seq, position, entry_ref, revision, at, type, data) VALUES ${Array<string>(rows).fill('(?, ?, ?, ?, ?, ?, ?)').join(', ')}`

/** Appends the events of a transaction: `begin`, then `append` for each commit, then `flush`. */
export interface SqliteEventJournal {
  begin(): void
  /** Gives the number of the first of these events, or of the next one to come if there are none. */
  append(position: number, entryRef: number, revision: number, events: readonly PublishedEvent[]): number
  flush(): void
}

/** The journal of one open database, for its commits. */
export function sqliteEventJournal(database: SqliteDatabase): SqliteEventJournal {
  const last = database.prepare<{ seq: number }>(lastSeqSql)
  const insertOne = database.prepare(insertSql(1))
  const insertMany = database.prepare(insertSql(rowsAtOnce))
  const width = 7
  let next = 0
  let values: SqliteValue[] = []

  return {
    begin() {
      values = []
      next = (last.get()?.seq ?? 0) + 1
    },
    append(position, entryRef, revision, events) {
      const first = next
      for (const event of events) values.push(next++, position, entryRef, revision, event.at, event.type, event.data)
      return first
    },
    flush() {
      let start = 0
      for (; values.length - start >= rowsAtOnce * width; start += rowsAtOnce * width) {
        insertMany.run(...values.slice(start, start + rowsAtOnce * width))
      }
      for (; start < values.length; start += width) insertOne.run(...values.slice(start, start + width))
      values = []
    },
  }
}

/** The events of one execution, in the words of their index. */
export const eventsOfPosition = 'FROM stateward_events INDEXED BY stateward_events_of_execution WHERE position = ?'

/** Where an event stands that goes, or that tells of others. */
export interface GapPlace {
  readonly seq: number
  readonly type: string
  readonly data: string | null
}

/** Drops the events of an execution up to `last`, in whose place one event tells of all of them. */
export function sqliteEventGaps(database: SqliteDatabase): (position: number, id: string, last: GapPlace) => void {
  const oldest = database.prepare<GapPlace>(`SELECT seq, type, data ${eventsOfPosition} ORDER BY seq LIMIT 1`)
  const drop = database.prepare(`DELETE ${eventsOfPosition} AND seq < ?`)
  const mark = database.prepare('UPDATE stateward_events SET type = ?, data = ? WHERE seq = ?')
  return (position, id, last) => {
    const first = oldest.get(position) as GapPlace
    const dropped = Number(drop.run(position, last.seq).changes) + 1
    mark.run(gapType, gapData(id, first, last.seq, dropped), last.seq)
  }
}

/** Keeps the last `keep` events of an execution, and one event for the missing others. */
export function sqliteEventTrimming(database: SqliteDatabase): (position: number, id: string, keep: number) => void {
  const newestToGo = database.prepare<GapPlace>(`SELECT seq, type, data ${eventsOfPosition} ORDER BY seq DESC LIMIT 1 OFFSET ?`)
  const cut = sqliteEventGaps(database)
  return (position, id, keep) => {
    const last = newestToGo.get(position, Math.max(1, keep))
    if (last && last.type !== gapType) cut(position, id, last)
  }
}

interface EventRow {
  readonly seq: number
  readonly executionId: string | null
  readonly entryRef: number
  readonly revision: number
  readonly type: string
  readonly at: number
  readonly data: string | null
  readonly id: string | null
  readonly sessionId: string | null
  readonly correlationId: string | null
  readonly causationId: string | null
}

/** The position and the entry point of publications: no execution has it. */
export const ofNobody = 0

const select = (condition: string) => `
SELECT v.seq, e.id AS executionId, v.entry_ref AS entryRef, v.revision, v.type, v.at, v.data,
  p.id, coalesce(p.session_id, e.session_id) AS sessionId, coalesce(p.correlation_id, e.correlation_id) AS correlationId,
  coalesce(p.causation_id, e.causation_id, e.parent_id) AS causationId
FROM stateward_events v LEFT JOIN stateward_executions e ON e.position = v.position
  LEFT JOIN stateward_publications p ON p.seq = v.seq AND v.position = ${ofNobody}
WHERE v.seq > ? AND (e.position IS NOT NULL OR v.position = ${ofNobody}) ${condition} ORDER BY v.seq LIMIT ?`

/** The reading side of the journal. */
export interface SqliteEvents {
  events(query: EventQuery): StoredEvent[]
  lastSeq(): number
}

/** The events of one open database. */
export function sqliteEvents(database: SqliteDatabase, rows: SqliteRows): SqliteEvents {
  const last = database.prepare<{ seq: number }>(lastSeqSql)
  const all = database.prepare<EventRow>(select(''))
  const ofExecution = database.prepare<EventRow>(
    select('AND v.position = (SELECT position FROM stateward_executions WHERE id = ?)'),
  )
  const ofEntry = database.prepare<EventRow>(select('AND v.entry_ref = ?'))

  function find(query: EventQuery): EventRow[] {
    const limit = atMost(query.limit)
    if (query.execution !== undefined) return ofExecution.all(query.since, query.execution, limit)
    if (query.entryPoint === undefined) return all.all(query.since, limit)
    const ref = rows.knownRefs([query.entryPoint])[0]
    return ref === undefined ? [] : ofEntry.all(query.since, ref, limit)
  }

  return {
    events: (query) =>
      find(query)
        .map((row) => ({
          seq: row.seq,
          executionId: row.executionId,
          entryPoint: row.entryRef === ofNobody ? null : rows.entryName(row.entryRef),
          revision: row.revision,
          type: row.type,
          at: row.at,
          data: row.data,
          id: row.id,
          sessionId: row.sessionId,
          correlationId: row.correlationId,
          causationId: row.causationId,
        }))
        .filter((event) => query.entryPoint === undefined || event.entryPoint === query.entryPoint),
    lastSeq: () => last.get()?.seq ?? 0,
  }
}
