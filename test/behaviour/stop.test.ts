/** Start, stop and drain of a runtime. */
import { describe, expect, test } from 'vitest'
import { setup } from 'xstate'
import { createRuntime, defineEntryPoint, fromExecution, type SnapshotStore } from '../../src/index.js'
import { begin } from '../support/begin.js'
import { eventually, turn, turns } from '../support/eventually.js'
import { StepsInFlight } from '../support/steps-in-flight.js'
import { ends } from '../support/journal.js'
import { approval, worker } from '../support/programs.js'
import { SimulatedClock } from '../../src/testing/clock/simulated-clock.js'
import { memoryPlace, places } from '../support/store-place.js'

describe.each(places)('on %s', (_, place) => {
  test('stop with many running gives all of them back, and they go on at the next start', async () => {
    const flights = new StepsInFlight()
    const shared = place()
    const work = defineEntryPoint({ id: 'work', program: worker(flights), maxConcurrent: 20 })
    const first = await begin({ store: shared.connect(), entryPoints: [work] })
    const labels = Array.from({ length: 30 }, (_each, n) => `w${n}`)
    const ids: string[] = []
    for (const label of labels) ids.push((await first.trigger('work', { label })).id)
    await eventually('20 steps', () => flights.all.length === 20)
    await first.stop()
    expect(flights.all.every(({ signal }) => signal.aborted)).toBe(true)
    const store = shared.connect()
    await store.open()
    for (const id of ids) expect(await store.load(id)).toMatchObject({ owner: null })
    const statuses = await Promise.all(ids.map(async (id) => (await store.load(id))?.status))
    expect(statuses.filter((status) => status === 'running')).toHaveLength(20)
    expect(statuses.filter((status) => status === 'queued')).toHaveLength(10)
    expect(await store.owners()).toEqual([])
    // a late result of the old process changes nothing
    for (const flight of flights.all) flight.end('late')
    for (const label of labels) for (const n of [1, 2]) flights.free.add(`${label}.${n}`)
    const second = await begin({ store, entryPoints: [work] })
    for (const id of ids) {
      expect(await second.execution(id).result()).toMatchObject({ status: 'completed' })
      expect(await ends(store, id)).toEqual(['completed'])
    }
    const { executions } = await second.executions({ limit: 100 })
    expect(executions.flatMap(({ context }) => (context as { results: string[] }).results)).not.toContain('late')
  })

  test('stop is idempotent, and concurrent calls join', async () => {
    const runtime = await begin({
      store: place().connect(),
      entryPoints: [defineEntryPoint({ id: 'approval', program: approval })],
    })
    const execution = await runtime.trigger('approval')
    await Promise.all([runtime.stop(), runtime.stop()])
    await runtime.stop()
    await expect(runtime.trigger('approval')).rejects.toMatchObject({ code: 'already_stopped' })
    await expect(runtime.start()).rejects.toMatchObject({ code: 'already_stopped' })
    await expect(execution.cancel()).rejects.toMatchObject({ code: 'already_stopped' })
  })
})

