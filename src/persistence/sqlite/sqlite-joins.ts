/**
 * The triggers that executions have taken in, in SQLite.
 *
 * Owns: their rows. A trigger joins by one insert, however many have joined before, and nothing is copied when the execution starts: the
 * elements stay where they are. Executions that take none in cost nothing; an acceptance under a key costs one look a transaction.
 */
import type { Commit, CommitVerdict, Join, Joined } from '../snapshot-store.js'
import type { SqliteDatabase } from './sqlite-database.js'

/** The numbers of entry points. */
interface KnownRefs {
  knownRefs(names: readonly string[]): number[]
}

interface IdRow {
  readonly id: string
}

/** The joins of one open database, synchronous. */
export interface SqliteJoins {
  /** A transaction begins. */
  begin(): void
  /** The verdict on a commit one of whose triggers has joined. */
  joinedBefore(entryRef: number, joins: readonly Join[]): CommitVerdict | undefined
  /** The verdict on a commit one of whose keys is taken. */
  takenBefore(entryRef: number, commit: Commit): CommitVerdict | undefined
  add(position: number, entryRef: number, commit: Commit): void
  joined(entryPoint: string, of: { readonly ref: string } | { readonly idempotencyKey: string }): Joined | undefined
}

const from = 'FROM stateward_joins j CROSS JOIN stateward_executions e ON e.position = j.position WHERE j.entry_ref = ?'

/** The joins of one open database. */
export function sqliteJoins(database: SqliteDatabase, rows: KnownRefs): SqliteJoins {
  const insert = database.prepare(
    'INSERT INTO stateward_joins (position, revision, entry_ref, ref, idempotency_key, digest, element) VALUES (?, ?, ?, ?, ?, ?, ?)',
  )
  const byRef = database.prepare<Joined>(`SELECT e.id, j.ref, j.digest ${from} AND j.ref = ?`)
  const byKey = database.prepare<Joined>(`SELECT e.id, j.ref, j.digest ${from} AND j.idempotency_key = ?`)
  const accepted = database.prepare<IdRow>('SELECT id FROM stateward_executions WHERE entry_ref = ? AND idempotency_key = ?')
  const gathering = database.prepare<IdRow>('SELECT id FROM stateward_executions WHERE entry_ref = ? AND gathers = ?')
  const any = database.prepare('SELECT 1 FROM stateward_joins LIMIT 1')
  /** Whether there are any: asked once a transaction. */
  let some: boolean | undefined

  return {
    begin: () => (some = undefined),
    joinedBefore(entryRef, joins) {
      for (const { ref } of joins) {
        const found = byRef.get(entryRef, ref)
        if (found) return { status: 'duplicate', id: found.id, of: 'join' }
      }
      return undefined
    },
    takenBefore(entryRef, { id, accept, joins = [], gathers }) {
      for (const key of [accept?.idempotencyKey, ...joins.map(({ idempotencyKey }) => idempotencyKey)]) {
        if (typeof key !== 'string') continue
        some ??= any.get() !== undefined
        const found =
          (some ? byKey.get(entryRef, key) : undefined) ?? (joins.length > 0 ? accepted.get(entryRef, key) : undefined)
        if (found) return { status: 'duplicate', id: found.id, of: 'idempotency_key' }
      }
      const other = joins.length > 0 && typeof gathers === 'string' ? gathering.get(entryRef, gathers) : undefined
      return other && other.id !== id ? { status: 'duplicate', id: other.id, of: 'gathers' } : undefined
    },
    add(position, entryRef, { revision, joins = [] }) {
      for (const { ref, idempotencyKey, digest, element } of joins)
        insert.run(position, revision, entryRef, ref, idempotencyKey, digest, element)
      some = true
    },
    joined(entryPoint, of) {
      const [entryRef] = rows.knownRefs([entryPoint])
      if (entryRef === undefined) return undefined
      const row = 'ref' in of ? byRef.get(entryRef, of.ref) : byKey.get(entryRef, of.idempotencyKey)
      // the rows of node:sqlite have no prototype
      return row && { ...row }
    },
  }
}

/** Reads the elements that an execution had at a revision, in order. */
export function sqliteElements(database: SqliteDatabase): (position: number, revision: number) => string[] {
  const select = database.prepare<{ element: string }>(
    'SELECT element FROM stateward_joins WHERE position = ? AND revision <= ? AND element IS NOT NULL ORDER BY seq',
  )
  return (position, revision) => select.all(position, revision).map(({ element }) => element)
}
