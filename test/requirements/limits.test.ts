/** Limits that work: B23. */
import { describe, expect, test } from 'vitest'
import { defineEntryPoint, type EntryPointOptions, type RuntimeOptions } from '../../src/index.js'
import { begin } from '../harness/begin.js'
import { eventually, turns } from '../harness/eventually.js'
import { Flights } from '../harness/flights.js'
import { ends } from '../harness/journal.js'
import { approval, worker } from '../harness/programs.js'
import { SimulatedClock } from '../../src/testing/clock/simulated-clock.js'
import { memoryPlace } from '../harness/store-place.js'

type Options = Partial<EntryPointOptions<ReturnType<typeof worker>, 'work'>>

async function workshop(options: Options = {}, settings: Partial<RuntimeOptions> = {}) {
  const flights = new Flights()
  const clock = new SimulatedClock()
  const store = memoryPlace().connect()
  const work = defineEntryPoint({ id: 'work', program: worker(flights), maxConcurrent: 1, ...options })
  const runtime = await begin({ ...settings, store, clock, entryPoints: [work] })
  /** Ends steps as they start, until nothing starts any more; the labels in the order of their first steps. */
  const order = async () => {
    for (let ended = 0; ; ended++) {
      const next = flights.all[ended]
      if (!next) return flights.all.filter(({ label }) => label.endsWith('.1')).map(({ label }) => label.replace('.1', ''))
      next.end()
      await turns()
    }
  }
  return { flights, clock, store, runtime, order }
}

describe('B23: the order of the queue', () => {
  test('B23: first come, first served within a priority', async () => {
    const { flights, runtime, order } = await workshop()
    for (const label of ['a', 'b', 'c', 'd', 'e']) await runtime.trigger('work', { label })
    await flights.started('a.1')
    expect(await order()).toEqual(['a', 'b', 'c', 'd', 'e'])
  })

  test('B23: a higher priority goes first', async () => {
    const { flights, runtime, order } = await workshop({ priority: 1 })
    await runtime.trigger('work', { label: 'running' })
    await flights.started('running.1')
    for (const [label, priority] of [
      ['low', 0],
      ['first', 5],
      ['usual', undefined],
      ['second', 5],
    ] as const)
      await runtime.trigger('work', { label }, priority === undefined ? {} : { priority })
    expect(await order()).toEqual(['running', 'first', 'second', 'usual', 'low'])
  })

  test('B23: whoever waits long enough is first: nothing starves', async () => {
    const { flights, clock, runtime, order } = await workshop({ ageing: 1_000 })
    await runtime.trigger('work', { label: 'running' })
    await flights.started('running.1')
    await runtime.trigger('work', { label: 'old' }, { priority: 0 })
    await clock.advance(1_500)
    await runtime.trigger('work', { label: 'new' }, { priority: 1 })
    await runtime.trigger('work', { label: 'urgent' }, { priority: 5 })
    expect(await order()).toEqual(['running', 'urgent', 'old', 'new'])
  })

  test('B23: the order outlives a restart', async () => {
    const place = memoryPlace()
    const flights = new Flights()
    const work = defineEntryPoint({ id: 'work', program: worker(flights), maxConcurrent: 1 })
    const clock = new SimulatedClock()
    const first = await begin({ store: place.connect(), clock, entryPoints: [work] })
    await first.trigger('work', { label: 'running' })
    for (const [label, priority] of [
      ['b', 0],
      ['c', 0],
      ['urgent', 9],
    ] as const)
      await first.trigger('work', { label }, { priority })
    await flights.started('running.1')
    await first.stop()
    for (const label of ['running', 'b', 'c', 'urgent']) for (const n of [1, 2]) flights.free.add(`${label}.${n}`)
    const second = await begin({ store: place.connect(), clock, entryPoints: [work] })
    await second.drain()
    const firsts = flights.all.filter(({ label }) => label.endsWith('.1')).map(({ label }) => label)
    expect(firsts).toEqual(['running.1', 'running.1', 'urgent.1', 'b.1', 'c.1'])
  })
})

