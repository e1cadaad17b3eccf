/**
 * What a memory store keeps, and the writing of commits into it.
 *
 * Owns: fencing, acceptance, and the numbers of events and messages. All of a batch is read before any of it is
 * written, and writing can't fail, so that a batch goes in whole or not at all.
 */
import { StatewardError } from '../../errors.js'
import { executionStatuses, isTerminal } from '../../events/execution-status.js'
import { MemoryAdmissions } from './memory-admissions.js'
import { MemoryDocuments } from './memory-documents.js'
import { MemoryDue } from './memory-due.js'
import { MemoryEvents } from './memory-events.js'
import { MemoryJoins } from './memory-joins.js'
import { MemoryJournal } from './memory-journal.js'
import { MemoryStream } from './memory-stream.js'
import { type MemoryRow, MemoryRows } from './memory-rows.js'
import type {
  Acceptance,
  ChunkAppend,
  ChunkPage,
  ChunkVerdict,
  CommandAnswer,
  Commit,
  CommitVerdict,
  InboxMessage,
  OwnerRecord,
  StoredExecution,
} from '../snapshot-store.js'

/** An answer that waits for its sender. */
export interface MemoryAnswer {
  readonly answer: CommandAnswer
  readonly at: number
  readonly row: MemoryRow
}

/** The tables of one memory store. */
export class MemoryTables {
  readonly rows = new MemoryRows()
  readonly due = new MemoryDue(this.rows)
  readonly joins = new MemoryJoins(this.rows)
  readonly events = new MemoryEvents()
  /** The rows of the messages that no commit has consumed, by seq, in order. */
  readonly open = new Map<number, MemoryRow>()
  readonly answers = new Map<number, MemoryAnswer>()
  readonly owners = new Map<string, OwnerRecord>()
  readonly controls = new Map<string, string>()
  readonly documents = new MemoryDocuments()
  readonly admissions = new MemoryAdmissions()
  readonly tombstones = new Map<string, number>()
  #lastPosition = 0
  #lastMessage = 0

  commit(batch: readonly Commit[]): CommitVerdict[] {
    return batch.map(copy).map((commit) => (commit.accept ? this.#accept(commit, commit.accept) : this.#advance(commit)))
  }

  /** Replaces the stored fields of a row. */
  change(row: MemoryRow, fields: Partial<StoredExecution>): void {
    row.execution = { ...row.execution, ...fields }
    this.touch(row)
  }

  /** To be called after each change of a row. */
  touch(row: MemoryRow): void {
    this.rows.reindex(row)
    this.due.note(row)
  }

  appendChunks(of: ChunkAppend): ChunkVerdict {
    const row = this.rows.byId.get(of.executionId)
    if (!row) return 'not_found'
    if (row.execution.epoch !== of.epoch) return 'stale'
    if (isTerminal(row.execution.status)) return 'closed'
    return (row.stream ??= new MemoryStream()).append(of)
  }

  chunks({ execution, since, limit }: { execution: string; since: number; limit: number }): ChunkPage | undefined {
    const row = this.rows.byId.get(execution)
    return row && (row.stream ?? new MemoryStream()).page(since, limit, isTerminal(row.execution.status))
  }

  enqueue(row: MemoryRow, message: Omit<InboxMessage, 'seq'>): number {
    const seq = ++this.#lastMessage
    const { executionId, kind, payload, at } = message
    row.open.set(seq, { seq, executionId, kind, payload, at })
    if (kind === 'command') row.openCommands++
    this.open.set(seq, row)
    this.touch(row)
    return seq
  }

  #accept(commit: Commit, accepted: Acceptance): CommitVerdict {
    const { id } = commit
    const { entryPoint, idempotencyKey } = accepted
    const again = commit.joins && this.joins.joinedBefore(entryPoint, commit.joins)
    if (again) return again
    const taken = idempotencyKey === null ? undefined : this.rows.idOfKey(entryPoint, idempotencyKey)
    if (taken !== id && this.rows.byId.has(id)) return { status: 'duplicate', id, of: 'id' }
    if (commit.revision !== 1 || commit.epoch !== 1) return { status: 'stale', revision: 0, epoch: 0, owner: null }
    if (taken !== undefined) return { status: 'duplicate', id: taken, of: 'idempotency_key' }
    const before = this.joins.takenBefore(entryPoint, commit)
    if (before) return before
    const row: MemoryRow = {
      position: ++this.#lastPosition,
      execution: { id, ...accepted, place: null, ...fieldsOf(commit), ...placeOf(commit), elements: null },
      open: new Map(),
      openCommands: 0,
      answered: new Set(),
      checkpoints: [],
      joins: [],
      journal: new MemoryJournal(),
      stream: undefined,
    }
    this.rows.add(row)
    return this.#complete(row, commit)
  }

  #advance(commit: Commit): CommitVerdict {
    const row = this.rows.byId.get(commit.id)
    if (!row) return { status: 'not_found' }
    const { entryPoint, revision, epoch, owner } = row.execution
    const again = commit.joins && this.joins.joinedBefore(entryPoint, commit.joins)
    if (again) return again
    if (commit.revision !== revision + 1 || commit.epoch !== epoch) return { status: 'stale', revision, epoch, owner }
    const before = commit.joins && this.joins.takenBefore(entryPoint, commit)
    if (before) return before
    const input = commit.input ?? row.execution.input
    row.execution = { ...row.execution, ...fieldsOf(commit), ...placeOf(commit), input }
    return this.#complete(row, commit)
  }

