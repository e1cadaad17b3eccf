/**
 * One figure of what large or many stored things cost, in a process of its own: prints JSON.
 *
 *   fill FILE     100 executions of 1 MB are accepted in one go: how large the write-ahead log is then
 *   list FILE     the longest block of the event loop in ms: to get one of them, to list them all
 *   command FILE  all of them, none in memory, are commanded at once: by how much the process grows
 *   poll FILE     CPU of a look in ms, without and with 100,000 undelivered events of paused executions
 */
import { statSync } from 'node:fs'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import Database from 'better-sqlite3'
import { setup } from 'xstate'
import { createRuntime, defineEntryPoint } from '../dist/index.js'
import { sqliteStore } from '../dist/sqlite.js'

const [what, file] = process.argv.slice(2)
const executions = 100
const size = 1_000_000
const undelivered = 100_000

const holder = setup({}).createMachine({
  id: 'holder',
  context: ({ input }) => ({ text: 'x'.repeat(input.size) }),
  on: { TOLD: {} },
})
const entryPoints = [defineEntryPoint({ id: 'holder', program: holder, maxConcurrent: 1_000 })]
async function begin(pollInterval = 60_000) {
  const runtime = createRuntime({ store: sqliteStore(file), entryPoints, pollInterval })
  await runtime.start()
  return runtime
}

async function longestBlock(work) {
  await sleep(100)
  const delay = monitorEventLoopDelay({ resolution: 1 })
  delay.enable()
  await sleep(20)
  await work()
  await sleep(20)
  delay.disable()
  return delay.max / 1e6
}

const phases = {
  async fill() {
    const runtime = await begin()
    await Promise.all(Array.from({ length: executions }, () => runtime.trigger('holder', { size })))
    const log = statSync(`${file}-wal`).size
    await runtime.stop()
    return { log: log / (executions * size) }
  },
  async list() {
    const runtime = await begin()
    const [one] = (await runtime.executions({ limit: 1 })).executions
    const get = await longestBlock(() => runtime.execution(one.id).get())
    const list = await longestBlock(() => runtime.executions({ limit: executions }))
    await runtime.stop()
    return { get, list }
  },
  async command() {
    const runtime = await begin()
    await sleep(200)
    const before = process.memoryUsage.rss()
    let most = before
    const watch = setInterval(() => (most = Math.max(most, process.memoryUsage.rss())), 5)
    await runtime.pause()
    clearInterval(watch)
    most = Math.max(most, process.memoryUsage.rss())
    await runtime.stop()
    return { growth: (most - before) / (executions * size) }
  },
  async poll() {
    const first = await begin()
    for (let n = 0; n < 50; n++) {
      const execution = await first.trigger('holder', { size: 10 })
      await execution.pause()
      await execution.send({ type: 'TOLD' })
    }
    await first.stop()
    const interval = 20
    const perLook = async () => {
      const runtime = await begin(interval)
      await sleep(500)
      const cpu = process.cpuUsage()
      const from = performance.now()
      await sleep(4_000)
      const { user, system } = process.cpuUsage(cpu)
      const looks = (performance.now() - from) / interval
      await runtime.stop()
      return (user + system) / 1e3 / looks
    }
    const without = await perLook()
    const database = new Database(file)
    database.exec(`
      INSERT INTO stateward_inbox (position, kind, at, payload)
      WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${undelivered / 50})
      SELECT position, kind, at, payload FROM stateward_inbox, n WHERE answered_at IS NULL AND kind <> 1`)
    const { count } = database.prepare('SELECT count(*) AS count FROM stateward_inbox WHERE answered_at IS NULL').get()
    database.close()
    return { without, with: await perLook(), count }
  },
}

console.log(JSON.stringify(await phases[what]()))
process.exit(0)
