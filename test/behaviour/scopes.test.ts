/** Pause, resume and cancel of a stream and of the runtime. */
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { defineEntryPoint } from '../../src/index.js'
import { memoryStore } from '../../src/persistence/memory/memory-store.js'
import type { SnapshotStore } from '../../src/persistence/snapshot-store.js'
import { faultyStore } from '../../src/testing/store/faulty-store.js'
import { begin } from '../support/begin.js'
import { eventually, turns } from '../support/eventually.js'
import { StepsInFlight } from '../support/steps-in-flight.js'
import { approval, worker } from '../support/programs.js'
import { places } from '../support/store-place.js'

describe.each(places)('on %s', (_, place) => {
  function shop() {
    const flights = new StepsInFlight()
    flights.heeds = true
    const entryPoints = [
      defineEntryPoint({ id: 'work', program: worker(flights), maxConcurrent: 1 }),
      defineEntryPoint({ id: 'approval', program: approval }),
    ] as const
    return { flights, shared: place(), entryPoints }
  }

  test('a stream is paused whole: running, queued and new ones stand, and another stream goes on', async () => {
    const { flights, shared, entryPoints } = shop()
    const runtime = await begin({ store: shared.connect(), entryPoints })
    const running = await runtime.trigger('work', { label: 'a' })
    const queued = await runtime.trigger('work', { label: 'b' })
    await flights.started('a.1')
    expect(await runtime.stream('work').pause({ mode: 'now', reason: 'maintenance' })).toEqual({ paused: 2 })
    expect(await running.get()).toMatchObject({ status: 'paused', pause: { scope: 'stream', reason: 'maintenance' } })
    expect(await queued.get()).toMatchObject({ status: 'paused', startedAt: null })
    const later = await runtime.trigger('work', { label: 'c' })
    await turns()
    expect(await later.get()).toMatchObject({ status: 'queued' })
    expect(flights.all).toHaveLength(1)
    const other = await runtime.trigger('approval')
    await other.send({ type: 'APPROVE' })
    expect(await other.result()).toMatchObject({ status: 'completed' })
    for (const label of ['a', 'b', 'c']) for (const n of [1, 2]) flights.free.add(`${label}.${n}`)
    expect(await runtime.stream('work').resume()).toEqual({ resumed: 2 })
    for (const each of [running, queued, later]) expect(await each.result()).toMatchObject({ status: 'completed' })
  })

  test('what waits for a paused stream starts without a warning from XState', async () => {
    const { flights, shared, entryPoints } = shop()
    const runtime = await begin({ store: shared.connect(), entryPoints })
    await runtime.stream('work').pause()
    const queued = await runtime.trigger('work', { label: 'a' })
    flights.free.add('a.1').add('a.2')
    const warn = vi.spyOn(console, 'warn')
    onTestFinished(() => warn.mockRestore())
    await runtime.stream('work').resume()
    expect(await queued.result()).toMatchObject({ status: 'completed' })
    expect(warn).not.toHaveBeenCalled()
  })

  test("a stream's pause outlives stop and start", async () => {
    const { flights, shared, entryPoints } = shop()
    const first = await begin({ store: shared.connect(), entryPoints })
    const { id } = await first.trigger('work', { label: 'a' })
    await flights.started('a.1')
    await first.stream('work').pause({ mode: 'now' })
    await first.stop()
    const second = await begin({ store: shared.connect(), entryPoints })
    const later = await second.trigger('work', { label: 'b' })
    await turns()
    expect(await second.execution(id).get()).toMatchObject({ status: 'paused' })
    expect(await later.get()).toMatchObject({ status: 'queued' })
    for (const label of ['a', 'b']) for (const n of [1, 2]) flights.free.add(`${label}.${n}`)
    await second.stream('work').resume()
    for (const each of [second.execution(id), later]) expect(await each.result()).toMatchObject({ status: 'completed' })
  })

  test('a resume of the stream leaves those alone that were paused by themselves', async () => {
    const { flights, shared, entryPoints } = shop()
    const runtime = await begin({ store: shared.connect(), entryPoints })
    const [alone, together] = [await runtime.trigger('approval'), await runtime.trigger('approval')]
    await alone.pause({ reason: 'mine' })
    await runtime.stream('approval').pause()
    await runtime.stream('approval').resume()
    await eventually('it to wait', async () => (await together.get()).status === 'waiting')
    expect(await alone.get()).toMatchObject({ status: 'paused', pause: { reason: 'mine' } })
    expect(flights.all).toEqual([])
  })

  test('pause and resume of a stream hold in the order of their calls, however long the store takes over the first', async () => {
    const { flights, shared, entryPoints } = shop()
    let free: () => void = () => undefined
    let held: Promise<void> | undefined = new Promise((resolve) => (free = resolve))
    const store = shared.connect((real) => ({
      async setControl(name, value) {
        const before = name === 'stream:work:pause' ? held : undefined
        if (before) held = undefined
        await before
        await real.setControl(name, value)
      },
    }))
    const runtime = await begin({ store, entryPoints })
    const calls = [runtime.stream('work').pause(), runtime.stream('work').resume()]
    await turns()
    free()
    await Promise.all(calls)
    flights.free.add('a.1').add('a.2')
    const execution = await runtime.trigger('work', { label: 'a' })
    expect(await execution.result()).toMatchObject({ status: 'completed' })
  })

  test('a pause of a stream tells nobody any more once a resume after it holds', async () => {
    const { shared, entryPoints } = shop()
    let free: (() => void) | undefined
    let holds = false
    const store = shared.connect((real) => ({
      async query(query) {
        const held = holds && query.entryPoint === 'approval'
        holds &&= !held
        if (held) await new Promise<void>((resolve) => (free = resolve))
        return real.query(query)
      },
    }))
    const runtime = await begin({ store, entryPoints })
    const execution = await runtime.trigger('approval')
    await eventually('it to wait', async () => (await execution.get())?.status === 'waiting')
    holds = true
    const paused = runtime.stream('approval').pause()
    await eventually('the pause to ask whom it concerns', () => free !== undefined)
    await runtime.stream('approval').resume()
    free?.()
    expect(await paused).toEqual({})
    expect(await execution.get()).toMatchObject({ status: 'waiting' })
  })

  test('the runtime is paused and resumed whole, also over a restart', async () => {
    const { flights, shared, entryPoints } = shop()
    const first = await begin({ store: shared.connect(), entryPoints })
    const { id } = await first.trigger('work', { label: 'a' })
    const waiting = await first.trigger('approval')
    await flights.started('a.1')
    await eventually('it to wait', async () => (await waiting.get()).status === 'waiting')
    expect(await first.pause({ mode: 'now' })).toEqual({ paused: 2 })
    await first.stop()
    const second = await begin({ store: shared.connect(), entryPoints })
    await turns()
    expect(await second.execution(id).get()).toMatchObject({ status: 'paused', pause: { scope: 'runtime' } })
    expect(await second.execution(waiting.id).get()).toMatchObject({ status: 'paused' })
    for (const n of [1, 2]) flights.free.add(`a.${n}`)
    expect(await second.resume()).toEqual({ resumed: 2 })
    expect(await second.execution(id).result()).toMatchObject({ status: 'completed' })
    await eventually('it to wait', async () => (await second.execution(waiting.id).get()).status === 'waiting')
  })

  test('a stream is cancelled whole, and takes new ones', async () => {
    const { flights, shared, entryPoints } = shop()
    const runtime = await begin({ store: shared.connect(), entryPoints })
    const all = [await runtime.trigger('work', { label: 'a' }), await runtime.trigger('work', { label: 'b' })]
    const other = await runtime.trigger('approval')
    await flights.started('a.1')
    const counts = await runtime.stream('work').cancel({ reason: 'flood' })
    expect(Object.values(counts).reduce((sum, count) => sum + count, 0)).toBe(2)
    for (const each of all) expect(await each.result()).toMatchObject({ status: 'cancelled', reason: 'flood', scope: 'stream' })
    expect(await other.result({ timeout: 0 })).toEqual({ status: 'timeout' })
    await runtime.trigger('work', { label: 'c' })
    await flights.started('c.1')
    await runtime.cancel()
    expect(await other.result()).toMatchObject({ status: 'cancelled', scope: 'runtime' })
  })
})

