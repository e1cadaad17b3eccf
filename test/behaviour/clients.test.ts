/** A process that runs nothing, beside its workers: everything but running can be done from there. */
import { describe, expect, onTestFinished, test } from 'vitest'
import { createMachine, fromPromise } from 'xstate'
import { createClient, createRuntime, defineEntryPoint } from '../../src/index.js'
import { begin } from '../support/begin.js'
import { places } from '../support/store-place.js'

const door = createMachine({ id: 'door', initial: 'shut', states: { shut: { on: { OPEN: 'open' } }, open: { type: 'final' } } })
const undoing = createMachine({
  id: 'undoing',
  initial: 'on',
  states: { on: { on: { UNDO: 'undone' } }, undone: { type: 'final' } },
})
const doors = defineEntryPoint({ id: 'doors', program: door, passivateAfter: 0, maxQueued: 0 })
const sums = defineEntryPoint({
  id: 'sums',
  program: fromPromise(async ({ input }: { input: { a: number; b: number } }) => input.a + input.b),
})
const undo = defineEntryPoint({ id: 'undo', program: undoing, passivateAfter: 0, cancelEvent: { type: 'UNDO' } })
const entryPoints = [doors, sums, undo] as const

describe.each(places)('on %s', (_, place) => {
  function here() {
    const shared = place()
    const client = createClient({ store: shared.connect(), entryPoints, pollInterval: 1 })
    onTestFinished(() => client.close())
    return { client, work: () => begin({ store: shared.connect(), entryPoints, pollInterval: 1 }) }
  }

  test('what it triggers waits for a worker, and its result comes to it', async () => {
    const { client, work } = here()
    const sum = await client.trigger('sums', { a: 1, b: 2 }, { correlationId: 'c', priority: 3 })
    expect(await sum.get()).toMatchObject({
      status: 'queued',
      revision: 1,
      input: { a: 1, b: 2 },
      correlationId: 'c',
      priority: 3,
    })
    expect(await sum.result({ timeout: 0 })).toEqual({ status: 'timeout' })
    const result = sum.result()
    const worker = await work()
    expect(await result).toEqual({ status: 'completed', output: 3 })
    expect((await worker.execution(sum.id).get()) as object).toMatchObject({ status: 'completed' })
  })

  test('a worker that runs already takes it up when it looks', async () => {
    const { client, work } = here()
    await work()
    expect(await (await client.trigger('sums', { a: 1, b: 2 })).result()).toEqual({ status: 'completed', output: 3 })
  })

  test('keys, ids and options are as those of a runtime', async () => {
    const { client } = here()
    const triggers = [1, 2, 3].map(() => client.trigger('sums', { a: 1, b: 2 }, { idempotencyKey: 'k' }))
    const handles = await Promise.all(triggers)
    expect(handles.map(({ created }) => created).toSorted()).toEqual([false, false, true])
    expect(new Set(handles.map(({ id }) => id)).size).toBe(1)
    const conflict = client.trigger('sums', { a: 1, b: 3 }, { idempotencyKey: 'k' })
    await expect(conflict).rejects.toMatchObject({ code: 'idempotency_conflict', details: { id: handles[0]?.id } })
    await client.trigger('doors', undefined, { id: 'own' })
    await expect(client.trigger('doors', undefined, { id: 'own' })).rejects.toMatchObject({ code: 'duplicate_execution' })
    await expect(client.trigger('nowhere' as never, undefined as never)).rejects.toMatchObject({ code: 'unknown_entry_point' })
    await expect(client.trigger('doors', undefined, { timeout: -1 })).rejects.toMatchObject({ code: 'invalid_option' })
    await expect(client.trigger('doors', () => 1)).rejects.toMatchObject({ code: 'not_storable' })
    expect((await client.executions()).executions).toHaveLength(2)
  })

  test('its commands reach what a worker holds', async () => {
    const { client, work } = here()
    const worker = await work()
    const held = await worker.trigger('doors', undefined, { id: 'd' })
    const execution = client.execution<typeof door>(held.id)
    expect(await execution.pause({ reason: 'maintenance' })).toMatchObject({ status: 'paused' })
    expect(await execution.pause()).toMatchObject({ status: 'already_paused' })
    expect(await execution.resume()).toMatchObject({ status: 'resumed' })
    expect(await execution.send({ type: 'OPEN' })).toEqual({ status: 'queued' })
    expect(await execution.result()).toMatchObject({ status: 'completed' })
    expect(await execution.cancel()).toEqual({ status: 'already_finished', as: 'completed' })
  })

  test('its events are queued wherever the execution stands, and refused once that has ended', async () => {
    const { client, work } = here()
    const send = (id: string) => client.execution<typeof door>(id).send({ type: 'KNOCK' } as never)
    await client.trigger('doors', undefined, { id: 'fresh' })
    expect(await send('fresh')).toEqual({ status: 'queued' })
    const worker = await work()
    const held = await worker.trigger('doors', undefined, { id: 'held' })
    expect(await send('held')).toEqual({ status: 'queued' })
    await held.pause()
    expect(await send('held')).toEqual({ status: 'queued' })
    await held.cancel()
    expect(await send('held')).toEqual({ status: 'already_finished', as: 'cancelled' })
    expect(await send('nowhere')).toEqual({ status: 'not_found' })
  })

  test('its commands to what nobody holds are carried out at once', async () => {
    const { client } = here()
    const [one, two] = [await client.trigger('doors'), await client.trigger('doors')]
    expect(await one.pause()).toMatchObject({ status: 'paused', revision: 2 })
    expect(await one.get()).toMatchObject({ status: 'paused', pause: { mode: 'boundary' } })
    expect(await two.cancel({ reason: 'no need', actor: 'ann' })).toEqual({ status: 'cancelled' })
    expect(await two.result()).toMatchObject({ status: 'cancelled', reason: 'no need', actor: 'ann' })
    expect(await client.cancel()).toEqual({ cancelled: 1 })
  })

  test('a cancel whose program is to compensate waits for a worker, within its time', async () => {
    const { client, work } = here()
    const first = await work()
    const execution = await first.trigger('undo', undefined, { id: 'u' })
    await first.stop()
    const late = client.execution(execution.id)
    expect(await late.cancel({ timeout: 1 })).toEqual({ status: 'cancelling' })
    const second = await work()
    expect(await late.result()).toMatchObject({ status: 'cancelled' })
    expect(await second.execution('u').get()).toMatchObject({ value: 'undone' })
  })

  test('it follows the journal, and accepts nothing once it is closed', async () => {
    const { client } = here()
    const seen: string[] = []
    const following = (async () => {
      for await (const { type } of client.events({ since: 0 })) if (seen.push(type) === 2) return
    })()
    const execution = await client.trigger('doors')
    await execution.cancel()
    const { executions } = await client.executions({ status: 'cancelled' })
    expect(executions).toMatchObject([{ id: execution.id }])
    await expect.poll(() => seen).toEqual(['execution.accepted', 'execution.cancelled'])
    await following
    await client.close()
    await expect(client.trigger('doors')).rejects.toMatchObject({ code: 'already_stopped' })
  })

  test('a fork that it makes runs where a worker is', async () => {
    const { client, work } = here()
    const worker = await work()
    const execution = await worker.trigger('doors')
    const fork = await client.execution<typeof door>(execution.id).fork({ idempotencyKey: 'f' })
    expect(fork.created).toBe(true)
    await fork.send({ type: 'OPEN' })
    expect(await fork.result()).toMatchObject({ status: 'completed' })
    await worker.cancel()
  })
})

test('a runtime that is not started hears of ends elsewhere as well', async () => {
  const shared = places[0]![1]()
  const asking = createRuntime({ store: shared.connect(), entryPoints, pollInterval: 1 })
  onTestFinished(() => asking.stop())
  const worker = await begin({ store: shared.connect(), entryPoints, pollInterval: 1 })
  const execution = await worker.trigger('doors')
  const result = asking.execution(execution.id).result()
  await execution.send({ type: 'OPEN' })
  expect(await result).toMatchObject({ status: 'completed' })
})

test('a client has no options but its own', () => {
  const options = { store: places[0]![1]().connect(), entryPoints, maxConcurrent: 3 }
  expect(() => createClient(options as never)).toThrow(expect.objectContaining({ code: 'invalid_definition' }))
})
