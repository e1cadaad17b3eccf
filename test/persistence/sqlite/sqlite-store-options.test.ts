import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, expect, test, onTestFinished, vi } from 'vitest'
import type { SnapshotStore } from '../../../src/persistence/snapshot-store.js'
import { sqliteStore, type SqliteStoreOptions } from '../../../src/persistence/sqlite/sqlite-store.js'
import { anAccepted } from '../../../src/testing/store/store-builders.js'

const builtin = process.getBuiltinModule('node:sqlite') !== undefined
let folder: string
let path: string
let stores: SnapshotStore[] = []

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'stateward-'))
  path = join(folder, 'store.db')
  stores = []
  return async () => {
    for (const store of stores) await store.close()
    await rm(folder, { recursive: true, force: true })
  }
})

async function opened(options: SqliteStoreOptions = {}): Promise<SnapshotStore> {
  const store = sqliteStore(path, options)
  stores.push(store)
  await store.open()
  return store
}

test("a new file is its user's alone", async () => {
  const store = await opened()
  await store.commit([anAccepted('a')])
  for (const suffix of ['', '-wal', '-shm']) expect((await stat(path + suffix)).mode & 0o777).toBe(0o600)
})

test('a folder that is not there is named', async () => {
  path = join(folder, 'nowhere', 'store.db')
  await expect(opened()).rejects.toMatchObject({
    code: 'store_failed',
    retryable: false,
    details: { path, sqliteCode: 'SQLITE_CANTOPEN' },
  })
})

test('a store that could not be opened is closed, and can be opened once it is possible', async () => {
  await writeFile(path, 'x'.repeat(10_000))
  const store = sqliteStore(path)
  stores.push(store)
  await expect(store.open()).rejects.toMatchObject({ code: 'corrupt' })
  await expect(store.load('a')).rejects.toMatchObject({ code: 'store_closed' })
  await rm(path)
  await store.open()
  expect(await store.load('a')).toBeUndefined()
})

test("a path that can't be shared or is none is refused, with what to do instead", () => {
  expect(() => sqliteStore(':memory:')).toThrow('memoryStore()')
  for (const wrong of ['', ' ', 'file:a.db', 'a\0b', undefined as never]) {
    expect(() => sqliteStore(wrong)).toThrow(expect.objectContaining({ code: 'invalid_option' }))
  }
  for (const options of [{ busyTimeout: -1 }, { busyTimeout: Number.NaN }, { maxSize: 0 }]) {
    expect(() => sqliteStore('a.db', options)).toThrow(expect.objectContaining({ code: 'invalid_option' }))
  }
})

test('a driver that is none is refused', async () => {
  await expect(opened({ driver: 'sqlite3' as never })).rejects.toMatchObject({ code: 'invalid_option' })
})

test.skipIf(builtin)('a driver that Node does not have is a missing dependency, and the error says what to install', async () => {
  await expect(opened({ driver: 'node:sqlite' })).rejects.toMatchObject({
    code: 'missing_dependency',
    message: expect.stringContaining('npm install better-sqlite3'),
  })
})

test('a binding that is not there says what to install, and what a bundler must leave out', async () => {
  vi.doMock('better-sqlite3', () => {
    throw new Error('Cannot find module')
  })
  onTestFinished(() => {
    vi.doUnmock('better-sqlite3')
  })
  await expect(opened({ driver: 'better-sqlite3' })).rejects.toMatchObject({
    code: 'missing_dependency',
    message: expect.stringMatching(/npm install better-sqlite3@12.*bundler.*external/),
  })
})
