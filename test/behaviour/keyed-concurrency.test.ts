/** So many executions of one key have started and not ended, over all processes; keys take turns. */
import { describe, expect, test } from 'vitest'
import { setup } from 'xstate'
import { decode } from '../../src/codec/snapshot-codec.js'
import { createClient, defineEntryPoint, fromStep } from '../../src/index.js'
import { SimulatedClock } from '../../src/testing/index.js'
import { begin } from '../support/begin.js'
import { eventually, turns } from '../support/eventually.js'
import { memoryPlace, places } from '../support/store-place.js'
import { tenants, type TenantLimits, type TenantWork } from '../support/tenants.js'

const numbers = (count: number) => Array.from({ length: count }, (_, n) => n)

describe.each(places)('in %s', (_, place) => {
  test('one key has one permit, others have theirs, and what ends lets the next one start at once', async () => {
    const { start, pass, order } = tenants(place(), { concurrency: { limit: 1 }, maxConcurrent: 10 })
    const { trigger, logged } = await start('a')
    const handles = await Promise.all([trigger('x', 1), trigger('x', 2), trigger('y', 1), trigger('x', 3)])
    await pass(50)
    expect(order()).toEqual(['x1', 'y1'])
    await pass(75)
    expect(order()).toEqual(['x1', 'y1', 'x2'])
    await pass(225)
    expect(order()).toEqual(['x1', 'y1', 'x2', 'x3'])
    expect(await Promise.all(handles.map((handle) => handle.result()))).toEqual(
      ['x1', 'x2', 'y1', 'x3'].map((output) => ({ status: 'completed', output })),
    )
    expect(logged).toEqual([])
  })

  test('without a key all executions of the entry point are counted together', async () => {
    const { start, pass, order } = tenants(place(), { concurrency: { limit: 2, isKeyed: false } })
    const { trigger } = await start('a')
    await Promise.all([trigger('x', 1), trigger('y', 2), trigger('z', 3)])
    await pass(75)
    expect(order()).toEqual(['x1', 'y2'])
    await pass(100)
    expect(order()).toEqual(['x1', 'y2', 'z3'])
  })

  test('two processes count together, and share the queue of one of them', async () => {
    const { start, pass, began } = tenants(place(), { concurrency: { limit: 1 }, maxConcurrent: 2 })
    const [a, b] = [await start('a'), await start('b')]
    const names = ['x', 'y', 'z', 'w', 'v', 'u']
    const handles = await Promise.all(names.flatMap((name) => numbers(2).map((n) => a.trigger(name, n))))
    const results = Promise.all(handles.map((handle) => handle.result()))
    await pass(1_500)
    expect((await results).map(({ status }) => status)).toEqual(handles.map(() => 'completed'))
    expect(began).toHaveLength(12)
    expect(new Set(began.map(({ process }) => process))).toEqual(new Set(['a', 'b']))
    expect([a.queued(), b.queued(), a.logged, b.logged]).toEqual([0, 0, [], []])
  })

  test('a permit that another process gives back is given to who waits here, with the next poll', async () => {
    const { start, pass, order } = tenants(place(), { concurrency: { limit: 1 } })
    const [a, b] = [await start('a'), await start('b')]
    await a.trigger('x', 1, {}, 500)
    await pass(50)
    await b.trigger('x', 2)
    await pass(425)
    expect(order()).toEqual(['x1'])
    await pass(150)
    expect(order()).toEqual(['x1', 'x2'])
  })

  test('a permit is kept over the death of its process: what waits for it starts once the work has been done again', async () => {
    const { start, pass, began } = tenants(place(), { concurrency: { limit: 1 } })
    const [a, b] = [await start('a'), await start('b')]
    await a.trigger('x', 1, {}, 300)
    await a.trigger('x', 2)
    await pass(100)
    const third = await b.trigger('x', 3)
    a.store.cut()
    const result = third.result()
    await pass(900)
    expect(began.map(({ process, work }) => process + work.n)).toEqual(['a1', 'b1', 'b2', 'b3'])
    expect(await result).toEqual({ status: 'completed', output: 'x3' })
  })

  test('who waits can be paused, resumed, cancelled, and runs out of time', async () => {
    const { start, pass, order } = tenants(place(), { concurrency: { limit: 1 } })
    const { trigger, queued } = await start('a')
    await trigger('x', 1)
    const [paused, cancelled, late, last] = [
      await trigger('x', 2),
      await trigger('x', 3),
      await trigger('x', 4, { queueTimeout: 50 }),
      await trigger('x', 5),
    ]
    expect(queued()).toBe(4)
    expect(await paused.pause()).toMatchObject({ status: 'paused' })
    expect(await cancelled.cancel()).toEqual({ status: 'cancelled' })
    await pass(75)
    expect(await late.result()).toEqual({ status: 'timed_out', limit: 'queueTimeout' })
    await pass(50)
    expect(order()).toEqual(['x1', 'x5'])
    expect(await paused.resume()).toMatchObject({ status: 'resumed' })
    await pass(50)
    expect(order()).toEqual(['x1', 'x5'])
    await pass(100)
    expect(order()).toEqual(['x1', 'x5', 'x2'])
    expect((await last.get())?.status).toBe('completed')
  })

  test('the record and the lists say what an execution waits for: its key, its rate or a slot', async () => {
    const waiting = async (limits: TenantLimits, at: string[]) => {
      const { start, pass } = tenants(place(), limits)
      const { trigger, runtime } = await start('a')
      const handles = []
      for (const [n, tenant] of at.entries()) handles.push(await trigger(tenant, n))
      await pass(50)
      const { executions } = await runtime.executions({ status: ['running', 'queued'] })
      const records = await Promise.all(handles.map((handle) => handle.get()))
      const found = records.map((record) => ('waitsFor' in record ? record.waitsFor : undefined))
      expect(executions.map(({ waitsFor }) => waitsFor).toReversed()).toEqual(found)
      return found
    }
    const concurrency = { limit: 1 }
    expect(await waiting({ concurrency }, ['x', 'x', 'y'])).toEqual([[], ['key'], []])
    expect(await waiting({ concurrency, maxConcurrent: 1 }, ['x', 'y'])).toEqual([[], ['slot']])
    const rate = { limit: 1, per: 10_000 }
    expect(await waiting({ rate }, ['x', 'x', 'y'])).toEqual([[], ['rate'], []])
    expect(await waiting({ rate: { ...rate, isKeyed: false } }, ['x', 'y'])).toEqual([[], ['rate']])
  })

  test('a paused stream gives out no permit, and goes on with its resume', async () => {
    const { start, pass, order } = tenants(place(), { concurrency: { limit: 1 } })
    const { trigger, runtime } = await start('a')
    await trigger('x', 1)
    await trigger('x', 2)
    await pass(25)
    const pause = runtime.stream('work').pause()
    await pass(200)
    await pause
    expect(order()).toEqual(['x1'])
    await runtime.stream('work').resume()
    await pass(50)
    expect(order()).toEqual(['x1', 'x2'])
  })

  test('what waits for a key stands in the queue: it is counted, and one too many is refused', async () => {
    const { start, pass } = tenants(place(), { concurrency: { limit: 1 }, maxQueued: 2 })
    const { trigger } = await start('a')
    await trigger('x', 1)
    await pass(25)
    await trigger('x', 2)
    await trigger('x', 3)
    await expect(trigger('x', 4)).rejects.toMatchObject({ code: 'queue_full', details: { queued: 2, maxQueued: 2 } })
    await pass(100)
    await trigger('x', 4)
  })

  test('the oldest that waits makes room, where that is asked for', async () => {
    const { start, pass } = tenants(place(), { concurrency: { limit: 1 }, maxQueued: 1, overflow: 'drop_oldest' })
    const { trigger } = await start('a')
    await trigger('x', 1)
    await pass(25)
    const dropped = await trigger('x', 2)
    await trigger('x', 3)
    expect(await dropped.result()).toEqual({ status: 'rejected', reason: 'queue_full' })
  })

  test('what a client triggers is counted as well', async () => {
    const shared = place()
    const { start, pass, order, entryPointOf } = tenants(shared, { concurrency: { limit: 1 } })
    await start('a')
    const client = createClient({ store: shared.connect(), entryPoints: [entryPointOf('client')] })
    await client.trigger('work', { tenant: 'x', n: 1 })
    await client.trigger('work', { tenant: 'x', n: 2 })
    await pass(150)
    expect(order()).toEqual(['x1'])
    await pass(150)
    expect(order()).toEqual(['x1', 'x2'])
    await client.close()
  })

  test('a drain ends what can start, and leaves what waits for a key that another process holds', async () => {
    const { start, pass, order, rows } = tenants(place(), { concurrency: { limit: 1 } })
    const [a, b] = [await start('a'), await start('b')]
    await b.trigger('y', 1, {}, 2_000)
    await pass(50)
    for (const n of [1, 2]) await a.trigger('x', n)
    await a.trigger('y', 2)
    const drained = a.runtime.drain()
    await pass(400)
    await drained
    expect(order()).toEqual(['y1', 'x1', 'x2'])
    expect((await rows()).filter(({ status }) => status === 'queued')).toHaveLength(1)
    await a.runtime.stop()
    await pass(1_900)
    expect(order()).toEqual(['y1', 'x1', 'x2', 'y2'])
  })

  test('a stop and a start lose no permit and no turn', async () => {
    const { start, pass, order } = tenants(place(), { concurrency: { limit: 1 } })
    const { trigger, runtime } = await start('a')
    for (const n of numbers(3)) await trigger('x', n)
    await pass(25)
    await runtime.stop()
    await start('b')
    await pass(400)
    expect(order()).toEqual(['x0', 'x0', 'x1', 'x2'])
  })

  test('with relaxed durability the limit holds all the same', async () => {
    const { start, pass, order } = tenants(place(), { concurrency: { limit: 1 }, durability: 'relaxed' })
    const [a, b] = [await start('a'), await start('b')]
    for (const n of numbers(2)) await Promise.all([a.trigger('x', n), b.trigger('x', 10 + n)])
    await pass(700)
    expect(order()).toHaveLength(4)
  })
})

