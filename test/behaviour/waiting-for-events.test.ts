/** Waiting for an event, and following those that fit a filter: from any process, from now on or from a place, none missed. */
import { describe, expect, onTestFinished, test } from 'vitest'
import { createClient, createRuntime, defineEntryPoint, type Runtime, type RuntimeEvent } from '../../src/index.js'
import { createTestRuntime, faultyStore } from '../../src/testing/index.js'
import { begin } from '../support/begin.js'
import { eventually, turns } from '../support/eventually.js'
import { approval } from '../support/programs.js'
import { slowStore } from '../support/slow-store.js'
import { memoryPlace, places } from '../support/store-place.js'

const approvals = defineEntryPoint({ id: 'approvals', program: approval })
const others = defineEntryPoint({ id: 'others', program: approval })
const entryPoints = [approvals, others]

/** The events that fit and are there now. */
async function found(
  runtime: Pick<Runtime, 'events' | 'publish'>,
  filter: Parameters<Runtime['events']>[0],
): Promise<RuntimeEvent[]> {
  const all: RuntimeEvent[] = []
  const { seq } = await runtime.publish('the end', undefined, { sessionId: 'end' })
  const end = new AbortController()
  const reading = (async () => {
    for await (const event of runtime.events({ since: 0, ...filter, signal: end.signal })) all.push(event)
  })()
  const { type } = await last(runtime, seq)
  expect(type).toBe('the end')
  await turns(5)
  end.abort()
  await reading
  return all.filter((event) => event.type !== 'the end')
}

async function last(runtime: Pick<Runtime, 'events'>, seq: number): Promise<RuntimeEvent> {
  for await (const event of runtime.events({ since: seq - 1 })) return event
  throw new Error('it is over')
}

const typesOf = (events: readonly RuntimeEvent[]) => events.map(({ type }) => type.replace('execution.', ''))

describe.each(places)('on %s', (_, place) => {
  test('a filter takes types, beginnings of types, execution, entry point, session, correlation, and a question of yours', async () => {
    const runtime = await begin({ store: place().connect(), entryPoints })
    const one = await runtime.trigger('approvals', undefined, { sessionId: 's', correlationId: 'c' })
    const two = await runtime.trigger('others', undefined, { sessionId: 's' })
    for (const each of [one, two]) await each.cancel({ reason: each.id })
    await runtime.publish('order.paid', { amount: 1 }, { sessionId: 's' })
    await runtime.publish('order.sent', { amount: 2 }, { correlationId: 'c' })
    const types = async (filter: Parameters<Runtime['events']>[0]) => typesOf(await found(runtime, filter))
    expect(await types({ type: 'order.paid' })).toEqual(['order.paid'])
    expect(await types({ type: ['order.*', 'execution.cancelled'] })).toEqual([
      'cancelled',
      'cancelled',
      'order.paid',
      'order.sent',
    ])
    expect(await types({ type: 'orde' })).toEqual([])
    expect(await types({ type: 'execution.cancelled', entryPoint: 'others' })).toEqual(['cancelled'])
    expect(await types({ type: ['execution.accepted', 'order.*'], sessionId: 's' })).toEqual([
      'accepted',
      'accepted',
      'order.paid',
    ])
    expect(await types({ type: ['execution.accepted', 'order.*'], correlationId: 'c' })).toEqual(['accepted', 'order.sent'])
    // the execution's own id, unless it was given another one
    expect(await types({ type: 'execution.accepted', correlationId: two.id })).toEqual(['accepted'])
    expect(await types({ type: 'execution.accepted', correlationId: one.id })).toEqual([])
    expect(await types({ where: ({ data }) => (data as { amount?: number } | undefined)?.amount === 2 })).toEqual(['order.sent'])
    const ofOne = await found(runtime, { execution: one.id, sessionId: 's', type: 'execution.*' })
    expect(new Set(ofOne.map(({ executionId }) => executionId))).toEqual(new Set([one.id]))
  })

  test('an event that comes after the call is never missed, though nobody has waited for the call to begin', async () => {
    const shared = place()
    const runtime = await begin({ store: shared.connect(), entryPoints })
    const client = createClient({ store: shared.connect(), entryPoints, pollInterval: 5 })
    onTestFinished(() => client.close())
    await runtime.publish('paid', 'before')
    for (const waiting of [runtime, client]) {
      const answer = waiting.waitFor({ type: 'paid' })
      await Promise.all([runtime.publish('other'), runtime.publish('paid', 'after')])
      expect(await answer).toMatchObject({ status: 'happened', event: { type: 'paid', data: 'after' } })
    }
    const ended = client.waitFor({ type: 'execution.cancelled', entryPoint: 'others' }, { timeout: 60_000 })
    const execution = await runtime.trigger('others')
    await execution.cancel()
    expect(await ended).toMatchObject({ status: 'happened', event: { executionId: execution.id } })
  })

  test('with a timeout of 0 it looks at what is there', async () => {
    const runtime = await begin({ store: place().connect(), entryPoints })
    const { seq } = await runtime.publish('paid', 1)
    await runtime.publish('paid', 2)
    const now = { timeout: 0 }
    expect(await runtime.waitFor({ type: 'paid' }, now)).toEqual({ status: 'timeout' })
    expect(await runtime.waitFor({ type: 'paid' }, { ...now, since: 0 })).toMatchObject({ event: { data: 1 } })
    expect(await runtime.waitFor({ type: 'paid' }, { ...now, since: seq })).toMatchObject({ event: { data: 2 } })
    expect(await runtime.waitFor({ type: 'paid', where: ({ data }) => data === 3 }, { ...now, since: 0 })).toEqual({
      status: 'timeout',
    })
    expect(await runtime.waitFor({ type: 'paid' }, { since: seq, timeout: 60_000 })).toMatchObject({ event: { data: 2 } })
  })

  test('a rare event is found in a long journal, and other work goes on meanwhile', async () => {
    const runtime = await begin({ store: place().connect(), entryPoints })
    await Promise.all(Array.from({ length: 3_000 }, (__, n) => runtime.publish('noise', n)))
    await runtime.publish('signal', 'x')
    let ticks = 0
    let isOver = false
    const tick = () => void setImmediate(() => !isOver && (ticks++, tick()))
    tick()
    expect(await runtime.waitFor({ type: 'signal' }, { since: 0, timeout: 0 })).toMatchObject({ event: { data: 'x' } })
    const first = ticks
    for await (const { data } of runtime.events({ since: 0, type: 'signal' })) {
      expect(data).toBe('x')
      break
    }
    for await (const { data } of runtime.events({ since: 0, where: ({ type }) => type === 'signal' })) {
      expect(data).toBe('x')
      break
    }
    isOver = true
    expect(first).toBeGreaterThan(3)
    expect(ticks).toBeGreaterThan(first + 6)
  })
})

