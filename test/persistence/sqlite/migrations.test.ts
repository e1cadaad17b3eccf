import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { migrate } from '../../../src/persistence/sqlite/migrations.js'
import { openSqliteDatabase, type SqliteDatabase } from '../../../src/persistence/sqlite/sqlite-database.js'
import { loadSqliteDriver } from '../../../src/persistence/sqlite/sqlite-driver.js'
import { sqliteMigrations } from '../../../src/persistence/sqlite/sqlite-schema.js'
import { sqliteStore } from '../../../src/persistence/sqlite/sqlite-store.js'

/** A store on a file of an older format, as `write` has left it. */
async function storeOfFormat(version: number, write: (database: SqliteDatabase) => void) {
  const folder = await mkdtemp(join(tmpdir(), 'stateward-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  const path = join(folder, 'store.db')
  const database = openSqliteDatabase(await loadSqliteDriver(), { path })
  migrate(database, sqliteMigrations.slice(0, version))
  write(database)
  database.close()
  const store = sqliteStore(path)
  onTestFinished(() => store.close())
  await store.open()
  return store
}

test('a command that its execution left unread is told as finished, also if an older format said so', async () => {
  const store = await storeOfFormat(4, (database) => {
    const insert = database.prepare(
      'INSERT INTO stateward_inbox (seq, position, kind, at, answered_at, answer, payload) VALUES (?, 1, ?, 5, ?, ?, ?)',
    )
    const left = '{"status":"already_finished"}'
    insert.run(1, 1, 9, left, 'left unread')
    insert.run(2, 1, 9, '{"f":1,"v":{"status":"paused"}}', 'answered')
    insert.run(3, 1, 9, null, 'consumed without an answer')
    insert.run(4, 1, null, null, 'open')
    insert.run(5, 0, 9, left, 'an event with an answer of its own')
  })
  const answers = await Promise.all([1, 2, 3, 4, 5].map((seq) => store.answer(seq)))
  expect(answers).toEqual([
    { status: 'finished' },
    { status: 'answered', answer: '{"f":1,"v":{"status":"paused"}}' },
    { status: 'answered', answer: null },
    { status: 'pending' },
    { status: 'answered', answer: '{"status":"already_finished"}' },
  ])
})

test('a file of the format before publications has its events with the ids that they had, and takes others', async () => {
  const store = await storeOfFormat(6, (database) => {
    database.exec(`INSERT INTO stateward_entry_points VALUES (1, 'tickets');
      INSERT INTO stateward_executions (position, id, entry_ref, status, revision, epoch, owed, priority, accepted_at, updated_at,
        recoveries, program_id, program_version, program_hash, session_id, correlation_id, parent_id, input, state)
        VALUES (1, 'a', 1, 1, 1, 1, 0, 0, 1, 1, 0, 'p', '1', 'h', 's', 'c', 'parent', 'null', '{}');
      INSERT INTO stateward_events VALUES (1, 1, 1, 1, 5, 'execution.accepted', NULL)`)
  })
  const ids = { sessionId: 's', correlationId: 'c', causationId: 'parent' }
  expect(await store.events({ since: 0, limit: 9 })).toMatchObject([{ seq: 1, executionId: 'a', id: null, ...ids }])
  expect(await store.load('a')).toMatchObject({ parentId: 'parent', causationId: null })
  const publication = { id: 'x', type: 'paid', at: 1, data: null, sessionId: null, correlationId: null, causationId: null }
  expect(await store.publish([publication])).toEqual([{ status: 'published', seq: 2 }])
})

test('a file of the format before documents takes them once it is opened', async () => {
  const store = await storeOfFormat(5, (database) => {
    database.prepare('INSERT INTO stateward_controls (name, value) VALUES (?, ?)').run('stream:tickets:pause', '{}')
  })
  expect(await store.documents({ prefix: '', limit: 10 })).toEqual([])
  expect(await store.putDocument({ key: 'trigger:tickets', text: '1', revision: 0 })).toEqual({ status: 'stored', revision: 1 })
  expect(await store.control('stream:tickets:pause')).toBe('{}')
})
