import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { migrate } from '../../../src/persistence/sqlite/migrations.js'
import type { SnapshotStore } from '../../../src/persistence/snapshot-store.js'
import { openSqliteDatabase } from '../../../src/persistence/sqlite/sqlite-database.js'
import { loadSqliteDriver, type SqliteConnection } from '../../../src/persistence/sqlite/sqlite-driver.js'
import { sqliteStore, type SqliteStoreOptions } from '../../../src/persistence/sqlite/sqlite-store.js'
import { aCommit, anAccepted, anEnd } from '../../../src/testing/store/store-builders.js'
import { otherUser } from '../../support/other-user.js'

const root = resolve(import.meta.dirname, '../../..')
let folder: string
let path: string
let compiled: string
let stores: SnapshotStore[] = []

/** What runs in other processes, on the sources as compiled to `compiled`: it opens the file and accepts fifty keys. */
const child = `
import { sqliteStore } from './persistence/sqlite/sqlite-store.js'
import { anAccepted } from './testing/store/store-builders.js'
const [path, name] = process.argv.slice(2)
console.log('ready')
process.stdin.once('data', async () => {
  try {
    const store = sqliteStore(path)
    await store.open()
    let won = 0
    for (let n = 0; n < 50; n++) {
      const events = [{ type: 'accepted', at: n, data: null }]
      const [verdict] = await store.commit([anAccepted(name + n, { idempotencyKey: 'k' + n }, { events })])
      if (verdict.status === 'committed') won++
    }
    await store.close()
    console.log(JSON.stringify({ won }))
  } catch (error) {
    console.log(JSON.stringify({ code: error.code, details: error.details, message: error.message }))
  }
  process.exit(0)
})
`

beforeAll(async () => {
  compiled = await mkdtemp(join(root, 'node_modules/.stateward-'))
  await chmod(compiled, 0o755)
  const sources = ['persistence/sqlite/sqlite-store.ts', 'testing/store/store-builders.ts'].map((file) => join(root, 'src', file))
  const options = '--ignoreConfig --target es2022 --module nodenext --types node --skipLibCheck --noCheck'.split(' ')
  const tsc = join(root, 'node_modules/typescript/bin/tsc')
  await promisify(execFile)(process.execPath, [tsc, ...sources, ...options, '--rootDir', join(root, 'src'), '--outDir', compiled])
  await writeFile(join(compiled, 'child.mjs'), child)
})

afterAll(() => rm(compiled, { recursive: true, force: true }))

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

/** The bare file, past the store. */
async function raw<T>(work: (connection: SqliteConnection) => T): Promise<T> {
  const connection = (await loadSqliteDriver()).open(path)
  try {
    return work(connection)
  } finally {
    connection.close()
  }
}

interface Child {
  readonly ready: Promise<void>
  readonly done: Promise<{ won?: number; code?: string; message?: string; details?: { sqliteCode?: string } }>
  readonly errors: () => string
  go(): void
}

function start(name: string, as: { uid?: number; gid?: number } = {}): Child {
  const process_ = spawn(process.execPath, [join(compiled, 'child.mjs'), path, name], as)
  const lines = createInterface(process_.stdout)[Symbol.asyncIterator]()
  let errors = ''
  process_.stderr.on('data', (data) => (errors += String(data)))
  const exit = once(process_, 'exit')
  const ready = lines.next().then(({ value }) => expect(value).toBe('ready'))
  const done = ready
    .then(() => lines.next())
    .then(async ({ value }) => {
      await exit
      return JSON.parse(String(value))
    })
  return { ready, done, errors: () => errors, go: () => void process_.stdin.write('go\n') }
}

describe('several processes', () => {
  test('that open a new file at once all get it whole, and share it', async () => {
    const children = ['a', 'b', 'c', 'd'].map((name) => start(name))
    await Promise.all(children.map(({ ready }) => ready))
    for (const each of children) each.go()
    const results = await Promise.all(children.map(({ done }) => done))
    expect(results.map(({ message }) => message)).toEqual([undefined, undefined, undefined, undefined])
    expect(results.reduce((sum, { won }) => sum + (won ?? 0), 0)).toBe(50)
    expect(children.map(({ errors }) => errors())).toEqual(['', '', '', ''])
    const store = await opened()
    expect((await store.events({ since: 0, limit: 100 })).map(({ seq }) => seq)).toEqual(
      Array.from({ length: 50 }, (_, n) => n + 1),
    )
    expect(await store.counts()).toEqual({ tickets: { queued: 50 } })
  })

  test('wait for one another, and say so when it takes too long', async () => {
    const store = await opened({ busyTimeout: 0 })
    const other = (await loadSqliteDriver()).open(path)
    other.exec('BEGIN IMMEDIATE')
    await expect(store.commit([anAccepted('a')])).rejects.toMatchObject({
      code: 'store_failed',
      retryable: true,
      details: { operation: 'commit', path, sqliteCode: 'SQLITE_BUSY' },
    })
    other.exec('ROLLBACK')
    other.close()
    expect(await store.commit([anAccepted('a')])).toMatchObject([{ status: 'committed' }])
  })
})

