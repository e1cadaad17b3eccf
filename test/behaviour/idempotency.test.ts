/** Deliveries again: the same key gives the same execution, wherever that is; with another input it is refused. */
import { describe, expect, test } from 'vitest'
import { createMachine } from 'xstate'
import { defineEntryPoint, fromExecution, fromStep } from '../../src/index.js'
import { createTestRuntime } from '../../src/testing/index.js'
import { begin } from '../support/begin.js'
import { places } from '../support/store-place.js'

/** Stands until it is told to end, so that its only slot is taken. */
const door = createMachine({ id: 'door', initial: 'shut', states: { shut: { on: { OPEN: 'open' } }, open: { type: 'final' } } })
const busy = fromStep(
  ({ signal }) => new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('left')))),
)
const doors = defineEntryPoint({ id: 'doors', program: door, passivateAfter: 0 })
const full = defineEntryPoint({ id: 'full', program: busy, maxConcurrent: 1, maxQueued: 1 })
const mixed = defineEntryPoint({
  id: 'mixed',
  program: fromStep(({ input, signal }) =>
    input === 'short' ? 'done' : new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('left')))),
  ),
  maxConcurrent: 1,
  maxQueued: 1,
})
const conflict = (id: string) =>
  expect.objectContaining({ code: 'idempotency_conflict', retryable: false, details: expect.objectContaining({ id }) })

describe.each(places)('on %s', (_, place) => {
  const starting = () => begin({ store: place().connect(), entryPoints: [doors, full, mixed] })

  test('the handle says whether the execution is new', async () => {
    const runtime = await starting()
    const [first, ...again] = await Promise.all([1, 2, 3].map(() => runtime.trigger('doors', { a: 1 }, { idempotencyKey: 'k' })))
    expect([first, ...again].map((each) => each?.created).toSorted()).toEqual([false, false, true])
    expect(new Set([first, ...again].map((each) => each?.id)).size).toBe(1)
    expect(runtime.execution(first?.id ?? '').created).toBe(false)
    expect(await first?.fork({ idempotencyKey: 'f' })).toMatchObject({ created: true })
    expect(await first?.fork({ idempotencyKey: 'f' })).toMatchObject({ created: false })
    await runtime.cancel()
  })

  test.each(['live', 'passivated', 'ended'] as const)(
    'another input under the key of one that is %s is refused, and an equal one is not',
    async (state) => {
      const runtime = await starting()
      const options = { idempotencyKey: 'k', ...(state === 'live' ? { id: 'own' } : {}) }
      const first = await runtime.trigger('doors', { a: 1, b: [2, new Date(5)] }, options)
      if (state === 'passivated') expect(await first.get()).toMatchObject({ status: 'waiting' })
      if (state === 'ended') await first.send({ type: 'OPEN' })
      await expect(runtime.trigger('doors', { a: 2 }, options)).rejects.toThrow(conflict(first.id))
      await expect(runtime.trigger('doors', undefined, options)).rejects.toThrow(conflict(first.id))
      const same = await runtime.trigger('doors', { b: [2, new Date(5)], a: 1 }, options)
      expect(same).toMatchObject({ id: first.id, created: false })
      await runtime.cancel()
    },
  )

  test('another input under a key that another process was given is refused', async () => {
    const shared = place()
    const [one, two] = await Promise.all(['one', 'two'].map((id) => begin({ store: shared.connect(), entryPoints: [doors], id })))
    const first = await one!.trigger('doors', 1, { idempotencyKey: 'k' })
    await expect(two!.trigger('doors', 2, { idempotencyKey: 'k' })).rejects.toThrow(conflict(first.id))
    expect(await two!.trigger('doors', 1, { idempotencyKey: 'k' })).toMatchObject({ id: first.id, created: false })
    await one!.cancel()
  })

  test('where outputs wait for no commit, a delivery again runs nothing of what the first one has run', async () => {
    const began: string[] = []
    const charge = fromStep(({ idempotencyKey }) => void began.push(idempotencyKey))
    const options = { program: charge, durability: 'relaxed' } as const
    const definitions = [defineEntryPoint({ id: 'charges', ...options })]
    const shared = place()
    const [one, two] = await Promise.all(
      ['one', 'two'].map((id) => begin({ store: shared.connect(), entryPoints: definitions, id })),
    )
    const atOnce = [one!, two!, one!].map((each) => each.trigger('charges', undefined, { idempotencyKey: 'k' }))
    const [first] = await Promise.all(atOnce)
    expect(await first!.result()).toMatchObject({ status: 'completed' })
    for (const id of [undefined, first!.id])
      expect(await two!.trigger('charges', undefined, { idempotencyKey: 'k', ...(id && { id }) })).toMatchObject({
        created: false,
      })
    await expect(one!.trigger('charges', undefined, { id: first!.id })).rejects.toMatchObject({ code: 'duplicate_execution' })
    expect(began).toEqual([`${first!.id}/#1`])
  })

  test('a fork of other input under a taken key is refused', async () => {
    const runtime = await starting()
    const [one, two] = await Promise.all([runtime.trigger('doors', 1), runtime.trigger('doors', 2)])
    const fork = await one.fork({ idempotencyKey: 'f' })
    await expect(two.fork({ idempotencyKey: 'f' })).rejects.toThrow(conflict(fork.id))
    await runtime.cancel()
  })

  test('a full queue refuses what is new alone', async () => {
    const runtime = await starting()
    const ended = await runtime.trigger('mixed', 'short', { idempotencyKey: 'ended', id: 'e' })
    await ended.result()
    const running = await runtime.trigger('mixed', 'long', { idempotencyKey: 'running' })
    const queued = await runtime.trigger('mixed', 'long', { idempotencyKey: 'queued' })
    await expect(runtime.trigger('mixed', 'new', { idempotencyKey: 'new' })).rejects.toMatchObject({ code: 'queue_full' })
    expect(await runtime.trigger('mixed', 'short', { idempotencyKey: 'ended' })).toMatchObject({ id: 'e', created: false })
    expect(await runtime.trigger('mixed', 'short', { idempotencyKey: 'ended', id: 'e' })).toMatchObject({ created: false })
    await expect(runtime.trigger('mixed', 'short', { id: 'e' })).rejects.toMatchObject({ code: 'duplicate_execution' })
    expect(await runtime.trigger('mixed', 'long', { idempotencyKey: 'running' })).toMatchObject({ id: running.id })
    expect(await runtime.trigger('mixed', 'long', { idempotencyKey: 'queued' })).toMatchObject({ id: queued.id })
    await expect(runtime.trigger('mixed', 'x', { idempotencyKey: 'ended' })).rejects.toThrow(conflict('e'))
    await runtime.cancel()
  })

  test('the limit is exact, also among deliveries that all come at once and twice', async () => {
    const runtime = await starting()
    const keys = Array.from({ length: 25 }, (__, index) => `k${index}`)
    const answers = await Promise.allSettled(
      [...keys, ...keys].map((idempotencyKey) => runtime.trigger('full', undefined, { idempotencyKey })),
    )
    const accepted = answers.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value] : []))
    expect(accepted.filter(({ created }) => created)).toHaveLength(2)
    expect(new Set(accepted.map(({ id }) => id)).size).toBe(2)
    expect(await runtime.executions({ entryPoint: 'full' })).toMatchObject({ executions: [{}, {}] })
    await runtime.cancel()
  })

  test('executions are found by their key', async () => {
    const runtime = await starting()
    const { id } = await runtime.trigger('doors', undefined, { idempotencyKey: 'k' })
    expect((await runtime.executions({ entryPoint: 'doors', idempotencyKey: 'k' })).executions).toMatchObject([{ id }])
    await runtime.cancel()
  })
})

