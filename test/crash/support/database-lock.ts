/** Whether a process stands in a transaction on a SQLite file. Owns: asking, and freezing a process outside of one. */
import Database from 'better-sqlite3'
import type { RealProcess } from './real-process.js'

/** True if somebody holds the write lock. */
export function isLocked(path: string): boolean {
  const database = new Database(path, { timeout: 0 })
  try {
    database.exec('BEGIN IMMEDIATE; ROLLBACK')
    return false
  } catch (error) {
    if ((error as { code?: string }).code === 'SQLITE_BUSY') return true
    throw error
  } finally {
    database.close()
  }
}

/** A verb: freezes a process while it holds no lock, which nobody could take from it as long as it stands still. */
export async function freezeUnlocked(process: RealProcess, path: string): Promise<void> {
  await process.freeze()
  while (isLocked(path)) {
    process.thaw()
    await process.freeze()
  }
}
