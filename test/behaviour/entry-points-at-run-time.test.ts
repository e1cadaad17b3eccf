/** Entry points that are added and removed while the runtime runs. */
import { describe, expect, test } from 'vitest'
import { assign, fromPromise, setup } from 'xstate'
import { createClient, defineEntryPoint, isStatewardError, type StatewardError } from '../../src/index.js'
import { begin } from '../support/begin.js'
import { StepsInFlight } from '../support/steps-in-flight.js'
import { places } from '../support/store-place.js'

const work = defineEntryPoint({ id: 'work', program: fromPromise(async ({ input }: { input: number }) => input * 2) })

/** Waits for GO, and counts what it gets. */
const waits = (id = 'waits') =>
  defineEntryPoint({
    id,
    program: setup({ types: { context: {} as { n: number }, output: {} as number } }).createMachine({
      id: 'waits',
      context: { n: 0 },
      initial: 'waiting',
      states: {
        waiting: { on: { COUNT: { actions: assign({ n: ({ context }) => context.n + 1 }) }, GO: 'done' } },
        done: { type: 'final' },
      },
      output: ({ context }) => context.n,
    }),
  })

/** Steps that end when the test says so, or when they are aborted. */
function held() {
  const flights = new StepsInFlight()
  flights.heeds = true
  return { flights, entryPoint: defineEntryPoint({ id: 'held', program: flights.step, maxConcurrent: 1 }) }
}

const codeOf = (promise: Promise<unknown>) =>
  promise.then(
    () => 'no error',
    (error: unknown) => (isStatewardError(error) ? error.code : error),
  )

