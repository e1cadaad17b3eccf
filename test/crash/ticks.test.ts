/** Ticks, schedules and later starts of real processes on one file, one frozen, one killed: each starts one execution, none is missing and none is early. */
import { expect, test } from 'vitest'
import { fromPromise } from 'xstate'
import { createClient, defineEntryPoint } from '../../src/index.js'
import { sqliteStore } from '../../src/sqlite.js'
import { CrashFolder } from './support/crash-folder.js'
import { freezeUnlocked } from './support/database-lock.js'
import { RealProcess } from './support/real-process.js'

test('of two processes with the same ticks, one frozen and one killed, each tick starts one execution', async () => {
  const folder = new CrashFolder()
  const start = () => folder.adopt(RealProcess.start('tick-process', [folder.db]))
  const ticks = (process: RealProcess, id: string) => process.said('ran').filter((line) => line.startsWith(id)).length
  const one = start()
  await one.untilSaid('started')
  const two = start()
  await two.untilSaid('started')
  await one.waitUntil('both have run ticks', () => ticks(one, 'interval') > 3 && ticks(two, 'interval') > 3)
  await freezeUnlocked(one, folder.db)
  const before = ticks(two, 'interval')
  await two.waitUntil('the other goes on alone', () => ticks(two, 'interval') > before + 20 && ticks(two, 'seconds') > 2)
  one.thaw()
  await two.kill()
  const next = start()
  await next.waitUntil(
    'ticks after the crash',
    () => ticks(next, 'interval') + ticks(one, 'interval') > 30 && ticks(next, 'interval') > 3,
  )
  for (const process of [one, next]) await process.kill()

  // what was under way in those that were killed
  const last = start()
  await last.waitUntil('all has ended', async () => {
    const store = sqliteStore(folder.db)
    await store.open()
    const { seconds = {}, interval = {}, scheduled = {}, later = {} } = await store.counts()
    await store.close()
    return [seconds, interval, scheduled, later].every((statuses) =>
      Object.keys(statuses).every((status) => status === 'completed'),
    )
  })
  await last.kill()
  const store = sqliteStore(folder.copy())
  await store.open()
  for (const [id, apart] of [
    ['seconds', 1_000],
    ['interval', 150],
    ['scheduled', 200],
  ] as const) {
    const { executions } = await store.query({ entryPoint: id, limit: 10_000 })
    const at = executions
      .map(({ idempotencyKey }) => Date.parse(idempotencyKey?.replace(/^.*:(?=\d{4}-)/, '') ?? ''))
      .toSorted((a, b) => a - b)
    expect(at.length).toBeGreaterThan(5)
    const [first = 0] = at
    expect(at, `ticks of ${id}`).toEqual(at.map((_, n) => first + n * apart))
  }
  const later = defineEntryPoint({ id: 'later', program: fromPromise(() => Promise.resolve()) })
  const { executions } = await createClient({ store, entryPoints: [later] }).executions({ entryPoint: 'later', limit: 1_000 })
  expect(executions.map(({ input }) => Number(input)).toSorted((a, b) => a - b)).toEqual(Array.from({ length: 60 }, (_, n) => n))
  for (const { startAt, startedAt } of executions) expect(startedAt).toBeGreaterThanOrEqual(startAt ?? Infinity)
  await store.close()
})
