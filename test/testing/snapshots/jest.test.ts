/** The serialiser and the matchers under jest: its own `expect`, and the formatter that its snapshots are made with. */
import { expect as jestExpect } from 'expect'
import { format, type Config } from 'pretty-format'
import { describe, expect, expectTypeOf, it, onTestFinished } from 'vitest'
import {
  createTestRuntime,
  executionSerializer,
  formatExecution,
  matchers,
  snapshotOf,
  type ExecutionMatchers,
} from '../../../src/testing/index.js'
import { orders } from './order-entry-points.js'

declare module 'expect' {
  interface Matchers<R extends void | Promise<void>, T> extends ExecutionMatchers<T, R> {}
}

jestExpect.extend(matchers)

async function anOrder() {
  const runtime = createTestRuntime({ entryPoints: [orders] })
  onTestFinished(() => runtime.stop())
  return runtime.trigger('orders', { amount: 42 })
}

describe('the serialiser, under jest,', () => {
  it('gives the text of a snapshot, at the place where it stands', async () => {
    const snapshot = await snapshotOf(await anOrder(), { since: Infinity })
    const text = formatExecution(snapshot)
    // as jest-snapshot calls it
    const options = { plugins: [executionSerializer], escapeRegex: true, indent: 2, printFunctionName: false }
    expect(format(snapshot, options)).toBe(text)
    const within = `{\n  "order": ${text.replaceAll('\n', '\n  ')},\n}`
    expect(format({ order: snapshot }, { ...options, printBasicPrototype: false })).toBe(within)
    expect(format({ status: 'waiting' }, options)).not.toContain('execution')
  })

  it('does so in the old form as well', async () => {
    const snapshot = await snapshotOf(await anOrder(), { since: Infinity })
    const { test, print } = executionSerializer
    const old = { plugins: [{ test, print } as NonNullable<Config['plugins']>[number]], printBasicPrototype: false }
    const now = { plugins: [executionSerializer], printBasicPrototype: false }
    for (const value of [snapshot, { order: snapshot }, [[snapshot]]]) expect(format(value, old)).toBe(format(value, now))
  })
})

describe('the matchers, under jest,', () => {
  it('pass, and can be negated', async () => {
    const order = await anOrder()
    const snapshot = await snapshotOf(order)
    jestExpect(snapshot).toBeInState('approval')
    jestExpect(snapshot).not.toHaveStatus('running')
    await order.send({ type: 'APPROVE' })
    await jestExpect(order).toHaveStatus('completed')
    await jestExpect(order).toHaveRun('charge', 1)
    await jestExpect(order).toHaveEmitted({ type: 'APPROVED', amount: jestExpect.any(Number) })
    await jestExpect(order).not.toHaveEmitted('APPROVE')
    await jestExpect(snapshotOf(order)).resolves.toBeInState('shipped')
  })

  it('fail with what there is', async () => {
    const order = await anOrder()
    const snapshot = await snapshotOf(order)
    expect(() => jestExpect(snapshot).toBeInState('charging')).toThrow(
      'expected execution <id> of orders to be in charging, but it is waiting in approval',
    )
    await expect(jestExpect(order).toHaveStatus('failed')).rejects.toThrow('to have status failed')
    await expect(jestExpect(order).toHaveEmitted('SHIPPED')).rejects.toThrow('but it emitted nothing')
    await expect(jestExpect(order).not.toBeInState('approval')).rejects.toThrow('not to be in approval')
  })

  it('have types', async () => {
    const order = await anOrder()
    expectTypeOf(jestExpect(order).toBeInState('approval')).toEqualTypeOf<Promise<void>>()
    expectTypeOf(jestExpect(await snapshotOf(order)).toBeInState('approval')).toEqualTypeOf<void>()
  })
})