describe('order and bounds', () => {
  test('while it stops nothing new is accepted by any stream', async () => {
    const flights = new StepsInFlight()
    const program = worker(flights)
    const entryPoints = [defineEntryPoint({ id: 'one', program }), defineEntryPoint({ id: 'two', program })] as const
    const runtime = await begin({ store: memoryPlace().connect(), entryPoints })
    await runtime.trigger('one', { label: 'a' })
    const stopped = runtime.stop()
    for (const id of ['one', 'two'] as const)
      await expect(runtime.trigger(id, { label: 'b' })).rejects.toMatchObject({ code: 'already_stopped' })
    await stopped
  })

  test('a trigger whose acceptance was on its way either resolves and is kept, or rejects and is not', async () => {
    const flights = new StepsInFlight()
    const store = memoryPlace().connect()
    const work = defineEntryPoint({ id: 'work', program: worker(flights), maxConcurrent: 2 })
    const runtime = await begin({ store, entryPoints: [work] })
    const triggers = Array.from({ length: 5 }, (_, n) => runtime.trigger('work', { label: `w${n}` }))
    const stopped = runtime.stop()
    const settled = await Promise.allSettled(triggers)
    await stopped
    await store.open()
    const kept = (await store.query({ limit: 100 })).executions.map(({ id }) => id)
    const accepted = settled.flatMap((each) => (each.status === 'fulfilled' ? [each.value.id] : []))
    expect(kept.toSorted()).toEqual(accepted.toSorted())
  })

  test('stop takes no longer than shutdownTimeout, even if the store hangs, and what it held is taken up later', async () => {
    const flights = new StepsInFlight()
    const clock = new SimulatedClock()
    const place = memoryPlace()
    let hangs = false
    const store = place.connect((inner) => ({
      commit: (batch) => (hangs ? new Promise<never>(() => undefined) : inner.commit(batch)),
    }))
    const work = defineEntryPoint({ id: 'work', program: worker(flights) })
    const runtime = await begin({ store, clock, entryPoints: [work], shutdownTimeout: 3_000 })
    const { id } = await runtime.trigger('work', { label: 'a' })
    await flights.started('a.1')
    hangs = true
    let stopped = false
    const stop = runtime.stop().then(() => (stopped = true))
    await turns()
    await clock.advance(2_999, () => turns())
    await turns()
    expect(stopped).toBe(false)
    await clock.advance(1, () => turns())
    await stop
    const after = await begin({ store: place.connect(), clock, entryPoints: [work] })
    flights.free.add('a.2')
    ;(await flights.started('a.1', 2)).end()
    expect(await after.execution(id).result()).toMatchObject({ status: 'completed' })
  })

  test('commands about what it did not give back, as an end waited there for a child, hold up no stop', async () => {
    const place = memoryPlace()
    let stopping = false
    let looks = 0
    const store = place.connect((inner) => ({
      load: (id) => (stopping && ++looks > 500 ? Promise.reject(new Error('it looks for ever')) : inner.load(id)),
    }))
    const flights = new StepsInFlight()
    const parent = setup({ actors: { child: fromExecution('children') } }).createMachine({
      id: 'parent',
      initial: 'asking',
      states: { asking: { invoke: { src: 'child', input: { label: 'c' } }, on: { END: 'done' } }, done: { type: 'final' } },
    })
    const entryPoints = [
      defineEntryPoint({ id: 'parents', program: parent }),
      defineEntryPoint({ id: 'children', program: worker(flights) }),
    ]
    const first = await begin({ store, entryPoints })
    const { id } = await first.trigger('parents')
    const flight = await flights.started('c.1')
    const sent = first.execution(id).send({ type: 'END' })
    sent.catch(() => undefined)
    await eventually('the cancel of the child', () => flight.signal.aborted)
    const told = [
      first
        .execution(id)
        .cancel()
        .catch((error: unknown) => error),
    ]
    stopping = true
    const stopped = first.stop()
    for (let n = 0; n < 5; n++, await turn()) {
      told.push(
        first
          .execution(id)
          .send({ type: 'END' })
          .catch((error: unknown) => error),
      )
    }
    await stopped
    await expect(sent).rejects.toMatchObject({ code: 'already_stopped' })
    for (const answer of await Promise.all(told))
      expect([{ status: 'queued' }, expect.objectContaining({ code: 'already_stopped' })]).toContainEqual(answer)
    expect(looks).toBeLessThan(100)
    flight.end()
    flights.free.add('c.1').add('c.2')
    const second = await begin({ store: place.connect(), entryPoints })
    await second.execution(id).send({ type: 'END' })
    expect(await second.execution(id).result()).toMatchObject({ status: 'completed' })
  })

  test('a waiter on a result is told when the runtime stops, and never hangs', async () => {
    const runtime = await begin({
      store: memoryPlace().connect(),
      entryPoints: [defineEntryPoint({ id: 'approval', program: approval })],
    })
    const execution = await runtime.trigger('approval')
    const told = execution.result().catch((error: unknown) => error)
    await runtime.stop()
    expect(await told).toMatchObject({ code: 'already_stopped' })
  })
})

