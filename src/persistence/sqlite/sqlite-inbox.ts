/**
 * The durable inboxes in SQLite.
 *
 * Owns: messages and the answers to them. A message is open until a commit consumes it; then it goes, unless it has an
 * answer (or is a command), which waits for its sender until it is pruned.
 */
import type { CommandAnswer, Commit, InboxMessage, SnapshotStore } from '../snapshot-store.js'
import { firstTerminal, isAwaited, isQueued, isUnderWay, messageKinds } from './sqlite-conditions.js'
import type { SqliteDatabase } from './sqlite-database.js'
import { statusNumbers } from './sqlite-schema.js'
import { atMost } from '../store-rules.js'

/** What commits do to inboxes; `begin` stands before each transaction. */
export interface SqliteConsumption {
  begin(): void
  consume(position: number, consumed: Commit['consumed'], at: number): void
  /** Ends the inbox of an execution that has ended. */
  finish(position: number, at: number): void
  /** Nobody owns the execution any more: its messages must be found by a claim. */
  letGo(position: number, status: number, startAt: number | null): void
}

/** The consuming side of the inboxes of one open database. */
export function sqliteConsumption(database: SqliteDatabase): SqliteConsumption {
  const dropEvent = database.prepare(
    `DELETE FROM stateward_inbox WHERE seq = ? AND position = ? AND kind = ${messageKinds.event} AND answered_at IS NULL`,
  )
  const answer = database.prepare(
    'UPDATE stateward_inbox SET answered_at = ?, answer = ? WHERE seq = ? AND position = ? AND answered_at IS NULL',
  )
  const dropEvents = database.prepare(
    `DELETE FROM stateward_inbox WHERE position = ? AND answered_at IS NULL AND kind = ${messageKinds.event}`,
  )
  const finishCommands = database.prepare(
    `UPDATE stateward_inbox SET answered_at = ?, kind = ${messageKinds.finished} WHERE position = ? AND answered_at IS NULL`,
  )
  const anyOpen = database.prepare('SELECT 1 FROM stateward_inbox WHERE answered_at IS NULL LIMIT 1')
  const wakes = database.prepare(`SELECT 1 FROM stateward_inbox i WHERE i.position = ? AND ${isAwaited('?', '?')} LIMIT 1`)
  const call = database.prepare('INSERT OR IGNORE INTO stateward_mail (position) VALUES (?)')
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
    letGo(position, status, startAt) {
      open ??= anyOpen.get() !== undefined
      if (open && wakes.get(position, status, startAt)) call.run(position)
    },
    finish(position, at) {
      open ??= anyOpen.get() !== undefined
      if (!open) return
      dropEvents.run(position)
      finishCommands.run(at, position)
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
  readonly kind: number
  readonly answeredAt: number | null
  readonly answer: string | null
}

/** The calls on inboxes; each function is its namesake of the contract, synchronous. */
export interface SqliteInbox {
  enqueue(message: Omit<InboxMessage, 'seq'>): Awaited<ReturnType<SnapshotStore['enqueue']>>
  inbox(of: Parameters<SnapshotStore['inbox']>[0]): InboxMessage[]
  answer(seq: number): CommandAnswer
}

/** Up to this many messages are read one by one, whatever execution they are for. */
const fewOpen = 200

const select = 'SELECT i.seq, e.id AS executionId, i.kind, i.payload, i.at FROM'

/** The inboxes of one open database. */
export function sqliteInbox(database: SqliteDatabase): SqliteInbox {
  const find = database.prepare<{ position: number; status: number; owner: string | null; startAt: number | null }>(
    'SELECT position, status, owner, start_at AS startAt FROM stateward_executions WHERE id = ?',
  )
  const call = database.prepare('INSERT OR IGNORE INTO stateward_mail (position) VALUES (?)')
  const insert = database.prepare('INSERT INTO stateward_inbox (position, kind, at, payload) VALUES (?, ?, ?, ?)')
  const ofExecution = database.prepare<InboxRow>(`
    ${select} stateward_executions e CROSS JOIN stateward_inbox i ON i.position = e.position
    WHERE e.id = ? AND i.answered_at IS NULL ORDER BY i.seq`)
  const ofOwner = database.prepare<InboxRow>(`
    ${select} stateward_inbox i INDEXED BY stateward_inbox_open_seq CROSS JOIN stateward_executions e ON e.position = i.position
    WHERE i.seq > ? AND i.answered_at IS NULL AND e.owner = ? ORDER BY i.seq LIMIT ?`)
  const nthOpen = database.prepare(`
    SELECT 1 FROM stateward_inbox INDEXED BY stateward_inbox_open_seq
    WHERE seq > ? AND answered_at IS NULL ORDER BY seq LIMIT 1 OFFSET ${fewOpen}`)
  const ofHeld = database.prepare<InboxRow>(`
    ${select} (
      SELECT position, id FROM stateward_executions INDEXED BY stateward_held
        WHERE owner = ? AND ${isUnderWay()}
      UNION ALL SELECT position, id FROM stateward_executions INDEXED BY stateward_held_queued WHERE owner = ? AND ${isQueued()}
    ) e CROSS JOIN stateward_inbox i INDEXED BY stateward_inbox_of ON i.position = e.position
    WHERE i.seq > ? AND i.answered_at IS NULL ORDER BY i.seq LIMIT ?`)

  /** Messages that wait for a resume may be many: then it is cheaper to ask for each execution of the owner. */
  function openOf(owner: string, after: number, limit: number): InboxRow[] {
    const isMany = nthOpen.get(after) !== undefined
    return isMany ? ofHeld.all(owner, owner, after, limit) : ofOwner.all(after, owner, limit)
  }
  const answer = database.prepare<AnswerRow>('SELECT kind, answered_at AS answeredAt, answer FROM stateward_inbox WHERE seq = ?')

  const toMessage = (row: InboxRow): InboxMessage => ({
    seq: row.seq,
    executionId: row.executionId,
    kind: row.kind === messageKinds.event ? 'event' : 'command',
    payload: row.payload,
    at: row.at,
  })

  return {
    enqueue: (message) =>
      database.write('enqueue', () => {
        const execution = find.get(message.executionId)
        if (!execution) return { status: 'not_found' }
        if (execution.status >= firstTerminal) return { status: 'finished' }
        const { position, status, owner, startAt } = execution
        const written = insert.run(position, messageKinds[message.kind], message.at, message.payload)
        const mustWake = message.kind === 'command' || (status !== statusNumbers.paused && startAt === null)
        if (owner === null && mustWake) call.run(position)
        return { status: 'queued', seq: Number(written.lastInsertRowid) }
      }),
    inbox: (of) => {
      const found = 'execution' in of ? ofExecution.all(of.execution) : openOf(of.owner, of.after, atMost(of.limit))
      return found.map(toMessage)
    },
    answer: (seq) => {
      const row = answer.get(seq)
      if (!row) return { status: 'unknown' }
      if (row.answeredAt === null) return { status: 'pending' }
      return row.kind === messageKinds.finished ? { status: 'finished' } : { status: 'answered', answer: row.answer }
    },
  }
}
