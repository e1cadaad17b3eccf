/** Results, waiting for them and keeping them. */
import { describe, expect, test } from 'vitest'
import { setup } from 'xstate'
import { defineEntryPoint, type Retention } from '../../src/index.js'
import { begin } from '../support/begin.js'
import { eventually, turns } from '../support/eventually.js'
import { StepsInFlight } from '../support/steps-in-flight.js'
import { approval, worker } from '../support/programs.js'
import { SimulatedClock } from '../../src/testing/clock/simulated-clock.js'
import { memoryPlace, places, type StorePlace } from '../support/store-place.js'

const entry = defineEntryPoint({ id: 'approval', program: approval })
const completed = { status: 'completed', output: { notes: [] } }

describe.each(places)('on %s', (_, place) => {
  test('a result is read after stop and start', async () => {
    const shared = place()
    const first = await begin({ store: shared.connect(), entryPoints: [entry] })
    const { id } = await first.trigger('approval')
    await first.execution<typeof approval>(id).send({ type: 'APPROVE' })
    expect(await first.execution(id).result()).toEqual(completed)
    await first.stop()
    const second = await begin({ store: shared.connect(), entryPoints: [entry] })
    expect(await second.execution(id).result({ timeout: 0 })).toEqual(completed)
  })

  test('another runtime on the same store that waits for a result gets it', async () => {
    const shared = place()
    const first = await begin({ store: shared.connect(), entryPoints: [entry] })
    const second = await begin({ store: shared.connect(), entryPoints: [entry] })
    const execution = await first.trigger('approval')
    const outcome = second.execution(execution.id).result()
    await execution.send({ type: 'APPROVE' })
    expect(await outcome).toEqual(completed)
  })

  test('many waiters on one execution all get the result, and one that comes later too', async () => {
    const runtime = await begin({ store: place().connect(), entryPoints: [entry] })
    const execution = await runtime.trigger('approval')
    const waiters = Array.from({ length: 10 }, () => execution.result())
    await execution.send({ type: 'APPROVE' })
    expect(await Promise.all(waiters)).toEqual(waiters.map(() => completed))
    expect(await execution.result()).toEqual(completed)
  })
})

test('the result of one that has ended is there at once, also while its last action still runs', async () => {
  let release: () => void = () => undefined
  const lasting = setup({ actions: { last: () => new Promise<void>((resolve) => (release = resolve)) as never } }).createMachine({
    id: 'lasting',
    initial: 'open',
    states: { open: { on: { GO: { actions: 'last' } } } },
  })
  const runtime = await begin({
    store: memoryPlace().connect(),
    entryPoints: [defineEntryPoint({ id: 'lasting', program: lasting })],
  })
  const execution = await runtime.trigger('lasting')
  await execution.send({ type: 'GO' })
  expect(await execution.cancel()).toEqual({ status: 'cancelled' })
  expect(await execution.result({ timeout: 0 })).toMatchObject({ status: 'cancelled' })
  expect(await execution.result()).toMatchObject({ status: 'cancelled' })
  release()
})

describe('waiting', () => {
  async function waiting() {
    const clock = new SimulatedClock()
    const runtime = await begin({ store: memoryPlace().connect(), clock, entryPoints: [entry] })
    return { clock, runtime, execution: await runtime.trigger('approval') }
  }

  test('timeout 0 asks and does not wait', async () => {
    const { execution } = await waiting()
    expect(await execution.result({ timeout: 0 })).toEqual({ status: 'timeout' })
    await execution.send({ type: 'APPROVE' })
    expect(await execution.result({ timeout: 0 })).toEqual(completed)
  })

  test('a wait that runs out answers timeout, and the execution goes on', async () => {
    const { clock, execution } = await waiting()
    const outcome = execution.result({ timeout: 1_000 })
    await turns()
    await clock.advance(1_000, () => turns())
    expect(await outcome).toEqual({ status: 'timeout' })
    await execution.send({ type: 'APPROVE' })
    expect(await execution.result()).toEqual(completed)
  })

  test('a signal ends the wait with its reason, before and while waiting', async () => {
    const { execution } = await waiting()
    await expect(execution.result({ signal: AbortSignal.abort(new Error('before')) })).rejects.toThrow('before')
    const controller = new AbortController()
    const outcome = execution.result({ signal: controller.signal })
    await turns()
    controller.abort(new Error('while'))
    await expect(outcome).rejects.toThrow('while')
    expect((await execution.get()).status).toBe('waiting')
  })

  test('a signal that fires while the store is asked ends the wait', async () => {
    const { runtime, execution } = await waiting()
    await execution.pause()
    const controller = new AbortController()
    const outcome = runtime.execution(execution.id).result({ signal: controller.signal })
    controller.abort(new Error('at once'))
    await expect(outcome).rejects.toThrow('at once')
  })

  test('unknown, not yet and expired are three answers', async () => {
    const { runtime, execution } = await waiting()
    expect(await runtime.execution('nobody').result()).toEqual({ status: 'not_found' })
    expect(await runtime.execution('nobody').get()).toEqual({ status: 'not_found' })
    expect(await execution.result({ timeout: 0 })).toEqual({ status: 'timeout' })
  })

  test('a timeout loses neither id nor handle, and the caller can cancel then', async () => {
    const { clock, runtime } = await waiting()
    const execution = await runtime.trigger('approval', undefined, { correlationId: 'order-7' })
    const outcome = execution.result({ timeout: 10 })
    await turns()
    await clock.advance(10, () => turns())
    expect(await outcome).toEqual({ status: 'timeout' })
    expect(await execution.cancel()).toEqual({ status: 'cancelled' })
    const { executions } = await runtime.executions({ correlationId: 'order-7' })
    expect(executions).toMatchObject([{ id: execution.id, status: 'cancelled', correlationId: 'order-7' }])
  })
})

