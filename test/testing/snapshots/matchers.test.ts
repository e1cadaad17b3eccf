/** The matchers: each passes, fails with what there is, and can be negated; under vitest, on snapshots, records and handles. */
import 'stateward/testing/vitest'
import { describe, expect, expectTypeOf, it, onTestFinished } from 'vitest'
import { createRuntime, type ExecutionRecord } from '../../../src/index.js'
import { memoryStore } from '../../../src/memory.js'
import { createTestRuntime, executionSnapshot, snapshotOf } from '../../../src/testing/index.js'
import { carts, orders, payments } from './order-entry-points.js'

function world() {
  const runtime = createTestRuntime({ entryPoints: [orders, carts, payments] })
  onTestFinished(() => runtime.stop())
  return runtime
}

async function recordOf(handle: { get(): Promise<object> }): Promise<ExecutionRecord> {
  return (await handle.get()) as ExecutionRecord
}

/** The first line of what a failing assertion says. */
function complaint(assertion: () => unknown): string {
  try {
    assertion()
  } catch (error) {
    return (error as Error).message.split('\n')[0] ?? ''
  }
  throw new Error('it holds')
}

describe('toBeInState', () => {
  it('takes a state, a part of it, and a path', async () => {
    const runtime = world()
    const cart = await snapshotOf(await runtime.trigger('carts'))
    expect(cart).toBeInState('clock')
    expect(cart).toBeInState('clock.ticking')
    expect(cart).toBeInState({ clock: 'ticking' })
    expect(cart).toBeInState({ clock: 'ticking', wallet: 'paid' })
    expect(cart).not.toBeInState('clock.late')
    expect(cart).not.toBeInState('ticking')
  })

  it('says where the execution is, and shows it', async () => {
    const runtime = world()
    const order = await snapshotOf(await runtime.trigger('orders', { amount: 42 }))
    expect(complaint(() => expect(order).toBeInState('charging'))).toBe(
      'expected execution <id> of orders to be in charging, but it is waiting in approval',
    )
    expect(complaint(() => expect(order).not.toBeInState('approval'))).toBe(
      'expected execution <id> of orders not to be in approval, but it is waiting in approval',
    )
    expect(() => expect(order).toBeInState('charging')).toThrow('after patience in approval, in 1h')
    expect(complaint(() => expect(order).toBeInState({ approval: 'left' }))).toContain('to be in approval.left')
  })

  it('does not hold for a program without states', async () => {
    const runtime = world()
    const payment = await runtime.trigger('payments', 7)
    await payment.result()
    await expect(payment).not.toBeInState('paid')
    await expect(expect(payment).toBeInState('paid')).rejects.toThrow('to be in paid, but it is completed')
  })
})

describe('toHaveStatus', () => {
  it('compares, and shows the error of one that has failed', async () => {
    const runtime = world()
    runtime.mock('payments', () => Promise.reject(new Error('the bank is closed')))
    const payment = await runtime.trigger('payments', 7)
    await payment.result()
    const snapshot = await snapshotOf(payment)
    expect(snapshot).toHaveStatus('failed')
    expect(snapshot).not.toHaveStatus('completed')
    expect(complaint(() => expect(snapshot).toHaveStatus('completed'))).toBe(
      'expected execution <id> of payments to have status completed, but it is failed',
    )
    expect(() => expect(snapshot).toHaveStatus('completed')).toThrow('error: Error: the bank is closed')
    expect(complaint(() => expect(snapshot).not.toHaveStatus('failed'))).toContain('not to have status failed')
  })
})

describe('toHaveRun', () => {
  it('counts the calls of a step', async () => {
    const runtime = world()
    const order = await runtime.trigger('orders', { amount: 42 })
    await order.send({ type: 'APPROVE' })
    await order.result()
    const snapshot = await snapshotOf(order)
    expect(snapshot).toHaveRun('charge')
    expect(snapshot).toHaveRun('charge', 1)
    expect(snapshot).toHaveRun('pay', 0)
    expect(snapshot).not.toHaveRun('charge', 2)
    expect(snapshot).not.toHaveRun('pay')
    // a misspelt name would never have run
    const unknown = /'chrage', which no program knows; there are: charge, pay, payments, reminder, ship/
    expect(() => expect(snapshot).toHaveRun('chrage')).toThrow(unknown)
    expect(() => expect(snapshot).not.toHaveRun('chrage')).toThrow(unknown)
    expect(complaint(() => expect(snapshot).toHaveRun('charge', 2))).toBe(
      'expected execution <id> of orders to have run charge 2 times, but it ran charge once, ship once',
    )
    expect(complaint(() => expect(snapshot).not.toHaveRun('charge'))).toContain('not to have run charge, but it ran charge once')
    const idle = await runtime.trigger('orders', { amount: 1 })
    await expect(expect(idle).toHaveRun('charge')).rejects.toThrow('but it ran nothing')
  })

  it('says that it needs a test runtime, negated or not', async () => {
    const runtime = createRuntime({ store: memoryStore(), entryPoints: [orders] })
    onTestFinished(() => runtime.stop())
    await runtime.start()
    const order = await runtime.trigger('orders', { amount: 42 })
    const needed = /needs an execution of a TestRuntime/
    await expect(expect(order).toHaveRun('charge')).rejects.toThrow(needed)
    await expect(expect(order).not.toHaveRun('charge')).rejects.toThrow(needed)
    const snapshot = await executionSnapshot(runtime, order)
    expect(() => expect(snapshot).not.toHaveRun('charge')).toThrow(needed)
    const record = await recordOf(order)
    expect(() => expect(record).toHaveRun('charge')).toThrow(needed)
  })
})

