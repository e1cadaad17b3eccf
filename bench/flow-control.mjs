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
const tenant = ({ tenant }) => tenant

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
  withRuntime({ maxConcurrent: 20, concurrency: { key: tenant, limit: 1 } }, async (runtime) => {
    await runtime.stream('work').pause()
    await Promise.all(Array.from({ length: backlog }, () => runtime.trigger('work', { tenant: 'crowd' })))
    const others = await Promise.all(Array.from({ length: 999 }, (_, n) => runtime.trigger('work', { tenant: `t${n}` })))
    const begun = performance.now()
    await runtime.stream('work').resume()
    const times = await Promise.all(others.map((each) => each.result().then(() => performance.now() - begun)))
    return times.reduce((sum, time) => sum + time, 0) / times.length
  })

await speed({})
const plain = await speed({})
for (const [name, options] of [
  ['a key', { concurrency: { key: tenant, limit: 100 } }],
  ['a rate', { rate: { key: tenant, limit: 1_000, per: 1_000 } }],
]) {
  const own = await speed(options)
  console.log(
    `100 at a time with ${name}: ${Math.round(own)} a second, ${(own / plain).toFixed(2)} of the ${Math.round(plain)} without`,
  )
}
const alone = await waiting(0)
const beside = await waiting(10_000)
console.log(
  `999 tenants beside a backlog of 10,000: ${Math.round(beside)} ms, ${(beside / alone).toFixed(2)} of the ${Math.round(alone)} ms without`,
)
