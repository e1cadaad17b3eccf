/**
 * What keys cost, and whether a backlog of one key delays others: `npm run build && node bench/flow-control.mjs`.
 *
 * Prints ratios of one run: executions in a second, 100 at a time, with a key and a rate that never bind, to those without; and the
 * mean waiting time of 999 tenants beside one with 10,000 executions in the queue, to that without it.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createRuntime, defineEntryPoint, fromStep } from '../dist/index.js'
import { sqliteStore } from '../dist/sqlite.js'

const program = fromStep(() => 1)
const keyOf = ({ tenant }) => tenant

async function withRuntime(options, run) {
  const folder = mkdtempSync(join(tmpdir(), 'stateward-flow-'))
  const work = defineEntryPoint({ id: 'work', program, maxQueued: 100_000, ...options })
  const runtime = createRuntime({ store: sqliteStore(join(folder, 'app.db')), entryPoints: [work] })
  await runtime.start()
  try {
    return await run(runtime)
  } finally {
    await runtime.stop()
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Executions in a second, 100 at a time. */
const speed = (options, count = 4_000) =>
  withRuntime({ maxConcurrent: 100, ...options }, async (runtime) => {
    const begun = performance.now()
    let next = 0
    const worker = async () => {
      while (next < count) await (await runtime.trigger('work', { tenant: `t${next++ % 500}` })).result()
    }
    await Promise.all(Array.from({ length: 100 }, worker))
    return (count * 1_000) / (performance.now() - begun)
  })

/** The mean waiting time of 999 tenants, in ms. */
const waiting = (backlog) =>
  withRuntime({ maxConcurrent: 20, concurrency: { key: keyOf, limit: 1 } }, async (runtime) => {
    await Promise.all(Array.from({ length: backlog }, () => runtime.trigger('work', { tenant: 'crowd' })))
    const begun = performance.now()
    const one = async (n) => {
      await (await runtime.trigger('work', { tenant: `t${n}` })).result()
      return performance.now() - begun
    }
    const times = await Promise.all(Array.from({ length: 999 }, (_, n) => one(n)))
    return times.reduce((sum, time) => sum + time, 0) / times.length
  })

/** The median of ratios, each of two measurements side by side. */
async function ratio(measured, base) {
  const ratios = []
  for (let run = 0; run < 5; run++) ratios.push((await measured()) / (await base()))
  return ratios.toSorted((a, b) => a - b)[2].toFixed(2)
}

const keyed = { concurrency: { key: keyOf, limit: 100 } }
const rated = { rate: { key: keyOf, limit: 1_000, per: 1_000 } }
const none = () => speed({})
await none()
console.log(`executions a second, 100 at a time, with a key: ${await ratio(() => speed(keyed), none)} of those without`)
console.log(`with a rate: ${await ratio(() => speed(rated), none)} of those without`)
const alone = () => waiting(0)
console.log(`999 tenants beside a backlog of 10,000 wait ${await ratio(() => waiting(10_000), alone)} of the time without it`)
