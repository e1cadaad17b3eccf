/** Steps that wait for the test: held ones, heeding their signals or not, and mocks with a gate of their own. */
import { expect, test } from 'vitest'
import { createTestRuntime } from '../../../src/testing/index.js'
import { orders } from './orders.js'

test('a step that is held and does not heed its signal goes on, and time passes all the same', async () => {
  const world = createTestRuntime({ entryPoints: [orders] })
  const held = world.hold('charge', { heedsSignal: false })
  const order = await world.trigger('orders', { amount: 42 }, { timeout: 60_000 })
  await order.send({ type: 'APPROVE' })
  const call = await held.startedWith(42)
  await expect(held.startedWith(42, 2)).rejects.toThrow('Step charge with 42 has started 1 times, not 2.')
  await world.advance(60_000)
  expect(call.signal.aborted).toBe(true)
  expect(await order.get()).toMatchObject({ status: 'cancelling' })
  call.resolve('too late')
  expect(await order.result()).toEqual({ status: 'timed_out', limit: 'timeout' })
  expect(held.callsWith(41)).toEqual([])
  await world.stop()
})

test('a mock waits for what the test decides, while time passes', async () => {
  const world = createTestRuntime({ entryPoints: [orders] })
  let open: (receipt: string) => void = () => undefined
  const gate = new Promise<string>((resolve) => (open = resolve))
  world.mock('charge', ({ waitFor }) => waitFor(gate))
  const order = await world.trigger('orders', { amount: 42 })
  await order.send({ type: 'APPROVE' })
  await world.advance(3_600_000)
  expect(await order.get()).toMatchObject({ status: 'running' })
  open('receipt')
  expect(await order.result()).toEqual({ status: 'completed', output: 'receipt' })
  await world.stop()
})
