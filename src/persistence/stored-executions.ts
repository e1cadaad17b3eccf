/**
 * Walks through the stored executions that fit a filter.
 *
 * Owns: only one page of them is in memory at a time, however long they are. Does not know: what they are read for.
 */
import type { ExecutionQuery, SnapshotStore, StoredExecution } from './snapshot-store.js'

/** The most executions of a page. */
const PAGE = 200

/** A page ends early once it has so many characters. */
const LENGTH = 2 ** 20

/** One page after the other, the newest accepted execution first. `brief`: without input, state, output and error. */
export async function* pagesOf(
  store: SnapshotStore,
  filter: Omit<ExecutionQuery, 'limit' | 'cursor' | 'length'>,
): AsyncGenerator<readonly StoredExecution[], void> {
  let cursor: string | undefined
  do {
    const page = await store.query({ ...filter, limit: PAGE, length: LENGTH, ...(cursor === undefined ? {} : { cursor }) })
    yield page.executions
    cursor = page.cursor
  } while (cursor !== undefined)
}
