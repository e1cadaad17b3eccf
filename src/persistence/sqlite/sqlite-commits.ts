/**
 * Commits in SQLite: the hot path.
 *
 * Owns: acceptance, fencing, and everything that one commit writes. A commit is one statement on its execution and
 * one for each of its events. What is known of rows that this process wrote lets it go straight to the row, and leave
 * the indexes alone that the commit does not change; each statement checks revision and epoch, so that memory that is
 * out of date only costs a second look.
 */
import type { Acceptance, Commit, CommitVerdict, StatePiece } from '../snapshot-store.js'
import type { SqliteAdmissions } from './sqlite-admissions.js'
import { firstTerminal, still } from './sqlite-conditions.js'
import type { SqliteDatabase } from './sqlite-database.js'
import { sqliteEventJournal, sqliteEventTrimming } from './sqlite-events.js'
import { sqliteConsumption } from './sqlite-inbox.js'
import type { SqliteJoins } from './sqlite-joins.js'
import { inserted, set, type ValuesOf } from './sqlite-columns.js'
import { noPieces, piecesOf, sqlitePieceWriter } from './sqlite-pieces.js'
import { sqliteStreamEnds } from './sqlite-streams.js'
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
  startAt: number | null
  gathers: string | null
  isAtRest: boolean
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
const isInline = ({ input }: Pick<Acceptance, 'input'>) => input.length <= inlineInput
const knownRows = 20_000
const none: readonly string[] = []

/** What every commit sets, without what the indexes know. */
const progressed = ['revision', 'started_at', 'updated_at', 'due_at', 'recoveries', 'output', 'error', 'state'] as const
const progressedBy = (commit: Commit, state: string): ValuesOf<typeof progressed> => [
  commit.revision,
  commit.startedAt,
  commit.updatedAt,
  commit.dueAt,
  commit.recoveries,
  commit.output,
  commit.error,
  state,
]

/** What the indexes know, and a commit sets if it changes. */
const indexed = ['status', 'owner', 'owed', 'ended_at', 'start_at', 'gathers'] as const
const indexedBy = (commit: Commit, status: number): ValuesOf<typeof indexed> => [
  status,
  commit.owner,
  commit.owed ? 1 : 0,
  commit.endedAt,
  commit.startAt ?? null,
  commit.gathers ?? null,
]

/** Where the program stands, which most commits of most programs change, and some do not. */
const placed = ['standing', 'entered'] as const
const placedBy = ({ place }: Commit): ValuesOf<typeof placed> => [place?.text ?? null, place?.entered ?? null]

/** Where it stands still, for the index of those that do; a commit that says no place leaves it where it stood. */
const rests = "resting = CASE WHEN ? = 1 THEN coalesce(?, standing, '') END"
const isAtRest = ({ startedAt }: Commit, status: number) => startedAt !== null && still.includes(status)
const restedBy = (commit: Commit, status: number): [number, string | null] => [
  isAtRest(commit, status) ? 1 : 0,
  commit.place?.text ?? null,
]

/** What the first commit sets besides. */
const accepted = [
  'id',
  'epoch',
  'entry_ref',
  'priority',
  'accepted_at',
  'program_id',
  'program_version',
  'program_hash',
  'session_id',
  'correlation_id',
  'idempotency_key',
  'parent_id',
  'causation_id',
  'tags',
  'input',
] as const
const acceptedBy = ({ id, epoch }: Commit, of: Acceptance, entryRef: number): ValuesOf<typeof accepted> => [
  id,
  epoch,
  entryRef,
  of.priority,
  of.acceptedAt,
  of.programId,
  of.programVersion,
  of.programHash,
  of.sessionId,
  of.correlationId,
  of.idempotencyKey,
  of.parentId,
  of.causationId,
  of.tags && of.tags.length > 0 ? JSON.stringify(of.tags) : null,
  isInline(of) ? of.input : null,
]

/** The row that is meant, if it stands where the writer believes. */
const fence = 'position = ? AND id = ? AND revision = ? AND epoch = ?'

const table = 'stateward_executions'
const first = [...accepted, ...progressed, ...indexed, ...placed, 'resting'] as const
const insertSql = `INSERT INTO ${table} ${inserted(first)} ON CONFLICT DO NOTHING`
const progressSql = (columns: readonly string[]) =>
  `UPDATE ${table} SET ${set(columns)} WHERE ${fence} AND owner IS ? AND ended_at IS NULL`
