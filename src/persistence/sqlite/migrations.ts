/**
 * Brings a database to the newest schema, or refuses one that is newer than this code.
 *
 * Owns: the table of what was applied. Each migration runs in one transaction under the write lock, and looks again
 * at what was applied once it holds it, so that several processes may open a new file at once.
 */
import { StatewardError } from '../../errors.js'
import type { SqliteDatabase } from './sqlite-database.js'

/** Applies what is missing of `migrations`, in order; throws `unknown_format` if the file has more than these. */
export function migrate(database: SqliteDatabase, migrations: readonly string[]): void {
  let version = appliedVersion(database)
  while (version < migrations.length) {
    version = database.write('migrate', () => {
      const current = appliedVersion(database)
      const sql = migrations[current]
      if (sql === undefined) return current
      if (current === 0) database.exec('CREATE TABLE stateward_migrations (version INTEGER PRIMARY KEY)')
      database.exec(sql)
      database.prepare('INSERT INTO stateward_migrations (version) VALUES (?)').run(current + 1)
      return current + 1
    })
  }
  if (version === migrations.length) return
  const message = `the database at ${database.path} has format ${version}, this version of stateward knows up to ${migrations.length}`
  throw new StatewardError('unknown_format', message, {
    details: { path: database.path, format: version, known: migrations.length },
  })
}

function appliedVersion(database: SqliteDatabase): number {
  return database.read('migrate', () => {
    const table = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name = 'stateward_migrations'"
    if (!database.prepare(table).get()) return 0
    const newest = 'SELECT max(version) AS version FROM stateward_migrations'
    return database.prepare<{ version: number | null }>(newest).get()?.version ?? 0
  })
}
