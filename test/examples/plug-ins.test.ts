/** The example's plug-ins: loaded and unloaded while the host runs, with all that they have left in the store. */
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { PlugInHost } from '../../examples/plug-ins/plug-in-host.js'
import type { Runtime } from '../../src/index.js'
import { begin } from '../support/begin.js'
import { memoryPlace } from '../support/store-place.js'

const modules = fileURLToPath(new URL('../../examples/plug-ins/modules', import.meta.url))

test('plug-ins come and go, and what one of them has begun goes on when it is loaded again, by another host too', async () => {
  const place = memoryPlace()
  const runtime: Runtime = await begin({ store: place.connect(), entryPoints: [] })
  const host = new PlugInHost(runtime, modules)
  expect((await host.found()).toSorted()).toEqual(['greetings', 'reminders'])
  expect(await host.load('greetings')).toEqual(['greetings/hello', 'greetings/goodbye'])
  expect(await (await runtime.trigger('greetings/hello', 'Ann')).result()).toEqual({ status: 'completed', output: 'Hello, Ann!' })
  await host.load('reminders')
  const reminder = await runtime.trigger('reminders/remind', 'milk')
  await reminder.waitFor({ status: 'waiting' })
  expect(host.loaded).toEqual(['greetings', 'reminders'])
  expect(await host.unload('reminders')).toMatchObject({ status: 'removed', drained: true })
  expect(host.loaded).toEqual(['greetings'])
  expect(await reminder.get()).toMatchObject({ status: 'waiting' })
  const other: Runtime = await begin({ store: place.connect(), entryPoints: [] })
  await new PlugInHost(other, modules).load('reminders')
  expect(await reminder.result()).toEqual({ status: 'completed', output: 'Remember: milk' })
  // loaded again it is another module, and takes the place of the first
  expect(await host.load('greetings')).toEqual(['greetings/hello', 'greetings/goodbye'])
  await expect(host.load('nothing')).rejects.toThrow('There is no plug-in nothing.')
})