describe('B23: how many at a time', () => {
  test('B23: no more run than maxConcurrent', async () => {
    const { flights, runtime } = await workshop({ maxConcurrent: 3 })
    for (const label of ['a', 'b', 'c', 'd']) await runtime.trigger('work', { label })
    await eventually('three to start', () => flights.all.length === 3)
    await turns()
    expect(flights.all).toHaveLength(3)
  })

  test('B23: no more run over all streams than the runtime allows, and whoever waits longest is next', async () => {
    const flights = new Flights()
    const program = worker(flights)
    const clock = new SimulatedClock()
    const entryPoints = [defineEntryPoint({ id: 'one', program }), defineEntryPoint({ id: 'two', program })] as const
    const runtime = await begin({ store: memoryPlace().connect(), clock, entryPoints, maxConcurrent: 2 })
    for (const [id, label] of [
      ['one', 'a'],
      ['two', 'b'],
      ['two', 'c'],
      ['one', 'd'],
      ['two', 'e'],
    ] as const) {
      await runtime.trigger(id, { label })
      await clock.advance(1)
    }
    await eventually('two to start', () => flights.all.length === 2)
    await turns()
    expect(flights.all.map(({ label }) => label)).toEqual(['a.1', 'b.1'])
    flights.free.add('a.2')
    ;(await flights.started('a.1')).end()
    await flights.started('c.1')
    flights.free.add('b.2')
    ;(await flights.started('b.1')).end()
    await flights.started('d.1')
    expect(flights.of('e.1')).toEqual([])
  })

  test('B23: waiting executions take no slot', async () => {
    const entry = defineEntryPoint({ id: 'approval', program: approval, maxConcurrent: 1 })
    const runtime = await begin({ store: memoryPlace().connect(), entryPoints: [entry] })
    const [one, two] = [await runtime.trigger('approval'), await runtime.trigger('approval')]
    await eventually('both to wait', async () => (await one.get()).status === 'waiting' && (await two.get()).status === 'waiting')
  })
})

describe('B23: a bounded queue', () => {
  test('B23: reject: one more than maxQueued is refused with queue_full, and nothing is written', async () => {
    const { store, runtime } = await workshop({ maxQueued: 2 })
    for (const label of ['a', 'b', 'c']) await runtime.trigger('work', { label })
    const before = await store.lastSeq()
    await expect(runtime.trigger('work', { label: 'd' })).rejects.toMatchObject({
      code: 'queue_full',
      retryable: true,
      details: { entryPoint: 'work', queued: 2, maxQueued: 2 },
    })
    expect((await store.query({ limit: 10 })).executions).toHaveLength(3)
    expect(await store.lastSeq()).toBe(before)
  })

  test('B23: drop_oldest: the oldest of the queue ends as rejected, with a result and one event, and the new one is taken', async () => {
    const { store, runtime, order, flights } = await workshop({ maxQueued: 2, overflow: 'drop_oldest' })
    await runtime.trigger('work', { label: 'a' })
    await flights.started('a.1')
    const oldest = await runtime.trigger('work', { label: 'b' })
    await runtime.trigger('work', { label: 'c' })
    await runtime.trigger('work', { label: 'd' })
    expect(await oldest.result()).toEqual({ status: 'rejected', reason: 'queue_full' })
    expect(await oldest.get()).toMatchObject({ status: 'rejected' })
    expect(await ends(store, oldest.id)).toEqual(['rejected'])
    expect(await order()).toEqual(['a', 'c', 'd'])
  })

  test('B23: maxQueued 0 takes what has a slot, and nothing else', async () => {
    const { flights, runtime } = await workshop({ maxQueued: 0 })
    await runtime.trigger('work', { label: 'a' })
    await expect(runtime.trigger('work', { label: 'b' })).rejects.toMatchObject({ code: 'queue_full' })
    flights.free.add('a.2')
    ;(await flights.started('a.1')).end()
    await turns()
    await runtime.trigger('work', { label: 'c' })
    await flights.started('c.1')
  })

  test('B23: triggers at once never make the queue longer than maxQueued', async () => {
    const { runtime } = await workshop({ maxQueued: 3 })
    const all = await Promise.allSettled(Array.from({ length: 10 }, (_, n) => runtime.trigger('work', { label: `w${n}` })))
    expect(all.filter(({ status }) => status === 'fulfilled')).toHaveLength(4)
  })
})

