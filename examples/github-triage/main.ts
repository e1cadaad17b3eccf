/**
 * GitHub triage: the real webhook payloads through three durable streams. Kill it whenever you like and start it again.
 * Its options: `--help`.
 */
import { setMaxListeners } from 'node:events'
import { rmSync } from 'node:fs'
import { createRuntime, defineEntryPoint } from 'stateward'
import { sqliteStore } from 'stateward/sqlite'
import { startApprover } from './approver.js'
import { deliverTo } from './deliver.js'
import { issueMachine } from './issue-machine.js'
import { otherMachine } from './other-machine.js'
import { readOutbox } from './outbox.js'
import { countByEntryPoint, readPayloads } from './payloads.js'
import { ended, startProgress } from './progress.js'
import { pullRequestMachine } from './pull-request-machine.js'
import { settingsOfProcess } from './settings.js'
import { pace } from './steps.js'
import { discrepancies, renderSummary } from './summary.js'
import { addUp, collect, outcomesOf } from './totals.js'

const settings = settingsOfProcess()
const payloads = readPayloads()
const expected = countByEntryPoint(payloads)
const { db, outbox } = settings
const again = 'Start it again to go on where it stopped.'
/** Longer than the reminder, so that the timers have something to do. */
const thinkFor = 400

pace.slow = settings.slow
if (settings.fresh) for (const file of [db, `${db}-wal`, `${db}-shm`, outbox]) rmSync(file, { force: true })

const actors = { deliver: deliverTo(outbox) }
const issues = defineEntryPoint({
  id: 'issues',
  program: issueMachine.provide({ actors }),
  version: '1',
  maxConcurrent: 8,
  priority: 5,
})
const pullRequests = defineEntryPoint({
  id: 'pull-requests',
  program: pullRequestMachine.provide({ actors }),
  version: '1',
  maxConcurrent: 12,
  priority: 10,
})
const everythingElse = defineEntryPoint({
  id: 'everything-else',
  program: otherMachine.provide({ actors }),
  version: '1',
  maxConcurrent: 4,
  priority: 0,
})
const runtime = createRuntime({ store: sqliteStore(db), entryPoints: [issues, pullRequests, everythingElse] })

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
  const earlier = addUp(await collect(runtime))
  const before = Object.values(earlier.statuses).reduce((sum, counts) => sum + ended(counts), 0)
  if (before === payloads.length) {
    console.log(`${db} holds a finished run; --fresh starts anew.\n`)
    return report()
  }
  if (earlier.executions > 0) console.log(`${db}: ${before} of ${payloads.length} done in an earlier run, going on.`)
  else {
    // What an empty database did not deliver belongs to a run that was thrown away.
    rmSync(outbox, { force: true })
    console.log(`${payloads.length} payloads. Kill it whenever you like. ${again}`)
  }

  const approver = startApprover(runtime, thinkFor, (error) => {
    process.exitCode = 1
    console.error('The approver failed:', error)
  })
  const progress = startProgress(runtime.registry.streams, expected, process.stdout)
  let ending: 'done' | 'quit'
  try {
    ending = await Promise.race([handleAll(), quitting])
  } finally {
    progress.stop()
    await approver.stop()
  }
  if (ending === 'quit') console.log(`\nStopped. ${again}`)
  else await report()
}

async function handleAll(): Promise<'done'> {
  const { signal } = quit
  const executions = await Promise.all(
    payloads.map(({ entryPoint, input }) =>
      runtime.trigger(entryPoint, input, { idempotencyKey: input.key, correlationId: input.key }),
    ),
  )
  // Failures show in the totals; an abort has been answered by then.
  await Promise.allSettled(executions.map((execution) => execution.result({ signal })))
  return 'done'
}

async function report(): Promise<void> {
  const executions = await collect(runtime)
  const found = { totals: addUp(executions), deliveries: readOutbox(outbox), expected }
  console.log(`\n${renderSummary({ ...found, outcomes: outcomesOf(executions), settings })}`)
  if (discrepancies(found).length > 0) process.exitCode = 1
}
