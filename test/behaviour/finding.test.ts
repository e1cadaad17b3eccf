/** Finding executions: by where they stand, by tags, for how long, by what they wait for; and commands to all that are found. */
import { describe, expect, onTestFinished, test } from 'vitest'
import { createMachine, fromPromise } from 'xstate'
import { createClient, defineEntryPoint, type ExecutionFilter, type ExecutionRecord } from '../../src/index.js'
import { SimulatedClock } from '../../src/testing/clock/simulated-clock.js'
import { begin } from '../support/begin.js'
import { memoryPlace, places } from '../support/store-place.js'

const order = createMachine({
  id: 'order',
  initial: 'asking',
  states: {
    asking: { on: { PACK: 'packing', LATER: 'sleeping' } },
    packing: { invoke: { src: fromPromise(() => new Promise<void>(() => undefined)) } },
    sleeping: { after: { 3_600_000: 'asking' }, on: { WAKE: 'asking' } },
  },
})
const failing = fromPromise(() => Promise.reject(new Error('not today')))
const entryPoints = [
  defineEntryPoint({ id: 'orders', program: order, maxConcurrent: 1, cancelTimeout: 0 }),
  defineEntryPoint({ id: 'attempts', program: failing, retry: { maxAttempts: 2, backoff: { initial: 60_000 } } }),
]

const claim = createMachine({
  id: 'claim',
  type: 'parallel',
  states: {
    payment: {
      initial: 'asked',
      states: { asked: { tags: ['open'], on: { PAY: 'waiting' } }, waiting: { tags: ['open'], on: { PAID: 'done' } }, done: {} },
    },
    check: {
      initial: 'one',
      states: { one: { on: { NEXT: 'two' } }, two: { initial: 'a', states: { a: { on: { NEXT: 'b' } }, b: {} } } },
    },
  },
})
const claims = [defineEntryPoint({ id: 'claims', program: claim, passivateAfter: 0 }), ...entryPoints]
const hour = 3_600_000