describe('B23: time limits', () => {
  test('B23: queueTimeout ends what waits too long for its first slot, and no step of it starts', async () => {
    const { flights, clock, store, runtime } = await workshop({ queueTimeout: 1_000 })
    await runtime.trigger('work', { label: 'a' })
    const queued = await runtime.trigger('work', { label: 'b' })
    await flights.started('a.1')
    await clock.advance(999, () => turns())
    expect((await queued.get()).status).toBe('queued')
    await clock.advance(1, () => turns())
    expect(await queued.result()).toEqual({ status: 'timed_out', limit: 'queueTimeout' })
    expect(flights.of('b.1')).toEqual([])
    expect(await ends(store, queued.id)).toEqual(['timed_out'])
  })

  test('B23: queueTimeout does not hit one that has started', async () => {
    const { flights, clock, runtime } = await workshop({ queueTimeout: 1_000 })
    const execution = await runtime.trigger('work', { label: 'a' })
    await flights.started('a.1')
    await clock.advance(5_000, () => turns())
    expect((await execution.get()).status).toBe('running')
  })

  test('B23: timeout counts from the first slot, aborts the step, and keeps the slot until the step is gone', async () => {
    const { flights, clock, runtime } = await workshop({ timeout: 1_000 })
    await runtime.trigger('work', { label: 'a' })
    const queued = await runtime.trigger('work', { label: 'b' })
    const step = await flights.started('a.1')
    await clock.advance(999, () => turns())
    expect(step.signal.aborted).toBe(false)
    await clock.advance(1, () => turns())
    await eventually('the signal', () => step.signal.aborted)
    expect(flights.of('b.1')).toEqual([])
    step.end()
    const second = await flights.started('b.1')
    await clock.advance(999, () => turns())
    expect(second.signal.aborted).toBe(false)
    expect((await queued.get()).status).toBe('running')
  })

  test('B23: time spent in a pause does not count', async () => {
    const { flights, clock, runtime } = await workshop({ timeout: 1_000 })
    const execution = await runtime.trigger('work', { label: 'a' })
    const step = await flights.started('a.1')
    await clock.advance(600, () => turns())
    const paused = execution.pause()
    await turns()
    step.end()
    await paused
    await clock.advance(60_000, () => turns(5))
    expect((await execution.get()).status).toBe('paused')
    await execution.resume()
    const second = await flights.started('a.2')
    await clock.advance(399, () => turns())
    expect(second.signal.aborted).toBe(false)
    await clock.advance(1, () => turns())
    second.end()
    expect(await execution.result()).toEqual({ status: 'timed_out', limit: 'timeout' })
  })

  test.each(['queued', 'running', 'waiting', 'paused'] as const)('B23: a deadline ends one that is %s', async (status) => {
    const { flights, clock, store, runtime } = await workshop({ cancelTimeout: 100 })
    flights.heeds = true
    if (status === 'queued') await runtime.trigger('work', { label: 'first' })
    const deadline = clock.now() + 1_000
    const other = defineEntryPoint({ id: 'approval', program: approval })
    const beside = await begin({ store, clock, entryPoints: [other] })
    const execution =
      status === 'waiting'
        ? await beside.trigger('approval', undefined, { deadline })
        : await runtime.trigger('work', { label: 'a' }, { deadline })
    if (status === 'paused') await execution.pause({ mode: 'now' })
    await eventually(status, async () => (await execution.get()).status === status)
    await clock.advance(999, () => turns())
    expect((await execution.get()).status).toBe(status)
    await clock.advance(1, () => turns())
    await turns()
    expect(await execution.result()).toEqual({ status: 'timed_out', limit: 'deadline' })
    expect(await ends(store, execution.id)).toEqual(['timed_out'])
  })

  test('B23: limits go on counting over a restart', async () => {
    const place = memoryPlace()
    const clock = new SimulatedClock()
    const flights = new Flights()
    flights.heeds = true
    const work = defineEntryPoint({ id: 'work', program: worker(flights), timeout: 1_000 })
    const first = await begin({ store: place.connect(), clock, entryPoints: [work] })
    const { id } = await first.trigger('work', { label: 'a' })
    await flights.started('a.1')
    await clock.advance(600, () => turns())
    await first.stop()
    const second = await begin({ store: place.connect(), clock, entryPoints: [work] })
    const again = await flights.started('a.1', 2)
    await clock.advance(399, () => turns())
    expect(again.signal.aborted).toBe(false)
    await clock.advance(1, () => turns())
    expect(await second.execution(id).result()).toEqual({ status: 'timed_out', limit: 'timeout' })
  })
})
