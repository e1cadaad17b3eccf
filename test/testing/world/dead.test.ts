/** What is asked of a process that was killed, and that no other one follows. */
import { beforeEach, expect, test } from 'vitest'
import { createTestRuntime } from '../../../src/testing/index.js'
import { hurried } from '../../support/hurried.js'
import { orders } from './orders.js'

beforeEach(hurried)

test('a call to a process that is dead says so, if no other one begins', async () => {
  const world = createTestRuntime({ entryPoints: [orders] })
  const order = await world.trigger('orders', { amount: 42 })
  world.crash()
  const stuck = { code: 'stuck', message: expect.stringContaining('restart()') as string }
  await Promise.all([
    expect(order.get()).rejects.toMatchObject(stuck),
    expect(order.send({ type: 'NOTE' })).rejects.toMatchObject(stuck),
    expect(world.executions()).rejects.toMatchObject(stuck),
    expect(world.trigger('orders', { amount: 1 })).rejects.toMatchObject(stuck),
  ])
  await world.restart()
  expect(await order.get()).toMatchObject({ status: 'waiting', value: 'approval' })
  await world.stop()
})

test('waiting for a result of a process that is dead says so as well', async () => {
  const world = createTestRuntime({ entryPoints: [orders] })
  const order = await world.trigger('orders', { amount: 42 })
  world.crash()
  await expect(order.result()).rejects.toMatchObject({ code: 'stuck' })
  await world.restart()
  await world.stop()
})
