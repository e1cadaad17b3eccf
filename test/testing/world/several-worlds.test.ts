/** Two test runtimes on one store are two processes: each with an `id` of its own. */
import { expect, test } from 'vitest'
import { memoryStore } from '../../../src/persistence/memory-store.js'
import { createTestRuntime } from '../../../src/testing/index.js'
import { orders } from './orders.js'

test('worlds that share a store are two owners, whose ids do not meet', async () => {
  const shared = memoryStore()
  const store = () => ({ ...shared, close: () => Promise.resolve() })
  const one = createTestRuntime({ entryPoints: [orders], store, id: 'one' })
  const other = createTestRuntime({ entryPoints: [orders], store, id: 'other', clock: one.clock })
  const order = await one.trigger('orders', { amount: 1 })
  const another = await other.trigger('orders', { amount: 2 })
  expect([order.id, another.id]).toEqual(['one-execution-1', 'other-execution-1'])
  expect(new Set((await one.store.owners()).map(({ key }) => key)).size).toBe(2)
  expect((await one.store.load(order.id))?.owner).not.toBe((await one.store.load(another.id))?.owner)
  await one.stop()
  await other.stop()
})
