/**
 * Makes a golden database, and the expectation beside it: one execution in every state there is, as after `kill -9`.
 *
 * Run once for a release whose stored form is new, on Node 20, from the root of the repository:
 * `npx tsc -p tsconfig.golden.json && node dist-golden/test/golden/make-database.js test/golden/database/<version>`.
 * Read the expectation before it is committed; then add both files, with their hashes, to `database.test.ts`.
 * Clock and ids are fixed, so that every run writes the same contents. A file that is there is never overwritten.
 */
import { closeSync, openSync, writeFileSync } from 'node:fs'
import { createRuntime, type ExecutionHandle } from '../../src/index.js'
import { sqliteStore } from '../../src/sqlite.js'
import { eventually, turns } from '../support/eventually.js'
import { SimulatedClock } from '../../src/testing/clock/simulated-clock.js'
import { goldenEntryPoints, type OrderInput, type World } from './golden-programs.js'
import { goldenRecord } from './golden-record.js'
import { countedIds, mortal, settleFile } from './golden-processes.js'

const minute = 60_000
const year = 365 * 24 * 60 * minute
const target = process.argv[2]
if (target === undefined) throw new Error('give the path of the files without their endings, such as test/golden/database/0.1.0')
const file = `${target}.db`
// both fail if the file is there
closeSync(openSync(`${target}.json`, 'wx'))
closeSync(openSync(file, 'wx', 0o600))

const clock = new SimulatedClock(Date.UTC(2026, 0, 1, 12))

/** Steps that stay in flight until they are settled by their name. */
const flights = new Map<string, { resolve: (value: string) => void; reject: (error: Error) => void }>()
const flight = (name: string) => new Promise<string>((resolve, reject) => flights.set(name, { resolve, reject }))
const land = (name: string) => flights.get(name)?.resolve(`${name} landed`)

/** An error without a trace of where it was made. */
function failure(message: string): Error {
  return Object.assign(
    new TypeError(message, { cause: Object.assign(new Error('cause'), { stack: 'Error: cause\n    at golden.js:2:1' }) }),
    {
      code: 'E_GOLDEN',
      stack: `TypeError: ${message}\n    at golden.js:1:1`,
    },
  )
}

const world: World = {
  charge: (order) => flight(`charge ${order}`),
  refund: (order) => flight(`refund ${order}`),
  errand: (what, signal) => {
    signal.addEventListener('abort', () => flights.get(what)?.reject(failure('aborted')))
    return flight(what)
  },
  notify: (_, order) => {
    if (order === 'owed') first.die()
  },
}

const disk = sqliteStore(file)
const first = mortal(disk)
const common = {
  clock,
  entryPoints: goldenEntryPoints(world),
  pollInterval: year,
  lease: minute,
  retentionInterval: year,
} as const
const runtime = createRuntime({ ...common, store: first, id: 'golden', ids: countedIds('first') })
const handles: ExecutionHandle[] = []

const status = async (id: string) => (await disk.load(id))?.status
const reaches = (id: string, wanted: string) => eventually(`${id} to be ${wanted}`, async () => (await status(id)) === wanted)
const flying = (name: string) => eventually(`${name} to fly`, () => flights.has(name))

async function ordered(entryPoint: 'orders' | 'refundable' | 'retried' | 'kept', name: string, options: object = {}) {
  const input: OrderInput = {
    order: name,
    placed: new Date(Date.UTC(2025, 11, 24)),
    lines: new Map([
      ['apples', { amount: 3n, due: new Date(Date.UTC(2026, 1, 1)) }],
      ['pears', { amount: 2n ** 70n, due: new Date(Date.UTC(2026, 1, 2)) }],
    ]),
  }
  const handle = await runtime.trigger(entryPoint, input, { id: name, ...options })
  handles.push(handle)
  await flying(`charge ${name}`)
  return handle
}

async function paid(entryPoint: 'orders' | 'kept', name: string) {
  const handle = await ordered(entryPoint, name)
  land(`charge ${name}`)
  await reaches(name, 'waiting')
  return handle
}

async function sent(entryPoint: 'errands' | 'narrow' | 'sent-on' | 'shelf', name: string, options: object = {}) {
  const handle = await runtime.trigger(entryPoint, name, { id: name, ...options })
  handles.push(handle)
  return handle
}

await runtime.start()

