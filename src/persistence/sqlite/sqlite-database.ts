/**
 * An open SQLite file: pragmas, cached statements, transactions and typed errors.
 *
 * Owns: how the file is created, opened and locked. Talks to a driver; knows none of our tables. It does not wait for other
 * processes: `lock-queue.ts` does.
 */
import { closeSync, openSync } from 'node:fs'
import { StatewardError } from '../../errors.js'
import { onThread } from './lock-queue.js'
import type { SqliteConnection, SqliteDriver, SqliteStatement } from './sqlite-driver.js'
import { toStoreError } from './sqlite-errors.js'

/** How a file is opened. */
export interface SqliteFileOptions {
  readonly path: string
  /** A limit for the size of the file in bytes: beyond it a write fails with `SQLITE_FULL`. */
  readonly maxSize?: number | undefined
}

/** An open file. Everything on it is synchronous, so nothing of this process comes between the statements of a transaction. */
export interface SqliteDatabase {
  readonly path: string
  /** A prepared statement, the same one for the same SQL. */
  prepare<Row = never>(sql: string): SqliteStatement<Row>
  exec(sql: string): void
  /** Runs `work`, whose errors become typed ones. */
  read<T>(operation: string, work: () => T): T
  /** The same, on one state of the file: what other processes commit between the statements of `work` is not seen. */
  snapshot<T>(operation: string, work: () => T): T
  /** Runs `work` in a transaction that holds the write lock; an error rolls it back whole. */
  write<T>(operation: string, work: () => T): T
  /** Calls `forget` after each rollback: what was remembered of the rows may be wrong. */
  onRollback(forget: () => void): void
  close(): void
}

/** The log is cut back to so many bytes once it has been carried over into the file: one great batch must not stay for ever. */
const logLimit = 16 * 2 ** 20

/**
 * Opens the file, makes it (mode 0600) if there is none, and sets it to WAL with a sync on each commit. It waits for no
 * lock, but for a moment: who opens tries again.
 */
export function openSqliteDatabase(driver: SqliteDriver, options: SqliteFileOptions): SqliteDatabase {
  const { path } = options
  let connection: SqliteConnection | undefined
  try {
    createPrivately(path)
    const opened = driver.open(path)
    connection = opened
    const database = overConnection(opened, path)
    // a commit writes whole pages: with greater ones a small batch writes half as much again (this counts for new files alone)
    database.exec(`PRAGMA busy_timeout = ${onThread}; PRAGMA page_size = 4096`)
    database.exec('PRAGMA journal_mode = WAL')
    const mode = database.prepare<{ journal_mode: string }>('PRAGMA journal_mode').get()?.journal_mode
    if (mode !== 'wal') throw new Error(`this file system does not carry a write-ahead log (journal mode "${mode}")`)
    database.exec(`PRAGMA synchronous = FULL; PRAGMA temp_store = MEMORY; PRAGMA cache_size = -32768`)
    database.exec(`PRAGMA journal_size_limit = ${logLimit}`)
    if (options.maxSize !== undefined) {
      const size = database.prepare<{ page_size: number }>('PRAGMA page_size').get()?.page_size ?? 4096
      database.exec(`PRAGMA max_page_count = ${Math.max(1, Math.floor(options.maxSize / size))}`)
    }
    return database
  } catch (error) {
    connection?.close()
    throw toStoreError(error, 'open', path)
  }
}

/** SQLite would make the file with the umask; its log and index files take over the mode of the file. */
function createPrivately(path: string): void {
  try {
    closeSync(openSync(path, 'wx', 0o600))
  } catch (error) {
    // it is there, or SQLite will say why it can't be
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
      const message = `there is no folder for the database at ${path}`
      throw new StatewardError('store_failed', message, {
        details: { operation: 'open', path, sqliteCode: 'SQLITE_CANTOPEN' },
        cause: error,
        retryable: false,
      })
    }
  }
}

function overConnection(connection: SqliteConnection, path: string): SqliteDatabase {
  const statements = new Map<string, SqliteStatement<unknown>>()
  const forgetful: (() => void)[] = []
  const prepare = <Row>(sql: string): SqliteStatement<Row> => {
    let statement = statements.get(sql)
    if (!statement) {
      statement = connection.prepare(sql) as SqliteStatement<unknown>
      statements.set(sql, statement)
    }
    return statement as SqliteStatement<Row>
  }
  const beginReading = prepare('BEGIN')
  const begin = prepare('BEGIN IMMEDIATE')
  const commit = prepare('COMMIT')
  const rollback = prepare('ROLLBACK')

  const read = <T>(operation: string, work: () => T): T => {
    try {
      return work()
    } catch (error) {
      throw toStoreError(error, operation, path)
    }
  }

  return {
    path,
    prepare,
    exec: (sql) => void connection.exec(sql),
    read,
    snapshot(operation, work) {
      return read(operation, () => {
        beginReading.run()
        try {
          return work()
        } finally {
          commit.run()
        }
      })
    },
    write(operation, work) {
      try {
        begin.run()
      } catch (error) {
        throw toStoreError(error, operation, path)
      }
      try {
        const result = work()
        commit.run()
        return result
      } catch (error) {
        try {
          rollback.run()
        } catch {
          // a full disk or a failed sync has rolled it back already
        }
        for (const forget of forgetful) forget()
        throw toStoreError(error, operation, path)
      }
    },
    onRollback: (forget) => void forgetful.push(forget),
    close() {
      statements.clear()
      connection.close()
    },
  }
}
