/** A second connection that holds a lock on a SQLite file. Owns: giving it back with the test, and the beat of the event loop meanwhile. */
import { onTestFinished } from 'vitest'
import { loadSqliteDriver, type SqliteConnection } from '../../src/persistence/sqlite/sqlite-driver.js'

/** The write lock alone, or the whole file, which nobody else may have open. */
export type LockKind = 'write' | 'exclusive'

/** Takes the lock; the answer gives it back. */
export async function holdLock(path: string, kind: LockKind = 'write'): Promise<() => void> {
  const connection: SqliteConnection = (await loadSqliteDriver()).open(path)
  connection.exec('PRAGMA busy_timeout = 1000')
  if (kind === 'exclusive') connection.exec('PRAGMA journal_mode = WAL; PRAGMA locking_mode = EXCLUSIVE')
  connection.exec('BEGIN IMMEDIATE')
  // in WAL mode the file is locked as a whole by the first thing that is written
  if (kind === 'exclusive') connection.exec('CREATE TABLE IF NOT EXISTS other (x); INSERT INTO other VALUES (1); COMMIT')
  let held = true
  const free = () => {
    if (!held) return
    held = false
    if (kind === 'write') connection.exec('ROLLBACK')
    connection.close()
  }
  onTestFinished(free)
  return free
}

/** How often the event loop turned while `work` went on: once or twice, if a call holds it up for as long as it waits. */
export async function turnsDuring(work: () => Promise<unknown>): Promise<number> {
  let going = true
  let turns = 0
  const beat = () => {
    turns++
    if (going) setImmediate(beat)
  }
  setImmediate(beat)
  await work().finally(() => (going = false))
  return turns
}