test('a step that starts an execution keeps its own, whatever it is given by then', async () => {
  const parent = defineEntryPoint({ id: 'parent', program: fromExecution('doors') })
  const runtime = await begin({ store: places[0]![1]().connect(), entryPoints: [doors, parent] })
  const execution = await runtime.trigger('parent', { a: 1 })
  await execution.pause({ mode: 'now' })
  await execution.resume()
  expect((await runtime.executions({ entryPoint: 'doors' })).executions).toHaveLength(1)
  await execution.cancel()
})

test('a delivery again that meets the execution on its way into memory is answered as any other', async () => {
  for (let microtasks = 0; microtasks < 40; microtasks++) {
    const world = createTestRuntime({ entryPoints: [doors] })
    const options = { id: 'own', idempotencyKey: 'k' }
    const execution = await world.trigger('doors', undefined, options)
    await world.advance(1_000)
    const sent = execution.send({ type: 'KNOCK' })
    for (let n = 0; n < microtasks; n++) await Promise.resolve()
    const again = world.trigger('doors', undefined, options)
    const taken = world.trigger('doors', undefined, { id: 'own' })
    await expect(taken).rejects.toMatchObject({ code: 'duplicate_execution' })
    expect(await again).toMatchObject({ id: 'own', created: false })
    expect(await sent).toMatchObject({ status: 'delivered' })
    await world.stop()
  }
})
