/**
 * A page of executions as users see it.
 *
 * Owns: that a page of long executions is read and decoded piece by piece, so that it does not block the event loop.
 */
import { nextTurn } from '../../clock.js'
import type { ExecutionQuery, SnapshotStore } from '../../persistence/snapshot-store.js'
import { executionRecord, type ExecutionRecord } from './execution-record.js'

/** A page of executions; `cursor` is absent on the last. */
export interface ExecutionList {
  readonly executions: readonly ExecutionRecord[]
  readonly cursor?: string
}

/** How many characters are read and decoded without a pause: about ten milliseconds of work. */
const PIECE = 2 ** 20

/** The whole page that a query asks for. Throws `invalid_option` for a cursor that no page gave, `corrupt`, `unknown_format`. */
export async function executionPage(store: SnapshotStore, query: ExecutionQuery): Promise<ExecutionList> {
  const executions: ExecutionRecord[] = []
  let cursor = query.cursor
  for (;;) {
    const at = cursor === undefined ? {} : { cursor }
    const piece = await store.query({ ...query, ...at, limit: query.limit - executions.length, length: PIECE })
    for (const stored of piece.executions) executions.push(executionRecord(stored))
    cursor = piece.cursor
    if (cursor === undefined) return { executions }
    if (executions.length >= query.limit) return { executions, cursor }
    await new Promise<void>(nextTurn)
  }
}
