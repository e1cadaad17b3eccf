/** Streams that crash, and what their supervisor does: B3, B9, B34. */
import { describe, expect, test } from 'vitest'
import type { InspectionEvent } from 'xstate'
import { defineEntryPoint, type Supervision } from '../../src/index.js'
import { begin } from '../harness/begin.js'
import { eventually, turns } from '../harness/eventually.js'
import { Flights } from '../harness/flights.js'
import { ends } from '../harness/journal.js'
import { worker } from '../harness/programs.js'
import { SimulatedClock } from '../../src/testing/clock/simulated-clock.js'
import { memoryPlace } from '../harness/store-place.js'

const ids = ['one', 'two', 'three'] as const
type Id = (typeof ids)[number]

async function three(supervision: Supervision = {}, restart: 'permanent' | 'transient' | 'temporary' = 'permanent') {
  const flights = new Flights()
  const clock = new SimulatedClock()
  const place = memoryPlace()
  const store = place.connect()
  const program = worker(flights)
  const entryPoints = ids.map((id) => defineEntryPoint({ id, program, maxConcurrent: 1, restart }))
  const refs: InspectionEvent['actorRef'][] = []
  const inspect = (event: InspectionEvent) => {
    if (event.type === '@xstate.actor') refs.push(event.actorRef)
  }
  const runtime = await begin({ store, clock, entryPoints, supervision, inspect })
  /** One execution that runs and one that is queued, on each stream. */
  const load = async () => {
    const all = []
    for (const id of ids) for (const n of ['r', 'q']) all.push(await runtime.trigger(id, { label: `${id}-${n}` }))
    for (const id of ids) await flights.started(`${id}-r.1`)
    return all
  }
  /** Ends the stream's actor as an error, as a bug in it would. */
  const crash = async (id: Id) => {
    const ref = refs.findLast((each) => (each as unknown as { id: string }).id === id) as unknown as { send(event: object): void }
    ref.send({ type: 'stream.crash', error: new Error(`a bug in ${id}`) })
    await turns()
  }
  const backOff = async () => {
    await clock.advance(20_000, () => turns(10))
    await turns()
  }
  const finish = async (all: Awaited<ReturnType<typeof load>>) => {
    for (const id of ids) for (const n of ['r', 'q']) for (const k of [1, 2]) flights.free.add(`${id}-${n}.${k}`)
    for (const flight of flights.all) flight.end()
    for (const each of all) {
      expect(await each.result()).toMatchObject({ status: 'completed' })
      expect(await ends(store, each.id)).toEqual(['completed'])
    }
  }
  const starts = () => ids.map((id) => flights.of(`${id}-r.1`).length)
  return { flights, clock, place, store, entryPoints, runtime, load, crash, backOff, finish, starts }
}

describe('B9: a stream that crashes', () => {
  test('B9: one_for_one: it alone is started again, its queue survives, and the others never notice', async () => {
    const { load, crash, backOff, finish, starts, runtime } = await three()
    const all = await load()
    await crash('two')
    await backOff()
    expect(starts()).toEqual([1, 2, 1])
    const another = await runtime.trigger('two', { label: 'two-q' })
    await finish([...all, another])
  })

  test('B9: one_for_all: all streams are started again', async () => {
    const { load, crash, backOff, finish, starts } = await three({ strategy: 'one_for_all' })
    const all = await load()
    await crash('two')
    await backOff()
    expect(starts()).toEqual([2, 2, 2])
    await finish(all)
  })

  test('B9: rest_for_one: it and those defined after it are started again', async () => {
    const { load, crash, backOff, finish, starts } = await three({ strategy: 'rest_for_one' })
    const all = await load()
    await crash('two')
    await backOff()
    expect(starts()).toEqual([1, 2, 2])
    await finish(all)
  })

  test('B9: while it backs off its triggers are refused and may be tried again, and those of the others work', async () => {
    const { load, crash, backOff, finish, runtime } = await three()
    const all = await load()
    await crash('two')
    await expect(runtime.trigger('two', { label: 'x' })).rejects.toMatchObject({ code: 'stream_down', retryable: true })
    await runtime.trigger('one', { label: 'one-q' })
    await backOff()
    await finish(all)
  })

  test('B3: past the intensity the supervisor stops and says why, and everything goes on in the next runtime', async () => {
    const { load, crash, backOff, runtime, place, clock, entryPoints, flights } = await three({ intensity: 1, period: 1_000_000 })
    const all = await load()
    await crash('two')
    await backOff()
    await crash('two')
    await eventually('the end', () => (runtime.actor.getSnapshot() as { status: string }).status !== 'active')
    expect(JSON.stringify(runtime.actor.getSnapshot())).toContain('a bug in two')
    await expect(runtime.trigger('one', { label: 'x' })).rejects.toMatchObject({
      code: 'already_stopped',
      cause: { message: 'a bug in two' },
    })
    const next = await begin({ store: place.connect(), clock, entryPoints })
    for (const id of ids) for (const n of ['r', 'q']) for (const k of [1, 2]) flights.free.add(`${id}-${n}.${k}`)
    for (const flight of flights.all) flight.end()
    await next.drain()
    for (const { id } of all) expect(await next.execution(id).result()).toMatchObject({ status: 'completed' })
  })

  test('B9: crashes further apart than the period never end the supervisor', async () => {
    const { load, crash, backOff, finish, clock } = await three({ intensity: 1, period: 10_000 })
    const all = await load()
    for (const _each of [1, 2, 3]) {
      await crash('two')
      await backOff()
      await clock.advance(10_000, () => turns(3))
    }
    await finish(all)
  })

  test('B9: a temporary stream stays ended, and what it held goes on in the next runtime', async () => {
    const { load, crash, backOff, starts, runtime, place, clock, entryPoints, flights } = await three({}, 'temporary')
    const all = await load()
    await crash('two')
    await backOff()
    expect(starts()).toEqual([1, 1, 1])
    await expect(runtime.trigger('two', { label: 'x' })).rejects.toMatchObject({
      code: 'stream_down',
      retryable: false,
      details: { entryPoint: 'two' },
    })
    await runtime.stop()
    const next = await begin({ store: place.connect(), clock, entryPoints })
    for (const id of ids) for (const n of ['r', 'q']) for (const k of [1, 2]) flights.free.add(`${id}-${n}.${k}`)
    for (const flight of flights.all) flight.end()
    for (const { id } of all) expect(await next.execution(id).result()).toMatchObject({ status: 'completed' })
  })

  test('B9: a transient stream is started again after an error', async () => {
    const { load, crash, backOff, finish, starts } = await three({}, 'transient')
    const all = await load()
    await crash('three')
    await backOff()
    expect(starts()).toEqual([1, 1, 2])
    await finish(all)
  })
})
