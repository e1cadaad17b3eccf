/**
 * The streams of steps in SQLite.
 *
 * Owns: the offsets of their entries, that an old owner and a run that has ended add nothing, and how runs end.
 */
import type { ChunkAppend, ChunkPage, ChunkVerdict, Commit, StreamRun } from '../snapshot-store.js'
import { atMost } from '../store-rules.js'
import { firstTerminal } from './sqlite-conditions.js'
import type { SqliteDatabase } from './sqlite-database.js'

const kinds = ['chunk', 'committed', 'abandoned'] as const
const open = 0
const numberOf = { committed: 1, abandoned: 2 } as const

interface RunRow {
  readonly run: number
  readonly position: number
  readonly state: number
  readonly chunks: number
}

interface EntryRow extends StreamRun {
  readonly place: number
  readonly kind: number
  readonly at: number
  readonly data: string | null
}

const runColumns = 'r.id, r.step, r.name, r.key, r.attempt'

/** Ends runs with the commit that says so. */
export function sqliteStreamEnds(database: SqliteDatabase): (position: number, commit: Commit) => void {
  const byId = database.prepare<RunRow>('SELECT run, position, state, chunks FROM stateward_stream_runs WHERE id = ?')
  const end = sqliteRunEnd(database)
  return (position, { streams = [], updatedAt }) => {
    for (const { run, end: how } of streams) {
      const row = byId.get(run)
      if (row?.position === position && row.state === open) end(row, numberOf[how], updatedAt)
    }
  }
}

function sqliteRunEnd(database: SqliteDatabase) {
  const close = database.prepare('UPDATE stateward_stream_runs SET state = ? WHERE run = ?')
  const add = sqliteEntry(database)
  return ({ run, position }: Pick<RunRow, 'run' | 'position'>, kind: 1 | 2, at: number) => {
    close.run(kind, run)
    add(position, run, kind, at, null)
  }
}

function sqliteEntry(database: SqliteDatabase) {
  const insert = database.prepare(`INSERT INTO stateward_chunks (position, place, run, kind, at, data)
    VALUES (?, coalesce((SELECT max(place) FROM stateward_chunks WHERE position = ?), 0) + 1, ?, ?, ?, ?)`)
  return (position: number, run: number, kind: number, at: number, data: string | null) =>
    void insert.run(position, position, run, kind, at, data)
}

/** The streams of one open database; each function is its namesake of the contract, synchronous. */
export interface SqliteStreams {
  appendChunks(batch: readonly ChunkAppend[]): ChunkVerdict[]
  chunks(of: { readonly execution: string; readonly since: number; readonly limit: number }): ChunkPage | undefined
}

/** The streams of one open database. */
export function sqliteStreams(database: SqliteDatabase): SqliteStreams {
  const execution = database.prepare<{ position: number; epoch: number; status: number }>(
    'SELECT position, epoch, status FROM stateward_executions WHERE id = ?',
  )
  const byId = database.prepare<RunRow>('SELECT run, position, state, chunks FROM stateward_stream_runs WHERE id = ?')
  const others = database.prepare<RunRow>(
    `SELECT run, position, state, chunks FROM stateward_stream_runs WHERE position = ? AND key = ? AND state = ${open}`,
  )
  const begin = database.prepare(
    `INSERT INTO stateward_stream_runs (position, state, chunks, attempt, id, step, name, key) VALUES (?, ${open}, 0, ?, ?, ?, ?, ?)`,
  )
  const count = database.prepare('UPDATE stateward_stream_runs SET chunks = ? WHERE run = ?')
  const entries = database.prepare<EntryRow>(`SELECT c.place, c.kind, c.at, c.data, ${runColumns}
    FROM stateward_chunks c CROSS JOIN stateward_stream_runs r ON r.run = c.run
    WHERE c.position = ? AND c.place > ? ORDER BY c.place LIMIT ?`)
  const openRuns = database.prepare<StreamRun>(
    `SELECT ${runColumns} FROM stateward_stream_runs r WHERE r.position = ? AND r.state = ${open} ORDER BY r.run`,
  )
  const last = database.prepare<{ place: number | null }>('SELECT max(place) AS place FROM stateward_chunks WHERE position = ?')
  const add = sqliteEntry(database)
  const end = sqliteRunEnd(database)

  function opened({ run: { id, step, name, key, attempt }, chunks }: ChunkAppend, position: number): RunRow {
    for (const other of others.all(position, key)) end(other, numberOf.abandoned, chunks[0]?.at ?? 0)
    const run = Number(begin.run(position, attempt, id, step, name, key).lastInsertRowid)
    return { run, position, state: open, chunks: 0 }
  }

  function append(of: ChunkAppend): ChunkVerdict {
    const found = execution.get(of.executionId)
    if (!found) return 'not_found'
    if (found.epoch !== of.epoch) return 'stale'
    if (found.status >= firstTerminal) return 'closed'
    const row = byId.get(of.run.id) ?? opened(of, found.position)
    if (row.state !== open || row.position !== found.position) return 'closed'
    const fresh = of.chunks.slice(Math.max(0, row.chunks - of.first))
    for (const { at, data } of fresh) add(found.position, row.run, 0, at, data)
    if (fresh.length > 0) count.run(of.first + of.chunks.length, row.run)
    return 'appended'
  }

  return {
    appendChunks: (batch) => database.write('appendChunks', () => batch.map(append)),
    chunks({ execution: id, since, limit }) {
      const found = execution.get(id)
      if (!found) return undefined
      const chunks = entries.all(found.position, since, atMost(limit)).map(({ place, kind, at, data, ...run }) => ({
        offset: place,
        kind: kinds[kind] ?? 'chunk',
        at,
        data,
        run: { ...run },
      }))
      return {
        chunks,
        last: last.get(found.position)?.place ?? 0,
        ended: found.status >= firstTerminal,
        open: openRuns.all(found.position).map((run) => ({ ...run })),
      }
    },
  }
}
