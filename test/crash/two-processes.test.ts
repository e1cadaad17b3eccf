/** Two processes on one file: both work, each obeys what the other is told, and one that was frozen past its lease does no harm. */
import { expect, test } from 'vitest'
import { CrashFolder } from './support/crash-folder.js'
import { freezeUnlocked } from './support/database-lock.js'
import { OrderAudit } from './support/order-audit.js'
import { idOf, quit } from './support/side-by-side.js'
import { orderOutput } from './processes/order-machine.js'
import { readStepLog } from './processes/step-log.js'

const outcomes = (count: number) =>
  new Map(Array.from({ length: count }, (_, n) => [n, { status: 'completed', output: orderOutput(n) }]))

test('two processes accept and run on one file at the same time, each order in one of them', async () => {
  const folder = new CrashFolder()
  const audit = new OrderAudit(folder)
  const both = { stays: true, pollInterval: 50 }
  const left = folder.start({ ...both, from: 0, to: 40 })
  const right = folder.start({ ...both, from: 40, to: 80 })
  await Promise.all([left.untilSaid('finished'), right.untilSaid('finished')])
  await quit(left, right)
  audit.heard(left)
  await audit.ended(right)
  await audit.whole(80, outcomes(80))
  expect(audit.repeated).toBe(0)
  const charged = readStepLog(folder.log).filter(({ name }) => name === 'charge')
  expect(new Set(charged.map(({ pid }) => pid))).toEqual(new Set([left.pid, right.pid]))
})

test('an idempotency key that two processes are given at the same time is one execution', async () => {
  const folder = new CrashFolder()
  const both = { stays: true, pollInterval: 50, from: 0, to: 30 }
  const left = folder.start(both)
  const right = folder.start(both)
  await Promise.all([left.untilSaid('finished'), right.untilSaid('finished')])
  await quit(left, right)
  const audit = new OrderAudit(folder)
  // ids and outcomes of both agree
  for (const process of [left, right]) expect(process.said('accepted').toSorted()).toEqual(left.said('accepted').toSorted())
  expect(right.said('outcome').toSorted()).toEqual(left.said('outcome').toSorted())
  await audit.ended(left)
  await audit.whole(30, outcomes(30))
})

test('a process that was frozen past its lease commits nothing of what another took over, and goes on working', async () => {
  const folder = new CrashFolder()
  const audit = new OrderAudit(folder)
  const both = { stays: true, lease: 600, pollInterval: 50, gate: folder.gate, maxConcurrent: 40 }
  const frozen = folder.start({ ...both, from: 0, to: 30 })
  const shipping = (pid: number) => readStepLog(folder.log).filter((line) => line.name === 'ship' && line.pid === pid).length
  await frozen.waitUntil('its orders have their last step in flight', () => shipping(frozen.pid) === 30)
  const other = folder.start(both)
  await other.untilSaid('started')
  await freezeUnlocked(frozen, folder.db)
  await other.waitUntil('the other has taken every order over', () => shipping(other.pid) === 30)
  // from here on both could end them
  folder.openGate()
  frozen.thaw()
  await frozen.untilSaid('finished')

  const id = idOf(frozen, 3)
  expect(await frozen.ask({ call: 'cancel', id })).toEqual({ ok: { status: 'already_finished', as: 'completed' } })
  expect(await frozen.ask({ call: 'send', id, event: { type: 'APPROVE' } })).toMatchObject({ ok: { status: 'already_finished' } })
  // it is an owner again and accepts, runs and answers
  await frozen.get({ call: 'trigger', n: 30 })
  expect(await frozen.get({ call: 'result', id: idOf(frozen, 30) })).toEqual({ status: 'completed', output: orderOutput(30) })
  await quit(frozen, other)

  const lines = readStepLog(folder.log).filter(({ kind }) => kind === 'step')
  const others = lines.filter(({ pid, n }) => pid === other.pid && n < 30)
  expect(
    others.map(({ name }) => name),
    'only the steps in flight ran again',
  ).toEqual(Array.from({ length: 30 }, () => 'ship'))
  const frozens = lines.filter(({ pid, n }) => pid === frozen.pid && n < 30)
  expect(frozens.length, 'the frozen one started no step twice').toBe(120)
  const { journal } = await audit.stored()
  expect(journal.filter(({ type }) => type === 'execution.recovered').length).toBe(30)
  audit.heard(frozen)
  audit.outcomes.set(30, outcomes(31).get(30))
  await audit.whole(31, outcomes(31))
})

test('a process that does not notice that its lease is gone is refused by the store itself', async () => {
  const folder = new CrashFolder()
  const audit = new OrderAudit(folder)
  const both = { stays: true, pollInterval: 50, gate: folder.gate, maxConcurrent: 40 }
  const numb = folder.start({ ...both, from: 0, to: 30, lease: 600, numb: true })
  const shipping = (pid: number) => readStepLog(folder.log).filter((line) => line.name === 'ship' && line.pid === pid).length
  await numb.waitUntil('its orders have their last step in flight', () => shipping(numb.pid) === 30)
  const other = folder.start(both)
  await other.waitUntil('the other has taken every order over', () => shipping(other.pid) === 30)
  folder.openGate()
  await numb.untilSaid('finished')
  await quit(numb, other)
  audit.heard(numb)
  await audit.whole(30, outcomes(30))
  expect(readStepLog(folder.log).filter(({ kind }) => kind === 'step').length).toBe(30 * 4 + 30)
})

test('orders of a process that was killed are taken over by the one that lives, without a restart', async () => {
  const folder = new CrashFolder()
  const audit = new OrderAudit(folder)
  const both = { stays: true, pollInterval: 50, gate: folder.gate }
  const killed = folder.start({ ...both, from: 0, to: 20 })
  const alive = folder.start({ ...both })
  await killed.waitUntil('every order is accepted and some have their last step in flight', () => {
    return killed.said('accepted').length === 20 && readStepLog(folder.log).filter(({ name }) => name === 'ship').length >= 10
  })
  await killed.kill()
  await audit.ended(killed)
  folder.openGate()
  const ids = [...audit.accepted.values()]
  for (const [n, id] of ids.entries()) {
    expect(await alive.get({ call: 'result', id })).toEqual({
      status: 'completed',
      output: orderOutput([...audit.accepted.keys()][n] as number),
    })
  }
  await quit(alive)
  await audit.ended(alive)
  for (const n of audit.accepted.keys()) audit.outcomes.set(n, { status: 'completed', output: orderOutput(n) })
  await audit.whole(20, outcomes(20))
})
