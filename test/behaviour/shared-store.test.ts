/** A store object that two runtimes of one process share is closed with the last of them. */
import { expect, test } from 'vitest'
import { fromPromise } from 'xstate'
import { createRuntime, defineEntryPoint } from '../../src/index.js'
import { places } from '../support/store-place.js'

const entryPoints = [defineEntryPoint({ id: 'e', program: fromPromise(async () => 42) })] as const

test.each(places)('the first stop does not close it under the other (%s)', async (_, place) => {
  const store = place().connect()
  const [first, second] = [createRuntime({ store, entryPoints }), createRuntime({ store, entryPoints })]
  await Promise.all([first.start(), second.start()])
  await first.stop()
  expect(await (await second.trigger('e')).result()).toEqual({ status: 'completed', output: 42 })
  await Promise.all([second.stop(), second.stop()])
  await expect(store.lastSeq()).rejects.toMatchObject({ code: 'store_closed' })
})

test.each(places)('a runtime that opens it while the last other one closes it has it open (%s)', async (_, place) => {
  const store = place().connect()
  const [first, second] = [createRuntime({ store, entryPoints }), createRuntime({ store, entryPoints })]
  await first.start()
  await Promise.all([first.stop(), second.start()])
  expect(await (await second.trigger('e')).result()).toEqual({ status: 'completed', output: 42 })
  await second.stop()
})
