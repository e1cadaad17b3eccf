// What must not grow, as ratios within one run (npm run bench:costs); exits with 1 if one is past its limit.
import { execFileSync } from 'node:child_process'
import { createHmac } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { fileURLToPath } from 'node:url'
import { createRuntime, defineEntryPoint, fromStep } from '../dist/index.js'
import { memoryStore } from '../dist/memory.js'
import { sqliteStore } from '../dist/sqlite.js'
import { header, hmac, webhook } from '../dist/triggers.js'
import { encode } from '../dist/codec/snapshot-codec.js'
import { assign, fromPromise, setup } from 'xstate'
import { expectedOutput, machine } from './workload.mjs'

let failed = false
function tell(what, value, limit) {
  const isOver = value > limit
  failed ||= isOver
  console.log(`${isOver ? 'OVER ' : 'ok   '} ${what}: ${value.toFixed(2)} (at most ${limit})`)
}

const rows = (at) => ({
  context: {
    rows: Array.from({ length: 10_000 }, (_, id) => ({
      id,
      name: `row number ${id}`,
      ok: true,
      tags: ['a', 'b'],
      at: id === 0 ? at : 1,
    })),
  },
})
const best = (value) => {
  let least = Infinity
  for (let n = 0; n < 40; n++) {
    const from = performance.now()
    encode(value, { id: 'bench', what: 'program' })
    least = Math.min(least, performance.now() - from)
  }
  return least
}
tell('one Date in a context of 0.7 MB, against a plain one', best(rows(new Date())) / best(rows(1)), 1.5)

const named = 20
const noted = Object.fromEntries(Array.from({ length: named }, (_, n) => [`note${n}`, () => undefined]))
const program = setup({ actions: noted }).createMachine({
  id: 'acting',
  context: { ...rows(1).context, at: 0 },
  on: Object.fromEntries(
    [1, 5, named].map((n) => [
      `GO${n}`,
      { actions: [assign({ at: ({ context }) => context.at + 1 }), ...Object.keys(noted).slice(0, n)] },
    ]),
  ),
})
const acting = createRuntime({ store: memoryStore(), entryPoints: [defineEntryPoint({ id: 'acting', program })] })
await acting.start()
const actor = await acting.trigger('acting')
const least = { 1: Infinity, 5: Infinity, [named]: Infinity }
for (let round = 0; round < 15; round++)
  for (const n of [1, 5, named]) {
    const from = performance.now()
    await actor.send({ type: `GO${n}` })
    least[n] = Math.min(least[n], performance.now() - from)
  }
await acting.stop()
const shown = [1, 5, named].map((n) => `${n}: ${least[n].toFixed(1)} ms`).join(', ')
tell(`${named} named actions of one transition with that context, against one (${shown})`, least[named] / least[1], 1.5)

let queries = 0
const kept = memoryStore()
const store = { ...kept, events: (query) => (queries++, kept.events(query)), lastSeq: () => (queries++, kept.lastSeq()) }
const entryPoints = [defineEntryPoint({ id: 'quick', program: fromPromise(async () => 1) })]
const runtime = createRuntime({ store, entryPoints, pollInterval: 60_000 })
await runtime.start()
const readers = Array.from({ length: 2_000 }, async (_, n) => {
  for await (const event of runtime.events({ execution: `other-${n}` })) void event
})
for (let before = -1; before !== queries;) {
  before = queries
  await new Promise((resolve) => setTimeout(resolve, 200))
}
const before = queries
for (let n = 0; n < 100; n++) await (await runtime.trigger('quick')).result()
tell('queries for 2,000 readers of events, an execution of two commits', (queries - before) / 100, 3)
await runtime.stop()
await Promise.all(readers)

/** How long so many events of executions take, in ms: with a reader that has taken one and sleeps, or without. */
async function events(count, isAsleep, file) {
  const own = createRuntime({ store: sqliteStore(join(folder, file)), entryPoints })
  await own.start()
  const reader = own.events({ since: 0 })
  await own.publish('first')
  if (isAsleep) await reader.next()
  const from = performance.now()
  for (let n = 0; n < count / 300; n++)
    await Promise.all(Array.from({ length: 100 }, async () => (await own.trigger('quick')).result()))
  const took = performance.now() - from
  if (isAsleep) {
    const { seq } = await own.publish('last')
    let seen = 1
    for await (const event of reader) if (++seen && event.seq === seq) break
    if (seen !== seq) throw new Error(`the sleeper got ${seen} events of ${seq}`)
  }
  await own.stop()
  return took
}

