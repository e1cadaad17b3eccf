/** One open file: what several statements read together. */
import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { openSqliteDatabase } from '../../../src/persistence/sqlite/sqlite-database.js'
import { loadSqliteDriver } from '../../../src/persistence/sqlite/sqlite-driver.js'
import { fastFolder } from '../../support/store-place.js'

async function twoOnOneFile() {
  const folder = mkdtempSync(join(fastFolder, 'stateward-'))
  const driver = await loadSqliteDriver()
  const databases = [0, 1].map(() => openSqliteDatabase(driver, { path: join(folder, 'a.db') })) as [Opened, Opened]
  onTestFinished(() => {
    for (const database of databases) database.close()
    rmSync(folder, { recursive: true })
  })
  databases[0].exec('CREATE TABLE numbers (number INTEGER)')
  return databases
}

type Opened = ReturnType<typeof openSqliteDatabase>

test('a snapshot reads one state of the file, whatever another process commits between its statements', async () => {
  const [reader, writer] = await twoOnOneFile()
  const count = () => reader.prepare<{ n: number }>('SELECT count(*) AS n FROM numbers').get()?.n
  const add = () => void writer.write('add', () => writer.prepare('INSERT INTO numbers VALUES (1)').run())
  const seen = reader.snapshot('count', () => {
    const first = count()
    add()
    return [first, count()]
  })
  expect(seen).toEqual([0, 0])
  expect(count()).toBe(1)
})

test('a snapshot whose work throws is over, and its error is that of the store', async () => {
  const [reader, writer] = await twoOnOneFile()
  expect(() => reader.snapshot('count', () => reader.prepare('SELECT * FROM nothing').all())).toThrow(
    expect.objectContaining({ code: 'store_failed' }),
  )
  writer.write('add', () => writer.prepare('INSERT INTO numbers VALUES (1)').run())
  expect(reader.snapshot('count', () => reader.prepare('SELECT * FROM numbers').all())).toHaveLength(1)
})