const updateSql = (columns: readonly string[]) => `UPDATE ${table} SET ${set(columns)}, ${rests} WHERE ${fence}`

/** Writes batches of commits to one open database. */
export function sqliteCommits(
  database: SqliteDatabase,
  rows: SqliteRows,
  admissions: SqliteAdmissions,
  joins: SqliteJoins,
): (batch: readonly Commit[]) => CommitVerdict[] {
  const insert = database.prepare(insertSql)
  const progress = database.prepare(progressSql(progressed))
  const progressPlaced = database.prepare(progressSql([...progressed, ...placed]))
  const update = database.prepare(updateSql([...progressed, ...indexed]))
  const updatePlaced = database.prepare(updateSql([...progressed, ...indexed, ...placed]))
  const insertTag = database.prepare('INSERT OR IGNORE INTO stateward_tags (tag, position) VALUES (?, ?)')
  const insertInput = database.prepare('INSERT INTO stateward_inputs (position, input) VALUES (?, ?)')
  const dropInput = database.prepare('DELETE FROM stateward_inputs WHERE position = ?')
  const setInput = database.prepare(`UPDATE ${table} SET input = ? WHERE position = ?`)
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
  const endStreams = sqliteStreamEnds(database)
  const writePieces = sqlitePieceWriter(database)
  const known = new Map<string, KnownRow>()
  database.onRollback(() => known.clear())

  function remember(commit: Commit, position: number, entryRef: number, status: number, written: readonly StatePiece[]): void {
    if (status >= firstTerminal || commit.endedAt !== null) {
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
      row.startAt = commit.startAt ?? null
      row.gathers = commit.gathers ?? null
      row.isAtRest = isAtRest(commit, status)
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
      startAt: commit.startAt ?? null,
      gathers: commit.gathers ?? null,
      isAtRest: isAtRest(commit, status),
      pieces,
    })
  }

  function replaceInput(position: number, input: string): void {
    dropInput.run(position)
    setInput.run(isInline({ input }) ? input : null, position)
    if (!isInline({ input })) insertInput.run(position, input)
  }

  /** The rest of a commit whose execution has been written; `before`: the pieces of its state that are there, if that is known. */
  function complete(
    commit: Commit,
    { position, entryRef, pieces: before }: Pick<KnownRow, 'position' | 'entryRef' | 'pieces'>,
    status: number,
    pieces: readonly StatePiece[],
  ): CommitVerdict {
    if (commit.input !== undefined && !commit.accept) replaceInput(position, commit.input)
    if (commit.joins) joins.add(position, entryRef, commit)
    if (before !== noPieces || pieces !== noPieces) writePieces(position, pieces, before)
    const firstSeq = journal.append(position, entryRef, commit.revision, commit.events)
    if (commit.streams && commit.streams.length > 0) endStreams(position, commit)
    if (commit.consumed.length > 0) consumption.consume(position, commit.consumed, commit.updatedAt)
    if (status >= firstTerminal) consumption.finish(position, commit.updatedAt)
    else if (commit.owner === null) consumption.letGo(position, status, commit.startAt ?? null)
    if (commit.keys) admissions.committed(position, entryRef, commit.keys, commit, status)
    if (commit.journal !== undefined && commit.events.length > 0) trimmed.push({ position, id: commit.id, keep: commit.journal })
    if (commit.checkpoints !== undefined) {
      if (commit.checkpoints > 0)
        insertCheckpoint.run(position, commit.revision, commit.updatedAt, status, commit.state, commit.cause ?? null)
      if (commit.revision > 1) dropCheckpoints.run(position, position, Math.max(0, commit.checkpoints))
    }
    remember(commit, position, entryRef, status, pieces)
    return { status: 'committed', firstSeq }
  }

  function accept(commit: Commit, acceptance: Acceptance): CommitVerdict {
    if (commit.revision !== 1 || commit.epoch !== 1) {
      const taken = idOf.get(commit.id)
      return taken ? { status: 'duplicate', id: taken.id, of: 'id' } : { status: 'stale', revision: 0, epoch: 0, owner: null }
    }
    const entryRef = rows.entryRef(acceptance.entryPoint)
    const refused = commit.joins || acceptance.idempotencyKey !== null ? unjoined(commit, entryRef) : undefined
    if (refused) return refused
    const status = numberOfStatus(commit.status)
    const pieces = piecesOf(commit)
    const state = pieces === noPieces ? commit.state : ''
    const written = insert.run(
      ...acceptedBy(commit, acceptance, entryRef),
      ...progressedBy(commit, state),
      ...indexedBy(commit, status),
      ...placedBy(commit),
      isAtRest(commit, status) ? (commit.place?.text ?? '') : null,
    )
    if (Number(written.changes) === 0) {
      const ofKey = idOfKey.get(entryRef, acceptance.idempotencyKey)?.id
      if (ofKey !== commit.id && idOf.get(commit.id)) return { status: 'duplicate', id: commit.id, of: 'id' }
      return { status: 'duplicate', id: ofKey as string, of: 'idempotency_key' }
    }
    const position = Number(written.lastInsertRowid)
    if (!isInline(acceptance)) insertInput.run(position, acceptance.input)
    for (const tag of acceptance.tags ?? none) insertTag.run(tag, position)
    return complete(commit, { position, entryRef, pieces: noPieces }, status, pieces)
  }

  /** The verdict on a commit whose triggers have joined before, or one of whose keys a trigger has. */
  function unjoined(commit: Commit, entryRef: number): CommitVerdict | undefined {
    const again = commit.joins && joins.joinedBefore(entryRef, commit.joins)
    if (again) return again
    if (commit.joins && commit.accept && idOf.get(commit.id)) return { status: 'duplicate', id: commit.id, of: 'id' }
    return joins.takenBefore(entryRef, commit)
  }

  /** A commit that takes triggers in: whether these may join comes first. */
  function join(commit: Commit): CommitVerdict {
    const found = current.get(commit.id)
    if (!found) return { status: 'not_found' }
    const again = joins.joinedBefore(found.entryRef, commit.joins ?? [])
    if (again) return again
    const { revision, epoch, owner } = found
    if (revision !== commit.revision - 1 || epoch !== commit.epoch) return { status: 'stale', revision, epoch, owner }
    return joins.takenBefore(found.entryRef, commit) ?? advance(commit)
  }

  /** Writes all that a commit sets; false: the row is not where it should be. */
  function change(commit: Commit, state: string, position: number, status: number): boolean {
    const { id, revision, epoch } = commit
    const values = [...progressedBy(commit, state), ...indexedBy(commit, status)]
    const rested = restedBy(commit, status)
    const written = commit.place
      ? updatePlaced.run(...values, ...placedBy(commit), ...rested, position, id, revision - 1, epoch)
      : update.run(...values, ...rested, position, id, revision - 1, epoch)
    return Number(written.changes) === 1
  }

  /** The same for a row that this process wrote last: what its indexes know is left alone unless it changes. */
  function changeKnown(commit: Commit, state: string, row: KnownRow, status: number): boolean {
    const { id, revision, epoch, owner } = commit
    const sameStart = row.startAt === (commit.startAt ?? null) && row.gathers === (commit.gathers ?? null)
    const same = row.status === status && row.owner === owner && row.owed === (commit.owed ? 1 : 0) && commit.endedAt === null
    const sameRest = row.isAtRest ? isAtRest(commit, status) && commit.place === undefined : !isAtRest(commit, status)
    if (!same || !sameStart || !sameRest) return change(commit, state, row.position, status)
    const values = progressedBy(commit, state)
    const written = commit.place
      ? progressPlaced.run(...values, ...placedBy(commit), row.position, id, revision - 1, epoch, owner)
      : progress.run(...values, row.position, id, revision - 1, epoch, owner)
    return Number(written.changes) === 1
  }

  function advance(commit: Commit): CommitVerdict {
    const status = numberOfStatus(commit.status)
    const pieces = piecesOf(commit)
    const state = pieces === noPieces ? commit.state : ''
    const row = known.get(commit.id)
    if (row?.revision === commit.revision - 1) {
      if (changeKnown(commit, state, row, status)) return complete(commit, row, status, pieces)
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
      joins.begin()
      const verdicts = batch.map((commit) => {
        if (commit.accept) return accept(commit, commit.accept)
        return commit.joins ? join(commit) : advance(commit)
      })
      journal.flush()
      for (const { position, id, keep } of trimmed) trim(position, id, keep)
      return verdicts
    })
  }
}
