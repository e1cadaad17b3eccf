/** A test runtime leaves no connection open. */
import { expect, test } from 'vitest'
import { memoryStore } from '../../../src/persistence/memory/memory-store.js'
import { createTestRuntime } from '../../../src/testing/index.js'
import { orders } from './orders.js'

test('the connections that a `store` function opened are closed when the runtime stops, those of dead processes as well', async () => {
  const shared = memoryStore()
  let open = 0
  const store = () => {
    let isOpen = false
    return {
      ...shared,
      open: async () => {
        if (!isOpen) open++
        isOpen = true
        await shared.open()
      },
      close: async () => {
        if (isOpen) open--
        isOpen = false
      },
    }
  }
  const world = createTestRuntime({ entryPoints: [orders], store })
  const order = await world.trigger('orders', { amount: 1 })
  await world.restart()
  // the world's own, and one for each process
  expect(open).toBe(3)
  await world.stop()
  expect(open).toBe(0)
  await world.restart()
  expect(await order.get()).toMatchObject({ status: 'waiting' })
  world.crash()
  await world.stop()
  expect(open).toBe(0)
})
