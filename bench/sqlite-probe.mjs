/**
 * Sees every SQLite connection that a side opens through `node:sqlite`, without the side's help: so rows written are
 * counted in the same way for all, and a side that does not run at `synchronous=FULL` in WAL mode is refused.
 */
import { DatabaseSync } from 'node:sqlite'

const FULL = 2

/** Listens until `stop`; keep the time short, each `prepare` pays for it meanwhile. */
export function watchConnections() {
  const seen = new Set()
  const { prepare } = DatabaseSync.prototype
  DatabaseSync.prototype.prepare = function (...args) {
    seen.add(this)
    return prepare.apply(this, args)
  }
  const each = (sql) =>
    [...seen].filter((database) => database.isOpen).map((database) => Object.values(database.prepare(sql).get())[0])
  return {
    stop: () => {
      DatabaseSync.prototype.prepare = prepare
    },
    /** Rows inserted, updated and deleted by all connections so far. */
    rowsWritten: () => each('SELECT total_changes()').reduce((sum, rows) => sum + rows, 0),
    /** The durability in force, such as `wal, synchronous=2`; throws if it is not the safe one. */
    durability: () => {
      const modes = each('PRAGMA journal_mode')
      const levels = each('PRAGMA synchronous')
      const found = `journal_mode=${[...new Set(modes)].join()}, synchronous=${[...new Set(levels)].join()}`
      if (modes.length === 0) throw new Error('no SQLite connection was seen')
      if (modes.some((mode) => mode !== 'wal') || levels.some((level) => level < FULL)) throw new Error(`not at FULL: ${found}`)
      return found
    },
  }
}
