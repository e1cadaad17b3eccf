/**
 * The embedded default: a `SnapshotStore` in one SQLite file, which several processes may share.
 *
 * Owns: the life of the connection and the calls of the contract. All SQL is in the modules beside it, which are synchronous.
 * A transaction blocks the thread for as long as its sync to the disk takes, and never for
 * another process: `lock-queue.ts` waits for its locks.
 */
import { StatewardError } from '../../errors.js'
import { refuseUnknown, type OptionNames } from '../../known-options.js'
import { LockQueue } from './lock-queue.js'
import { migrate } from './migrations.js'
import type { SnapshotStore } from '../snapshot-store.js'
import { sqliteAdmissions } from './sqlite-admissions.js'
import { sqliteClaims } from './sqlite-claims.js'
import { sqliteCommits } from './sqlite-commits.js'
import { openSqliteDatabase, type SqliteDatabase } from './sqlite-database.js'
import { sqliteDocuments } from './sqlite-documents.js'
import { loadSqliteDriver, type SqliteDriverName } from './sqlite-driver.js'
import { isBusy, waitedTooLong } from './sqlite-errors.js'
import { sqliteEvents } from './sqlite-events.js'
import { sqliteJoins } from './sqlite-joins.js'
import { sqliteInbox } from './sqlite-inbox.js'
import { sqliteOwners } from './sqlite-owners.js'
import { sqlitePruning } from './sqlite-pruning.js'
import { sqlitePublications } from './sqlite-publications.js'
import { sqliteQueries } from './sqlite-queries.js'
import { sqliteStreams } from './sqlite-streams.js'
import { sqliteRows } from './sqlite-rows.js'
import { sqliteMigrations } from './sqlite-schema.js'

/** How a SQLite store opens its file. */
export interface SqliteStoreOptions {
  /** Which binding to take; without it `node:sqlite` where Node has it (22.13 and later), else `better-sqlite3`. */
  readonly driver?: SqliteDriverName | undefined
  /**
   * For how long a call waits in all for the lock of another process, in milliseconds; 5,000 if absent. The event loop goes
   * on meanwhile. Then the call fails with `store_failed`, `details.sqliteCode: 'SQLITE_BUSY'`, and may be made again.
   */
  readonly busyTimeout?: number | undefined
  /** A limit for the size of the file in bytes, so that it can't fill the disk: beyond it writes fail as on a full disk. */
  readonly maxSize?: number | undefined
}

const optionNames: OptionNames<SqliteStoreOptions> = { driver: true, busyTimeout: true, maxSize: true }

/**
 * A store in the SQLite file at `path`, which is made (for its user alone: mode 0600) when it is opened.
 *
 * The file may be an application's own: every table of the store has a name that begins with `stateward_`. It is kept
 * in WAL mode, with a sync of the disk on each commit, so two files named `<path>-wal` and `<path>-shm` stand beside
 * it while it is open. Not for network file systems, whose locks can't be trusted.
 *
 * Errors: `invalid_option` here; when it is opened `missing_dependency`, `store_failed`, `corrupt`, `unknown_format`.
 *
 * @example
 * ```ts
 * const store = sqliteStore('app.db', { busyTimeout: 2_000, maxSize: 10 * 2 ** 30 })
 * ```
 */