test('the time, the signal, and the end of the runtime each have an answer of their own', async () => {
  const runtime = createRuntime({ store: memoryPlace().connect(), entryPoints })
  await runtime.start()
  expect(await runtime.waitFor({ type: 'never' }, { timeout: 5 })).toEqual({ status: 'timeout' })
  const controller = new AbortController()
  const aborted = runtime.waitFor({ type: 'never' }, { signal: controller.signal })
  await turns(3)
  controller.abort(new Error('enough'))
  await expect(aborted).rejects.toThrow('enough')
  await expect(runtime.waitFor({ type: 'never' }, { signal: controller.signal, timeout: 0 })).rejects.toThrow('enough')
  const stopped = runtime.waitFor({ type: 'never' })
  stopped.catch(() => undefined)
  await turns(3)
  await runtime.stop()
  await expect(stopped).rejects.toMatchObject({ code: 'already_stopped' })
  await expect(runtime.waitFor({ type: 'never' })).rejects.toMatchObject({ code: 'already_stopped' })
})

test('what is not kept any more is no answer of "nothing came"', async () => {
  const store = memoryPlace().open()
  const runtime = await begin({ store, entryPoints })
  for (const n of [1, 2, 3]) await runtime.publish('paid', n)
  await store.pruneEvents({ keep: 1, limit: 10 })
  const now = { since: 0, timeout: 0 }
  expect(await runtime.waitFor({ type: 'lost' }, now)).toEqual({ status: 'timeout', isIncomplete: true })
  expect(await runtime.waitFor({ type: 'lost' }, { ...now, since: 2 })).toEqual({ status: 'timeout' })
  expect(await runtime.waitFor({ type: 'lost', entryPoint: 'others' }, now)).toEqual({ status: 'timeout' })
  expect(await runtime.waitFor({ type: 'paid' }, now)).toMatchObject({ event: { data: 3 } })
  expect(await runtime.waitFor({ type: 'journal.gap' }, now)).toMatchObject({ event: { data: { dropped: 2 } } })
  expect(await runtime.waitFor({ type: 'lost' }, { since: 0, timeout: 5 })).toEqual({ status: 'timeout', isIncomplete: true })
})