describe('drain', () => {
  test('drain accepts nothing more, and resolves once nothing is queued or running', async () => {
    const flights = new StepsInFlight()
    const work = defineEntryPoint({ id: 'work', program: worker(flights), maxConcurrent: 1 })
    const runtime = await begin({
      store: memoryPlace().connect(),
      entryPoints: [work, defineEntryPoint({ id: 'approval', program: approval })],
    })
    const [one, two] = [await runtime.trigger('work', { label: 'a' }), await runtime.trigger('work', { label: 'b' })]
    const waiting = await runtime.trigger('approval')
    await flights.started('a.1')
    let drained = false
    const drain = runtime.drain().then(() => (drained = true))
    await expect(runtime.trigger('work', { label: 'c' })).rejects.toMatchObject({ code: 'draining', retryable: true })
    for (const label of ['a.1', 'a.2', 'b.1']) (await flights.started(label)).end()
    const last = await flights.started('b.2')
    await turns()
    expect(drained).toBe(false)
    last.end()
    await drain
    for (const each of [one, two]) expect(await each.result({ timeout: 0 })).toMatchObject({ status: 'completed' })
    expect((await waiting.get()).status).toBe('waiting')
    await runtime.drain()
  })

  test('stop during a drain ends the drain', async () => {
    const flights = new StepsInFlight()
    const runtime = await begin({
      store: memoryPlace().connect(),
      entryPoints: [defineEntryPoint({ id: 'work', program: worker(flights) })],
    })
    await runtime.trigger('work', { label: 'a' })
    await flights.started('a.1')
    const drain = runtime.drain()
    await runtime.stop()
    await drain.catch(() => undefined)
  })
})

describe('start', () => {
  const failing = (over: (store: SnapshotStore) => Partial<SnapshotStore>) => memoryPlace().connect(over)
  const entry = defineEntryPoint({ id: 'approval', program: approval })

  test('concurrent starts join: one owner, one stream each', async () => {
    const store = memoryPlace().connect()
    const runtime = createRuntime({ store, entryPoints: [entry] })
    await Promise.all([runtime.start(), runtime.start(), runtime.start()])
    await runtime.start()
    expect(await store.owners()).toHaveLength(1)
    await runtime.stop()
  })

  test.each(['open', 'register', 'owners', 'counts', 'control', 'orphans', 'claim'] as const)(
    'a store that fails in %s fails the start whole: nothing runs, nothing is registered, and it can be tried again',
    async (call) => {
      let broken = true
      const store = failing((inner) => ({
        [call]: (...args: unknown[]) =>
          broken ? Promise.reject(new Error('disk on fire')) : (inner[call] as (...all: unknown[]) => unknown)(...args),
      }))
      const runtime = createRuntime({ store, entryPoints: [entry], pollInterval: 10_000 })
      const error = await runtime.start().then(
        () => undefined,
        (cause: unknown) => cause,
      )
      expect(String(error)).toContain('disk on fire')
      expect(error).toMatchObject({ code: expect.stringMatching(/store_failed|start_failed/) })
      await expect(runtime.trigger('approval')).rejects.toMatchObject({ code: 'not_started' })
      broken = false
      await store.open()
      expect(await store.owners()).toEqual([])
      await runtime.start()
      const execution = await runtime.trigger('approval')
      await execution.send({ type: 'APPROVE' })
      expect(await execution.result()).toMatchObject({ status: 'completed' })
      await runtime.stop()
    },
  )

  test('a runtime that was never started can be stopped, and a trigger before the start is refused', async () => {
    const runtime = createRuntime({ store: memoryPlace().connect(), entryPoints: [entry] })
    await expect(runtime.trigger('approval')).rejects.toMatchObject({ code: 'not_started' })
    await runtime.stop()
    await expect(runtime.start()).rejects.toMatchObject({ code: 'already_stopped' })
  })

  test('a stop during a start waits for it and leaves nothing behind', async () => {
    const store = memoryPlace().connect()
    const runtime = createRuntime({ store, entryPoints: [entry] })
    const start = runtime.start()
    await Promise.allSettled([start, runtime.stop()])
    await store.open()
    expect(await store.owners()).toEqual([])
    await expect(runtime.trigger('approval')).rejects.toMatchObject({ code: 'already_stopped' })
  })
})
