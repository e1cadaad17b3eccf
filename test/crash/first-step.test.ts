/** After kill -9 nobody waits for the lease of a process that is gone. The lease is left at its 15 seconds. */
import { expect, test } from 'vitest'
import { CrashFolder } from './support/crash-folder.js'
import { readStepLog } from './processes/step-log.js'

test('the first step of a recovered execution runs within a second of start()', async () => {
  const folder = new CrashFolder()
  const killed = folder.start({ to: 50, gate: folder.gate, maxConcurrent: 50 })
  const shipping = () => readStepLog(folder.log).filter(({ name }) => name === 'ship')
  await killed.waitUntil('every order has its last step in flight', () => shipping().length === 50)
  await killed.kill()
  // nothing is triggered here: what runs is what was recovered
  const next = folder.start({ gate: folder.gate, maxConcurrent: 50, stays: true })
  const waited = Number(await next.untilSaid('first-step'))
  process.stdout.write(`the first step ran ${waited.toFixed(0)} ms after start() was called\n`)
  expect(waited).toBeLessThan(1_000)
  await next.waitUntil('it is written', () => shipping().length > 50)
  expect(shipping()[50]?.pid).toBe(next.pid)
})