export function sqliteStore(path: string, options: SqliteStoreOptions = {}): SnapshotStore {
  checkPath(path)
  refuseUnknown('invalid_option', 'sqliteStore', options, optionNames)
  const busyTimeout = checkNumber('busyTimeout', options.busyTimeout ?? 5_000, 0)
  const maxSize = options.maxSize === undefined ? undefined : checkNumber('maxSize', options.maxSize, 1)
  let current: OpenStore | undefined
  let opening: Promise<void> | undefined

  const waiting = {
    limit: busyTimeout,
    isBusy,
    tooLong: (operation: string, waited: number, cause: unknown) => waitedTooLong(operation, path, waited, cause),
  }
  // reads have a queue of their own, because a writer of another process does not block them
  const reads = new LockQueue(waiting)
  const writes = new LockQueue(waiting)

  async function openFile(): Promise<void> {
    const driver = await loadSqliteDriver(options.driver)
    await writes.run('open', () => {
      const database = openSqliteDatabase(driver, { path, maxSize })
      try {
        migrate(database, sqliteMigrations)
        current = database.read('open', () => overDatabase(database))
      } catch (error) {
        database.close()
        throw error
      }
    })
  }

  function opened(operation: string): OpenStore {
    if (current) return current
    throw new StatewardError('store_closed', `the store at ${path} is not open`, { details: { operation, path } })
  }

  /** One reading call of the contract, on one state of the open file: others may commit between its statements. */
  const on = <T>(operation: string, call: (store: OpenStore) => T) =>
    reads.run(operation, () => {
      const store = opened(operation)
      return store.database.snapshot(operation, () => call(store))
    })

  /** One writing call of the contract; each is one transaction, so that it can be tried again. */
  const into = <T>(operation: string, call: (store: OpenStore) => T, from?: number) =>
    writes.run(
      operation,
      () => {
        const store = opened(operation)
        return store.database.read(operation, () => call(store))
      },
      from,
    )

  return {
    name: 'sqlite',
    location: path,
    async open() {
      if (current) return
      opening ??= openFile().finally(() => (opening = undefined))
      await opening
    },
    async close() {
      await opening?.catch(() => {})
      const store = current
      current = undefined
      for (const queue of [reads, writes]) queue.close()
      store?.database.read('close', () => store.database.close())
    },
    commit: (batch, since) => into('commit', (store) => store.commit(batch), since),
    load: (id) => on('load', (store) => store.rows.byId(id)),
    joined: (entryPoint, of) => on('joined', (store) => store.joins.joined(entryPoint, of)),
    absence: (id) => on('absence', (store) => store.queries.absence(id)),
    query: (query) => on('query', (store) => store.queries.query(query)),
    counts: () => on('counts', (store) => store.queries.counts()),
    places: (of) => on('places', (store) => store.queries.places(of)),
    events: (query) => on('events', (store) => store.events.events(query)),
    publish: (batch) => into('publish', (store) => store.publications.publish(batch)),
    pruneEvents: (request) => into('pruneEvents', (store) => store.publications.pruneEvents(request)),
    lastSeq: () => on('lastSeq', (store) => store.events.lastSeq()),
    appendChunks: (batch) => into('appendChunks', (store) => store.streams.appendChunks(batch)),
    chunks: (of) => on('chunks', (store) => store.streams.chunks(of)),
    checkpoints: (id) => on('checkpoints', (store) => store.queries.checkpoints(id)),
    checkpoint: (id, revision) => on('checkpoint', (store) => store.queries.checkpoint(id, revision)),
    enqueue: (message) => into('enqueue', (store) => store.inbox.enqueue(message)),
    inbox: (of) => on('inbox', (store) => store.inbox.inbox(of)),
    answer: (seq) => on('answer', (store) => store.inbox.answer(seq)),
    register: (owner, dead) => into('register', (store) => store.owners.register(owner, dead)),
    heartbeat: (key, leaseUntil) => into('heartbeat', (store) => store.owners.heartbeat(key, leaseUntil)),
    owners: () => on('owners', (store) => store.owners.owners()),
    orphans: () => on('orphans', (store) => store.owners.orphans()),
    retire: (key, how) => into('retire', (store) => store.owners.retire(key, how)),
    admit: (request) => into('admit', (store) => store.admissions.admit(request)),
    claim: (request) => into('claim', (store) => store.claims.claim(request)),
    nextDue: (entryPoints) => on('nextDue', (store) => store.claims.nextDue(entryPoints)),
    setControl: (name, value) => into('setControl', (store) => store.owners.setControl(name, value)),
    control: (name) => on('control', (store) => store.owners.control(name)),
    document: (key) => on('document', (store) => store.documents.document(key)),
    documents: (query) => on('documents', (store) => store.documents.documents(query)),
    putDocument: (write) => into('putDocument', (store) => store.documents.putDocument(write)),
    prune: (request) => into('prune', (store) => store.prune(request)),
  }
}

type OpenStore = ReturnType<typeof overDatabase>

function overDatabase(database: SqliteDatabase) {
  const rows = sqliteRows(database)
  const events = sqliteEvents(database, rows)
  const admissions = sqliteAdmissions(database, rows)
  const joins = sqliteJoins(database, rows)
  return {
    database,
    rows,
    admissions,
    joins,
    commit: sqliteCommits(database, rows, admissions, joins),
    documents: sqliteDocuments(database),
    claims: sqliteClaims(database, rows),
    events,
    publications: sqlitePublications(database, events),
    inbox: sqliteInbox(database),
    owners: sqliteOwners(database),
    prune: sqlitePruning(database, rows),
    streams: sqliteStreams(database),
    queries: sqliteQueries(database, rows),
  }
}

function checkPath(path: string): void {
  const refuse = (why: string) => {
    throw new StatewardError('invalid_option', `sqliteStore needs the path of a file: ${why}`, {
      details: { option: 'path', path },
    })
  }
  if (typeof path !== 'string' || path.trim() === '') refuse('this is none')
  if (path.includes('\0')) refuse('this has a null character in it')
  if (path === ':memory:') refuse('":memory:" can\'t be shared by two connections nor recovered; take memoryStore() instead')
  if (path.startsWith('file:')) refuse('a file: URI is not taken; give the plain path')
}

function checkNumber(option: string, value: number, least: number): number {
  if (typeof value === 'number' && value >= least && Number.isFinite(value)) return Math.floor(value)
  throw new StatewardError('invalid_option', `${option} must be a number of ${least} or more`, { details: { option } })
}
