/**
 * Commits in SQLite: the hot path.
 *
 * Owns: acceptance, fencing, and everything that one commit writes. A commit is one statement on its execution and
 * one for each of its events. What is known of rows that this process wrote lets it go straight to the row, and leave
 * the indexes alone that the commit does not change; each statement checks revision and epoch, so that memory that is
 * out of date only costs a second look.
 */
import type { Acceptance, Commit, CommitVerdict, StatePiece } from '../snapshot-store.js'
import type { SqliteDatabase } from './sqlite-database.js'
import { sqliteEventJournal, sqliteEventTrimming } from './sqlite-events.js'
import { sqliteConsumption } from './sqlite-inbox.js'
import { noPieces, piecesOf, sqlitePieceWriter } from './sqlite-pieces.js'
import { numberOfStatus, type SqliteRows } from './sqlite-rows.js'

/** What must hold of a row, and what its indexes know of it, as this process wrote it last. */
interface KnownRow {
  readonly position: number
  readonly entryRef: number
  /** What follows holds at this revision; another process may have gone on from it. */
  revision: number
  status: number
  owner: string | null
  owed: number
  /** Of its state; undefined: there may be some. */
  pieces: readonly StatePiece[] | undefined
}

interface CurrentRow {
  readonly position: number
  readonly entryRef: number
  readonly revision: number
  readonly epoch: number
  readonly owner: string | null
}

/** Longer inputs go to a table of their own. */
const inlineInput = 512
const knownRows = 20_000
const terminal = 10

const insertSql = `
INSERT INTO stateward_executions (id, entry_ref, status, revision, epoch, owner, owed, priority, accepted_at, started_at,
  ended_at, updated_at, due_at, recoveries, program_id, program_version, program_hash, session_id, correlation_id,
  idempotency_key, parent_id, input, output, error, state)
VALUES (?, ?, ?, 1, 1, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`
const progressSql = `
UPDATE stateward_executions SET revision = ?, started_at = ?, updated_at = ?, due_at = ?, recoveries = ?, output = ?,
  error = ?, state = ?
WHERE position = ? AND id = ? AND revision = ? AND epoch = ? AND owner IS ? AND ended_at IS NULL`
const updateSql = `
UPDATE stateward_executions SET revision = ?, started_at = ?, updated_at = ?, due_at = ?, recoveries = ?, output = ?,
  error = ?, state = ?, status = ?, owner = ?, owed = ?, ended_at = ?
WHERE position = ? AND id = ? AND revision = ? AND epoch = ?`

