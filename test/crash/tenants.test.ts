/** Keys and rates of real processes on one file, one frozen, one killed: no limit is broken at any look, and all work is done. */
import { expect, test } from 'vitest'
import { createClient } from '../../src/index.js'
import { loadSqliteDriver } from '../../src/persistence/sqlite/sqlite-driver.js'
import { sqliteStore } from '../../src/sqlite.js'
import { freezeUnlocked } from './support/database-lock.js'
import { CrashFolder } from './support/crash-folder.js'
import { RealProcess } from './support/real-process.js'
import { limits, tenantWork } from './processes/tenant-work.js'

const TENANTS = ['a', 'b', 'c', 'd']
const EACH = 100

test('of two processes, one frozen and one killed, each tenant has one execution at a time, and all of them end', async () => {
  const folder = new CrashFolder()
  const start = () => folder.adopt(RealProcess.start('tenant-process', [folder.db]))
  const ran = (process: RealProcess) => process.said('ran').length
  const one = start()
  await one.untilSaid('started')
  const two = start()
  await two.untilSaid('started')
  const store = sqliteStore(folder.db)
  const client = createClient({ store, entryPoints: [tenantWork(() => Promise.resolve())] })
  for (let n = 0; n < EACH; n++) await Promise.all(TENANTS.map((tenant) => client.trigger('work', { tenant, n })))

  const { open } = await loadSqliteDriver()
  const database = open(folder.db)
  // one statement sees one instant
  const rows = database.prepare('SELECT input, started_at AS startedAt, ended_at AS endedAt FROM stateward_executions') as {
    all(): { input: string; startedAt: number | null; endedAt: number | null }[]
  }
  /** How many have ended; no tenant has more than its limits at this instant. */
  const look = () => {
    const all = rows.all()
    for (const tenant of TENANTS) {
      const own = all.filter(({ input }) => input.includes(`"tenant":"${tenant}"`))
      expect(own).toHaveLength(EACH)
      const begun = own.filter(({ startedAt, endedAt }) => startedAt !== null && endedAt === null)
      expect(begun.length).toBeLessThanOrEqual(limits.concurrency)
      const starts = own.flatMap(({ startedAt }) => startedAt ?? []).toSorted((x, y) => x - y)
      for (const [index, at] of starts.entries())
        expect(at - (starts[index - limits.rate.limit] ?? -Infinity)).toBeGreaterThanOrEqual(limits.rate.per)
    }
    return all.filter(({ endedAt }) => endedAt !== null).length
  }
  await one.waitUntil('both have begun some', () => look() >= 0 && ran(one) > 5 && ran(two) > 5)
  await freezeUnlocked(one, folder.db)
  const before = ran(two)
  await two.waitUntil('the other goes on', () => look() >= 0 && ran(two) > before + 15)
  one.thaw()
  await two.kill()
  const next = start()
  await next.waitUntil('all has ended', () => look() === TENANTS.length * EACH)
  for (const process of [one, next]) await process.kill()
  await client.close()
  database.close()
})
