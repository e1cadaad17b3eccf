/** What the README says is not promised: the limits are where it says they are. */
import { describe, expect, test } from 'vitest'
import { defineEntryPoint, terminalStatuses } from '../../src/index.js'
import { faultyStore } from '../../src/testing/store/faulty-store.js'
import { begin } from '../support/begin.js'
import { eventually, turns } from '../support/eventually.js'
import { StepsInFlight } from '../support/steps-in-flight.js'
import { approval, worker } from '../support/programs.js'
import { memoryPlace } from '../support/store-place.js'

describe('durability', () => {
  /** A worker whose first step ends while no commit succeeds. */
  async function cutOff(durability: 'strict' | 'relaxed') {
    const flights = new StepsInFlight()
    // what does not heed its signal is waited for before it may run again
    flights.heeds = true
    const store = faultyStore(memoryPlace().connect())
    const runtime = await begin({ store, entryPoints: [defineEntryPoint({ id: 'work', program: worker(flights), durability })] })
    const execution = await runtime.trigger('work', { label: 'a' })
    const first = await flights.started('a.1')
    store.inject({ kind: 'throw', call: 'commit' })
    first.end()
    return { flights, store, execution }
  }

  test('relaxed: the next step starts although the end of the last one is not durable, and both may run again', async () => {
    const { flights, store, execution } = await cutOff('relaxed')
    await flights.started('a.2')
    expect(await execution.get()).toMatchObject({ context: { results: [] } })
    await eventually('the commit to fail', () => store.failures > 0)
    flights.free.add('a.1').add('a.2')
    store.heal()
    expect(await execution.result()).toMatchObject({ status: 'completed' })
    expect(flights.of('a.1').length).toBeGreaterThan(1)
    expect(flights.of('a.2').length).toBeGreaterThan(1)
  })

  test('strict: it does not start before', async () => {
    const { flights, store, execution } = await cutOff('strict')
    await eventually('the commit to fail', () => store.failures > 0)
    await turns()
    expect(flights.of('a.2')).toEqual([])
    flights.free.add('a.1').add('a.2')
    store.heal()
    expect(await execution.result()).toMatchObject({ status: 'completed' })
    expect(flights.of('a.2')).toHaveLength(1)
  })
})

test('an event that is sent twice is delivered twice', async () => {
  const runtime = await begin({
    store: memoryPlace().connect(),
    entryPoints: [defineEntryPoint({ id: 'approval', program: approval })],
  })
  const execution = await runtime.trigger('approval')
  for (const text of ['same', 'same']) await execution.send({ type: 'NOTE', text })
  await execution.send({ type: 'APPROVE' })
  expect(await execution.result()).toMatchObject({ output: { notes: ['same', 'same'] } })
})

test('an inspector sees a transition before it is durable; records, journal and counts do not', async () => {
  const seen: unknown[] = []
  const store = faultyStore(memoryPlace().connect())
  const runtime = await begin({
    store,
    entryPoints: [defineEntryPoint({ id: 'approval', program: approval })],
    inspect: (event) => {
      if (event.type === '@xstate.snapshot' && 'value' in event.snapshot) seen.push(event.snapshot.value)
    },
  })
  const execution = await runtime.trigger('approval')
  store.inject({ kind: 'throw', call: 'commit' })
  const answer = execution.send({ type: 'APPROVE' })
  answer.catch(() => undefined)
  await eventually('the inspector to see it', () => seen.includes('approved'))
  expect(await execution.get()).toMatchObject({ value: 'open' })
  expect((await store.events({ since: 0, limit: 100 })).map(({ type }) => type)).not.toContain('execution.completed')
  const counts = runtime.registry.streams.getSnapshot().context['approval']
  for (const status of terminalStatuses) expect(counts?.[status] ?? 0).toBe(0)
})
