/** Draining before a stop. */
import { expect, onTestFinished, test } from 'vitest'
import { fromPromise } from 'xstate'
import { defineEntryPoint } from '../../src/index.js'
import { createTestRuntime } from '../../src/testing/index.js'

const work = (id: string) => defineEntryPoint({ id, program: fromPromise(() => Promise.resolve('done')) })

test('a drain does not wait for what stands in a paused stream, and leaves it queued', async () => {
  const world = createTestRuntime({ entryPoints: [work('open'), work('paused')] })
  onTestFinished(() => world.stop())
  await world.start()
  await world.stream('paused').pause()
  const shelved = await world.trigger('paused')
  const open = await world.trigger('open')
  await world.drain()
  expect(await open.get()).toMatchObject({ status: 'completed' })
  expect(await shelved.get()).toMatchObject({ status: 'queued' })
})

test('after a drain the registry shows what became of all', async () => {
  const world = createTestRuntime({ entryPoints: [work('open')] })
  onTestFinished(() => world.stop())
  for (let n = 0; n < 50; n++) await world.trigger('open')
  await world.drain()
  expect(world.registry.streams.getSnapshot().context['open']).toMatchObject({ completed: 50, running: 0 })
})
