/** Events to executions. */
import { describe, expect, test } from 'vitest'
import { assign, fromPromise, setup } from 'xstate'
import { defineEntryPoint } from '../../src/index.js'
import { createTestRuntime } from '../../src/testing/index.js'
import { begin } from '../support/begin.js'
import { eventually } from '../support/eventually.js'
import { StepsInFlight } from '../support/steps-in-flight.js'
import { approval, worker } from '../support/programs.js'
import { memoryPlace, places } from '../support/store-place.js'

const entry = defineEntryPoint({ id: 'approval', program: approval })
const note = (text: string) => ({ type: 'NOTE', text }) as const

describe.each(places)('on %s', (_, place) => {
  test('of two executions that wait at the same state each gets its own events', async () => {
    const runtime = await begin({ store: place().connect(), entryPoints: [entry] })
    const [one, two] = [await runtime.trigger('approval'), await runtime.trigger('approval')]
    await two.send(note('for two'))
    await two.send({ type: 'APPROVE' })
    expect(await two.result()).toEqual({ status: 'completed', output: { notes: ['for two'] } })
    await one.send(note('for one'))
    expect(await one.get()).toMatchObject({ status: 'waiting', context: { notes: ['for one'] } })
  })

  test('events sent while it is paused stand in the inbox and are delivered in order on resume', async () => {
    const runtime = await begin({ store: place().connect(), entryPoints: [entry] })
    const execution = await runtime.trigger('approval')
    await execution.pause()
    for (const text of ['1', '2', '3']) expect(await execution.send(note(text))).toEqual({ status: 'queued' })
    expect(await execution.get()).toMatchObject({ status: 'paused', context: { notes: [] } })
    await execution.resume()
    await execution.send(note('4'))
    await execution.send({ type: 'APPROVE' })
    expect(await execution.result()).toMatchObject({ output: { notes: ['1', '2', '3', '4'] } })
  })

  test('events sent without awaiting each other keep their order, running or paused', async () => {
    const runtime = await begin({ store: place().connect(), entryPoints: [entry] })
    const execution = await runtime.trigger('approval')
    const texts = Array.from({ length: 20 }, (_each, n) => String(n))
    const sends = texts.slice(0, 10).map((text) => execution.send(note(text)))
    const paused = execution.pause()
    await Promise.all(sends)
    await paused
    await Promise.all(texts.slice(10).map((text) => execution.send(note(text))))
    await execution.resume()
    await execution.send({ type: 'APPROVE' })
    expect(await execution.result()).toMatchObject({ output: { notes: texts } })
  })

  test('events in the inbox of a paused execution survive a restart, and come before those of the resume', async () => {
    const shared = place()
    const first = await begin({ store: shared.connect(), entryPoints: [entry] })
    const { id } = await first.trigger('approval')
    await first.execution(id).pause()
    await first.execution<typeof approval>(id).send(note('before'))
    await first.stop()
    const second = await begin({ store: shared.connect(), entryPoints: [entry] })
    const execution = second.execution<typeof approval>(id)
    expect(await execution.resume({ events: [note('with the resume'), { type: 'APPROVE' }] })).toMatchObject({
      status: 'resumed',
    })
    expect(await execution.result()).toMatchObject({ output: { notes: ['before', 'with the resume'] } })
  })

  test('an event from another runtime reaches the execution that this one holds', async () => {
    const shared = place()
    const first = await begin({ store: shared.connect(), entryPoints: [entry] })
    const second = await begin({ store: shared.connect(), entryPoints: [entry] })
    const execution = await first.trigger('approval')
    await eventually('it to wait', async () => (await execution.get()).status === 'waiting')
    expect(await second.execution<typeof approval>(execution.id).send(note('from afar'))).toEqual({ status: 'queued' })
    await eventually('the event to arrive', async () => {
      const record = await execution.get()
      return 'context' in record && (record.context as { notes: string[] }).notes.length === 1
    })
  })
})

