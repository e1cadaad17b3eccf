/**
 * GitHub triage: the real webhook payloads, delivered over HTTP by a process that plays GitHub, through three durable streams; and a
 * digest of each night. Kill it whenever you like and start it again. Its options: `--help`.
 */
import { randomBytes } from 'node:crypto'
import { setMaxListeners } from 'node:events'
import { rmSync } from 'node:fs'
import { createRuntime } from 'stateward'
import { serve } from 'stateward/server'
import { sqliteStore } from 'stateward/sqlite'
import { startApprover } from './approver.js'
import { entryPointsOf } from './entry-points.js'
import { nightlyDigestId, type NightlyDigest } from './nightly-digest.js'
import { readOutbox } from './outbox.js'
import { countByEntryPoint, readPayloads } from './payloads.js'
import { ended, startProgress } from './progress.js'
import { startSender } from './sender-process.js'
import type { SendingAccount } from './sending.js'
import { settingsOfProcess } from './settings.js'
import { pace } from './steps.js'
import { discrepancies, renderSummary } from './summary.js'
import { addUp, collect, outcomesOf } from './totals.js'

const settings = settingsOfProcess()
const expected = countByEntryPoint(readPayloads())
const total = Object.values(expected).reduce((sum, count) => sum + count, 0)
const { db, outbox } = settings
const again = 'Start it again to go on where it stopped.'
/** Longer than the reminder, so that the timers have something to do. */
const thinkFor = 400

pace.slow = settings.slow
if (settings.fresh) for (const file of [db, `${db}-wal`, `${db}-shm`, outbox]) rmSync(file, { force: true })

// what both sides of a webhook know; nothing that is stored depends on it
const secret = randomBytes(32).toString('hex')
const count = async () => addUp(await collect(runtime))
const entryPoints = entryPointsOf({ outbox, secret, nights: settings.night, count })
const runtime = createRuntime({ store: sqliteStore(db), entryPoints })

const quit = new AbortController()
// One listener for each execution that is waited for.
setMaxListeners(0, quit.signal)
let quitAt = 0
// A package manager passes on the Ctrl+C that the terminal has sent already; only a later one is meant.
process.on('SIGINT', () => {
  if (quit.signal.aborted && Date.now() - quitAt > 1000) process.exit(130)
  if (!quit.signal.aborted) quitAt = Date.now()
  quit.abort()
})
const quitting = new Promise<'quit'>((resolve) => quit.signal.addEventListener('abort', () => resolve('quit'), { once: true }))

await runtime.start()
try {
  await main()
} finally {
  await runtime.stop()
}

async function main(): Promise<void> {
  const earlier = await count()
  const before = Object.values(earlier.statuses).reduce((sum, counts) => sum + ended(counts), 0)
  if ((await lastDigest())?.handled === total) {
    console.log(`${db} holds a finished run; --fresh starts anew.\n`)
    return report()
  }
  if (earlier.executions > 0) console.log(`${db}: ${before} of ${total} done in an earlier run, going on.`)
  else {
    // What an empty database did not deliver belongs to a run that was thrown away.
    rmSync(outbox, { force: true })
    console.log(`${total} payloads. Kill it whenever you like. ${again}`)
  }

  const server = await serve(runtime, { port: settings.port })
  const sender = startSender(server.url, secret)
  const approver = startApprover(runtime, thinkFor, (error) => {
    process.exitCode = 1
    console.error('The approver failed:', error)
  })
  const progress = startProgress(runtime.registry.streams, expected, process.stdout)
  let ending: SendingAccount | 'quit'
  try {
    ending = await Promise.race([handleAll(sender.account), quitting])
  } finally {
    sender.stop()
    progress.stop()
    await approver.stop()
    await server.close()
  }
  if (ending === 'quit') console.log(`\nStopped. ${again}`)
  else await report(ending)
}

/** Resolves once everything was delivered, has ended, and stands in a digest. */
async function handleAll(delivering: Promise<SendingAccount>): Promise<SendingAccount> {
  const { signal } = quit
  const account = await delivering
  const executions = await collect(runtime)
  // Failures show in the totals; an abort has been answered by then.
  await Promise.allSettled(executions.map(({ id }) => runtime.execution(id).result({ signal })))
  if (!signal.aborted) await digestOfAll(signal)
  return account
}

async function digestOfAll(signal: AbortSignal): Promise<void> {
  await runtime.waitFor(
    {
      type: 'execution.completed',
      entryPoint: nightlyDigestId,
      where: ({ data }) => (data as NightlyDigest).handled === total,
    },
    { signal },
  )
}

async function lastDigest(): Promise<NightlyDigest | undefined> {
  const { executions } = await runtime.executions({ entryPoint: nightlyDigestId, status: 'completed', limit: 1 })
  return executions[0]?.output as NightlyDigest | undefined
}

async function report(sending?: SendingAccount): Promise<void> {
  const executions = await collect(runtime)
  const found = { totals: addUp(executions), deliveries: readOutbox(outbox), expected, digest: await lastDigest() }
  console.log(`\n${renderSummary({ ...found, sending, outcomes: outcomesOf(executions), settings })}`)
  if (discrepancies(found).length > 0) process.exitCode = 1
}
