/**
 * The one small interface over the two SQLite bindings: `node:sqlite` and `better-sqlite3`.
 *
 * Owns: which binding is taken, and what to tell people who have neither. Knows no table and no SQL.
 */
import { StatewardError } from '../../errors.js'

/** A value that SQLite takes and gives. */
export type SqliteValue = string | number | null

/** A prepared statement; `Row` is what the author of its SQL says that it gives. */
export interface SqliteStatement<Row = never> {
  run(...values: SqliteValue[]): { readonly changes: number | bigint; readonly lastInsertRowid: number | bigint }
  get(...values: SqliteValue[]): Row | undefined
  all(...values: SqliteValue[]): Row[]
}

/** An open database file. */
export interface SqliteConnection {
  exec(sql: string): unknown
  prepare(sql: string): unknown
  close(): unknown
}

/** The two bindings, by the name of their module. */
export type SqliteDriverName = 'node:sqlite' | 'better-sqlite3'

/** A binding that is there; `open` throws whatever the binding throws. */
export interface SqliteDriver {
  readonly name: SqliteDriverName
  open(path: string): SqliteConnection
}

/** The binding of that name; without one `node:sqlite` where Node has it, else `better-sqlite3`. */
export async function loadSqliteDriver(name?: SqliteDriverName): Promise<SqliteDriver> {
  if (name !== undefined && name !== 'node:sqlite' && name !== 'better-sqlite3') {
    throw new StatewardError('invalid_option', `"${String(name)}" is no SQLite driver: take "node:sqlite" or "better-sqlite3"`, {
      details: { option: 'driver' },
    })
  }
  const builtin = name === 'better-sqlite3' ? undefined : nodeSqlite()
  if (builtin) return builtin
  if (name === 'node:sqlite')
    throw missing(name, 'it comes with Node 22.13 and later; on older ones run: npm install better-sqlite3@12')
  return betterSqlite()
}

function nodeSqlite(): SqliteDriver | undefined {
  // Node says on stderr that the module is experimental, as soon as it is loaded; loading is synchronous
  const warn = process.emitWarning
  process.emitWarning = () => {}
  try {
    const module = process.getBuiltinModule?.('node:sqlite') as
      | { DatabaseSync: new (path: string) => SqliteConnection }
      | undefined
    return module && { name: 'node:sqlite', open: (path) => new module.DatabaseSync(path) }
  } finally {
    process.emitWarning = warn
  }
}

async function betterSqlite(): Promise<SqliteDriver> {
  let Database: new (path: string) => SqliteConnection
  try {
    Database = ((await import('better-sqlite3')) as unknown as { default: typeof Database }).default
  } catch (cause) {
    throw missing(
      'better-sqlite3',
      'run: npm install better-sqlite3@12 (or take Node 22.13 or later, which has SQLite built in). ' +
        'A bundler must leave it out of the bundle, as external: it loads its native part from beside its own files',
      cause,
    )
  }
  return {
    name: 'better-sqlite3',
    open(path) {
      try {
        return new Database(path)
      } catch (cause) {
        if (String((cause as { code?: unknown }).code).startsWith('SQLITE_') || cause instanceof TypeError) throw cause
        throw missing(
          'better-sqlite3',
          'its native part does not load in this Node; run: npm rebuild better-sqlite3. A bundler must leave it out of the bundle, as external',
          cause,
        )
      }
    },
  }
}

function missing(module: SqliteDriverName, remedy: string, cause?: unknown): StatewardError {
  return new StatewardError('missing_dependency', `sqliteStore needs "${module}": ${remedy}`, { details: { module }, cause })
}