/** Writes batches of commits to one open database. */
export function sqliteCommits(database: SqliteDatabase, rows: SqliteRows): (batch: readonly Commit[]) => CommitVerdict[] {
  const insert = database.prepare(insertSql)
  const progress = database.prepare(progressSql)
  const update = database.prepare(updateSql)
  const insertInput = database.prepare('INSERT INTO stateward_inputs (position, input) VALUES (?, ?)')
  const idOf = database.prepare<{ id: string }>('SELECT id FROM stateward_executions WHERE id = ?')
  const idOfKey = database.prepare<{ id: string }>(
    'SELECT id FROM stateward_executions WHERE entry_ref = ? AND idempotency_key = ?',
  )
  const current = database.prepare<CurrentRow>(
    'SELECT position, entry_ref AS entryRef, revision, epoch, owner FROM stateward_executions WHERE id = ?',
  )
  const insertCheckpoint = database.prepare(
    'INSERT INTO stateward_checkpoints (position, revision, at, status, state, cause) VALUES (?, ?, ?, ?, ?, ?)',
  )
  const dropCheckpoints = database.prepare(`
    DELETE FROM stateward_checkpoints WHERE position = ? AND revision <= (
      SELECT revision FROM stateward_checkpoints WHERE position = ? ORDER BY revision DESC LIMIT 1 OFFSET ?)`)
  const journal = sqliteEventJournal(database)
  const trim = sqliteEventTrimming(database)
  let trimmed: { readonly position: number; readonly id: string; readonly keep: number }[] = []
  const consumption = sqliteConsumption(database)
  const writePieces = sqlitePieceWriter(database)
  const known = new Map<string, KnownRow>()
  database.onRollback(() => known.clear())

  function remember(commit: Commit, position: number, entryRef: number, status: number, written: readonly StatePiece[]): void {
    if (status >= terminal || commit.endedAt !== null) {
      known.delete(commit.id)
      return
    }
    // whoever takes it up cuts it anew; until then nobody else has these texts in memory
    const pieces = commit.owner === null && written.length > 0 ? undefined : written
    const row = known.get(commit.id)
    if (row?.position === position) {
      row.revision = commit.revision
      row.status = status
      row.owner = commit.owner
      row.owed = commit.owed ? 1 : 0
      row.pieces = pieces
      return
    }
    if (known.size >= knownRows) known.delete(known.keys().next().value as string)
    known.set(commit.id, {
      position,
      entryRef,
      revision: commit.revision,
      status,
      owner: commit.owner,
      owed: commit.owed ? 1 : 0,
      pieces,
    })
  }

  /** The rest of a commit whose execution has been written; `before`: the pieces of its state that are there, if that is known. */
  function complete(
    commit: Commit,
    { position, entryRef, pieces: before }: Pick<KnownRow, 'position' | 'entryRef' | 'pieces'>,
    status: number,
    pieces: readonly StatePiece[],
  ): CommitVerdict {
    if (before !== noPieces || pieces !== noPieces) writePieces(position, pieces, before)
    const firstSeq = journal.append(position, entryRef, commit.revision, commit.events)
    if (commit.consumed.length > 0) consumption.consume(position, commit.consumed, commit.updatedAt)
    if (status >= terminal) consumption.finish(position, commit.updatedAt)
    else if (commit.owner === null) consumption.letGo(position, status)
    if (commit.journal !== undefined && commit.events.length > 0) trimmed.push({ position, id: commit.id, keep: commit.journal })
    if (commit.checkpoints !== undefined) {
      if (commit.checkpoints > 0)
        insertCheckpoint.run(position, commit.revision, commit.updatedAt, status, commit.state, commit.cause ?? null)
      if (commit.revision > 1) dropCheckpoints.run(position, position, Math.max(0, commit.checkpoints))
    }
    remember(commit, position, entryRef, status, pieces)
    return { status: 'committed', firstSeq }
  }

  function accept(commit: Commit, accepted: Acceptance): CommitVerdict {
    if (commit.revision !== 1 || commit.epoch !== 1) {
      const taken = idOf.get(commit.id)
      return taken ? { status: 'duplicate', id: taken.id, of: 'id' } : { status: 'stale', revision: 0, epoch: 0, owner: null }
    }
    const entryRef = rows.entryRef(accepted.entryPoint)
    const status = numberOfStatus(commit.status)
    const pieces = piecesOf(commit)
    const inline = accepted.input.length <= inlineInput
    const written = insert.run(
      commit.id,
      entryRef,
      status,
      commit.owner,
      commit.owed ? 1 : 0,
      accepted.priority,
      accepted.acceptedAt,
      commit.startedAt,
      commit.endedAt,
      commit.updatedAt,
      commit.dueAt,
      commit.recoveries,
      accepted.programId,
      accepted.programVersion,
      accepted.programHash,
      accepted.sessionId,
      accepted.correlationId,
      accepted.idempotencyKey,
      accepted.parentId,
      inline ? accepted.input : null,
      commit.output,
      commit.error,
      pieces === noPieces ? commit.state : '',
    )
    if (Number(written.changes) === 0) {
      const ofKey = idOfKey.get(entryRef, accepted.idempotencyKey)?.id
      if (ofKey !== commit.id && idOf.get(commit.id)) return { status: 'duplicate', id: commit.id, of: 'id' }
      return { status: 'duplicate', id: ofKey as string, of: 'idempotency_key' }
    }
    const position = Number(written.lastInsertRowid)
    if (!inline) insertInput.run(position, accepted.input)
    return complete(commit, { position, entryRef, pieces: noPieces }, status, pieces)
  }

  function change(commit: Commit, state: string, position: number, status: number): boolean {
    return (
      Number(
        update.run(
          commit.revision,
          commit.startedAt,
          commit.updatedAt,
          commit.dueAt,
          commit.recoveries,
          commit.output,
          commit.error,
          state,
          status,
          commit.owner,
          commit.owed ? 1 : 0,
          commit.endedAt,
          position,
          commit.id,
          commit.revision - 1,
          commit.epoch,
        ).changes,
      ) === 1
    )
  }

  function advance(commit: Commit): CommitVerdict {
    const status = numberOfStatus(commit.status)
    const pieces = piecesOf(commit)
    const state = pieces === noPieces ? commit.state : ''
    const row = known.get(commit.id)
    if (row?.revision === commit.revision - 1) {
      const same = row.status === status && row.owner === commit.owner && row.owed === (commit.owed ? 1 : 0)
      const written =
        same && commit.endedAt === null
          ? Number(
              progress.run(
                commit.revision,
                commit.startedAt,
                commit.updatedAt,
                commit.dueAt,
                commit.recoveries,
                commit.output,
                commit.error,
                state,
                row.position,
                commit.id,
                commit.revision - 1,
                commit.epoch,
                row.owner,
              ).changes,
            ) === 1
          : change(commit, state, row.position, status)
      if (written) return complete(commit, row, status, pieces)
      known.delete(commit.id)
    }
    const found = current.get(commit.id)
    if (!found) return { status: 'not_found' }
    if (found.revision !== commit.revision - 1 || found.epoch !== commit.epoch) {
      return { status: 'stale', revision: found.revision, epoch: found.epoch, owner: found.owner }
    }
    change(commit, state, found.position, status)
    return complete(commit, { ...found, pieces: undefined }, status, pieces)
  }

  return (batch) => {
    if (batch.length === 0) return []
    return database.write('commit', () => {
      journal.begin()
      trimmed = []
      consumption.begin()
      const verdicts = batch.map((commit) => (commit.accept ? accept(commit, commit.accept) : advance(commit)))
      journal.flush()
      for (const { position, id, keep } of trimmed) trim(position, id, keep)
      return verdicts
    })
  }
}
