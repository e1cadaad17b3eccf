/** States in pieces, in a file: a commit writes what has changed, and a read is of one commit. */
import { expect, onTestFinished, test } from 'vitest'
import { splitState } from '../../../src/actors/execution/stored-state.js'
import type { Commit, SnapshotStore } from '../../../src/persistence/snapshot-store.js'
import { openSqliteDatabase, type SqliteDatabase } from '../../../src/persistence/sqlite/sqlite-database.js'
import { loadSqliteDriver } from '../../../src/persistence/sqlite/sqlite-driver.js'
import { sqliteRows } from '../../../src/persistence/sqlite/sqlite-rows.js'
import { sqliteStore } from '../../../src/persistence/sqlite/sqlite-store.js'
import { aClaim, aCommit, anAccepted } from '../../../src/testing/store/store-builders.js'
import { isStatewardError } from '../../../src/index.js'
import { temporaryFolder } from '../../support/temporary-folder.js'

/** A state of a head and so many lines, each with a text of its own. */
function ofLines(lines: readonly number[], head = 'head'): Pick<Commit, 'state' | 'pieces'> {
  const pieces = [{ place: 0, text: head }, ...lines.map((n) => ({ place: n * 8, text: `\nline ${n}` }))]
  const state = pieces.map(({ text }) => text).join('')
  return { state, pieces: { state, pieces } }
}

async function opened(): Promise<{ store: SnapshotStore; path: string; raw: SqliteDatabase }> {
  const path = `${temporaryFolder()}/store.db`
  const store = sqliteStore(path)
  await store.open()
  const raw = openSqliteDatabase(await loadSqliteDriver(), { path })
  onTestFinished(async () => {
    raw.close()
    await store.close()
  })
  return { store, path, raw }
}

test('a commit writes the pieces that have changed, and no others', async () => {
  const { store, raw } = await opened()
  for (const what of ['INSERT', 'UPDATE', 'DELETE']) {
    const row = what === 'DELETE' ? 'OLD' : 'NEW'
    raw.exec(`CREATE TRIGGER note_${what} AFTER ${what} ON stateward_state_pieces
      BEGIN INSERT INTO notes VALUES ('${what.toLowerCase()} ' || ${row}.place); END`)
  }
  raw.exec('CREATE TABLE notes (note TEXT)')
  let revision = 0
  const written = async (given: Partial<Commit>) => {
    revision++
    const commit = revision === 1 ? anAccepted('a', {}, given) : aCommit({ id: 'a', revision, ...given })
    expect(await store.commit([commit])).toMatchObject([{ status: 'committed' }])
    expect((await store.load('a'))?.state).toBe(commit.state)
    const notes = raw.prepare<{ note: string }>('SELECT note FROM notes ORDER BY rowid').all()
    raw.exec('DELETE FROM notes')
    return notes.map(({ note }) => note)
  }
  expect(await written({ state: 'whole' })).toEqual([])
  expect(await written(ofLines([1, 2, 3]))).toEqual(['insert 0', 'insert 8', 'insert 16', 'insert 24'])
  expect(await written(ofLines([1, 2, 3]))).toEqual([])
  expect(await written(ofLines([1, 2, 3], 'changed'))).toEqual(['update 0'])
  expect(await written(ofLines([1, 3, 4], 'changed'))).toEqual(['delete 16', 'insert 32'])
  // who gives it back forgets the texts
  expect(await written({ ...ofLines([1, 3]), owner: null })).toEqual(['update 0', 'delete 32'])
  await store.claim(aClaim({ owner: 'owner-1' }))
  const taken = { epoch: 2 }
  expect(await written({ ...taken, ...ofLines([3]) })).toEqual(['delete 0', 'delete 8', 'delete 24', 'insert 0', 'insert 24'])
  expect(await written({ ...taken, state: 'whole again' })).toEqual(['delete 0', 'delete 24'])
  expect(await written({ ...taken, state: 'and again' })).toEqual([])
})

test('an execution that another process moves while it is read is read as of one of its commits', async () => {
  const { store, path } = await opened()
  await store.commit([anAccepted('a', {}, ofLines([1, 2]))])
  const states = [ofLines([2, 3]), { state: 'whole' }, ofLines([5, 6])]
  const driver = await loadSqliteDriver()
  const database = openSqliteDatabase(driver, { path })
  const writer = openSqliteDatabase(driver, { path })
  onTestFinished(() => [database, writer].forEach((each) => each.close()))
  let revision = 1
  const seen: unknown[] = []
  /** Between the row and its pieces. */
  const meanwhile = () => {
    const next = states.shift()
    if (!next) return
    revision++
    const inPieces = 'pieces' in next
    writer.write('commit', () => {
      writer.prepare('UPDATE stateward_executions SET revision = ?, state = ?').run(revision, inPieces ? '' : next.state)
      writer.exec('DELETE FROM stateward_state_pieces')
      const insert = writer.prepare('INSERT INTO stateward_state_pieces VALUES (1, ?, ?)')
      if (inPieces) for (const { place, text } of next.pieces?.pieces ?? []) insert.run(place, text)
    })
    seen.push(next.state)
  }
  const rows = sqliteRows({
    ...database,
    prepare<Row>(sql: string) {
      const statement = database.prepare<Row>(sql)
      if (!sql.includes('stateward_inputs')) return statement
      const get = (...values: Parameters<typeof statement.get>) => {
        const row = statement.get(...values)
        meanwhile()
        return row
      }
      return { get, all: statement.all.bind(statement), run: statement.run.bind(statement) }
    },
  })
  // its second look finds a state in the row
  expect(rows.byId('a')).toMatchObject({ revision: 2 + 1, state: 'whole' })
  expect(rows.byId('a')).toMatchObject({ revision, state: ofLines([5, 6]).state })
  expect(seen.length).toBe(3)
})

test('a process of an earlier version takes the empty state for none, and not for one without timers', async () => {
  const { store, raw } = await opened()
  await store.commit([anAccepted('a', {}, ofLines([1, 2]))])
  const state = raw.prepare<{ state: string }>('SELECT state FROM stateward_executions').get()?.state
  expect(state).toBe('')
  const error = (() => {
    try {
      return splitState(state as string, 'a')
    } catch (thrown) {
      return thrown
    }
  })()
  expect(isStatewardError(error, 'corrupt')).toBe(true)
})