test('what the question throws, and what the store says, comes to who waits, and to nobody else', async () => {
  const store = faultyStore(memoryPlace().open())
  const runtime = await begin({ store, entryPoints })
  const throwing = runtime.waitFor({
    where: () => {
      throw new Error('my own')
    },
  })
  const other = runtime.waitFor({ type: 'paid' })
  throwing.catch(() => undefined)
  await runtime.publish('paid')
  await expect(throwing).rejects.toThrow('my own')
  expect(await other).toMatchObject({ status: 'happened' })
  store.inject({ kind: 'throw', call: 'lastSeq' })
  await expect(runtime.waitFor({ type: 'paid' })).rejects.toMatchObject({ code: 'store_failed' })
  store.heal()
  await expect(runtime.waitFor({ type: 'paid' }, { since: 0 })).resolves.toMatchObject({ status: 'happened' })
})

test('what a slow store says of the end of the journal hides nothing that was written after the call', async () => {
  const store = faultyStore(memoryPlace().open())
  const runtime = await begin({ store, entryPoints })
  await runtime.publish('paid', 'before')
  for (const type of ['paid', 'execution.accepted']) {
    store.inject({ kind: 'hang', call: 'lastSeq', nth: 1 })
    const answer = runtime.waitFor({ type }, { timeout: 10_000 })
    await eventually('the question to be on its way', () => store.waiting === 1)
    if (type === 'paid') await runtime.publish('paid', 'after')
    else await runtime.trigger('approvals')
    store.release()
    expect(await answer).toMatchObject({ status: 'happened', event: type === 'paid' ? { data: 'after' } : { type } })
  }
})

test('it is waited for over the death of the process, in simulated time', async () => {
  const world = createTestRuntime({ entryPoints })
  const from = world.clock.now()
  expect(await world.waitFor({ type: 'never' }, { timeout: 3_600_000 })).toEqual({ status: 'timeout' })
  expect(world.clock.now() - from).toBe(3_600_000)
  const waiting = world.waitFor({ type: 'paid' })
  await world.settle()
  await world.publish('paid', 1)
  world.crash()
  await world.restart()
  expect(await waiting).toMatchObject({ status: 'happened', event: { data: 1 } })
  await world.stop()
})

test('a filter that no event could fit, and a time that is none, are refused', async () => {
  const runtime = await begin({ store: memoryPlace().connect(), entryPoints })
  const refused = (filter: object, options: object, option: string) =>
    expect(runtime.waitFor(filter, options)).rejects.toMatchObject({ code: 'invalid_option', details: { option } })
  await refused({ types: 'x' }, {}, 'types')
  await refused({ since: 0 }, {}, 'since')
  for (const type of [7, [], [7], '\0']) await refused({ type }, {}, 'type')
  for (const option of ['execution', 'entryPoint', 'sessionId', 'correlationId']) await refused({ [option]: 7 }, {}, option)
  await refused({ where: 'x' }, {}, 'where')
  await refused({}, { timeout: -1 }, 'timeout')
  await refused({}, { since: Number.NaN }, 'since')
  await refused({}, { limit: 1 }, 'limit')
  await expect(runtime.events({ since: Number.NaN }).next()).rejects.toMatchObject({ details: { option: 'since' } })
  await eventually('the runtime to be well', () => runtime.registry.health.getSnapshot().context.status === 'ok')
})

test('an event that the store has when somebody begins to wait, and has not acknowledged yet, is not missed', async () => {
  // the store gets it before it is asked where the journal ends, and answers that first
  const runtime = await begin({ store: slowStore({ publish: 40, lastSeq: 10 }), entryPoints })
  const published = runtime.publish('order.paid')
  await turns(35)
  const answer = await runtime.waitFor({ type: 'order.paid' }, { timeout: 1_000 })
  expect(answer.status === 'happened' && answer.event.seq).toBe((await published).seq)
})

test('who waits is answered in time, also while this process writes and the store does not answer', async () => {
  const store = slowStore({ commit: 20_000 })
  const runtime = await begin({ store, entryPoints })
  void runtime.trigger('approvals').catch(() => undefined)
  await turns(2)
  expect(await runtime.waitFor({ type: 'order.paid' }, { timeout: 20 })).toEqual({ status: 'timeout' })
})
