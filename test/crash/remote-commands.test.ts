/** Commands for executions that another process holds: carried out there, answered here. */
import { expect, test } from 'vitest'
import type { ExecutionRecord } from '../../src/index.js'
import { CrashFolder } from './support/crash-folder.js'
import { idOf, quit } from './support/side-by-side.js'
import { orderOutput } from './processes/order-machine.js'
import { readStepLog } from './processes/step-log.js'

test('a command for an execution of another process is carried out there and answered here', async () => {
  const folder = new CrashFolder()
  const both = { stays: true, pollInterval: 50, gate: folder.gate, gatedStep: 'charge' } as const
  const holder = folder.start({ ...both, from: 0, to: 3 })
  await holder.waitUntil(
    'its steps are in flight',
    () => readStepLog(folder.log).filter(({ name }) => name === 'charge').length === 3,
  )
  const caller = folder.start({ ...both, approves: false })
  await caller.untilSaid('started')
  const [first, second, third] = [0, 1, 2].map((n) => idOf(holder, n))

  const cancelled = caller.ask({ call: 'cancel', id: first })
  const paused = caller.ask({ call: 'pause', id: second })
  expect(await caller.ask({ call: 'send', id: third, event: { type: 'LATE' } })).toEqual({ ok: { status: 'queued' } })
  await holder.waitUntil('the pause has reached its holder', async () => {
    const record = await caller.get<ExecutionRecord>({ call: 'get', id: second })
    return record.status === 'pausing'
  })
  expect(await caller.ask({ call: 'result', id: third, timeout: 0 })).toEqual({ ok: { status: 'timeout' } })
  folder.openGate()
  expect(await cancelled).toEqual({ ok: { status: 'cancelled' } })
  expect(await paused).toMatchObject({ ok: { status: 'paused' } })
  expect(await caller.ask({ call: 'pause', id: second })).toMatchObject({ ok: { status: 'already_paused' } })
  expect(await caller.ask({ call: 'resume', id: second })).toMatchObject({ ok: { status: 'resumed' } })
  for (const [n, id] of [[1, second] as const, [2, third] as const]) {
    expect(await caller.ask({ call: 'result', id })).toEqual({ ok: { status: 'completed', output: orderOutput(n) } })
  }
  expect(await caller.ask({ call: 'cancel', id: first })).toEqual({ ok: { status: 'already_finished', as: 'cancelled' } })
  expect(await caller.ask({ call: 'result', id: first })).toMatchObject({ ok: { status: 'cancelled' } })
  await quit(caller, holder)
})