describe('toHaveEmitted', () => {
  it('takes a type, a part of an event, and asymmetric matchers', async () => {
    const runtime = world()
    const order = await runtime.trigger('orders', { amount: 42 })
    const before = await snapshotOf(order)
    await order.send({ type: 'APPROVE' })
    await order.result()
    const snapshot = await snapshotOf(order)
    expect(snapshot).toHaveEmitted('APPROVED')
    expect(snapshot).toHaveEmitted({ type: 'APPROVED' })
    expect(snapshot).toHaveEmitted({ type: 'APPROVED', amount: expect.any(Number) })
    expect(snapshot).not.toHaveEmitted('APPROVE')
    expect(snapshot).not.toHaveEmitted({ type: 'APPROVED', amount: 41 })
    expect(await snapshotOf(order, { since: snapshot })).not.toHaveEmitted('APPROVED')
    expect(await snapshotOf(order, { since: before })).toHaveEmitted('SHIPPED')
    expect(complaint(() => expect(snapshot).toHaveEmitted({ type: 'APPROVED', amount: 41 }))).toBe(
      'expected execution <id> of orders to have emitted APPROVED { amount: 41 }, but it emitted APPROVED { amount: 42 }, SHIPPED',
    )
    expect(complaint(() => expect(snapshot).not.toHaveEmitted('SHIPPED'))).toContain('not to have emitted SHIPPED')
    expect(complaint(() => expect(before).toHaveEmitted('SHIPPED'))).toContain('but it emitted nothing')
  })

  it('says that a record has no journal, negated or not', async () => {
    const record = await recordOf(await world().trigger('orders', { amount: 42 }))
    expect(() => expect(record).toHaveEmitted('SHIPPED')).toThrow(/needs the journal/)
    expect(() => expect(record).not.toHaveEmitted('SHIPPED')).toThrow(/needs the journal/)
  })
})

describe('a matcher', () => {
  it('judges a record at once, and a handle once its execution has come to rest', async () => {
    const runtime = world()
    const order = await runtime.trigger('orders', { amount: 42 })
    const record = await recordOf(order)
    expect(record).toBeInState('approval')
    expect(record).toHaveStatus('waiting')
    await order.send({ type: 'APPROVE' })
    await expect(order).toHaveStatus('completed')
    await expect(order).toBeInState('shipped')
    await expect(order).toHaveRun('ship', 1)
    await expect(order).toHaveEmitted('SHIPPED')
    await expect(order).not.toBeInState('approval')
    await expect(expect(order).toBeInState('approval')).rejects.toThrow('but it is completed at shipped')
  })

  it('refuses anything else, negated or not, and says what it was given', async () => {
    const runtime = world()
    const pending = snapshotOf(await runtime.trigger('orders', { amount: 42 }))
    const absent = await runtime.execution('nobody').get()
    for (const [subject, words] of [
      [pending, 'a promise: await it first'],
      [absent, '`not_found`: there is no such execution'],
      [null, 'null'],
      ['order-1', 'string'],
    ] as const) {
      expect(() => expect(subject).toHaveStatus('waiting')).toThrow(words)
      expect(() => expect(subject).not.toHaveStatus('waiting')).toThrow('needs an execution snapshot, a record or a handle')
    }
    await pending
  })

  it('about a handle must be awaited, and its types say so', async () => {
    const order = await world().trigger('orders', { amount: 42 })
    expectTypeOf(expect(order).toBeInState('approval')).toEqualTypeOf<Promise<void>>()
    expectTypeOf(expect(await snapshotOf(order)).toBeInState('approval')).toEqualTypeOf<void>()
    expectTypeOf(expect(order).toHaveStatus).parameter(0).not.toEqualTypeOf<string>()
  })
})
