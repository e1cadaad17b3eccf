/** Triggers with an id, where triggers go into one execution: an id is taken once, and no trigger that is answered is left out. */
import { describe, expect, onTestFinished, test } from 'vitest'
import { fromPromise } from 'xstate'
import { createClient, defineEntryPoint } from '../../src/index.js'
import { faultyStore, SimulatedClock } from '../../src/testing/index.js'
import { begin } from '../support/begin.js'
import { places, type StorePlace } from '../support/store-place.js'

const log = defineEntryPoint({
  id: 'log',
  program: fromPromise<void, readonly string[]>(() => Promise.resolve()),
  batch: { size: 10, within: 1_000 },
})
const index = defineEntryPoint({
  id: 'index',
  program: fromPromise<void, string>(() => Promise.resolve()),
  debounce: { quiet: 1_000 },
})

async function working(place: StorePlace) {
  const store = faultyStore(place.connect())
  const runtime = await begin({ store, clock: new SimulatedClock(), entryPoints: [log, index], lease: 1e9, pollInterval: 1e9 })
  return { runtime, store }
}

describe.each(places)('a trigger that gathers and has an id, on %s', (_, placeOf) => {
  test.each(['log', 'index'] as const)('is refused if the id was used before, also with the same input (%s)', async (id) => {
    const { runtime } = await working(placeOf())
    const first = await runtime.trigger(id, 'same', { id: 'mine' })
    expect(first).toMatchObject({ id: 'mine', created: true })
    for (const text of ['same', 'other'])
      await expect(runtime.trigger(id, text, { id: 'mine' })).rejects.toMatchObject({
        code: 'duplicate_execution',
        details: { id: 'mine' },
      })
    expect(await first.get()).toMatchObject({ gathered: { count: 1 } })
  })

  test('is refused if the id is that of a trigger which another execution has taken in', async () => {
    const { runtime } = await working(placeOf())
    const first = await runtime.trigger('log', 'one')
    expect(await runtime.trigger('log', 'two', { id: 'mine' })).toMatchObject({ id: first.id, joined: true })
    await expect(runtime.trigger('log', 'two', { id: 'mine' })).rejects.toMatchObject({
      code: 'duplicate_execution',
      details: { id: first.id },
    })
    expect(await first.get()).toMatchObject({ input: ['one', 'two'] })
  })

  test('two of the same id at the same time are one, in one process and in two', async () => {
    const place = placeOf()
    const { runtime } = await working(place)
    const client = createClient({ store: place.connect(), entryPoints: [log, index] })
    onTestFinished(() => client.close())
    const outcomes = await Promise.allSettled(
      [runtime, runtime, client].map((caller) => caller.trigger('log', 'same', { id: 'mine' })),
    )
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    expect(await runtime.execution('mine').get()).toMatchObject({ input: ['same'] })
  })

  test('with a key as well, is a delivery that comes again, or a conflict', async () => {
    const { runtime } = await working(placeOf())
    const given = { id: 'mine', idempotencyKey: 'k1' }
    const first = await runtime.trigger('log', 'one', given)
    expect(await runtime.trigger('log', 'one', given)).toMatchObject({ id: first.id, created: false, joined: false })
    expect(await runtime.trigger('log', 'one', { idempotencyKey: 'k1' })).toMatchObject({ id: first.id, created: false })
    await expect(runtime.trigger('log', 'two', given)).rejects.toMatchObject({ code: 'idempotency_conflict' })
    await expect(runtime.trigger('log', 'one', { ...given, idempotencyKey: 'k2' })).rejects.toMatchObject({
      code: 'duplicate_execution',
    })
    expect(await first.get()).toMatchObject({ input: ['one'] })
  })

  test('is acknowledged once if the store has written it and its answer was lost', async () => {
    const { runtime, store } = await working(placeOf())
    store.inject({ kind: 'throw', call: 'commit', when: 'after', nth: 1 })
    expect(await runtime.trigger('log', 'one', { id: 'mine' })).toMatchObject({ id: 'mine', created: true })
    store.inject({ kind: 'throw', call: 'commit', when: 'after', nth: 1 })
    expect(await runtime.trigger('log', 'two', { id: 'yours' })).toMatchObject({ id: 'mine', joined: true })
    expect(store.failures).toBe(2)
    expect(await runtime.execution('mine').get()).toMatchObject({ input: ['one', 'two'] })
  })
})
