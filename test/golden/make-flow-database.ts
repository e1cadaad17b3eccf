/**
 * Makes a golden database of what came after those of `make-database.ts`, and the expectation beside it, as after `kill -9`: permits under
 * keys, rates, triggers that gather, streams of steps, histories, tags, later starts, schedules, publications.
 *
 * Run once for a release whose stored form is new, on Node 20, from the root of the repository:
 * `npx tsc -p tsconfig.golden.json && node dist-golden/test/golden/make-flow-database.js test/golden/flow/<version>`.
 * Read the expectation before it is committed; then add both files, with their hashes, to `flow-database.test.ts`.
 */
import { closeSync, openSync, writeFileSync } from 'node:fs'
import { createClient, createRuntime } from '../../src/index.js'
import { sqliteStore } from '../../src/sqlite.js'
import { SimulatedClock } from '../../src/testing/clock/simulated-clock.js'
import { eventually, turns } from '../support/eventually.js'
import { flowEntryPoints, hour } from './flow-programs.js'
import { flowRecord } from './flow-record.js'
import { countedIds, mortal, settleFile } from './golden-processes.js'

const year = 365 * 24 * hour
const target = process.argv[2]
if (target === undefined) throw new Error('give the path of the files without their endings, such as test/golden/flow/0.1.0')
const file = `${target}.db`
// both fail if the file is there
closeSync(openSync(`${target}.json`, 'wx'))
closeSync(openSync(file, 'wx', 0o600))

const clock = new SimulatedClock(Date.UTC(2026, 0, 1, 12))
const never = () => new Promise<never>(() => undefined)
const ends = new Map<string, (value: string) => void>()
const entryPoints = flowEntryPoints({
  importFile: (name) => new Promise((resolve) => ends.set(name, resolve)),
  say: async (name, attempt, stream) => {
    await stream(`${name} ${attempt}`)
    if (name === 'again' && attempt === 1) throw Object.assign(new Error('hoarse'), { stack: 'Error: hoarse\n    at golden.js:1:1' })
    await stream({ pause: attempt })
    return name === 'in-flight' ? never() : `said ${name}`
  },
})
const disk = sqliteStore(file)
const common = { clock, entryPoints, pollInterval: year, lease: 60_000, retentionInterval: year } as const
const runtime = createRuntime({ ...common, store: mortal(disk), id: 'golden', ids: countedIds('first') })
await runtime.start()
const status = async (id: string) => (await disk.load(id))?.status
const reaches = (id: string, wanted: string) => eventually(`${id} to be ${wanted}`, async () => (await status(id)) === wanted)

// permits and rates: acme has two starts behind it in this hour, globex has a permit, and another one behind it
for (const name of ['one', 'two']) {
  const handle = await runtime.trigger('imports', { tenant: 'acme', file: name }, { id: `acme-${name}` })
  await eventually(`${name} to run`, () => ends.has(`acme/${name}`))
  ends.get(`acme/${name}`)?.(`${name} imported`)
  await handle.result()
}
await runtime.trigger('imports', { tenant: 'acme', file: 'three' }, { id: 'acme-three' })
await runtime.trigger('imports', { tenant: 'globex', file: 'one' }, { id: 'globex-one' })
await eventually('it runs', () => ends.has('globex/one'))
await runtime.trigger('imports', { tenant: 'globex', file: 'two' }, { id: 'globex-two', priority: 3, tags: ['late', 'globex'] })
await eventually('they are held back', async () =>
  (await runtime.executions({ waitsFor: ['key', 'rate'] })).executions.length === 2,
)

// triggers that gather, and those that did
for (const name of ['draft', 'final']) await runtime.trigger('reindex', { tenant: 'acme', file: name }, { idempotencyKey: name })
for (const line of ['a', 'b', 'c']) await runtime.trigger('lines', line)
for (const line of ['d', 'e']) await runtime.trigger('lines', line, { idempotencyKey: `line ${line}`, sessionId: 's' })
await eventually('the batch ended', async () => (await runtime.count({ entryPoint: 'lines', status: 'completed' })) === 1)

// streams, histories, tags, a later start, causes
await runtime.trigger('reminders', undefined, { id: 'reminders' })
for (const id of ['again', 'in-flight', 'unsaid', 'called']) {
  const handle = await runtime.trigger('speeches', id, { id, tags: ['speech', id], causationId: 'golden', correlationId: 'talks' })
  await reaches(id, 'waiting')
  if (id === 'again' || id === 'in-flight') await handle.send({ type: 'SAY' })
}
await clock.advance(1_000, () => turns(20))
await reaches('again', 'completed')
await eventually('both chunks', async () => (await disk.chunks({ execution: 'in-flight', since: 0, limit: 9 }))?.chunks.length === 2)
await runtime.trigger('speeches', 'later', { id: 'later', startAt: clock.now() + 10 * hour })

// called by another process, in its inbox
await clock.advance(2 * 60_000, () => turns(20))
const client = createClient({ clock, entryPoints, store: mortal(disk), pollInterval: year })
if ((await client.execution('called').send({ type: 'SAY' })).status !== 'queued') throw new Error('it took the event at once')

// schedules, and what the application has published
await runtime.schedules.set('daily', { entryPoint: 'imports', input: { tenant: 'daily', file: 'x' }, cron: '0 9 * * *', timeZone: 'Europe/Berlin' })
await runtime.schedules.set('often', { entryPoint: 'lines', input: 'tick', every: 7 * hour, missed: 'all', jitter: 1_000 })
await runtime.schedules.pause('often', { reason: 'holidays', actor: 'ann' })
await runtime.schedules.set('once', { entryPoint: 'imports', input: { tenant: 'once', file: 'y' }, at: clock.now() + 3 * hour })
await runtime.publish('order.paid', { amount: 3n }, { id: 'paid-1', sessionId: 's', correlationId: 'talks', causationId: 'again' })
await turns(50)

const reader = createRuntime({ ...common, store: mortal(disk), id: 'reader', ids: countedIds('second') })
writeFileSync(`${target}.json`, `${JSON.stringify({ now: clock.now(), stored: await flowRecord(disk, reader) }, undefined, 1)}\n`)
await disk.close()
await settleFile(file)
process.exit(0)
