/** The stores on which the laws are tried. Owns making and removing them. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { memoryStore } from '../../src/persistence/memory-store.js'
import type { SnapshotStore } from '../../src/persistence/snapshot-store.js'
import { sqliteStore } from '../../src/persistence/sqlite-store.js'
import type { StorePlace } from './world.js'

/** One store in memory, shared by every connection. */
export function memoryPlace(): StorePlace {
  const store = memoryStore()
  return {
    connect: async () => {
      await store.open()
      return store
    },
    close: () => store.close(),
  }
}

/** A file of its own, and a connection for each process. */
export function sqlitePlace(): StorePlace {
  const folder = mkdtempSync(join(tmpdir(), 'stateward-laws-'))
  const connections: SnapshotStore[] = []
  return {
    async connect() {
      const store = sqliteStore(join(folder, 'store.db'))
      await store.open()
      connections.push(store)
      return store
    },
    async close() {
      for (const store of connections) await store.close()
      rmSync(folder, { recursive: true })
    },
  }
}
