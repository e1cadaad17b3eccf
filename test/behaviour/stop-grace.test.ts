/** A stop with a grace: what is in flight ends, and nothing more starts. */
import { describe, expect, test } from 'vitest'
import { createActor } from 'xstate'
import { defineEntryPoint, runtimeOf, supervisorMachine } from '../../src/index.js'
import { memoryStore } from '../../src/memory.js'
import { begin } from '../support/begin.js'
import { StepsInFlight } from '../support/steps-in-flight.js'
import { worker } from '../support/programs.js'
import { places } from '../support/store-place.js'

/** Two steps, one after the other; one slot. */
const working = (flights: StepsInFlight) => defineEntryPoint({ id: 'work', program: worker(flights), maxConcurrent: 1 })

describe.each(places)('on %s', (_, place) => {
  test('a step in flight ends and is committed, and neither the next one nor a queued execution starts', async () => {
    const [flights, shared] = [new StepsInFlight(), place()]
    const runtime = await begin({ store: shared.connect(), entryPoints: [working(flights)] })
    const { id } = await runtime.trigger('work', { label: 'a' })
    await runtime.trigger('work', { label: 'b' })
    const flight = await flights.started('a.1')
    const stopping = [runtime.stop({ grace: 60_000 }), runtime.stop()]
    await expect(runtime.trigger('work', { label: 'c' })).rejects.toMatchObject({ code: 'already_stopped' })
    expect(flight.signal.aborted).toBe(false)
    flight.end('first')
    await Promise.all(stopping)
    expect(flights.all).toHaveLength(1)
    const later = new StepsInFlight()
    const next = await begin({ store: shared.connect(), entryPoints: [working(later)] })
    ;(await later.started('a.2')).end('second')
    expect(await next.execution(id).result()).toMatchObject({ status: 'completed' })
    expect(later.all.filter(({ label }) => label === 'a.1')).toEqual([])
    await next.cancel()
  })

  test('what does not end in time is aborted, as without a grace', async () => {
    const flights = new StepsInFlight()
    const runtime = await begin({ store: place().connect(), entryPoints: [working(flights)] })
    await runtime.trigger('work', { label: 'a' })
    const flight = await flights.started('a.1')
    await runtime.stop({ grace: 1 })
    expect(flight.signal.aborted).toBe(true)
  })

  test('an event that comes meanwhile waits for the next start', async () => {
    const [flights, shared] = [new StepsInFlight(), place()]
    const runtime = await begin({ store: shared.connect(), entryPoints: [working(flights)] })
    const execution = await runtime.trigger('work', { label: 'a' })
    const flight = await flights.started('a.1')
    const stopping = runtime.stop({ grace: 60_000 })
    expect(await execution.send({ type: 'ANY' } as never)).toEqual({ status: 'queued' })
    flight.end()
    await stopping
  })
})

test('a lease is kept through a grace that is longer', async () => {
  const flights = new StepsInFlight()
  const shared = places[0]![1]()
  const options = { entryPoints: [working(flights)], lease: 100, pollInterval: 1 }
  const runtime = await begin({ store: shared.connect(), ...options })
  await runtime.trigger('work', { label: 'a' })
  const flight = await flights.started('a.1')
  const stopping = runtime.stop({ grace: 60_000 })
  const store = shared.connect()
  await store.open()
  const leases = new Set<number>()
  await expect.poll(async () => leases.add((await store.owners())[0]?.leaseUntil ?? 0).size).toBeGreaterThan(3)
  flight.end()
  await stopping
})

test('a supervisor takes the grace with its event', async () => {
  const flights = new StepsInFlight()
  const input = { store: memoryStore(), entryPoints: [working(flights)] as const }
  const supervisor = createActor(supervisorMachine, { input }).start()
  const runtime = runtimeOf<typeof input.entryPoints>(supervisor)
  await runtime.start()
  await runtime.trigger('work', { label: 'a' })
  const flight = await flights.started('a.1')
  supervisor.send({ type: 'supervisor.stop', grace: 60_000 })
  flight.end()
  await runtime.stop()
  expect(flight.signal.aborted).toBe(false)
  expect(supervisor.getSnapshot().value).toBe('stopped')
})

test.each([-1, NaN, '5'])('a grace of %j is refused, and the runtime goes on', async (grace) => {
  const runtime = await begin({ store: memoryStore(), entryPoints: [working(new StepsInFlight())] })
  await expect(runtime.stop({ grace: grace as number })).rejects.toMatchObject({ code: 'invalid_option' })
  await expect(runtime.stop({ graze: 1 } as never)).rejects.toMatchObject({ details: { nearest: 'grace' } })
  expect(await runtime.trigger('work', { label: 'a' })).toMatchObject({ created: true })
})
