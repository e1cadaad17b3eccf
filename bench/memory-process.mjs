/**
 * What one execution costs in memory while it waits for an event: `live` (its actor stays in memory), or `passivated`
 * (it has left memory). Heap after a full collection, less that of the same runtime without executions; and how many
 * XState actors there are for each, which is 0 only if passivation really took place.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { queryObjects } from 'node:v8'
import { setTimeout as sleep } from 'node:timers/promises'
import { Actor } from 'xstate'
import { createRuntime, defineEntryPoint, sqliteStore } from './stateward-package.mjs'
import { waitingMachine } from './workload.mjs'

const { kind, executions } = JSON.parse(process.argv[2])

const LANES = 100

const usage = () => {
  globalThis.gc()
  const { heapUsed, rss } = process.memoryUsage()
  return { heapUsed, rss }
}

/** Passivation goes on in the background, so the heap is taken once it has come to rest. */
const settled = async () => {
  let last = usage()
  for (let calm = 0; calm < 3;) {
    await sleep(250)
    const now = usage()
    calm = Math.abs(now.heapUsed - last.heapUsed) < 0.005 * last.heapUsed ? calm + 1 : 0
    last = now
  }
  return last
}

const dir = mkdtempSync(join(tmpdir(), 'stateward-bench-memory-'))
try {
  const waiting = defineEntryPoint({
    id: 'waiting',
    program: waitingMachine,
    maxConcurrent: executions,
    passivateAfter: kind === 'live' ? Infinity : 0,
  })
  const runtime = createRuntime({ store: sqliteStore(join(dir, 'stateward.db')), entryPoints: [waiting] })
  await runtime.start()
  const fill = async (count) => {
    let left = count
    const lane = async () => {
      while (left-- > 0) await runtime.trigger('waiting', { n: left })
    }
    await Promise.all(Array.from({ length: LANES }, lane))
  }
  await fill(LANES)
  const before = await settled()
  const actorsBefore = queryObjects(Actor)
  await fill(executions)
  const after = await settled()
  const { executions: page } = await runtime.executions({ status: ['waiting'], limit: 1 })
  if (page.length !== 1) throw new Error('no execution is waiting')
  process.send({
    kind,
    executions,
    bytes: (after.heapUsed - before.heapUsed) / executions,
    actors: (queryObjects(Actor) - actorsBefore) / executions,
    rssBytes: (after.rss - before.rss) / executions,
  })
  await runtime.stop()
} finally {
  rmSync(dir, { recursive: true, force: true })
}
