/**
 * Databases that an earlier version wrote, read and brought to their ends for ever. A file here is never changed or removed:
 * what users have stored looks like it. A new stored form gets a new pair of files (see `make-database.ts`), and its line below.
 */
import { createHash } from 'node:crypto'
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createRuntime, type ExecutionRecord, type SnapshotStore } from '../../src/index.js'
import { memoryStore } from '../../src/memory.js'
import { loadSqliteDriver } from '../../src/persistence/sqlite/sqlite-driver.js'
import { sqliteMigrations } from '../../src/persistence/sqlite/sqlite-schema.js'
import { sqliteStore } from '../../src/sqlite.js'
import { begin } from '../support/begin.js'
import { eventually, turns } from '../support/eventually.js'
import { SimulatedClock } from '../../src/testing/clock/simulated-clock.js'
import { StorePlace, withTest } from '../support/store-place.js'
import { copyStore } from './copied-store.js'
import { goldenEnds, goldenLines } from './golden-ends.js'
import { goldenEntryPoints } from './golden-programs.js'
import { goldenRecord } from './golden-record.js'

const folder = new URL('database/', import.meta.url)
const minute = 60_000
const year = 365 * 24 * 60 * minute

const goldens = {
  '0.1.0.db': 'b2cd414bc2c9b092eef5705d7a6667812f365e4f2e2584789a7c85ee3f10d656',
  '0.1.0.json': '8998e1eed6dc52ab6e6fafb031dc78bc35128d6371b9672c4350ee726fa4a2ef',
}

interface Expectation {
  readonly now: number
  readonly executions: Readonly<Record<string, unknown>>
}

const sha256 = (file: string) =>
  createHash('sha256')
    .update(readFileSync(new URL(file, folder)))
    .digest('hex')
const expectationOf = (version: string) => JSON.parse(readFileSync(new URL(`${version}.json`, folder), 'utf8')) as Expectation

/** The same with the fields that records have got since, each with what it says of an execution that was stored without it. */
const withLaterFields = (execution: unknown) => {
  const { record, ...rest } = execution as { readonly record: LaterRead }
  const later = { retryOf: null, causationId: record.parentId, startAt: null, waitsFor: waitsForOf(record), tags: [], gathered: null }
  return { ...rest, record: { ...record, ...later } }
}

type LaterRead = Pick<ExecutionRecord, 'parentId' | 'status' | 'timers' | 'limits'>

const waitsForOf = ({ status, timers, limits }: LaterRead) => {
  if (status === 'queued') return ['slot']
  if (status === 'paused') return ['resume']
  if (status !== 'waiting') return []
  if (limits.retryAt !== undefined) return ['timer']
  return timers.length > 0 ? ['event', 'timer'] : ['event']
}

/** A copy of a golden file, gone with the test. */
function copied(version: string): string {
  const copy = mkdtempSync(join(tmpdir(), 'stateward-golden-'))
  onTestFinished(() => rmSync(copy, { recursive: true, force: true }))
  const path = join(copy, 'copy.db')
  copyFileSync(fileURLToPath(new URL(`${version}.db`, folder)), path)
  return path
}

async function inSqlite(version: string): Promise<StorePlace> {
  const path = copied(version)
  return withTest(new StorePlace(() => sqliteStore(path)))
}

async function inMemory(version: string): Promise<StorePlace> {
  const file = sqliteStore(copied(version))
  const memory = memoryStore()
  await Promise.all([file.open(), memory.open()])
  await copyStore(file, memory, ['stream:shelf:pause'])
  await file.close()
  return withTest(new StorePlace(() => memory))
}

const versions = Object.keys(goldens)
  .filter((file) => file.endsWith('.db'))
  .map((file) => file.replace(/\.db$/, ''))
const stores = [
  ['sqlite', inSqlite],
  ['memory', inMemory],
] as const
const cases = versions.flatMap((version) => stores.map(([name, place]) => [version, name, place] as const))

