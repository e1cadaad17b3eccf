/**
 * The executions of a memory store, and the indexes over them.
 *
 * Owns: which row stands in which index. An index is a function from a row to its key; a row whose key has changed is
 * moved, so that each question looks at candidates and never at all that was ever stored.
 */
import { isTerminal } from '../../events/execution-status.js'
import type { MemoryStream } from './memory-stream.js'
import type { MemoryJournal } from './memory-journal.js'
import type { MemoryPermit } from './memory-permit.js'
import type { InboxMessage, Join, StoredCheckpoint, StoredExecution } from '../snapshot-store.js'

/** One stored execution with what belongs to it. */
export interface MemoryRow {
  /** The place in the order of acceptance. Invariant: never given twice. */
  readonly position: number
  execution: StoredExecution
  /** The messages that no commit has consumed, by seq, in order. */
  readonly open: Map<number, InboxMessage>
  /** How many of these are commands. */
  openCommands: number
  /** The seqs of the messages that have an answer. */
  readonly answered: Set<number>
  readonly checkpoints: StoredCheckpoint[]
  /** The triggers that it has taken in, in order. */
  readonly joins: Join[]
  readonly journal: MemoryJournal
  /** Undefined: none of its steps has streamed. */
  stream: MemoryStream | undefined
  /** How it stands under its keys; undefined: it is counted under none, or has ended. */
  permit?: MemoryPermit | undefined
}

/** True while its owner has not finished with the execution. */
export function isUnderWay({ status, owed }: StoredExecution): boolean {
  return !isTerminal(status) || owed
}

/** Between a status and an entry point in a key of `status`; no status has one. */
export const separator = ':'

const indexes = {
  status: ({ execution }) => `${execution.status}${separator}${execution.entryPoint}`,
  session: ({ execution }) => execution.sessionId,
  correlation: ({ execution }) => execution.correlationId,
  parent: ({ execution }) => execution.parentId,
  gathers: ({ execution }) => (execution.gathers === null ? null : `${execution.entryPoint}${separator}${execution.gathers}`),
  ended: ({ execution }) => (isTerminal(execution.status) && execution.endedAt !== null ? execution.entryPoint : null),
  held: ({ execution }) => (isUnderWay(execution) ? execution.owner : null),
  /** Where it stands: under no text if that is not known. */
  place: ({ execution }) => {
    if (execution.startedAt === null || isTerminal(execution.status)) return null
    return execution.place?.text ?? ''
  },
  /** Unowned, with something to do at once. */
  free: ({ execution, open, openCommands }) => {
    const { owner, owed, status, startAt, entryPoint } = execution
    if (owner !== null) return null
    if (owed) return entryPoint
    if (isTerminal(status)) return null
    if (status === 'waiting') return open.size > 0 ? entryPoint : null
    // the events of a paused execution wait for its resume, those of a later one for its start
    if (status !== 'paused' && startAt === null) return entryPoint
    return openCommands > 0 ? entryPoint : null
  },
  /** Unowned, with something to do at a time. */
  due: ({ execution }) =>
    execution.owner === null && execution.dueAt !== null && !isTerminal(execution.status) ? execution.entryPoint : null,
} as const satisfies Record<string, (row: MemoryRow) => string | null>

/** The name of an index over executions. */
export type MemoryIndex = keyof typeof indexes

const names = Object.keys(indexes) as MemoryIndex[]
const none: ReadonlySet<MemoryRow> = new Set()

/** The rows by id and by each index. */
export class MemoryRows {
  readonly byId = new Map<string, MemoryRow>()
  /** Execution ids by entry point and idempotency key. */
  readonly #byKey = new Map<string, Map<string, string>>()
  /** By the tags that they were accepted with. */
  readonly #byTag = new Map<string, Set<MemoryRow>>()
  readonly #groups = new Map<MemoryIndex, Map<string, Set<MemoryRow>>>(names.map((name) => [name, new Map()]))
  readonly #keys = new Map<MemoryRow, Partial<Record<MemoryIndex, string | null>>>()

  /** The rows that stand under `key` in an index. */
  under(index: MemoryIndex, key: string): ReadonlySet<MemoryRow> {
    return this.#groups.get(index)?.get(key) ?? none
  }

  /** The keys of an index under which there are rows. */
  keys(index: MemoryIndex): string[] {
    return [...(this.#groups.get(index)?.keys() ?? [])]
  }

  tagged(tag: string): ReadonlySet<MemoryRow> {
    return this.#byTag.get(tag) ?? none
  }

  idOfKey(entryPoint: string, idempotencyKey: string): string | undefined {
    return this.#byKey.get(entryPoint)?.get(idempotencyKey)
  }

  add(row: MemoryRow): void {
    const { id, entryPoint, idempotencyKey } = row.execution
    this.byId.set(id, row)
    this.#keys.set(row, {})
    if (idempotencyKey !== null) {
      const ids = this.#byKey.get(entryPoint) ?? new Map<string, string>()
      this.#byKey.set(entryPoint, ids.set(idempotencyKey, id))
    }
    for (const tag of row.execution.tags ?? []) {
      const rows = this.#byTag.get(tag) ?? new Set()
      this.#byTag.set(tag, rows.add(row))
    }
    this.reindex(row)
  }

  /** To be called after each change of a row. */
  reindex(row: MemoryRow): void {
    for (const index of names) this.#move(row, index, indexes[index](row))
  }

  remove(row: MemoryRow): void {
    const { id, entryPoint, idempotencyKey } = row.execution
    for (const index of names) this.#move(row, index, null)
    for (const tag of row.execution.tags ?? []) {
      const rows = this.#byTag.get(tag)
      if (rows?.delete(row) && rows.size === 0) this.#byTag.delete(tag)
    }
    this.#keys.delete(row)
    this.byId.delete(id)
    if (idempotencyKey !== null) this.#byKey.get(entryPoint)?.delete(idempotencyKey)
  }

  #move(row: MemoryRow, index: MemoryIndex, next: string | null): void {
    const keys = this.#keys.get(row)
    const groups = this.#groups.get(index)
    const current = keys?.[index] ?? null
    if (!keys || !groups || current === next) return
    keys[index] = next
    if (current !== null) {
      const group = groups.get(current)
      group?.delete(row)
      if (group?.size === 0) groups.delete(current)
    }
    if (next === null) return
    const group = groups.get(next)
    if (group) group.add(row)
    else groups.set(next, new Set([row]))
  }
}
