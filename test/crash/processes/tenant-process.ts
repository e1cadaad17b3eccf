/**
 * A process that works for tenants on one SQLite file, one execution of a tenant at a time, to be killed and frozen.
 *
 * Says on its standard output, a line each: `started`, and `ran <tenant> <n>` for each execution that it begins. Its one argument is
 * the path of the file.
 */
import { setTimeout as wait } from 'node:timers/promises'
import { createRuntime } from '../../../src/index.js'
import { sqliteStore } from '../../../src/sqlite.js'
import { tenantWork } from './tenant-work.js'

const [db = ''] = process.argv.slice(2)
const say = (line: string) => process.stdout.write(`${line}\n`)
const work = tenantWork(async ({ tenant, n }) => {
  say(`ran ${tenant} ${n}`)
  await wait(15)
})
const runtime = createRuntime({
  store: sqliteStore(db),
  entryPoints: [work],
  pollInterval: 50,
  lease: 1_000,
  logger: (...line: unknown[]) => process.stderr.write(`${line.map(String).join(' ')}\n`),
})
await runtime.start()
say('started')