describe.each(places)('on a %s store', (_, place) => {
  test('what is added runs at once, with its type, and is gone once it is removed', async () => {
    const runtime = await begin({ store: place().open(), entryPoints: [] })
    const added = await runtime.add(work)
    expect(added.status).toBe('added')
    const execution = await added.trigger('work', 21)
    const outcome = await execution.result()
    expect(outcome).toEqual({ status: 'completed', output: 42 })
    expect(runtime.entryPoints).toEqual([{ id: 'work', group: null, version: '1', trigger: 'manual', status: 'serving' }])
    expect(await runtime.remove('work')).toEqual({ status: 'removed', entryPoints: ['work'], drained: true })
    expect(runtime.entryPoints).toEqual([])
    expect(await codeOf(added.trigger('work', 1))).toBe('unknown_entry_point')
    expect(await execution.result()).toEqual({ status: 'completed', output: 42 })
  })

  test('what is removed is left in the store as it is, and goes on when it is added again', async () => {
    const runtime = await begin({ store: place().open(), entryPoints: [] })
    const { entryPoint, flights } = held()
    const added = await runtime.add([waits(), entryPoint])
    const waiting = await added.trigger('waits')
    await waiting.send({ type: 'COUNT' })
    const running = await added.trigger('held', 'it')
    const step1 = await flights.started('it', 1)
    const result = running.result()
    expect(await added.remove()).toMatchObject({ status: 'removed', drained: false })
    expect(step1.signal.aborted).toBe(true)
    expect(await waiting.get()).toMatchObject({ status: 'waiting' })
    expect(await running.get()).toMatchObject({ status: 'running' })
    expect(await waiting.send({ type: 'COUNT' })).toEqual({ status: 'queued' })
    await runtime.add([waits(), entryPoint])
    const step2 = await flights.started('it', 2)
    step2.end('there')
    expect(await result).toEqual({ status: 'completed', output: 'there' })
    await waiting.send({ type: 'GO' })
    expect(await waiting.result()).toEqual({ status: 'completed', output: 2 })
    expect((await running.get()) as object).toMatchObject({ status: 'completed', recoveries: 0 })
  })

  test('what is removed in one process goes on in another one', async () => {
    const at = place()
    const { entryPoint, flights } = held()
    const one = await begin({ store: at.connect(), entryPoints: [entryPoint] })
    const two = await begin({ store: at.connect(), entryPoints: [entryPoint] })
    const execution = await one.trigger('held', 'it')
    await flights.started('it', 1)
    await one.remove('held')
    const step2 = await flights.started('it', 2)
    step2.end('elsewhere')
    expect(await execution.result()).toEqual({ status: 'completed', output: 'elsewhere' })
    expect(await two.execution(execution.id).get()).toMatchObject({ status: 'completed' })
  })

  test('a drain lets what runs and is queued come to its end, refuses what is new, and gives back what rests', async () => {
    const runtime = await begin({ store: place().open(), entryPoints: [waits()] })
    const { entryPoint, flights } = held()
    const added = await runtime.add(entryPoint)
    const first = await added.trigger('held', 'it')
    const second = await added.trigger('held', 'it')
    const step1 = await flights.started('it', 1)
    const removal = added.remove({ drain: true })
    const refusal = (await added.trigger('held', 'it').catch((error: unknown) => error)) as StatewardError
    expect(refusal).toMatchObject({ code: 'draining', retryable: true, details: { entryPoint: 'held' } })
    expect(runtime.entryPoints.map(({ status }) => status)).toEqual(['serving', 'leaving'])
    step1.end('first')
    const step2 = await flights.started('it', 2)
    step2.end('second')
    expect(await removal).toEqual({ status: 'removed', entryPoints: ['held'], drained: true })
    expect(await first.result()).toEqual({ status: 'completed', output: 'first' })
    expect(await second.result()).toEqual({ status: 'completed', output: 'second' })
    expect(await codeOf(added.trigger('held', 'it'))).toBe('unknown_entry_point')
  })

  test('a drain ends when its time is up, or when the entry point is removed without one', async () => {
    const runtime = await begin({ store: place().open(), entryPoints: [] })
    const { entryPoint, flights } = held()
    const added = await runtime.add(entryPoint)
    const execution = await added.trigger('held', 'it')
    await flights.started('it', 1)
    expect(await runtime.remove('held', { drain: 20 })).toMatchObject({ status: 'removed', drained: false })
    await runtime.add(entryPoint)
    await flights.started('it', 2)
    const long = runtime.remove('held', { drain: true })
    expect(await runtime.remove('held')).toMatchObject({ status: 'removed', drained: false })
    expect(await long).toMatchObject({ status: 'removed', drained: false })
    expect(await execution.get()).toMatchObject({ status: 'running' })
  })

  test('what waits for a permit under its key waits on when it is added again, and limits hold', async () => {
    const flights = new StepsInFlight()
    flights.heeds = true
    const concurrency = { key: (input: string) => input, limit: 1 }
    const keyed = defineEntryPoint({ id: 'keyed', program: flights.step, concurrency })
    const runtime = await begin({ store: place().open(), entryPoints: [keyed] })
    const all = await Promise.all(['a', 'a', 'a', 'b'].map((key) => runtime.trigger('keyed', key)))
    await Promise.all([flights.started('a'), flights.started('b')])
    expect(await runtime.remove('keyed')).toMatchObject({ drained: false })
    await runtime.add(keyed)
    await Promise.all([flights.started('a', 2), flights.started('b', 2)])
    expect(flights.of('a')).toHaveLength(2)
    for (const label of ['a', 'b']) flights.free.add(label)
    for (const flight of flights.all) flight.end()
    for (const execution of all) expect(await execution.result()).toMatchObject({ status: 'completed' })
    expect(await runtime.remove('keyed', { drain: true })).toMatchObject({ drained: true })
  })

  test('what was added is no name to remove it by, and the refusal says what is', async () => {
    const runtime = await begin({ store: place().connect(), entryPoints: [work] })
    await expect(runtime.remove(work as never)).rejects.toMatchObject({
      code: 'invalid_option',
      message: 'The removal: `target` is an entry point; it must be its id, or { group }.',
    })
    expect(await runtime.remove(work.id)).toMatchObject({ status: 'removed' })
  })

  test('a client has the same calls', async () => {
    const at = place()
    const client = createClient({ store: at.connect(), entryPoints: [], pollInterval: 5 })
    const added = await client.add(work)
    const execution = await added.trigger('work', 4)
    expect(await execution.get()).toMatchObject({ status: 'queued' })
    await begin({ store: at.connect(), entryPoints: [work] })
    expect(await execution.result()).toEqual({ status: 'completed', output: 8 })
    expect(await client.remove('work', { drain: true })).toMatchObject({ status: 'removed' })
    expect(await codeOf(added.trigger('work', 4))).toBe('unknown_entry_point')
    await client.close()
    expect(await codeOf(client.add(work))).toBe('already_stopped')
  })
})
