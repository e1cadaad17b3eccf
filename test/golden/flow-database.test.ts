/**
 * Databases with permits under keys, rates, triggers that gather, streams, histories, tags, later starts, schedules and publications,
 * read and brought to their ends for ever. A file here is never changed or removed; a new stored form gets a new pair (see
 * `make-flow-database.ts`), and its line below.
 */
import { createHash } from 'node:crypto'
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { createClient, type ExecutionRecord } from '../../src/index.js'
import { sqliteStore } from '../../src/sqlite.js'
import { SimulatedClock } from '../../src/testing/clock/simulated-clock.js'
import { begin } from '../support/begin.js'
import { eventually, turns } from '../support/eventually.js'
import { flowEntryPoints, hour, type FlowWorld } from './flow-programs.js'
import { flowRecord } from './flow-record.js'

const folder = new URL('flow/', import.meta.url)
const year = 365 * 24 * hour
const goldens = {
  '0.1.0.db': 'bc202130fa29956f2c98b70f15dc91e0c06f34fc7d2464359be7a611762e1b23',
  '0.1.0.json': 'fe9389c573acc427f92708498b680fc4252f7ca6360ca02fdb8842d993e428f9',
}
const versions = ['0.1.0']

interface Expectation {
  readonly now: number
  readonly stored: unknown
}

const expectationOf = (version: string) => JSON.parse(readFileSync(new URL(`${version}.json`, folder), 'utf8')) as Expectation

/** A connection to a copy of a golden file, gone with the test. */
function copied(version: string) {
  const copy = mkdtempSync(join(tmpdir(), 'stateward-golden-'))
  const path = join(copy, 'copy.db')
  copyFileSync(fileURLToPath(new URL(`${version}.db`, folder)), path)
  const store = sqliteStore(path)
  onTestFinished(async () => {
    await store.close()
    rmSync(copy, { recursive: true, force: true })
  })
  return store
}

const silent: FlowWorld = { importFile: () => new Promise(() => undefined), say: () => new Promise(() => undefined) }
// two looks in an hour: whose lease has not been renewed between two of them is dead
const options = { pollInterval: hour / 2 } as const

test.each(versions)('what %s stored is read as it was meant, and found by the same words', async (version) => {
  const store = copied(version)
  const { now, stored } = expectationOf(version)
  const client = createClient({ ...options, store, clock: new SimulatedClock(now), entryPoints: flowEntryPoints(silent) })
  await client.executions()
  expect(await flowRecord(store, client)).toEqual(stored)
})

test.each(versions)('what %s stored goes on, each key and rate in its turn, and nothing twice', async (version) => {
  const store = copied(version)
  const { now } = expectationOf(version)
  const clock = new SimulatedClock(now)
  const imported: string[] = []
  const entryPoints = flowEntryPoints({
    importFile: async (file) => (imported.push(file), `${file} imported`),
    say: async (file, attempt, stream) => {
      await stream(`${file} anew ${attempt}`)
      return `said ${file}`
    },
  })
  const runtime = await begin({ ...options, store, clock, entryPoints, lease: 10 * year, retentionInterval: year })
  const record = async (id: string) => (await runtime.execution(id).get()) as ExecutionRecord
  await clock.advance(hour / 2, () => turns(5))
  await eventually('globex goes on', async () => {
    await clock.advance(10)
    return imported.includes('globex/two')
  })
  // acme has used its rate up, and globex goes on where it was
  expect(imported).toEqual(['globex/one', 'globex/two'])
  expect(await record('acme-three')).toMatchObject({ status: 'queued', waitsFor: ['rate'] })
  expect(await record('called')).toMatchObject({ status: 'completed', output: 'said called' })
  await clock.advance(hour, () => turns(5))
  expect(imported).toEqual(expect.arrayContaining(['acme/three', 'acme/final']))
  expect(imported).not.toContain('acme/draft')
  const again = await runtime.trigger('lines', 'd', { idempotencyKey: 'line d', sessionId: 's' })
  expect(await again.result()).toEqual({ status: 'completed', output: 'd+e' })
  await clock.advance(12 * hour, () => turns(5))
  expect(await runtime.execution('again').result()).toMatchObject({ output: 'said again' })
  expect(await runtime.execution('in-flight').result()).toMatchObject({ output: 'said in-flight' })
  const said: string[] = []
  for await (const entry of runtime.execution('in-flight').stream())
    said.push(entry.type === 'chunk' ? String(entry.data) : entry.type)
  expect(said).toEqual(['in-flight 1', '[object Object]', 'abandoned', 'in-flight anew 1', 'committed'])
  expect(await record('later')).toMatchObject({ status: 'waiting', value: 'open' })
  expect(imported.filter((file) => file === 'once/y')).toHaveLength(1)
  expect(await runtime.schedules.get('once')).toMatchObject({ status: 'ended' })
  expect(await runtime.schedules.resume('often')).toEqual({ status: 'resumed' })
  await clock.advance(12 * hour, () => turns(5))
  const { context, timers } = await record('reminders')
  const { rung } = context as { rung: number }
  expect([rung, timers.length]).toEqual([25, 175])
  expect(imported.filter((file) => file === 'daily/x')).toHaveLength(1)
  expect(await runtime.count({ entryPoint: 'ticks', status: 'completed' })).toBe(1)
  expect(await record('unsaid')).toMatchObject({ status: 'waiting', tags: ['speech', 'unsaid'] })
  const paid = await runtime.publish('order.paid', { amount: 3n }, { id: 'paid-1', sessionId: 's', correlationId: 'talks' })
  expect(paid).toMatchObject({ status: 'already_published' })
})

test('no golden database is missing, changed, or unlisted', () => {
  const hashOf = (file: string) =>
    createHash('sha256')
      .update(readFileSync(new URL(file, folder)))
      .digest('hex')
  expect(Object.fromEntries(readdirSync(folder).map((file) => [file, hashOf(file)]))).toEqual(goldens)
})