describe.each(places)('on %s', (_, place) => {
  test('by a state or one above it, as matches says, by tags of the trigger and of states; in every process', async () => {
    const shared = place()
    const runtime = await begin({ store: shared.connect(), entryPoints: claims })
    const client = createClient({ store: shared.connect(), entryPoints: claims, pollInterval: 5 })
    onTestFinished(() => client.close())
    const at = async (id: string, events: readonly string[], tags?: string[]) => {
      const execution = await runtime.trigger('claims', undefined, { id, tags })
      await execution.waitFor({ status: 'waiting' })
      for (const type of events) await execution.send({ type } as never)
    }
    await at('a', [], ['vip'])
    await at('b', ['PAY', 'NEXT'], ['vip', 'eu', 'vip'])
    await at('c', ['PAY', 'PAID', 'NEXT', 'NEXT'])
    await runtime.execution('b').pause()
    await at('d', ['PAY'], ['vip'])
    await runtime.execution('d').cancel()
    const cases: readonly (readonly [ExecutionFilter, string])[] = [
      [{ state: 'payment' }, 'cba'],
      [{ state: 'payment.waiting' }, 'b'],
      [{ state: { payment: 'waiting', check: 'two' } }, 'b'],
      [{ state: { payment: 'waiting', check: 'one' } }, ''],
      [{ state: 'check.two' }, 'cb'],
      [{ state: 'check.two.b' }, 'c'],
      [{ state: 'nowhere' }, ''],
      [{ state: 'payment.waiting', status: 'cancelled' }, 'd'],
      [{ state: 'payment.waiting', status: ['waiting'] }, ''],
      [{ tag: 'vip' }, 'dba'],
      [{ tag: 'vip', status: ['waiting', 'paused'] }, 'ba'],
      [{ tag: 'open' }, 'ba'],
      [{ tag: 'open', state: 'check.one' }, 'a'],
      [{ tag: 'nobody' }, ''],
      [{ waitsFor: 'event' }, 'a'],
      [{ waitsFor: 'resume' }, 'b'],
      [{ waitsFor: ['resume', 'event'], tag: 'vip' }, 'ba'],
      [{ waitsFor: 'slot' }, ''],
      [{ entryPoint: 'orders', state: 'payment' }, ''],
    ]
    for (const from of [runtime, client])
      for (const [filter, ids] of cases) {
        const { executions } = await from.executions(filter)
        expect(executions.map(({ id }) => id).join(''), JSON.stringify(filter)).toBe(ids)
        expect(await from.count(filter)).toBe(ids.length)
      }
    const { tags } = (await client.execution('b').get()) as ExecutionRecord
    expect(tags).toEqual(['vip', 'eu', 'open'])
    expect(await client.execution('a').waitFor({ tag: 'vip', state: 'payment.asked' }, { timeout: 0 })).toMatchObject({
      status: 'reached',
    })
    expect(await client.execution('c').waitFor({ tag: 'vip' }, { timeout: 0 })).toEqual({ status: 'timeout' })
    expect(((await (await runtime.execution('b').fork()).get()) as ExecutionRecord).tags).toEqual(['vip', 'eu', 'open'])
  })

  test('for how long: each state keeps its own time, over passivation, a pause and another process', async () => {
    const shared = place()
    const clock = new SimulatedClock()
    const runtime = await begin({ store: shared.connect(), clock, entryPoints: claims })
    const execution = await runtime.trigger('claims', undefined, { id: 'a', tags: ['vip'] })
    await execution.waitFor({ status: 'waiting' })
    const from = clock.now()
    await clock.advance(hour)
    await execution.send({ type: 'NEXT' })
    await execution.pause()
    await clock.advance(hour)
    await execution.resume()
    await execution.send({ type: 'PAY' })
    await runtime.stop()
    const next = await begin({ store: shared.connect(), clock, entryPoints: claims })
    await next.execution('a').send({ type: 'NEXT' })
    const found = async (filter: ExecutionFilter) => (await next.executions(filter)).executions.length
    const since = async (filter: ExecutionFilter) => {
      for (const hours of [2, 1, 0]) if (await found({ ...filter, for: hours * hour })) return hours
      return undefined
    }
    expect(await since({ state: 'payment' })).toBe(2)
    expect(await since({ state: 'payment.waiting' })).toBe(0)
    expect(await since({ state: 'check.two' })).toBe(1)
    expect(await since({ state: 'check.two.b' })).toBe(0)
    expect(await since({ state: { check: 'two', payment: 'waiting' } })).toBe(0)
    expect(await since({ tag: 'open' })).toBe(2)
    expect(await since({ tag: 'open', state: 'check.two' })).toBe(1)
    expect(await since({ entryPoint: 'claims' })).toBe(0)
    expect([await found({ state: 'payment', since: from }), await found({ state: 'payment', since: from - 1 })]).toEqual([1, 0])
    expect(await found({ state: 'payment', for: 2 * hour + 1 })).toBe(0)
  })

  test('pages go on where the last one ended, whatever stands between', async () => {
    const runtime = await begin({ store: place().connect(), entryPoints: claims })
    for (let n = 0; n < 9; n++) {
      const execution = await runtime.trigger('claims', undefined, { id: `n${n}` })
      await execution.waitFor({ status: 'waiting' })
      if (n % 2 === 0) await execution.send({ type: 'PAY' })
    }
    const found: string[][] = []
    for (let cursor: string | undefined, more = true; more; more = cursor !== undefined) {
      const page = await runtime.executions({ state: 'payment.waiting', limit: 2, cursor })
      found.push(page.executions.map(({ id }) => id))
      cursor = page.cursor
    }
    expect(found.filter((page) => page.length > 0)).toEqual([['n8', 'n6'], ['n4', 'n2'], ['n0']])
  })

  test('a command to all that are found concerns nothing else, and is counted as every command to many', async () => {
    const shared = place()
    const runtime = await begin({ store: shared.connect(), entryPoints: claims })
    const client = createClient({ store: shared.connect(), entryPoints: claims, pollInterval: 5 })
    onTestFinished(() => client.close())
    for (const id of ['a', 'b', 'c', 'd']) {
      const execution = await runtime.trigger('claims', undefined, { id, tags: id === 'd' ? [] : ['mine'] })
      await execution.waitFor({ status: 'waiting' })
      if (id !== 'c') await execution.send({ type: 'PAY' })
    }
    const where = { state: 'payment.waiting', tag: 'mine' }
    expect(await runtime.count(where)).toBe(2)
    expect(await runtime.pause({ where, reason: 'look' })).toEqual({ paused: 2 })
    expect(await runtime.execution('a').get()).toMatchObject({ status: 'paused', pause: { reason: 'look' } })
    expect(await runtime.send({ where }, { type: 'PAID' })).toEqual({ queued: 2 })
    expect(await client.resume({ where: { waitsFor: 'resume' } })).toMatchObject({ resumed: 2 })
    await runtime.execution('b').waitFor({ state: 'payment.done' })
    await runtime.execution('a').waitFor({ state: 'payment.done' })
    expect(await runtime.stream('orders').cancel({ where: { tag: 'mine' } })).toEqual({})
    expect(await runtime.stream('claims').cancel({ where: { tag: 'mine' } })).toEqual({ cancelled: 3 })
    expect(await client.cancel({ where })).toEqual({})
    // nothing stays paused, and what was not meant goes on
    expect(await runtime.execution('d').get()).toMatchObject({ status: 'waiting', value: { payment: 'waiting' } })
    const late = await runtime.trigger('claims')
    expect(await late.waitFor({ status: 'waiting' }, { timeout: 5_000 })).toMatchObject({ status: 'reached' })
  })

  test('the record and the lists say what an execution waits for, in every process', async () => {
    const shared = place()
    const runtime = await begin({ store: shared.connect(), entryPoints })
    const client = createClient({ store: shared.connect(), entryPoints, pollInterval: 5 })
    onTestFinished(() => client.close())
    const ids = ['event', 'either', 'paused', 'nothing']
    for (const id of ids) await runtime.trigger('orders', undefined, { id }).then((each) => each.waitFor({ status: 'waiting' }))
    await runtime.execution('either').send({ type: 'LATER' })
    await runtime.execution('paused').pause()
    await runtime.execution('nothing').send({ type: 'PACK' })
    await runtime.trigger('orders', undefined, { id: 'slot' })
    await runtime.trigger('attempts', undefined, { id: 'retry' })
    await runtime.execution('retry').waitFor({ status: 'waiting' })
    const wanted = {
      event: ['event'],
      either: ['event', 'timer'],
      paused: ['resume'],
      nothing: [],
      slot: ['slot'],
      retry: ['timer'],
    }
    for (const from of [runtime, client]) {
      const { executions } = await from.executions()
      expect(Object.fromEntries(executions.map(({ id, waitsFor }) => [id, waitsFor]))).toEqual(wanted)
      for (const [id, waitsFor] of Object.entries(wanted))
        expect(((await from.execution(id).get()) as ExecutionRecord).waitsFor).toEqual(waitsFor)
    }
    await runtime.cancel()
    expect((await client.executions()).executions.flatMap(({ waitsFor }) => waitsFor)).toEqual([])
  })
})

