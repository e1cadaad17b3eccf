/** Webhooks under load from another process, while the one that takes them is killed and started again: no delivery is lost, and none runs twice. */
import { expect, test } from 'vitest'
import { CrashFolder } from './support/crash-folder.js'
import { RealProcess } from './support/real-process.js'
import { readOrders } from './support/stored-orders.js'
import { readStepLog } from './processes/step-log.js'
import type { ReceiverSettings, SenderSettings } from './processes/webhook-settings.js'

const DELIVERIES = 1_000
const AT_ONCE = 50
/** After so many answers the receiver is killed. */
const KILLS = [250, 600]

test('a thousand deliveries, fifty at a time, over two kills: every 202 has its execution, and none is there twice', async () => {
  const folder = new CrashFolder()
  const start = (port: number) => {
    const settings: ReceiverSettings = { db: folder.db, log: folder.log, port }
    return folder.adopt(RealProcess.start('webhook-receiver-process', settings))
  }
  let receiver = start(0)
  const port = Number(await receiver.untilSaid('listening'))
  const load: SenderSettings = { url: `http://127.0.0.1:${port}`, count: DELIVERIES, atOnce: AT_ONCE }
  const sender = folder.adopt(RealProcess.start('webhook-sender-process', load))
  for (const after of KILLS) {
    await sender.waitUntil(`${after} answers`, () => sender.said('answered').length >= after)
    await receiver.kill()
    receiver = start(port)
    await receiver.untilSaid('listening')
  }
  await sender.untilSaid('finished')
  receiver.closeInput()
  await receiver.untilSaid('idle')
  await receiver.ended

  const answers = sender.said('answered').map((line) => line.split(' ') as [n: string, status: string, id: string])
  const idsOf = grouped(answers, ([n]) => Number(n))
  expect(idsOf.size).toBe(DELIVERIES)
  for (const [n, given] of idsOf) {
    expect(new Set(given.map(([, , id]) => id)).size, `ids of delivery ${n}`).toBe(1)
    expect(given.filter(([, status]) => status === '202').length, `new executions of delivery ${n}`).toBeLessThanOrEqual(1)
  }
  expect(sender.said('failed').length, 'the kills were felt').toBeGreaterThan(0)

  const { records, journal } = await readOrders(folder.db)
  expect(records).toHaveLength(DELIVERIES)
  for (const { id, idempotencyKey, status } of records) {
    const n = Number(idempotencyKey?.replace('delivery-', ''))
    expect({ id, status }).toEqual({ id: idsOf.get(n)?.[0]?.[2], status: 'completed' })
  }
  expect(journal.filter(({ type }) => type === 'execution.accepted')).toHaveLength(DELIVERIES)
  expect(journal.filter(({ type }) => type === 'execution.completed')).toHaveLength(DELIVERIES)

  const keys = grouped(readStepLog(folder.log), ({ n }) => n)
  expect(keys.size).toBe(DELIVERIES)
  for (const [n, lines] of keys) {
    expect(new Set(lines.map(({ key }) => key)).size, `keys of delivery ${n}`).toBe(1)
    expect(lines.length, `runs of delivery ${n}`).toBeLessThanOrEqual(1 + KILLS.length)
  }
})

function grouped<T>(all: readonly T[], keyOf: (one: T) => number): Map<number, T[]> {
  const groups = new Map<number, T[]>()
  for (const one of all) groups.set(keyOf(one), [...(groups.get(keyOf(one)) ?? []), one])
  return groups
}
