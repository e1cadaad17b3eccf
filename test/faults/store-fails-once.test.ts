/** A store that throws once, at every commit and at every other call: what was asked is done, once. */
import { describe, expect, test } from 'vitest'
import { createRuntime, defineEntryPoint } from '../../src/index.js'
import { memoryStore } from '../../src/persistence/memory/memory-store.js'
import { faultyStore, type FaultyStore } from '../../src/testing/store/faulty-store.js'
import { storeReads, storeWrites } from '../../src/testing/store/store-call.js'
import { begin } from '../support/begin.js'
import { eventually } from '../support/eventually.js'
import { StepsInFlight } from '../support/steps-in-flight.js'
import { ends } from '../support/journal.js'
import { approval, worker } from '../support/programs.js'

const labels = ['a', 'b', 'c']

/** Three workers and one approval, from their triggers to their ends; whatever is refused is asked for again. */
async function aDay(ail: (store: FaultyStore) => void) {
  const kept = memoryStore()
  const store = faultyStore(kept)
  const flights = new StepsInFlight()
  for (const label of labels) flights.free.add(`${label}.1`).add(`${label}.2`)
  const entryPoints = [
    defineEntryPoint({ id: 'work', program: worker(flights) }),
    defineEntryPoint({ id: 'approvals', program: approval, passivateAfter: 0 }),
  ]
  const runtime = await begin({ store, entryPoints })
  ail(store)
  const again = async <T>(call: () => Promise<T>): Promise<T> => {
    let answer: { value: T } | undefined
    await eventually('an answer', async () => {
      answer = await call().then(
        (value) => ({ value }),
        (error: unknown) => {
          expect(error).toMatchObject({ name: 'StatewardError', code: 'store_failed' })
          return undefined
        },
      )
      return answer !== undefined
    })
    return (answer as { value: T }).value
  }
  const asked = await again(() => runtime.trigger('approvals', undefined, { idempotencyKey: 'approval' }))
  const workers = await Promise.all(
    labels.map((label) => again(() => runtime.trigger('work', { label }, { idempotencyKey: label }))),
  )
  await again(async () => eventually('it to wait', async () => (await asked.get()).status === 'waiting'))
  await again(() => asked.pause())
  await again(() => asked.resume())
  await again(() => asked.send({ type: 'APPROVE' }))
  const outcomes = await Promise.all(workers.map((execution) => again(() => execution.result())))
  expect(await again(() => asked.result())).toMatchObject({ status: 'completed' })
  expect(outcomes).toEqual(
    labels.map((label) => ({ status: 'completed', output: { results: [`${label}.1 done`, `${label}.2 done`], notes: [] } })),
  )
  for (const { id } of [asked, ...workers]) expect(await ends(kept, id)).toEqual(['completed'])
  expect((await again(() => runtime.executions())).executions.length).toBe(4)
  expect(runtime.registry.health.getSnapshot().context.status).toBe('ok')
  return flights
}

const commits = Array.from({ length: 12 }, (_, index) => index + 1)

describe.each(['before', 'after'] as const)('a commit that throws once, %s it was written,', (when) => {
  test.each(commits)('at number %i, is made again, and no step runs twice', async (n) => {
    const flights = await aDay((store) => store.inject({ kind: 'throw', call: 'commit', nth: n, when }))
    expect(flights.all.map(({ label }) => label).toSorted()).toEqual(labels.flatMap((label) => [`${label}.1`, `${label}.2`]))
  })
})

test.each(commits)(
  'commits %i and the three after it throw: a step whose end was lost runs again, and all ends once',
  async (n) => {
    const flights = await aDay((store) => store.inject({ kind: 'throw', call: 'commit', nth: n, times: 4 }))
    for (const label of labels.flatMap((each) => [`${each}.1`, `${each}.2`])) {
      expect(flights.of(label).length).toBeGreaterThanOrEqual(1)
      // four throws lose an execution twice at the most: a batch that throws is tried once more, one by one
      expect(flights.of(label).length).toBeLessThanOrEqual(3)
    }
  },
)

const others = [...storeReads, ...storeWrites].filter((call) => call !== 'commit')

describe.each(others)('%s that throws once', (call) => {
  test.each([1, 2, 3])('at call %i is answered with a typed error or tried again, and all ends once', async (n) => {
    await aDay((store) => store.inject({ kind: 'throw', call, nth: n }))
  })

  test.each([1, 2, 3])('at call %i after its effect does no more harm', async (n) => {
    await aDay((store) => store.inject({ kind: 'throw', call, nth: n, when: 'after' }))
  })

  test('during start() makes it reject with a typed error or does no harm; the next one succeeds', async () => {
    const store = faultyStore(memoryStore())
    const runtime = createRuntime({ store, entryPoints: [defineEntryPoint({ id: 'approvals', program: approval })] })
    store.inject({ kind: 'throw', call, nth: 1 })
    await runtime.start().catch((error: unknown) => {
      expect(error).toMatchObject({ name: 'StatewardError', code: 'store_failed' })
      return runtime.start()
    })
    const execution = await runtime.trigger('approvals')
    store.heal()
    await execution.send({ type: 'APPROVE' })
    expect(await execution.result()).toMatchObject({ status: 'completed' })
    await runtime.stop()
    expect(await store.owners().catch(() => [])).toEqual([])
  })
})
