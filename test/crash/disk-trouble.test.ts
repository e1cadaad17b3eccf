/** A full disk, a read-only file and a corrupt row, under a real process: law 9, and the runtime stays answerable. */
import { execFileSync } from 'node:child_process'
import { chmodSync, closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { expect, onTestFinished, test } from 'vitest'
import type { Health } from '../../src/index.js'
import { otherUser } from '../support/other-user.js'
import { CrashFolder } from './support/crash-folder.js'
import { OrderAudit } from './support/order-audit.js'
import { repository } from './support/real-process.js'
import { idOf, quit } from './support/side-by-side.js'
import { orderOutput } from './processes/order-machine.js'
import { readStepLog } from './processes/step-log.js'

const outcomes = (count: number) =>
  new Map(Array.from({ length: count }, (_, n) => [n, { status: 'completed', output: orderOutput(n) }]))

/** A file system of its own, so small that it is soon full; undefined, with the reason on the output, where it can't be had. */
function smallDisk(): string | undefined {
  const at = mkdtempSync(join(tmpdir(), 'stateward-disk-'))
  onTestFinished(() => rmSync(at, { recursive: true, force: true }))
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=8m', 'tmpfs', at], { stdio: 'pipe' })
  } catch (error) {
    process.stdout.write(`skipped: no file system can be mounted here (${(error as Error).message.trim()})\n`)
    return undefined
  }
  onTestFinished(() => void execFileSync('umount', ['-l', at]))
  return at
}

/** Writes a file until there is no room for more of it. */
function fill(path: string): void {
  const file = openSync(path, 'w')
  try {
    for (;;) writeSync(file, Buffer.alloc(4096))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error
  } finally {
    closeSync(file)
  }
}

test('a full disk fails what is asked meanwhile with a typed error; once there is room all goes on and nothing is lost', async (context) => {
  const disk = smallDisk()
  if (disk === undefined) return context.skip()
  const folder = new CrashFolder(disk)
  const elsewhere = new CrashFolder()
  const audit = new OrderAudit(folder)
  const settings = { log: elsewhere.log, gate: elsewhere.gate, maxConcurrent: 30, stays: true, pollInterval: 50 }
  const running = folder.start({ ...settings, to: 20 })
  const shipping = () => readStepLog(elsewhere.log).filter(({ name }) => name === 'ship').length
  await running.waitUntil('its steps are in flight', () => shipping() === 20)

  const filler = join(disk, 'filler')
  fill(filler)
  // the log of the database may have room left in blocks that it has
  let n = 100
  let refused = await running.ask({ call: 'trigger', n })
  while (refused.error === undefined) refused = await running.ask({ call: 'trigger', n: ++n })
  expect(refused.error).toMatchObject({ name: 'StatewardError', code: 'store_failed' })
  expect(refused.error?.details).toMatchObject({ store: 'sqlite', location: folder.db })
  expect(typeof refused.error?.details?.['id']).toBe('string')
  expect(await running.get<Health>({ call: 'health' })).toMatchObject({ status: 'degraded', error: { code: 'store_failed' } })
  // reads are answered from what is durable
  const id = idOf(running, 7)
  expect(await running.get({ call: 'get', id })).toMatchObject({ id, status: 'running' })
  // a write is answered with a typed error, or waits in vain no longer than the trouble lasts
  const sent = await running.ask({ call: 'send', id: idOf(running, 8), event: { type: 'LATE' } })
  expect(sent.error?.code).toBe('store_failed')
  // the steps end while nothing can be written
  elsewhere.openGate()
  expect(await running.ask({ call: 'result', id, timeout: 300 })).toEqual({ ok: { status: 'timeout' } })

  rmSync(filler)
  await running.untilSaid('finished')
  await running.waitUntil('its health is good again', async () => (await running.get<Health>({ call: 'health' })).status === 'ok')
  await running.get({ call: 'trigger', n })
  expect(await running.get({ call: 'result', id: idOf(running, n) })).toEqual({ status: 'completed', output: orderOutput(n) })
  for (let more = 100; more <= n; more++) await running.get({ call: 'result', id: idOf(running, more) })
  await quit(running)
  audit.heard(running)
  const { records, journal } = await audit.stored()
  expect(records.map(({ status }) => status)).toEqual(records.map(() => 'completed'))
  expect(journal.filter(({ type }) => type === 'execution.completed').length).toBe(records.length)
  for (const [order, outcome] of outcomes(20)) expect(audit.outcomes.get(order)).toEqual(outcome)
})