test('a command to a stream that loses the store on its way rejects with that error, and leaves no rejection unheard', async () => {
  const unhandled: unknown[] = []
  const note = (error: unknown) => void unhandled.push(error)
  process.on('unhandledRejection', note)
  onTestFinished(() => void process.off('unhandledRejection', note))
  for (const call of ['query'] as const) {
    const store = faultyStore(memoryStore())
    const runtime = await begin({
      store,
      entryPoints: [defineEntryPoint({ id: 'approval', program: approval, passivateAfter: 0 })],
    })
    const all = await Promise.all(Array.from({ length: 201 }, () => runtime.trigger('approval')))
    const held = async () => (await store.query({ limit: 300 })).executions.filter(({ owner }) => owner !== null)
    await eventually('them to have left memory', async () => (await held()).length === 0)
    store.inject({ kind: 'throw', call, nth: 2, times: 3 })
    await expect(runtime.stream('approval').cancel()).rejects.toMatchObject({ code: 'store_failed' })
    store.heal()
    await runtime.stream('approval').cancel()
    for (const each of all) expect(await each.result()).toMatchObject({ status: 'cancelled' })
  }
  expect(unhandled).toEqual([])
})

test('a command to many, none of them in memory, reads no snapshots to find them and takes up sixteen at a time', async () => {
  const store = memoryStore()
  const entryPoints = [defineEntryPoint({ id: 'approval', program: approval, passivateAfter: 0, maxConcurrent: 100 })] as const
  const first = await begin({ store, entryPoints })
  await Promise.all(Array.from({ length: 100 }, () => first.trigger('approval')))
  await first.stop()
  let [held, most, whole] = [0, 0, 0]
  const counted: SnapshotStore = {
    ...store,
    query: async (query) => {
      if (query.brief !== true) whole++
      return store.query(query)
    },
    claim: async (request) => {
      const claimed = await store.claim(request)
      if (request.from.kind === 'one') held += claimed.length
      most = Math.max(most, held)
      return claimed
    },
    commit: async (batch) => {
      const verdicts = await store.commit(batch)
      held -= batch.filter(({ status }) => status === 'paused').length
      return verdicts
    },
  }
  const second = await begin({ store: counted, entryPoints })
  whole = 0
  expect(await second.pause()).toEqual({ paused: 100 })
  expect([whole, most]).toEqual([0, 16])
})