describe('retention', () => {
  async function kept(retention: Retention, place: StorePlace = memoryPlace()) {
    const clock = new SimulatedClock()
    const flights = new StepsInFlight()
    const work = defineEntryPoint({ id: 'work', program: worker(flights), retention })
    const store = place.connect()
    const runtime = await begin({ store, clock, entryPoints: [work], retentionInterval: 1_000, pollInterval: 100 })
    const finish = async (label: string) => {
      for (const n of [1, 2]) flights.free.add(`${label}.${n}`)
      const execution = await runtime.trigger('work', { label })
      await execution.result()
      await clock.advance(1, () => turns())
      return execution
    }
    return { clock, flights, runtime, store, finish, sweep: () => clock.advance(1_200, () => turns()) }
  }

  test.each(places)('by count: the ones that ended last are kept, never a live one (%s)', async (_, place) => {
    const { flights, runtime, finish, sweep } = await kept({ keep: 2 }, place())
    const live = await runtime.trigger('work', { label: 'live' })
    await flights.started('live.1')
    const all = [await finish('a'), await finish('b'), await finish('c'), await finish('d')]
    const paused = await runtime.trigger('work', { label: 'p' })
    const pause = paused.pause()
    ;(await flights.started('p.1')).end()
    await pause
    await sweep()
    await eventually('the sweep', async () => (await all[1]?.get())?.status === 'expired')
    expect(await Promise.all(all.map(async (each) => (await each.get()).status))).toEqual([
      'expired',
      'expired',
      'completed',
      'completed',
    ])
    expect(await live.get()).toMatchObject({ status: 'running' })
    expect(await paused.get()).toMatchObject({ status: 'paused' })
  })

  test.each(places)('by age, from the end on (%s)', async (_, place) => {
    const { clock, flights, runtime, finish } = await kept({ maxAge: 10_000 }, place())
    const live = await runtime.trigger('work', { label: 'live' })
    await flights.started('live.1')
    const old = await finish('old')
    await clock.advance(8_000, () => turns(3))
    const young = await finish('young')
    await clock.advance(3_000, () => turns(3))
    await eventually('the sweep', async () => (await old.get()).status === 'expired')
    expect(await young.get()).toMatchObject({ status: 'completed' })
    expect(await live.get()).toMatchObject({ status: 'running' })
  })

  test('expired is an answer of its own to every call', async () => {
    const { runtime, finish, sweep } = await kept({ keep: 0 })
    const execution = await finish('a')
    await sweep()
    await eventually('the sweep', async () => (await execution.get()).status === 'expired')
    const expired = { status: 'expired' }
    expect(await execution.result()).toEqual(expired)
    expect(await execution.cancel()).toEqual(expired)
    expect(await execution.pause()).toEqual(expired)
    expect(await execution.resume()).toEqual(expired)
    expect(await execution.send({ type: 'NOTE', text: 'x' })).toEqual(expired)
    expect((await runtime.executions()).executions).toEqual([])
  })

  test('with retention 0 a waiter still gets the result handed over', async () => {
    const { flights, runtime } = await kept({ keep: 0, maxAge: 0 })
    const execution = await runtime.trigger('work', { label: 'a' })
    const outcome = execution.result()
    for (const label of ['a.1', 'a.2']) (await flights.started(label)).end()
    expect(await outcome).toMatchObject({ status: 'completed' })
  })
})
