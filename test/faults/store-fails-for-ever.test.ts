/** A store that fails until it is mended: law 9 and law 4. Nothing is lost, nothing gets out, every call is answered. */
import { describe, expect, test } from 'vitest'
import { createRuntime, defineEntryPoint } from '../../src/index.js'
import { memoryStore } from '../../src/persistence/memory/memory-store.js'
import { faultyStore } from '../../src/testing/store/faulty-store.js'
import { storeReads, storeWrites } from '../../src/testing/store/store-call.js'
import { begin } from '../support/begin.js'
import { eventually, turns } from '../support/eventually.js'
import { StepsInFlight } from '../support/steps-in-flight.js'
import { ends } from '../support/journal.js'
import { approval, worker } from '../support/programs.js'

const everything = [...storeReads, ...storeWrites]
const failed = { name: 'StatewardError', code: 'store_failed' }

async function begun() {
  const flights = new StepsInFlight()
  const store = faultyStore(memoryStore())
  const entryPoints = [
    defineEntryPoint({ id: 'work', program: worker(flights) }),
    defineEntryPoint({ id: 'approvals', program: approval }),
  ]
  const runtime = await begin({ store, entryPoints, shutdownTimeout: 200, lease: 100 })
  const health = () => runtime.registry.health.getSnapshot().context
  return { flights, store, runtime, health }
}

describe.each([
  ['writes', storeWrites],
  ['everything', everything],
] as const)('while %s fail', (_, calls) => {
  test('a trigger rejects with store_failed and accepts nothing', async () => {
    const { store, runtime, flights } = await begun()
    store.inject({ kind: 'throw', call: calls })
    const refused = runtime.trigger('work', { label: 'a' }, { id: 'refused' })
    await expect(refused).rejects.toMatchObject({ ...failed, retryable: true, details: { id: 'refused' } })
    store.heal()
    expect(await runtime.execution('refused').get()).toEqual({ status: 'not_found' })
    expect((await runtime.executions()).executions).toEqual([])
    expect(flights.all).toEqual([])
    await runtime.trigger('work', { label: 'a' }, { id: 'refused' })
  })

  test('health is degraded, and good again with the first commit that succeeds', async () => {
    const { store, runtime, health } = await begun()
    expect(health()).toEqual({ status: 'ok', error: null })
    store.inject({ kind: 'throw', call: calls })
    await expect(runtime.trigger('work', { label: 'a' })).rejects.toMatchObject(failed)
    expect(health()).toMatchObject({ status: 'degraded', error: { code: 'store_failed' } })
    store.heal()
    await runtime.trigger('work', { label: 'b' })
    expect(health()).toEqual({ status: 'ok', error: null })
  })

  test('no output gets out before the commit that holds its cause, and none is lost', async () => {
    const { store, runtime, flights } = await begun()
    const execution = await runtime.trigger('work', { label: 'a' })
    const first = await flights.started('a.1')
    let ended = false
    const result = execution.result()
    void result.then(() => (ended = true))
    store.inject({ kind: 'throw', call: calls })
    first.end('one')
    await eventually('the commit to fail', () => store.failures > 0)
    await turns()
    expect(flights.of('a.2')).toEqual([])
    expect(ended).toBe(false)
    store.heal()
    // its end was not committed, so that it runs again
    await eventually('the second step to start', () => {
      flights.of('a.1').at(-1)?.end('one again')
      return flights.of('a.2').length > 0
    })
    flights.of('a.2')[0]?.end('two')
    expect(await result).toEqual({ status: 'completed', output: { results: ['one again', 'two'], notes: [] } })
    expect(await ends(store, execution.id)).toEqual(['completed'])
  })

  test('a step whose end can not be kept runs again once, when it is mended', async () => {
    const { store, runtime, flights } = await begun()
    flights.free.add('a.1').add('a.2')
    await runtime.trigger('approvals')
    const execution = await runtime.trigger('work', { label: 'a' }, { id: 'a' }).then((handle) => {
      store.inject({ kind: 'throw', call: calls })
      return handle
    })
    await eventually('several attempts to fail', () => store.failures > 8)
    expect(flights.of('a.1').length).toBeLessThanOrEqual(1)
    store.heal()
    expect(await execution.result()).toMatchObject({ status: 'completed' })
    expect(flights.of('a.1').length).toBeLessThanOrEqual(2)
    expect(flights.of('a.2').length).toBe(1)
  })

  test('commands and questions are answered with a typed error, and carried out once it is mended', async () => {
    const { store, runtime } = await begun()
    const execution = await runtime.trigger('approvals')
    await eventually('it to wait', async () => (await execution.get()).status === 'waiting')
    store.inject({ kind: 'throw', call: calls })
    await expect(execution.send({ type: 'NOTE', text: 'lost' })).rejects.toMatchObject(failed)
    await expect(execution.pause()).rejects.toMatchObject(failed)
    await expect(execution.cancel()).rejects.toMatchObject(failed)
    await expect(runtime.pause()).rejects.toMatchObject(failed)
    if (calls === everything) {
      await expect(execution.get()).rejects.toMatchObject(failed)
      await expect(runtime.executions()).rejects.toMatchObject(failed)
      await expect(runtime.events({ since: 0 }).next()).rejects.toMatchObject(failed)
    } else expect((await execution.get()).status).toBe('waiting')
    // it is still in memory: a look into its inbox that fails loses nothing
    expect(await execution.result({ timeout: 10 })).toEqual({ status: 'timeout' })
    store.heal()
    await eventually(
      'the event to be taken',
      async () => (await execution.send({ type: 'APPROVE' }).catch(() => undefined)) !== undefined,
    )
    expect(await execution.result()).toEqual({ status: 'completed', output: { notes: [] } })
  })

  test('stop() ends within its time, and what was in flight goes on in the next runtime', async () => {
    const { store, runtime, flights } = await begun()
    const execution = await runtime.trigger('work', { label: 'a' })
    const first = await flights.started('a.1')
    store.inject({ kind: 'throw', call: calls })
    first.end('one')
    const begunAt = performance.now()
    await runtime.stop()
    expect(performance.now() - begunAt).toBeLessThan(1_000)
    store.heal()
    const next = await begin({
      store,
      entryPoints: [defineEntryPoint({ id: 'work', program: worker(flights) })],
    })
    const result = next.execution(execution.id).result()
    ;(await flights.started('a.1', 2)).end('one again')
    ;(await flights.started('a.2')).end('two')
    expect(await result).toMatchObject({ status: 'completed', output: { results: ['one again', 'two'] } })
    expect(await ends(store, execution.id)).toEqual(['completed'])
  })

  test('start() rejects with a typed error and holds nothing; the next one succeeds', async () => {
    const store = faultyStore(memoryStore())
    const runtime = createRuntime({ store, entryPoints: [defineEntryPoint({ id: 'approvals', program: approval })] })
    store.inject({ kind: 'throw', call: calls })
    await expect(runtime.start()).rejects.toMatchObject(failed)
    store.heal()
    await runtime.start()
    const execution = await runtime.trigger('approvals')
    await execution.cancel()
    await runtime.stop()
    expect(runtime.actor.getSnapshot().status).toBe('done')
  })
})