/** What so many executions of three steps cost, in ms of CPU: started by requests of a sender who signs, or by calls. */
async function started(count, byWebhook, file) {
  const secret = 'a secret of both'
  const trigger = webhook({
    path: '/hook',
    verify: hmac({ header: 'x-signature', secret }),
    idempotencyKey: header('x-delivery'),
    input: ({ body }) => body,
  })
  const own = createRuntime({
    store: sqliteStore(join(folder, file)),
    entryPoints: [defineEntryPoint({ id: 'bench', program: machine, maxConcurrent: 100, ...(byWebhook ? { trigger } : {}) })],
  })
  await own.start()
  const requests = Array.from({ length: byWebhook ? count : 0 }, (_, n) => {
    const body = JSON.stringify({ n })
    const signature = createHmac('sha256', secret).update(body).digest('hex')
    const said = { 'content-type': 'application/json', 'content-length': `${body.length}` }
    return new Request('http://localhost/hook', {
      method: 'POST',
      headers: { ...said, 'x-delivery': `${n}`, 'x-signature': `sha256=${signature}` },
      body,
    })
  })
  const start = async (n) => {
    if (!byWebhook) return own.trigger('bench', { n }, { idempotencyKey: `${n}` })
    const response = await own.fetch(requests[n])
    if (response.status !== 202) throw new Error(`delivery ${n} was answered ${response.status}`)
    return own.execution((await response.json()).id)
  }
  const numbers = Array.from({ length: count }, (_, n) => n).values()
  const from = process.cpuUsage()
  const work = async () => {
    for (const n of numbers) {
      const { output } = await (await start(n)).result()
      if (output !== expectedOutput(n)) throw new Error(`execution ${n} has ended with ${output}`)
    }
  }
  await Promise.all(Array.from({ length: 100 }, work))
  const { user, system } = process.cpuUsage(from)
  await own.stop()
  return (user + system) / 1000
}

/** What is measured with something, against without it: the middle of nine pairs. */
async function pairedRatio(measure) {
  const ratios = []
  for (let pair = 0; pair < 9; pair++) {
    const taken = {}
    // in turn first and second: what the machine does beside is the same for both
    for (const isWith of pair % 2 ? [true, false] : [false, true]) taken[isWith] = await measure(isWith, pair)
    ratios.push(taken[true] / taken[false])
  }
  return ratios.toSorted((a, b) => a - b)[4]
}

const folder = mkdtempSync(join(tmpdir(), 'stateward-costs-'))
/** A figure of `stored-costs-process.mjs`, taken in a process of its own. */
const measured = (what, file) =>
  JSON.parse(
    execFileSync(
      process.execPath,
      [fileURLToPath(new URL('stored-costs-process.mjs', import.meta.url)), what, join(folder, file)],
      {
        encoding: 'utf8',
      },
    ),
  )
try {
  const { log } = measured('fill', 'large.db')
  tell('write-ahead log after 100 executions of 1 MB in one go, of their size', log, 0.5)
  const { get, list } = measured('list', 'large.db')
  tell('longest block of the event loop: a list of 100 executions of 1 MB, against getting one', list / get, 10)
  const { growth } = measured('command', 'large.db')
  tell('memory for a command to 100 stored executions of 1 MB, of their size', growth, 3.5)
  const delivered = await pairedRatio((byWebhook, pair) => started(2_000, byWebhook, `webhook-${pair}-${byWebhook}.db`))
  tell('CPU of an execution of three steps that a webhook starts, against trigger (the middle of 9 pairs)', delivered, 1.3)
  const sleeper = await pairedRatio((isAsleep, pair) => events(10_000, isAsleep, `sleeper-${pair}-${isAsleep}.db`))
  tell('time for 10,000 events beside a reader that sleeps, against without it (the middle of 9 pairs)', sleeper, 1.05)
  const poll = measured('poll', 'mail.db')
  tell('CPU of a look with 100,000 undelivered events of paused executions, against none', poll.with / poll.without, 2)
  const speaking = (speaks) =>
    fromStep(async ({ stream }) => {
      for (let n = 0; n < 10_000; n++) {
        await (speaks ? stream(`token ${n}`) : undefined)
        if (n % 10 === 0) await new Promise((resolve) => setTimeout(resolve, 1))
      }
    })
  const speakers = createRuntime({
    store: sqliteStore(join(folder, 'streams.db')),
    entryPoints: [true, false].map((speaks) => defineEntryPoint({ id: String(speaks), program: speaking(speaks) })),
  })
  await speakers.start()
  const spoken = []
  for (let round = 0; round < 3; round++) {
    const took = {}
    for (const speaks of [true, false]) {
      const from = performance.now()
      await (await speakers.trigger(String(speaks))).result()
      took[speaks] = performance.now() - from
    }
    spoken.push(took.true / took.false)
  }
  await speakers.stop()
  tell(
    'a step that streams 10,000 chunks, against the same step without (the middle of 3)',
    spoken.toSorted((x, y) => x - y)[1],
    2.5,
  )
} finally {
  rmSync(folder, { recursive: true, force: true })
}
process.exit(failed ? 1 : 0)
