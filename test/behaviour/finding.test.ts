/** Finding executions: by what they wait for. */
import { describe, expect, onTestFinished, test } from 'vitest'
import { createMachine, fromPromise } from 'xstate'
import { createClient, defineEntryPoint, type ExecutionRecord } from '../../src/index.js'
import { begin } from '../support/begin.js'
import { places } from '../support/store-place.js'

const order = createMachine({
  id: 'order',
  initial: 'asking',
  states: {
    asking: { on: { PACK: 'packing', LATER: 'sleeping' } },
    packing: { invoke: { src: fromPromise(() => new Promise<void>(() => undefined)) } },
    sleeping: { after: { 3_600_000: 'asking' }, on: { WAKE: 'asking' } },
  },
})
const failing = fromPromise(() => Promise.reject(new Error('not today')))
const entryPoints = [
  defineEntryPoint({ id: 'orders', program: order, maxConcurrent: 1, cancelTimeout: 0 }),
  defineEntryPoint({ id: 'attempts', program: failing, retry: { maxAttempts: 2, backoff: { initial: 60_000 } } }),
]

describe.each(places)('on %s', (_, place) => {
  test('the record and the lists say what an execution waits for, in every process', async () => {
    const shared = place()
    const runtime = await begin({ store: shared.connect(), entryPoints })
    const client = createClient({ store: shared.connect(), entryPoints, pollInterval: 5 })
    onTestFinished(() => client.close())
    const ids = ['event', 'either', 'paused', 'nothing']
    for (const id of ids) await runtime.trigger('orders', undefined, { id }).then((each) => each.waitFor({ status: 'waiting' }))
    await runtime.execution('either').send({ type: 'LATER' })
    await runtime.execution('paused').pause()
    await runtime.execution('nothing').send({ type: 'PACK' })
    await runtime.trigger('orders', undefined, { id: 'slot' })
    await runtime.trigger('attempts', undefined, { id: 'retry' })
    await runtime.execution('retry').waitFor({ status: 'waiting' })
    const wanted = {
      event: ['event'],
      either: ['event', 'timer'],
      paused: ['resume'],
      nothing: [],
      slot: ['slot'],
      retry: ['timer'],
    }
    for (const from of [runtime, client]) {
      const { executions } = await from.executions()
      expect(Object.fromEntries(executions.map(({ id, waitsFor }) => [id, waitsFor]))).toEqual(wanted)
      for (const [id, waitsFor] of Object.entries(wanted))
        expect(((await from.execution(id).get()) as ExecutionRecord).waitsFor).toEqual(waitsFor)
    }
    await runtime.cancel()
    expect((await client.executions()).executions.flatMap(({ waitsFor }) => waitsFor)).toEqual([])
  })
})