describe('a full disk', () => {
  const big = 'x'.repeat(50_000)

  async function fill(store: SnapshotStore): Promise<string[]> {
    const kept: string[] = []
    for (let n = 0; ; n++) {
      const batch = [anAccepted(`a${n}`, { input: big }), anAccepted(`b${n}`, { entryPoint: `new${n}` }, { state: big })]
      try {
        await store.commit(batch)
        kept.push(`a${n}`, `b${n}`)
      } catch (error) {
        expect(error).toMatchObject({
          code: 'store_failed',
          retryable: true,
          details: { operation: 'commit', sqliteCode: 'SQLITE_FULL' },
        })
        return kept
      }
    }
  }

  test('fails the batch with a typed error, takes nothing that was kept, and is over once there is room', async () => {
    const store = await opened({ maxSize: 2_000_000 })
    const kept = await fill(store)
    expect(kept.length).toBeGreaterThan(10)
    const stored = await store.query({ limit: 1_000 })
    expect(stored.executions.map(({ id }) => id).toSorted()).toEqual(kept.toSorted())
    await store.close()
    const roomy = await opened({ maxSize: 20_000_000 })
    expect(await roomy.query({ limit: 1_000 })).toEqual(stored)
    const verdicts = await roomy.commit([anAccepted('late', { input: big }), aCommit({ id: 'a0', revision: 2, state: big })])
    expect(verdicts).toMatchObject([{ status: 'committed' }, { status: 'committed' }])
    expect((await roomy.load('late'))?.entryPoint).toBe('tickets')
  })

  test('leaves the store usable: what is pruned makes room for more', async () => {
    const store = await opened({ maxSize: 2_000_000 })
    const kept = await fill(store)
    const inputs = kept.filter((id) => id.startsWith('a'))
    await store.commit(inputs.map((id) => anEnd(id, 2)))
    await store.prune({ entryPoint: 'tickets', keep: 0, now: 9_000, limit: 1_000 })
    expect((await fill(store)).length).toBeGreaterThan(5)
  })
})

describe('a damaged or foreign file', () => {
  test('that is no database is corrupt, and is left as it was', async () => {
    const garbage = 'not a database '.repeat(1_000)
    await writeFile(path, garbage)
    await expect(opened()).rejects.toMatchObject({ code: 'corrupt', retryable: false, details: { operation: 'open', path } })
    expect(await readFile(path, 'utf8')).toBe(garbage)
  })

  test('with damaged pages is corrupt where it is read', async () => {
    const store = await opened()
    await store.commit(Array.from({ length: 200 }, (_, n) => anAccepted(`a${n}`, {}, { state: 'x'.repeat(5_000) })))
    await store.close()
    const bytes = await readFile(path)
    await writeFile(path, bytes.fill(0xff, 2 * 8192))
    const reading = async () => {
      const again = await opened()
      for (let n = 0; n < 200; n++) await again.load(`a${n}`)
    }
    await expect(reading()).rejects.toMatchObject({ code: 'corrupt', details: { path } })
  })

  test('of a newer version is refused and left alone', async () => {
    await (await opened()).close()
    await raw((connection) => connection.exec('INSERT INTO stateward_migrations (version) VALUES (99)'))
    await expect(opened()).rejects.toMatchObject({ code: 'unknown_format', details: { path, format: 99 } })
    await raw((connection) => connection.exec('DELETE FROM stateward_migrations WHERE version = 99'))
    await opened()
  })

  test("that is an application's own may hold the tables of the store as well", async () => {
    await raw((connection) =>
      connection.exec('CREATE TABLE executions (id); INSERT INTO executions VALUES (1); PRAGMA user_version = 7'),
    )
    const store = await opened()
    await store.commit([anAccepted('a')])
    await store.close()
    await raw((connection) => connection.exec('UPDATE executions SET id = 2'))
    expect((await (await opened()).load('a'))?.id).toBe('a')
  })

  test('a migration that fails is undone, and the next open goes on after the last whole one', async () => {
    const driver = await loadSqliteDriver()
    const database = openSqliteDatabase(driver, { path })
    const good = ['CREATE TABLE one (a)', 'CREATE TABLE two (a)']
    expect(() => migrate(database, ['CREATE TABLE one (a)', 'CREATE TABLE two (a); CREATE TABLE one (b)'])).toThrow(
      'one already exists',
    )
    migrate(database, good)
    migrate(database, good)
    expect(database.prepare<{ version: number }>('SELECT version FROM stateward_migrations').all()).toMatchObject([
      { version: 1 },
      { version: 2 },
    ])
    database.close()
  })
})

test('a read-only file fails a commit with a typed error, and loses nothing', async (context) => {
  const other = otherUser(join(compiled, 'child.mjs'))
  if ('reason' in other) {
    process.stdout.write(`skipped: ${other.reason}\n`)
    return context.skip()
  }
  const store = await opened()
  await store.commit([anAccepted('mine')])
  await store.close()
  await chmod(folder, 0o777)
  await chmod(path, 0o444)
  const reader = start('a', other.as)
  await reader.ready
  reader.go()
  const result = await reader.done
  expect(result).toMatchObject({ code: 'store_failed', details: { sqliteCode: 'SQLITE_READONLY' } })
  await chmod(path, 0o600)
  for (const suffix of ['-wal', '-shm']) await rm(path + suffix, { force: true })
  const again = await opened()
  expect((await again.load('mine'))?.id).toBe('mine')
  expect(await again.commit([aCommit({ id: 'mine', revision: 2 })])).toMatchObject([{ status: 'committed' }])
})
