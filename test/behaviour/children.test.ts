/** Executions that start executions: `fromExecution`, and commands that cascade. */
import { describe, expect, test } from 'vitest'
import { createMachine, setup } from 'xstate'
import { defineEntryPoint, fromExecution } from '../../src/index.js'
import type { Commit } from '../../src/persistence/snapshot-store.js'
import { createTestRuntime, SimulatedClock } from '../../src/testing/index.js'
import { begin } from '../support/begin.js'
import { eventually, turns } from '../support/eventually.js'
import { StepsInFlight } from '../support/steps-in-flight.js'
import { worker } from '../support/programs.js'
import { places } from '../support/store-place.js'

const ordering = setup({
  actors: { pay: fromExecution<{ results: string[] }, { label: string }>('payments') },
}).createMachine({
  id: 'order',
  initial: 'paying',
  states: {
    paying: { invoke: { src: 'pay', input: { label: 'pay' }, onDone: 'paid', onError: 'refused' } },
    paid: { type: 'final' },
    refused: { type: 'final' },
  },
})

describe.each(places)('on %s', (_, place) => {
  function shop() {
    const flights = new StepsInFlight()
    const shared = place()
    const entryPoints = [
      defineEntryPoint({ id: 'orders', program: ordering }),
      defineEntryPoint({ id: 'payments', program: worker(flights) }),
    ] as const
    return { flights, shared, entryPoints }
  }

  test('a child has its own id and record, names its parent, and its output ends the step', async () => {
    const { flights, shared, entryPoints } = shop()
    const runtime = await begin({ store: shared.connect(), entryPoints })
    const parent = await runtime.trigger('orders')
    for (const label of ['pay.1', 'pay.2']) (await flights.started(label)).end()
    expect(await parent.result()).toMatchObject({ status: 'completed' })
    const { executions } = await runtime.executions({ parentId: parent.id })
    expect(executions).toMatchObject([
      { entryPoint: 'payments', status: 'completed', parentId: parent.id, correlationId: parent.id },
    ])
    expect(await parent.get()).toMatchObject({ value: 'paid' })
  })

  test('a child is started once, however often its parent is recovered', async () => {
    const { flights, shared, entryPoints } = shop()
    const clock = new SimulatedClock()
    let store = shared.connect()
    let runtime = await begin({ store, entryPoints, clock })
    const { id } = await runtime.trigger('orders')
    for (const nth of [1, 2, 3]) {
      await flights.started('pay.1', nth)
      store.cut()
      store = shared.connect()
      runtime = await begin({ store, entryPoints, clock })
      // who was in flight in several processes that died goes on one after the other
      await eventually('the child to go on', async () => {
        await clock.advance(100)
        return flights.of('pay.1').length > nth
      })
    }
    for (const label of ['pay.2']) flights.free.add(label)
    ;(await flights.started('pay.1', 4)).end()
    expect(await runtime.execution(id).result()).toMatchObject({ status: 'completed' })
    expect((await runtime.executions({ parentId: id })).executions).toHaveLength(1)
  })

  test('a child that fails, or is cancelled by itself, fails the step with its outcome', async () => {
    const { flights, shared, entryPoints } = shop()
    const runtime = await begin({ store: shared.connect(), entryPoints })
    const failing = await runtime.trigger('orders')
    ;(await flights.started('pay.1')).fail(new Error('no money'))
    await failing.result()
    expect(await failing.get()).toMatchObject({ status: 'completed', value: 'refused' })
    flights.heeds = true
    const other = await runtime.trigger('orders')
    await flights.started('pay.1', 2)
    const [child] = (await runtime.executions({ parentId: other.id })).executions
    await runtime.execution(child?.id ?? '').cancel()
    await other.result()
    expect(await other.get()).toMatchObject({ status: 'completed', value: 'refused' })
  })

  test('a cancel cascades leaf first', async () => {
    const { flights, shared, entryPoints } = shop()
    const store = shared.connect()
    const runtime = await begin({ store, entryPoints })
    const parent = await runtime.trigger('orders')
    const step = await flights.started('pay.1')
    const cancelled = parent.cancel({ reason: 'enough' })
    await eventually('the signal', () => step.signal.aborted)
    const [child] = (await runtime.executions({ parentId: parent.id })).executions
    expect(await parent.get()).not.toMatchObject({ status: 'cancelled' })
    step.fail()
    expect(await cancelled).toEqual({ status: 'cancelled' })
    expect(await runtime.execution(child?.id ?? '').result()).toMatchObject({
      status: 'cancelled',
      scope: 'parent',
      reason: 'enough',
    })
    expect(await parent.get()).toMatchObject({ status: 'cancelled' })
    const ends = (await store.events({ since: 0, limit: 100 })).filter(({ type }) => type === 'execution.cancelled')
    expect(ends.map(({ executionId }) => executionId)).toEqual([child?.id, parent.id])
  })

  test('a pause cascades leaf first, and a resume goes down again', async () => {
    const { flights, shared, entryPoints } = shop()
    const store = shared.connect()
    const runtime = await begin({ store, entryPoints })
    const parent = await runtime.trigger('orders')
    const step = await flights.started('pay.1')
    const paused = parent.pause({ mode: 'now' })
    await eventually('the signal', () => step.signal.aborted)
    step.fail()
    expect(await paused).toMatchObject({ status: 'paused' })
    const [child] = (await runtime.executions({ parentId: parent.id })).executions
    expect(child).toMatchObject({ status: 'paused', pause: { scope: 'parent' } })
    const pauses = (await store.events({ since: 0, limit: 100 })).filter(({ type }) => type === 'execution.paused')
    expect(pauses.map(({ executionId }) => executionId)).toEqual([child?.id, parent.id])
    await parent.resume()
    flights.free.add('pay.2')
    ;(await flights.started('pay.1', 2)).end()
    expect(await parent.result()).toMatchObject({ status: 'completed' })
    expect((await runtime.executions({ parentId: parent.id })).executions).toHaveLength(1)
  })

  test('a resume wakes the child that a pause had stopped which never came to the parent', async () => {
    const { flights, shared, entryPoints } = shop()
    const isPause = ({ id, status }: Commit) => id === 'order' && status.startsWith('paus')
    const full = (batch: readonly Commit[]) => (batch.some(isPause) ? Promise.reject(new Error('the disk is full')) : undefined)
    const store = shared.connect((inner) => ({ commit: (batch) => full(batch) ?? inner.commit(batch) }))
    const runtime = await begin({ store, entryPoints })
    const parent = await runtime.trigger('orders', undefined, { id: 'order' })
    const step = await flights.started('pay.1')
    const paused = parent.pause({ mode: 'now' })
    await eventually('the signal', () => step.signal.aborted)
    step.fail()
    await expect(paused).rejects.toMatchObject({ code: 'store_failed' })
    expect((await runtime.executions({ parentId: 'order' })).executions).toMatchObject([{ status: 'paused' }])
    flights.free.add('pay.1').add('pay.2')
    expect(await parent.resume()).toEqual({ status: 'already_running' })
    expect(await parent.result()).toMatchObject({ status: 'completed' })
  })

  test('a boundary pause of a parent that waits for its child does not hang', async () => {
    const { flights, shared, entryPoints } = shop()
    const runtime = await begin({ store: shared.connect(), entryPoints })
    const parent = await runtime.trigger('orders')
    const step = await flights.started('pay.1')
    const paused = parent.pause()
    await eventually(
      'the child to be pausing',
      async () => (await runtime.executions({ parentId: parent.id })).executions[0]?.status === 'pausing',
    )
    step.end()
    expect(await paused).toMatchObject({ status: 'paused' })
  })
})

