/**
 * The durable inboxes in SQLite.
 *
 * Owns: messages and the answers to them. A message is open until a commit consumes it; then it goes, unless it has an
 * answer (or is a command), which waits for its sender until it is pruned.
 */
import type { Commit, InboxMessage, SnapshotStore } from './snapshot-store.js'
import type { SqliteDatabase } from './sqlite-database.js'
import { atMost, finishedAnswer } from './store-limits.js'

/** What commits do to inboxes; `begin` stands before each transaction. */
export interface SqliteConsumption {
  begin(): void
  consume(position: number, consumed: Commit['consumed'], at: number): void
  /** Ends the inbox of an execution that has ended. */
  finish(position: number, at: number): void
}

/** The consuming side of the inboxes of one open database. */
export function sqliteConsumption(database: SqliteDatabase): SqliteConsumption {
  const dropEvent = database.prepare(
    'DELETE FROM stateward_inbox WHERE seq = ? AND position = ? AND kind = 0 AND answered_at IS NULL',
  )
  const answer = database.prepare(
    'UPDATE stateward_inbox SET answered_at = ?, answer = ? WHERE seq = ? AND position = ? AND answered_at IS NULL',
  )
  const dropEvents = database.prepare('DELETE FROM stateward_inbox WHERE position = ? AND answered_at IS NULL AND kind = 0')
  const answerAll = database.prepare(
    'UPDATE stateward_inbox SET answered_at = ?, answer = ? WHERE position = ? AND answered_at IS NULL',
  )
  const anyOpen = database.prepare('SELECT 1 FROM stateward_inbox WHERE answered_at IS NULL LIMIT 1')
  /** Whether any inbox holds anything: asked once a transaction, which spares each end two statements. */
  let open: boolean | undefined

  return {
    begin() {
      open = undefined
    },
    consume(position, consumed, at) {
      for (const message of consumed) {
        if (message.answer === null && Number(dropEvent.run(message.seq, position).changes) === 1) continue
        answer.run(at, message.answer, message.seq, position)
      }
    },
    finish(position, at) {
      open ??= anyOpen.get() !== undefined
      if (!open) return
      dropEvents.run(position)
      answerAll.run(at, finishedAnswer, position)
    },
  }
}

interface InboxRow {
  readonly seq: number
  readonly executionId: string
  readonly kind: number
  readonly payload: string
  readonly at: number
}

interface AnswerRow {
  readonly answeredAt: number | null
  readonly answer: string | null
}

/** The face of the inboxes; each function is its namesake of the contract, synchronous. */
export interface SqliteInbox {
  enqueue(message: Omit<InboxMessage, 'seq'>): Awaited<ReturnType<SnapshotStore['enqueue']>>
  inbox(of: Parameters<SnapshotStore['inbox']>[0]): InboxMessage[]
  answer(seq: number): Awaited<ReturnType<SnapshotStore['answer']>>
}

const select = 'SELECT i.seq, e.id AS executionId, i.kind, i.payload, i.at FROM'

/** The inboxes of one open database. */
export function sqliteInbox(database: SqliteDatabase): SqliteInbox {
  const find = database.prepare<{ position: number; status: number }>(
    'SELECT position, status FROM stateward_executions WHERE id = ?',
  )
  const insert = database.prepare('INSERT INTO stateward_inbox (position, kind, at, payload) VALUES (?, ?, ?, ?)')
  const ofExecution = database.prepare<InboxRow>(`
    ${select} stateward_executions e CROSS JOIN stateward_inbox i ON i.position = e.position
    WHERE e.id = ? AND i.answered_at IS NULL ORDER BY i.seq`)
  const ofOwner = database.prepare<InboxRow>(`
    ${select} stateward_inbox i CROSS JOIN stateward_executions e ON e.position = i.position
    WHERE i.seq > ? AND i.answered_at IS NULL AND e.owner = ? ORDER BY i.seq LIMIT ?`)
  const answer = database.prepare<AnswerRow>('SELECT answered_at AS answeredAt, answer FROM stateward_inbox WHERE seq = ?')

  const toMessage = (row: InboxRow): InboxMessage => ({
    seq: row.seq,
    executionId: row.executionId,
    kind: row.kind === 0 ? 'event' : 'command',
    payload: row.payload,
    at: row.at,
  })

  return {
    enqueue: (message) =>
      database.write('enqueue', () => {
        const execution = find.get(message.executionId)
        if (!execution) return { status: 'not_found' }
        if (execution.status >= 10) return { status: 'finished' }
        const written = insert.run(execution.position, message.kind === 'event' ? 0 : 1, message.at, message.payload)
        return { status: 'queued', seq: Number(written.lastInsertRowid) }
      }),
    inbox: (of) => {
      const found = 'execution' in of ? ofExecution.all(of.execution) : ofOwner.all(of.after, of.owner, atMost(of.limit))
      return found.map(toMessage)
    },
    answer: (seq) => {
      const row = answer.get(seq)
      if (!row) return { status: 'unknown' }
      return row.answeredAt === null ? { status: 'pending' } : { status: 'answered', answer: row.answer }
    },
  }
}
