/** What a database of orders holds: every record and the whole journal. Owns: reading it. */
import { createRuntime, type ExecutionRecord } from '../../../src/index.js'
import type { StoredEvent } from '../../../src/persistence/snapshot-store.js'
import { sqliteStore } from '../../../src/sqlite.js'

/** Everything that is stored. */
export interface StoredOrders {
  readonly records: readonly ExecutionRecord[]
  readonly journal: readonly StoredEvent[]
}

const PAGE = 1_000

/** Reads the database at `path`. */
export async function readOrders(path: string): Promise<StoredOrders> {
  const store = sqliteStore(path)
  const runtime = createRuntime({ store, entryPoints: [] })
  const records: ExecutionRecord[] = []
  const journal: StoredEvent[] = []
  try {
    let cursor: string | undefined
    do {
      const page = await runtime.executions({ limit: PAGE, ...(cursor === undefined ? {} : { cursor }) })
      records.push(...page.executions)
      cursor = page.cursor
    } while (cursor !== undefined)
    for (;;) {
      const events = await store.events({ since: journal.at(-1)?.seq ?? 0, limit: PAGE })
      journal.push(...events)
      if (events.length < PAGE) return { records, journal }
    }
  } finally {
    await runtime.stop()
  }
}
