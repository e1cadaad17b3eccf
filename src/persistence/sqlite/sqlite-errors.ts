/**
 * Turns what the SQLite bindings throw into `StatewardError`s.
 *
 * Owns: which failure is `corrupt` and which `store_failed`, and which of these may be tried again.
 */
import { StatewardError } from '../../errors.js'

/** SQLite's primary result codes, for `node:sqlite`, which gives numbers. */
const names: Readonly<Record<number, string>> = {
  1: 'SQLITE_ERROR',
  5: 'SQLITE_BUSY',
  6: 'SQLITE_LOCKED',
  7: 'SQLITE_NOMEM',
  8: 'SQLITE_READONLY',
  10: 'SQLITE_IOERR',
  11: 'SQLITE_CORRUPT',
  13: 'SQLITE_FULL',
  14: 'SQLITE_CANTOPEN',
  15: 'SQLITE_PROTOCOL',
  17: 'SQLITE_SCHEMA',
  18: 'SQLITE_TOOBIG',
  19: 'SQLITE_CONSTRAINT',
  20: 'SQLITE_MISMATCH',
  23: 'SQLITE_AUTH',
  26: 'SQLITE_NOTADB',
}

/** Another connection holds a lock. */
const busy: ReadonlySet<string> = new Set(['SQLITE_BUSY', 'SQLITE_LOCKED', 'SQLITE_PROTOCOL'])
const passing: ReadonlySet<string> = new Set([...busy, 'SQLITE_NOMEM', 'SQLITE_IOERR', 'SQLITE_FULL'])

/** The primary result code as a word, such as `SQLITE_BUSY`; undefined if SQLite did not throw it. */
export function sqliteCode(error: unknown): string | undefined {
  const { code, errcode } = (error ?? {}) as { code?: unknown; errcode?: unknown }
  if (typeof errcode === 'number') return names[errcode & 0xff] ?? `SQLITE_${errcode}`
  return typeof code === 'string' ? /^SQLITE_[A-Z0-9]+/.exec(code)?.[0] : undefined
}

/** The typed form of a failure during `operation` on the file at `path`; a `StatewardError` stays as it is. */
export function toStoreError(error: unknown, operation: string, path: string): StatewardError {
  if (error instanceof StatewardError) return error
  const code = sqliteCode(error)
  const message = error instanceof Error ? error.message : String(error)
  const details = { operation, path, sqliteCode: code ?? null }
  if (code === 'SQLITE_CORRUPT' || code === 'SQLITE_NOTADB') {
    return new StatewardError('corrupt', `the database at ${path} is damaged or is none: ${message}`, { details, cause: error })
  }
  const text = `${operation} failed on the database at ${path}: ${message}`
  return new StatewardError('store_failed', text, { details, cause: error, retryable: code !== undefined && passing.has(code) })
}

/** True if the call failed for another connection's lock alone: nothing of it was looked at. */
export function isBusy(error: unknown): error is StatewardError {
  return error instanceof StatewardError && busy.has(String(error.details['sqliteCode']))
}

/** What a call fails with that has waited for the lock of another connection for all the time it had. */
export function waitedTooLong(operation: string, path: string, waited: number, cause: unknown): StatewardError {
  const code = isBusy(cause) ? cause.details['sqliteCode'] : 'SQLITE_BUSY'
  const message = `${operation} failed on the database at ${path}: another connection has held its lock for ${waited} ms`
  const details = { operation, path, sqliteCode: code, waited, busy: true }
  return new StatewardError('store_failed', message, { details, cause, retryable: true })
}