describe.each(cases)('what %s stored, in %s', (version, _, placeOf) => {
  const { now, executions } = expectationOf(version)
  const common = { pollInterval: year, lease: 10 * year, retentionInterval: year }
  // those who wrote it are dead, as their lease tells
  const clockThen = () => new SimulatedClock(now + 2 * minute)

  test('is read as it was meant: each execution, its result, its inbox, its checkpoints, its journal', async () => {
    const store: SnapshotStore = (await placeOf(version)).connect()
    const entryPoints = goldenEntryPoints({ charge: never, refund: never, errand: never, notify: () => undefined })
    const runtime = createRuntime({ ...common, store, clock: clockThen(), entryPoints })
    const found: Record<string, unknown> = {}
    const listed = await runtime.executions({ limit: 1_000 })
    for (const { id } of listed.executions.toReversed()) found[id] = await goldenRecord(store, runtime.execution(id))
    const later = Object.entries(executions).map(([id, execution]) => [id, withLaterFields(execution)])
    expect(found).toEqual(Object.fromEntries(later))
  })

  test('goes on to its end: every execution, with nothing done twice that was committed', async () => {
    const store = (await placeOf(version)).connect()
    const clock = clockThen()
    const told: string[] = []
    const charged: string[] = []
    const entryPoints = goldenEntryPoints({
      charge: async (order, key) => (charged.push(order), `${order} charged as ${key}`),
      refund: async (order) => `${order} refunded`,
      errand: async (what) => `${what} done`,
      notify: (to, order) => void told.push(`${order} to ${to}`),
    })
    const runtime = await begin({ ...common, store, clock, entryPoints })
    const get = async (id: string) => (await runtime.execution(id).get()) as ExecutionRecord
    const reaches = (id: string, status: string) =>
      eventually(`${id} to be ${status}`, async () => (await get(id)).status === status)

    // half-done pauses are finished; what is paused, or behind a paused stream, stays so
    await reaches('pausing', 'paused')
    await reaches('pausing-now', 'paused')
    await turns()
    expect(await get('paused')).toMatchObject({ status: 'paused', context: { notes: [] } })
    expect(await get('shelved')).toMatchObject({ status: 'queued' })

    const left = (await get('paused')).timers.map((timer) => timer.left)
    expect(left).toEqual([50 * minute, 10_070 * minute])
    for (const id of ['paused', 'pausing', 'pausing-now'])
      expect(await runtime.execution(id).resume()).toMatchObject({ status: 'resumed' })
    expect((await get('paused')).timers.map(({ dueAt }) => dueAt - clock.now())).toEqual(left)
    await runtime.stream('shelf').resume()
    await runtime.execution('on-hold').send({ type: 'UNHOLD' })
    const [first] = await store.checkpoints('kept')
    const fork = await runtime.execution('kept').fork({ revision: first?.revision ?? 0 })

    // whoever stands before an approval gets it, but for one
    for (let round = 0; round < 40; round++) {
      await turns()
      const { executions: live } = await runtime.executions({ status: ['queued', 'running', 'waiting'], limit: 1_000 })
      const open = live.filter(({ id, value }) => id !== 'kept' && (value as { open?: unknown } | undefined)?.open === 'approval')
      for (const { id } of open) await runtime.execution(id).send({ type: 'APPROVE' })
      if (open.length > 0) continue
      const due = live.flatMap(({ timers, limits }) =>
        limits.retryAt === undefined ? timers.map(({ dueAt }) => dueAt) : [limits.retryAt],
      )
      if (due.length > 0) await clock.advance(Math.max(0, Math.min(...due) - clock.now()), () => turns(5))
    }

    const ended: Record<string, unknown> = {}
    for (const id of Object.keys(executions)) ended[id] = await runtime.execution(id).result({ timeout: 0 })
    expect(ended).toEqual(goldenEnds)
    expect(await get('kept')).toMatchObject({ value: 'expired' })
    expect(await get('compensating')).toMatchObject({ value: 'refunded' })
    expect(await fork.result({ timeout: 0 })).toMatchObject({
      status: 'completed',
      output: { order: 'kept', lines: goldenLines },
    })
    expect(told.filter((word) => word.startsWith('owed')).toSorted()).toEqual([
      'owed to buyer',
      'owed to courier',
      'owed-at-end to courier',
    ])
    expect(await get('owed-at-end')).toMatchObject({ owed: 0 })
    expect(charged.filter((order) => order !== 'kept').toSorted()).toEqual(['backing-off', 'pausing', 'pausing-now', 'running'])
  })
})

test.each(versions)('a database of %s is brought to the newest schema, and the golden file is left alone', async (version) => {
  const path = copied(version)
  const store = sqliteStore(path)
  await store.open()
  await store.close()
  const connection = (await loadSqliteDriver()).open(path)
  const statement = connection.prepare('SELECT max(version) AS version FROM stateward_migrations') as {
    get(): { version: number }
  }
  expect({ ...statement.get() }).toEqual({ version: sqliteMigrations.length })
  connection.close()
})

test('no golden database is missing, changed, or unlisted', () => {
  expect(Object.fromEntries(readdirSync(folder).map((file) => [file, sha256(file)]))).toEqual(goldens)
})

const never = () => new Promise<never>(() => undefined)
