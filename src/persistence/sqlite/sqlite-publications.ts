/**
 * An application's own events in SQLite.
 *
 * Owns: writing and forgetting them. They stand in the journal with all others; a table of their own has their ids, one of which
 * is never given twice as long as its event is kept.
 */
import { gapType } from '../journal-gap.js'
import type { EventPruneRequest, Publication, PublicationVerdict } from '../snapshot-store.js'
import { atMost } from '../store-rules.js'
import type { SqliteDatabase } from './sqlite-database.js'
import {
  eventsOfPosition,
  ofNobody,
  sqliteEventGaps,
  sqliteEventJournal,
  type GapPlace,
  type SqliteEvents,
} from './sqlite-events.js'

/** The publications of one open database; each function is its namesake of the contract, synchronous. */
export interface SqlitePublications {
  publish(batch: readonly Publication[]): PublicationVerdict[]
  pruneEvents(request: EventPruneRequest): { events: number; more: boolean }
}

/** The publications of one open database. */
export function sqlitePublications(database: SqliteDatabase, events: Pick<SqliteEvents, 'events'>): SqlitePublications {
  const journal = sqliteEventJournal(database)
  const insert = database.prepare(`
    INSERT INTO stateward_publications (id, session_id, correlation_id, causation_id, seq) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`)
  const byId = database.prepare<{ seq: number }>('SELECT seq FROM stateward_publications WHERE id = ?')
  const cut = sqliteEventGaps(database)
  const forget = database.prepare('DELETE FROM stateward_publications WHERE seq <= ?')
  const place = `SELECT seq, type, data ${eventsOfPosition}`
  const firstYoung = database.prepare<GapPlace>(`${place} AND at >= ? AND type <> ? ORDER BY seq LIMIT 1`)
  const lastBefore = database.prepare<GapPlace>(`${place} AND seq < ? ORDER BY seq DESC LIMIT 1`)
  const newestTooMany = database.prepare<GapPlace>(`${place} ORDER BY seq DESC LIMIT 1 OFFSET ?`)
  const nth = database.prepare<GapPlace>(`${place} AND type <> ? ORDER BY seq LIMIT 1 OFFSET ?`)
  const count = database.prepare<{ count: number }>(`SELECT count(*) AS count ${eventsOfPosition} AND type <> ? AND seq <= ?`)

  /** The last publication that may go. */
  function newestToGo({ before, keep }: EventPruneRequest): GapPlace | undefined {
    const young = before === undefined ? undefined : firstYoung.get(ofNobody, before, gapType)
    const old = before === undefined ? undefined : lastBefore.get(ofNobody, young?.seq ?? Number.MAX_SAFE_INTEGER)
    const tooMany = keep === undefined ? undefined : newestTooMany.get(ofNobody, atMost(keep))
    return (old?.seq ?? 0) > (tooMany?.seq ?? 0) ? old : tooMany
  }

  return {
    publish: (batch) =>
      database.write('publish', () => {
        journal.begin()
        const seqs = batch.map((event) => {
          const seq = journal.append(ofNobody, ofNobody, 0, [])
          const { id, sessionId, correlationId, causationId } = event
          if (Number(insert.run(id, sessionId, correlationId, causationId, seq).changes) === 0) return undefined
          return journal.append(ofNobody, ofNobody, 0, [event])
        })
        journal.flush()
        return batch.map(({ id }, index) => {
          const seq = seqs[index]
          if (seq !== undefined) return { status: 'published', seq }
          const taken = byId.get(id)?.seq ?? 0
          const [event] = events.events({ since: taken - 1, limit: 1 })
          if (!event) throw new Error(`the event under the id ${id} is missing`)
          return { status: 'duplicate', event }
        })
      }),
    pruneEvents: (request) =>
      database.write('pruneEvents', () => {
        const limit = atMost(request.limit)
        const wanted = limit === 0 ? undefined : newestToGo(request)
        const most = nth.get(ofNobody, gapType, Math.max(0, limit - 1))
        const last = wanted && most && most.seq < wanted.seq ? most : wanted
        if (!wanted || !last || last.type === gapType) return { events: 0, more: false }
        const gone = count.get(ofNobody, gapType, last.seq)?.count ?? 0
        cut(ofNobody, 'the application', last)
        forget.run(last.seq)
        return { events: gone, more: last.seq < wanted.seq }
      }),
  }
}