describe('a key that is none', () => {
  const bad = [
    ['nothing', () => undefined, 'undefined'],
    ['a number', () => 7, 'number'],
    ['an empty text', () => '', '""'],
    ['half a character', () => '\ud800', '"\\ud800"'],
    ['a text that is too long', () => 'x'.repeat(513), undefined],
    ['a promise', () => Promise.resolve('x'), 'object'],
    [
      'an error',
      () => {
        throw new TypeError('no tenant')
      },
      undefined,
    ],
  ] as const

  test.each(bad)('%s refuses the trigger with invalid_key, and nothing is stored', async (_, key, value) => {
    const shared = memoryPlace()
    const { entryPointOf, clock, rows } = tenants(shared, {})
    for (const option of ['concurrency', 'rate'] as const) {
      const limits = { concurrency: { key, limit: 1 }, rate: { key, limit: 1, per: 1_000 } }
      const program = entryPointOf('a').program
      const entry = defineEntryPoint({ id: 'work', program, [option]: limits[option] } as never)
      const runtime = await begin({ store: shared.connect(), clock, entryPoints: [entry] })
      const client = createClient({ store: shared.connect(), entryPoints: [entry] })
      const details = { entryPoint: 'work', option: `${option}.key`, ...(value === undefined ? {} : { value }) }
      for (const calls of [runtime, client])
        await expect(calls.trigger('work', { tenant: 'x', n: 1 })).rejects.toMatchObject({
          code: 'invalid_key',
          retryable: false,
          details,
        })
      expect(await rows()).toEqual([])
      await runtime.stop()
      await client.close()
    }
  })

  test('a key function that changes its input changes nothing', async () => {
    const shared = memoryPlace()
    const { entryPointOf, clock, rows } = tenants(shared, {})
    const key = (input: TenantWork) => ((input as { tenant: string }).tenant = 'changed')
    const entry = defineEntryPoint({ id: 'work', program: entryPointOf('a').program, concurrency: { key, limit: 1 } })
    const runtime = await begin({ store: shared.connect(), clock, entryPoints: [entry] })
    await runtime.trigger('work', { tenant: 'x', n: 1 })
    expect(decode((await rows())[0]?.input ?? '', { id: 'x', what: 'input' })).toMatchObject({ tenant: 'x' })
  })
})