test('a read-only database fails start() with a typed error, and all goes on once it may be written', async (context) => {
  const other = otherUser(`${repository}dist-processes/test/crash/processes/order-process.js`)
  if ('reason' in other) {
    process.stdout.write(`skipped: ${other.reason}\n`)
    return context.skip()
  }
  const folder = new CrashFolder()
  const audit = new OrderAudit(folder)
  const before = folder.start({ to: 10, gate: folder.gate })
  await before.waitUntil(
    'its steps are in flight',
    () => readStepLog(folder.log).filter(({ name }) => name === 'ship').length === 10,
  )
  await before.kill()
  await audit.ended(before)
  chmodSync(folder.path, 0o755)
  chmodSync(folder.log, 0o666)
  for (const suffix of ['', '-wal', '-shm']) chmodSync(folder.db + suffix, 0o444)
  // root may write whatever it is told not to
  const refused = folder.start({ to: 10 }, other.as)
  expect(await refused.ended).toMatchObject({ code: 1 })
  const said = refused.errors.join('\n')
  expect(said).toContain('StatewardError')
  expect(said).toContain('store_failed')
  expect(said).toContain(folder.db)
  expect(said).toContain('SQLITE_READONLY')

  for (const suffix of ['', '-wal', '-shm']) chmodSync(folder.db + suffix, 0o600)
  folder.openGate()
  const after = folder.start({ to: 10, gate: folder.gate })
  expect(await after.ended, after.story()).toEqual({ code: 0, signal: null })
  await audit.ended(after)
  await audit.whole(10, outcomes(10))
})

test('a corrupt row is named and kept, the others go on, and it goes on itself once it is mended', async () => {
  const folder = new CrashFolder()
  const audit = new OrderAudit(folder)
  const killed = folder.start({ to: 10, gate: folder.gate })
  await killed.waitUntil(
    'its steps are in flight',
    () => readStepLog(folder.log).filter(({ name }) => name === 'ship').length === 10,
  )
  await killed.kill()
  await audit.ended(killed)
  const id = idOf(killed, 4)
  const later = idOf(killed, 5)
  const half = '{"f":1,"v":{"half'
  const whole = swapState(folder.db, id, half)
  const wholeLater = swapState(folder.db, later, half)
  folder.openGate()

  const next = folder.start({ stays: true, gate: folder.gate, pollInterval: 50 })
  await next.untilSaid('started')
  for (const [n, other] of audit.accepted) {
    if (n !== 4 && n !== 5)
      expect(await next.get({ call: 'result', id: other })).toEqual({ status: 'completed', output: orderOutput(n) })
  }
  for (const request of [
    { call: 'get', id },
    { call: 'pause', id },
    { call: 'cancel', id },
    { call: 'send', id, event: { type: 'APPROVE' } },
  ]) {
    const { error, ok } = await next.ask(request)
    expect({ request, ok, code: error?.code }).toEqual({ request, ok: undefined, code: 'corrupt' })
    expect(error?.details).toMatchObject({ id })
  }
  expect((await next.ask({ call: 'result', id, timeout: 0 })).error?.code).toBe('corrupt')
  expect(next.errors.join('\n')).toContain(id)
  await next.get({ call: 'trigger', n: 10 })
  expect(await next.get({ call: 'result', id: idOf(next, 10) })).toEqual({ status: 'completed', output: orderOutput(10) })
  // one is mended under the running process, who takes it up when it is asked for; the other for the next process
  expect(swapState(folder.db, id, whole)).toBe(half)
  expect(await next.ask({ call: 'send', id, event: { type: 'LATE' } })).toMatchObject({ ok: {} })
  expect(await next.get({ call: 'result', id })).toEqual({ status: 'completed', output: orderOutput(4) })
  await quit(next)
  audit.heard(next)
  expect(swapState(folder.db, later, wholeLater)).toBe(half)
  const last = folder.start({ to: 11, gate: folder.gate })
  expect(await last.ended, last.story()).toEqual({ code: 0, signal: null })
  audit.heard(last)
  await audit.whole(11, outcomes(11))
})

/** Puts another text in the place of a stored state; gives the one that was there. */
function swapState(path: string, id: string, state: string): string {
  const database = new Database(path)
  try {
    const before = database.prepare<[string], { state: string }>('SELECT state FROM stateward_executions WHERE id = ?').get(id)
    database.prepare('UPDATE stateward_executions SET state = ? WHERE id = ?').run(state, id)
    return (before as { state: string }).state
  } finally {
    database.close()
  }
}
