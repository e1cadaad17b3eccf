/** Waiting until an execution stands somewhere: in a state, under a tag, in a status; here or elsewhere; or until it never will. */
import { describe, expect, onTestFinished, test } from 'vitest'
import { createMachine } from 'xstate'
import { createClient, createRuntime, defineEntryPoint } from '../../src/index.js'
import { createTestRuntime, faultyStore } from '../../src/testing/index.js'
import { begin } from '../support/begin.js'
import { turns } from '../support/eventually.js'
import { memoryPlace, places } from '../support/store-place.js'

const order = createMachine({
  id: 'order',
  initial: 'asking',
  states: {
    asking: { tags: ['open'], on: { YES: 'work', NO: 'refused' } },
    work: {
      initial: 'packing',
      tags: ['busy'],
      states: { packing: { on: { NEXT: 'sending' } }, sending: { tags: ['late'], after: { 3_600_000: 'there' } }, there: {} },
      on: { DONE: 'over' },
    },
    over: { type: 'final' },
    refused: { type: 'final' },
  },
})
const orders = defineEntryPoint({ id: 'orders', program: order })
const entryPoints = [orders]

describe.each(places)('on %s', (_, place) => {
  test('a state, a state above it, a tag and a status are reached with the commit that holds them, in every process', async () => {
    const shared = place()
    const runtime = await begin({ store: shared.connect(), entryPoints })
    const client = createClient({ store: shared.connect(), entryPoints, pollInterval: 5 })
    onTestFinished(() => client.close())
    const execution = await runtime.trigger('orders')
    const elsewhere = client.execution<typeof order>(execution.id)
    for (const each of [execution, elsewhere]) {
      expect(await each.waitFor({ tag: 'open', status: 'waiting' })).toMatchObject({ status: 'reached' })
      expect(await each.waitFor({ state: 'work' }, { timeout: 0 })).toEqual({ status: 'timeout' })
    }
    const goals = [
      { state: 'work' },
      { state: { work: 'sending' } },
      { tag: 'late' },
      { tag: 'busy', state: { work: 'sending' } },
    ]
    const waiting = [execution, elsewhere].flatMap((each) => goals.map((goal) => each.waitFor(goal)))
    const yes = await execution.send({ type: 'YES' })
    const next = await execution.send({ type: 'NEXT' })
    const [first, ...rest] = await Promise.all(waiting)
    expect(first).toEqual({ status: 'reached', revision: 'revision' in yes ? yes.revision : 0 })
    for (const outcome of rest.slice(0, 3)) expect(outcome).toEqual({ ...next, taken: undefined, status: 'reached' })
    for (const outcome of rest.slice(3)) expect(outcome).toMatchObject({ status: 'reached' })
  })

  test('one that ends without is told so, one that ends as wanted has reached it, and others are not there', async () => {
    const runtime = await begin({ store: place().connect(), entryPoints })
    const execution = await runtime.trigger('orders')
    const [never, ended] = [execution.waitFor({ state: 'work' }), execution.waitFor({ status: ['failed', 'completed'] })]
    await execution.send({ type: 'NO' })
    expect(await never).toEqual({ status: 'already_finished', as: 'completed' })
    expect(await ended).toMatchObject({ status: 'reached' })
    expect(await execution.waitFor({ state: 'refused' })).toMatchObject({ status: 'reached' })
    expect(await execution.waitFor({ tag: 'busy' })).toEqual({ status: 'already_finished', as: 'completed' })
    expect(await runtime.execution('nobody').waitFor({ tag: 'busy' })).toEqual({ status: 'not_found' })
  })

  test('what an execution only passes through is seen by the process that runs it', async () => {
    const runtime = await begin({ store: place().connect(), entryPoints })
    const execution = await runtime.trigger('orders')
    await execution.waitFor({ status: 'waiting' })
    const passing = execution.waitFor({ state: { work: 'packing' } })
    await turns(3)
    for (const type of ['YES', 'NEXT', 'DONE'] as const) await execution.send({ type })
    expect(await passing).toMatchObject({ status: 'reached' })
  })
})

test('the time, the signal, the store and the end of the runtime each have an answer of their own', async () => {
  const store = faultyStore(memoryPlace().connect())
  const runtime = createRuntime({ store, entryPoints, pollInterval: 5 })
  await runtime.start()
  const execution = await runtime.trigger('orders')
  expect(await execution.waitFor({ state: 'over' }, { timeout: 5 })).toEqual({ status: 'timeout' })
  const controller = new AbortController()
  const aborted = execution.waitFor({ state: 'over' }, { signal: controller.signal })
  aborted.catch(() => undefined)
  await turns(2)
  controller.abort(new Error('enough'))
  await expect(aborted).rejects.toThrow('enough')
  store.inject({ kind: 'throw', call: 'load' })
  await expect(execution.waitFor({ state: 'over' })).rejects.toMatchObject({ code: 'store_failed' })
  store.heal()
  const stopped = execution.waitFor({ state: 'over' })
  stopped.catch(() => undefined)
  await turns(2)
  await runtime.stop()
  await expect(stopped).rejects.toMatchObject({ code: 'already_stopped' })
})

test('in a test runtime time passes while it is waited for, also over the death of the process', async () => {
  const world = createTestRuntime({ entryPoints })
  const execution = await world.trigger('orders')
  await execution.send({ type: 'YES' })
  await execution.send({ type: 'NEXT' })
  const there = execution.waitFor({ state: { work: 'there' } })
  world.crash()
  await world.restart()
  const from = world.clock.now()
  expect(await there).toMatchObject({ status: 'reached' })
  expect(world.clock.now() - from).toBe(3_600_000)
  await world.stop()
})

test('a goal that nobody could reach is refused', async () => {
  const shared = memoryPlace()
  const runtime = await begin({ store: shared.connect(), entryPoints })
  const execution = await runtime.trigger('orders')
  const refused = (goal: unknown, option: string, options = {}) =>
    expect(execution.waitFor(goal as never, options)).rejects.toMatchObject({ code: 'invalid_option', details: { option } })
  await refused({}, 'status')
  await refused({ status: 'canceled' }, 'status')
  await refused({ status: [] }, 'status')
  await refused({ state: 7 }, 'state')
  await refused({ tag: 7 }, 'tag')
  await refused({ value: 'x' }, 'value')
  await refused({ tag: 'x' }, 'timeout', { timeout: -1 })
  const other = createClient({ store: shared.connect(), entryPoints: [] })
  onTestFinished(() => other.close())
  await expect(other.execution(execution.id).waitFor({ tag: 'open' })).rejects.toMatchObject({ code: 'unknown_entry_point' })
  expect(await other.execution(execution.id).waitFor({ state: 'asking' })).toMatchObject({ status: 'reached' })
})