test('what a failed attempt has just started rests with its parent, which is paused in its back-off, and goes on with it', async () => {
  const program = setup({ actors: { below: fromExecution('leaves') } }).createMachine({
    id: 'flaky',
    initial: 'on',
    states: {
      on: {
        entry: () => {
          throw new Error('flaky')
        },
        invoke: { src: 'below', onDone: 'done' },
      },
      done: { type: 'final' },
    },
  })
  for (let gap = 0; gap < 10; gap++) {
    const leaves = defineEntryPoint({
      id: 'leaves',
      program: createMachine({ id: 'leaf', initial: 'open', states: { open: {} } }),
    })
    const retry = { maxAttempts: 3, backoff: { initial: 60_000 } }
    const world = createTestRuntime({ entryPoints: [defineEntryPoint({ id: 'flaky', program, retry }), leaves] })
    const execution = await world.trigger('flaky')
    await turns(gap)
    expect(await execution.pause()).toMatchObject({ status: 'paused' })
    const { executions } = await world.executions({ parentId: execution.id })
    expect(executions.map(({ status }) => status)).toEqual(executions.map(() => 'paused'))
    await execution.resume()
    await world.settle()
    expect((await world.executions({ parentId: execution.id })).executions).toMatchObject([{ status: 'waiting' }])
    await world.stop()
  }
})