test('what no execution could have is refused where it is said, and nothing is done', async () => {
  const runtime = await begin({ store: memoryPlace().connect(), entryPoints })
  const refused = async (call: Promise<unknown>, option: string) =>
    expect(await call.catch((error: unknown) => error)).toMatchObject({ code: 'invalid_option', details: { option } })
  const filters: readonly (readonly [string, object])[] = [
    ['state', { state: '' }],
    ['state', { state: { a: 1 } }],
    ['status', { status: 'resting' }],
    ['waitsFor', { waitsFor: ['slot', 'godot'] }],
    ['since', { since: 3_600_000 }],
    ['for', { for: -1 }],
    ['tag', { tag: 'a\u0000' }],
  ]
  for (const [option, filter] of filters) {
    await refused(runtime.executions(filter), option)
    await refused(runtime.count(filter), option)
    await refused(runtime.cancel({ where: filter }), option)
    await refused(runtime.send({ where: filter }, { type: 'PACK' }), option)
  }
  await refused(runtime.count({ limit: 3 } as never), 'limit')
  await runtime.trigger('orders', undefined, { id: 'kept' })
  // what was meant for few is not done to all because a name of it came out empty
  for (const where of [{ tag: undefined }, { entryPoint: 'orders', state: undefined }, null, '' as never]) {
    const option = where ? ('tag' in where ? 'tag' : 'state') : 'where'
    await refused(runtime.cancel({ where: where as never }), option)
    await refused(runtime.pause({ where: where as never }), option)
    await refused(runtime.resume({ where: where as never }), option)
    await refused(runtime.send({ where: where as never }, { type: 'PACK' }), option)
  }
  expect(await runtime.count({ tag: undefined })).toBe(1)
  expect(await runtime.cancel({ where: {} })).toEqual({ cancelled: 1 })
  await refused(runtime.send({ where: {}, sessionId: 's' }, { type: 'PACK' }), 'sessionId')
  for (const tags of ['vip', [''], [1], Array.from({ length: 33 }, (_, n) => `t${n}`)])
    await refused(runtime.trigger('orders', undefined, { tags: tags as never }), 'tags')
  expect((await runtime.executions()).executions.map(({ id }) => id)).toEqual(['kept'])
})