// ended
const completed = await paid('orders', 'completed')
await completed.send({ type: 'NOTE', text: 'gift' })
const approved = await paid('orders', 'owed-at-end')
const waiting = await paid('orders', 'waiting')
await clock.advance(60 * minute, () => turns(10))
await eventually('approval', async () =>
  JSON.stringify(await waiting.get(), (_, value: unknown) => (typeof value === 'bigint' ? '' : value)).includes('approval'),
)
await completed.send({ type: 'APPROVE' })
await reaches('completed', 'completed')
await sent('errands', 'completed-errand')
await flying('completed-errand')
land('completed-errand')
await reaches('completed-errand', 'completed')
await sent('errands', 'failed')
await flying('failed')
flights.get('failed')?.reject(failure('broken'))
await reaches('failed', 'failed')
const cancelled = await sent('errands', 'cancelled')
await flying('cancelled')
await cancelled.cancel({ reason: 'enough', actor: 'ann' })
await sent('errands', 'timed_out', { timeout: minute })
await flying('timed_out')
await clock.advance(minute, () => turns(10))
await reaches('timed_out', 'timed_out')

// waits, and has left memory
await paid('orders', 'packing')
await (await paid('orders', 'on-hold')).send({ type: 'HOLD' })
const kept = await paid('kept', 'kept')
await kept.send({ type: 'NOTE', text: 'one' })
await kept.send({ type: 'NOTE', text: 'two' })
const retried = await ordered('retried', 'backing-off')
flights.get('charge backing-off')?.reject(failure('declined'))
await reaches(retried.id, 'waiting')
const paused = await paid('orders', 'paused')
await clock.advance(10 * minute, () => turns(10))
await paused.pause({ reason: 'lunch', actor: 'bob' })
await paused.send({ type: 'NOTE', text: 'while away' })
await paused.send({ type: 'NOTE', text: 'still away' })
await clock.advance(minute, () => turns(10))

// stands in a queue
await sent('narrow', 'ahead')
await sent('narrow', 'rejected')
await sent('narrow', 'queued', {
  priority: 7,
  correlationId: 'a-correlation',
  idempotencyKey: 'a-key',
  sessionId: 'a-session',
  queueTimeout: year,
  timeout: year,
  deadline: clock.now() + 2 * year,
})
await reaches('rejected', 'rejected')
await runtime.stream('shelf').pause({ reason: 'stocktaking', actor: 'cyd' })
await sent('shelf', 'shelved')

// has a step in flight
await ordered('orders', 'running')
await sent('errands', 'running-errand')
await sent('sent-on', 'parent')
await eventually('the child', async () => (await disk.query({ parentId: 'parent', limit: 1 })).executions.length === 1)
const [child] = (await disk.query({ parentId: 'parent', limit: 1 })).executions
handles.push(runtime.execution(child?.id ?? ''))
await flying('parent')
void (await ordered('orders', 'pausing')).pause({ reason: 'boundary' })
void (await ordered('orders', 'pausing-now')).pause({ mode: 'now', reason: 'now' })
await reaches('pausing', 'pausing')
await reaches('pausing-now', 'pausing')
void (await ordered('orders', 'cancelling')).cancel({ reason: 'no more' })
await reaches('cancelling', 'cancelling')
void (await ordered('refundable', 'compensating')).cancel({ reason: 'money back', actor: 'dan' })
await reaches('compensating', 'cancelling')
await flying('refund compensating')
await ordered('orders', 'commanded')
const elsewhere = createRuntime({ ...common, store: mortal(disk), id: 'elsewhere', ids: countedIds('second') })
void elsewhere.execution('commanded').cancel({ reason: 'from elsewhere', actor: 'eve' })
await eventually('the command', async () => (await disk.inbox({ execution: 'commanded' })).length === 1)

// dies while it runs an action that it owes; what is in the same commit is owed as well
await ordered('orders', 'owed')
await approved.send({ type: 'NOTE', text: 'brings it back' })
await turns()
void approved.send({ type: 'APPROVE' })
land('charge owed')
await turns()
if (!(await disk.load('owed'))?.owed || !(await disk.load('owed-at-end'))?.owed) throw new Error('nothing is owed')

const reader = createRuntime({ ...common, store: mortal(disk), id: 'reader', ids: countedIds('third') })
const expectation: Record<string, unknown> = {}
for (const { id } of handles) expectation[id] = await goldenRecord(disk, reader.execution(id))
writeFileSync(`${target}.json`, `${JSON.stringify({ now: clock.now(), executions: expectation }, undefined, 1)}\n`)
await disk.close()

await settleFile(file)
process.exit(0)