test.each(places)('a fork has a permit of its own, by the same key (%s)', async (_, place) => {
  const { start, pass, order } = tenants(place(), { concurrency: { limit: 1 } })
  const { trigger } = await start('a')
  const first = await trigger('x', 1, {}, 300)
  await pass(50)
  const fork = await first.fork()
  await pass(150)
  expect((await fork.get()).status).toBe('queued')
  await pass(300)
  expect(order()).toEqual(['x1', 'x1'])
  expect((await first.get()).status).toBe('completed')
})

test('an entry point without keys makes no further call of the store', async () => {
  const { start, pass, order } = tenants(memoryPlace(), {})
  let asked = 0
  const over = () => ({ admit: () => Promise.reject(new Error(`asked ${++asked} times`)) })
  const [a] = [await start('a', over), await start('b', over)]
  for (const n of numbers(12)) await a.trigger('x', n)
  await pass(500)
  await turns()
  expect([order().length, asked]).toEqual([12, 0])
})

test('while more wait for slots again than there are, the store is not asked for permits without end', async () => {
  const shared = memoryPlace()
  let asked = 0
  const store = shared.connect((own) => ({
    // without time in between nothing else would ever come to its turn
    admit: (request) => (++asked > 100 ? Promise.reject(new Error('asked without end')) : own.admit(request)),
  }))
  const work = fromStep(({ signal }) => new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))))
  const program = setup({ actors: { work } }).createMachine({
    id: 'work',
    initial: 'asked',
    states: { asked: { on: { GO: 'working' } }, working: { invoke: { src: 'work' } } },
  })
  const entryPoint = defineEntryPoint({ id: 'work', program, concurrency: { limit: 4 }, maxConcurrent: 1 })
  const logged: unknown[][] = []
  const logger = (...args: unknown[]) => void logged.push(args)
  const runtime = await begin({ store, entryPoints: [entryPoint], clock: new SimulatedClock(), logger })
  const handles = [await runtime.trigger('work'), await runtime.trigger('work'), await runtime.trigger('work')]
  await eventually(
    'all to wait for their event',
    () => asked > 0 && runtime.registry.streams.getSnapshot().context['work']?.waiting === 3,
  )
  for (const handle of handles) await handle.send({ type: 'GO' })
  const before = asked
  await runtime.trigger('work')
  await turns()
  expect(asked - before).toBeLessThan(5)
  expect(logged).toEqual([])
})
