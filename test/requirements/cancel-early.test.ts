/** Cancel of executions that have not begun: B1 and B2. */
import { describe, expect, test } from 'vitest'
import { defineEntryPoint } from '../../src/index.js'
import { begin } from '../harness/begin.js'
import { Flights } from '../harness/flights.js'
import { ends } from '../harness/journal.js'
import { worker } from '../harness/programs.js'
import { places } from '../harness/store-place.js'

describe.each(places)('on %s', (_, place) => {
  async function oneRunningOneQueued() {
    const flights = new Flights()
    const store = place().connect()
    const work = defineEntryPoint({ id: 'work', program: worker(flights), maxConcurrent: 1 })
    const runtime = await begin({ store, entryPoints: [work] })
    const running = await runtime.trigger('work', { label: 'a' })
    const queued = await runtime.trigger('work', { label: 'b' })
    await flights.started('a.1')
    return { flights, store, runtime, running, queued }
  }

  test('B1: cancelling a queued execution settles it: record, result and one terminal event agree', async () => {
    const { store, queued } = await oneRunningOneQueued()
    expect(await queued.get()).toMatchObject({ status: 'queued' })
    expect(await queued.cancel({ reason: 'changed my mind', actor: 'ann' })).toEqual({ status: 'cancelled' })
    expect(await queued.get()).toMatchObject({
      status: 'cancelled',
      startedAt: null,
      cancel: { reason: 'changed my mind', actor: 'ann' },
    })
    expect(await queued.result({ timeout: 0 })).toMatchObject({ status: 'cancelled', reason: 'changed my mind', actor: 'ann' })
    expect(await ends(store, queued.id)).toEqual(['cancelled'])
  })

  test('B1: a waiter on a queued execution is released by its cancel', async () => {
    const { queued } = await oneRunningOneQueued()
    const outcome = queued.result()
    await queued.cancel()
    expect(await outcome).toMatchObject({ status: 'cancelled' })
  })

  test('B1: cancelling a queued execution leaves the slot and the rest of the queue alone', async () => {
    const { flights, runtime, running, queued } = await oneRunningOneQueued()
    const third = await runtime.trigger('work', { label: 'c' })
    await queued.cancel()
    expect(await running.get()).toMatchObject({ status: 'running' })
    expect(await third.get()).toMatchObject({ status: 'queued' })
    expect(flights.all.map(({ label }) => label)).toEqual(['a.1'])
    for (const label of ['a.2', 'c.1', 'c.2']) flights.free.add(label)
    ;(await flights.started('a.1')).end()
    expect(await third.result()).toMatchObject({ status: 'completed' })
    expect(flights.of('b.1')).toEqual([])
  })

  test('B1: a second cancel of a cancelled execution is a no-op with an answer of its own', async () => {
    const { store, queued } = await oneRunningOneQueued()
    await queued.cancel()
    const { revision } = (await store.load(queued.id)) ?? {}
    expect(await queued.cancel()).toEqual({ status: 'already_finished', as: 'cancelled' })
    expect(await store.load(queued.id)).toMatchObject({ revision })
    expect(await ends(store, queued.id)).toEqual(['cancelled'])
  })

  test('B1: two cancels at once of a queued execution end it once, and one of them learns that it was late', async () => {
    const { store, queued } = await oneRunningOneQueued()
    const answers = await Promise.all([queued.cancel(), queued.cancel()])
    expect(answers.map(({ status }) => status).toSorted()).toEqual(['already_finished', 'cancelled'])
    expect(await ends(store, queued.id)).toEqual(['cancelled'])
  })

  test('B1: what was cancelled in the queue stays so after a restart', async () => {
    const shared = place()
    const flights = new Flights()
    const work = defineEntryPoint({ id: 'work', program: worker(flights), maxConcurrent: 1 })
    const first = await begin({ store: shared.connect(), entryPoints: [work] })
    await first.trigger('work', { label: 'a' })
    const queued = await first.trigger('work', { label: 'b' })
    await queued.cancel()
    await first.stop()
    for (const label of ['a.1', 'a.2']) flights.free.add(label)
    const second = await begin({ store: shared.connect(), entryPoints: [work] })
    await second.drain()
    expect(await second.execution(queued.id).result()).toMatchObject({ status: 'cancelled' })
    expect(flights.of('b.1')).toEqual([])
  })

  test('B2: a cancel right after the trigger, with a free slot, settles the execution', async () => {
    const flights = new Flights()
    flights.heeds = true
    const store = place().connect()
    const runtime = await begin({ store, entryPoints: [defineEntryPoint({ id: 'work', program: worker(flights) })] })
    const execution = await runtime.trigger('work', { label: 'a' })
    expect(await execution.cancel()).toEqual({ status: 'cancelled' })
    expect(await execution.result()).toMatchObject({ status: 'cancelled' })
    expect(await execution.cancel()).toEqual({ status: 'already_finished', as: 'cancelled' })
    expect(await ends(store, execution.id)).toEqual(['cancelled'])
    // the slot is free again
    for (const label of ['b.1', 'b.2']) flights.free.add(label)
    expect(await (await runtime.trigger('work', { label: 'b' })).result()).toMatchObject({ status: 'completed' })
  })
})
