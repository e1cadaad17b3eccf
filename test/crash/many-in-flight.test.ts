/** Ten thousand executions in flight on SQLite, killed and recovered: nothing is lost. */
import { expect, test } from 'vitest'
import { CrashFolder } from './support/crash-folder.js'
import { OrderAudit } from './support/order-audit.js'
import { LINES_OF_AN_ORDER, orderOutput } from './processes/order-machine.js'
import { countStepLines } from './processes/step-log.js'

const ORDERS = 10_000
const settings = { to: ORDERS, maxConcurrent: ORDERS, maxQueued: ORDERS, synced: false }

test('ten thousand executions in flight outlive a kill, each with its one end', async () => {
  const folder = new CrashFolder()
  const audit = new OrderAudit(folder)
  const killed = folder.start({ ...settings, gate: folder.gate })
  await killed.waitUntil(
    'every order has its last step in flight',
    () => countStepLines(folder.log) === ORDERS * LINES_OF_AN_ORDER,
  )
  await killed.kill()
  await audit.ended(killed)
  folder.openGate()
  const begun = performance.now()
  const next = folder.start({ ...settings, gate: folder.gate })
  expect(await next.ended, next.story()).toEqual({ code: 0, signal: null })
  process.stdout.write(`${ORDERS} in flight were recovered and ended in ${(performance.now() - begun).toFixed(0)} ms\n`)
  await audit.ended(next)
  await audit.whole(
    ORDERS,
    new Map(Array.from({ length: ORDERS }, (_, n) => [n, { status: 'completed', output: orderOutput(n) }])),
  )
  expect(audit.repeated).toBe(ORDERS)
}, 240_000)
