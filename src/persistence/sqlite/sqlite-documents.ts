/**
 * Documents in SQLite.
 *
 * Owns: their table. A write is a new row, whose number is the revision: SQLite gives no number of that table twice.
 */
import type { DocumentQuery, DocumentVerdict, DocumentWrite, StoredDocument } from '../snapshot-store.js'
import { atMost } from '../store-rules.js'
import type { SqliteDatabase } from './sqlite-database.js'

/** The documents of one open database; each function is its namesake of the contract, synchronous. */
export interface SqliteDocuments {
  document(key: string): StoredDocument | undefined
  documents(query: DocumentQuery): StoredDocument[]
  putDocument(write: DocumentWrite): DocumentVerdict
}

/** The documents of one open database. */
export function sqliteDocuments(database: SqliteDatabase): SqliteDocuments {
  const columns = 'SELECT key, text, revision FROM stateward_documents WHERE'
  const one = database.prepare<StoredDocument>(`${columns} key = ?`)
  const from = database.prepare<StoredDocument>(`${columns} key >= ? AND key > ? ORDER BY key LIMIT ?`)
  const drop = database.prepare('DELETE FROM stateward_documents WHERE key = ?')
  const insert = database.prepare('INSERT INTO stateward_documents (key, text) VALUES (?, ?)')

  const document = (key: string) => {
    const row = one.get(key)
    return row && { ...row }
  }
  return {
    document,
    documents: ({ prefix, after = '', limit }) => {
      // the keys with one prefix stand together
      const rows = from.all(prefix, after, atMost(limit))
      const end = rows.findIndex(({ key }) => !key.startsWith(prefix))
      return rows.slice(0, end === -1 ? rows.length : end).map((row) => ({ ...row }))
    },
    putDocument: ({ key, text, revision }) =>
      database.write('putDocument', () => {
        const present = document(key)
        if ((present?.revision ?? 0) !== revision) return { status: 'conflict', document: present }
        drop.run(key)
        return { status: 'stored', revision: text === null ? 0 : Number(insert.run(key, text).lastInsertRowid) }
      }),
  }
}