describe('answers', () => {
  test('delivered says the revision that holds what the event caused', async () => {
    const store = memoryPlace().connect()
    const runtime = await begin({ store, entryPoints: [entry] })
    const execution = await runtime.trigger('approval')
    const answer = await execution.send(note('now'))
    expect(answer).toMatchObject({ status: 'delivered' })
    expect(await execution.get()).toMatchObject({
      revision: (answer as { revision: number }).revision,
      context: { notes: ['now'] },
    })
  })

  test('an event to an unknown execution is not_found, to a finished one already_finished, and neither is kept', async () => {
    const store = memoryPlace().connect()
    const runtime = await begin({ store, entryPoints: [entry] })
    expect(await runtime.execution<typeof approval>('nobody').send(note('x'))).toEqual({ status: 'not_found' })
    const execution = await runtime.trigger('approval')
    await execution.send({ type: 'APPROVE' })
    await execution.result()
    expect(await execution.send(note('x'))).toEqual({ status: 'already_finished', as: 'completed' })
    expect(await store.inbox({ execution: execution.id })).toEqual([])
  })

  test('an event that was queued is dropped if the execution ends before it takes it', async () => {
    const store = memoryPlace().connect()
    const runtime = await begin({ store, entryPoints: [entry] })
    const execution = await runtime.trigger('approval')
    await execution.pause()
    expect(await execution.send(note('too late'))).toEqual({ status: 'queued' })
    expect(await execution.cancel()).toEqual({ status: 'cancelled' })
    expect(await execution.get()).toMatchObject({ status: 'cancelled', context: { notes: [] } })
    expect(await store.inbox({ execution: execution.id })).toEqual([])
  })

  test('an event to a queued execution waits for it', async () => {
    const flights = new StepsInFlight()
    const work = defineEntryPoint({ id: 'work', program: worker(flights), maxConcurrent: 1 })
    const runtime = await begin({ store: memoryPlace().connect(), entryPoints: [work] })
    await runtime.trigger('work', { label: 'a' })
    const queued = await runtime.trigger('work', { label: 'b' })
    expect(await queued.send(note('early'))).toEqual({ status: 'queued' })
    for (const label of ['a.1', 'a.2', 'b.2']) {
      if (label !== 'b.2') (await flights.started(label)).end()
      else flights.free.add(label)
    }
    const step = await flights.started('b.1')
    await eventually('the event', async () => {
      const record = await queued.get()
      return 'context' in record && (record.context as { notes: string[] } | undefined)?.notes[0] === 'early'
    })
    step.end()
    expect(await queued.result()).toMatchObject({ output: { notes: ['early'] } })
  })

  test('an event that the machine has no transition for is delivered and changes nothing', async () => {
    const runtime = await begin({ store: memoryPlace().connect(), entryPoints: [entry] })
    const execution = await runtime.trigger('approval')
    await eventually('it to wait', async () => (await execution.get()).status === 'waiting')
    expect(await execution.send({ type: 'WHATEVER' } as never)).toMatchObject({ status: 'delivered' })
    expect(await execution.get()).toMatchObject({ status: 'waiting', context: { notes: [] } })
  })
})

test('an event that an attempt had taken which fails in the same turn is answered `queued`, and the next attempt gets it', async () => {
  const program = setup({
    types: { context: {} as { got: number[] }, events: {} as { type: 'ADD'; n: number } },
    actors: { step: fromPromise<void>(() => Promise.reject(new Error('to be mocked'))) },
  }).createMachine({
    id: 'adding',
    context: { got: [] },
    initial: 'working',
    on: { ADD: { actions: assign({ got: ({ context, event }) => [...context.got, event.n] }) } },
    states: { working: { invoke: { src: 'step', onDone: 'done' } }, done: { type: 'final' } },
  })
  const retry = { maxAttempts: 2, backoff: { initial: 60_000, jitter: 'none' } } as const
  const answers = new Set<string>()
  for (let gap = 0; gap < 8; gap++) {
    const world = createTestRuntime({ entryPoints: [defineEntryPoint({ id: 'adding', program, retry })] })
    const step = world.hold('step')
    const execution = await world.trigger('adding')
    const call = await step.started()
    const sent = execution.send({ type: 'ADD', n: 1 })
    for (let left = gap; left > 0; left--) await Promise.resolve()
    call.reject(new Error('broken'))
    const { status } = await sent
    answers.add(status)
    expect(await execution.get()).toMatchObject({ context: { got: status === 'delivered' ? [1] : [] } })
    await world.advance(60_000)
    ;(await step.started(2)).resolve()
    await execution.result()
    expect(await execution.get()).toMatchObject({ context: { got: [1] } })
    await world.stop()
  }
  expect([...answers]).toContain('queued')
})