  #complete(row: MemoryRow, commit: Commit): CommitVerdict {
    if (commit.joins) this.joins.add(row, commit.joins)
    const firstSeq = this.events.lastSeq + 1
    this.events.append(row, commit)
    for (const { seq, answer } of commit.consumed) this.#consume(row, seq, { status: 'answered', answer }, commit.updatedAt)
    if (isTerminal(commit.status)) {
      for (const seq of [...row.open.keys()]) this.#consume(row, seq, { status: 'finished' }, commit.updatedAt)
    }
    for (const { run, end } of commit.streams ?? []) row.stream?.end(run, end, commit.updatedAt)
    if (commit.checkpoints !== undefined) {
      const { id, revision, updatedAt, status, state, cause = null } = commit
      if (commit.checkpoints > 0) row.checkpoints.push({ executionId: id, revision, at: updatedAt, status, state, cause })
      row.checkpoints.splice(0, row.checkpoints.length - Math.max(0, commit.checkpoints))
    }
    if (commit.keys) this.admissions.committed(row, commit.keys, commit)
    this.touch(row)
    return { status: 'committed', firstSeq }
  }

  /** A command keeps its answer, even if it is null; an event keeps one only if there is one. */
  #consume(row: MemoryRow, seq: number, answer: CommandAnswer, at: number): void {
    const message = row.open.get(seq)
    if (!message) return
    row.open.delete(seq)
    if (message.kind === 'command') row.openCommands--
    this.open.delete(seq)
    if (message.kind === 'event' && !(answer.status === 'answered' && answer.answer !== null)) return
    this.answers.set(seq, { answer, at, row })
    row.answered.add(seq)
  }
}

/** Reads all of a commit, so that whatever is wrong with it shows before anything is written. */
function copy(commit: Commit): Commit {
  if (!executionStatuses.includes(commit.status)) {
    throw new StatewardError('invalid_option', `"${String(commit.status)}" is not a status`, { details: { option: 'status' } })
  }
  return {
    ...commit,
    ...(commit.accept ? { accept: acceptanceOf(commit.accept) } : {}),
    ...(commit.streams ? { streams: commit.streams.map(({ run, end }) => ({ run, end })) } : {}),
    events: commit.events.map(({ type, at, data }) => ({ type, at, data })),
    consumed: commit.consumed.map(({ seq, answer }) => ({ seq, answer })),
    ...(commit.joins
      ? { joins: commit.joins.map(({ ref, idempotencyKey, digest, element }) => ({ ref, idempotencyKey, digest, element })) }
      : {}),
  }
}

function acceptanceOf(accepted: Acceptance): Acceptance {
  const { entryPoint, programId, programVersion, programHash, priority, acceptedAt } = accepted
  const { sessionId, correlationId, idempotencyKey, parentId, causationId, input } = accepted
  const program = { programId, programVersion, programHash }
  const ids = { sessionId, correlationId, idempotencyKey, parentId, causationId }
  const tags = [...new Set(accepted.tags)]
  return { entryPoint, ...program, priority, acceptedAt, ...ids, tags, input }
}

/** What a commit sets if its program stands elsewhere. */
function placeOf({ place }: Commit): Pick<StoredExecution, 'place'> {
  return place ? { place: { text: place.text, entered: place.entered } } : {}
}

/** What every commit sets on its execution. */
function fieldsOf(commit: Commit): Omit<StoredExecution, keyof Acceptance | 'id' | 'place' | 'elements'> {
  const { revision, epoch, owner, status, startedAt, endedAt, updatedAt, dueAt, startAt = null, gathers = null } = commit
  const { owed, recoveries, state, output, error } = commit
  const times = { startedAt, endedAt, updatedAt, dueAt, startAt }
  return { revision, epoch, owner, status, ...times, gathers, owed, recoveries, state, output, error }
}
