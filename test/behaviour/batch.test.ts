/** Batching entry points: triggers make one execution with the list of their inputs; each acknowledged one is in one batch, once and in order. */
import { describe, expect, onTestFinished, test } from 'vitest'
import { fromPromise, setup } from 'xstate'
import { createClient, defineEntryPoint, fromExecution } from '../../src/index.js'
import { createTestRuntime, faultyStore, SimulatedClock, type MockArguments } from '../../src/testing/index.js'
import { begin } from '../support/begin.js'
import { turns } from '../support/eventually.js'
import { places, type StorePlace } from '../support/store-place.js'

type Line = string

const lines = setup({
  types: { input: {} as readonly Line[], context: {} as { lines: readonly Line[] } },
  actors: { write: fromPromise<void, readonly Line[]>(() => Promise.reject(new Error('to be mocked'))) },
}).createMachine({
  id: 'lines',
  context: ({ input }) => ({ lines: input }),
  initial: 'writing',
  states: {
    writing: { invoke: { src: 'write', input: ({ context }) => context.lines, onDone: 'done' } },
    done: { type: 'final' },
  },
})

const batch = { size: 3, within: 1_000 }

/** A simulated process, and the batches that were written, each with its time. */
function process(place: StorePlace, given: object = {}, clock = new SimulatedClock()) {
  const written: [lines: readonly Line[], at: number][] = []
  const zero = clock.now()
  const log = defineEntryPoint({ id: 'log', program: lines, batch: { ...batch, ...given } })
  const world = createTestRuntime({ entryPoints: [log], store: place.open, clock })
  world.mock('write', async ({ input }: MockArguments<readonly Line[]>) => {
    written.push([input, clock.now() - zero])
  })
  onTestFinished(() => world.stop())
  return { world, clock, written }
}

async function oneOfMany(place: StorePlace, clock: SimulatedClock, id: string) {
  const written: (readonly Line[])[] = []
  const program = fromPromise<void, readonly Line[]>(({ input }) => Promise.resolve(void written.push(input)))
  const log = defineEntryPoint({ id: 'log', program, batch })
  const store = faultyStore(place.connect())
  const runtime = await begin({ store, clock, entryPoints: [log], id, lease: 1e9 })
  return { runtime, log, written, store }
}

const pass = async (clock: SimulatedClock, ms: number) => {
  await clock.advance(ms, () => turns(12))
  await turns(30)
}

describe.each(places)('a batching entry point, on %s', (_, placeOf) => {
  test('starts once there are as many as it takes', async () => {
    const { world, written } = process(placeOf())
    const all = []
    for (const line of ['1', '2', '3', '4']) all.push(await world.trigger('log', line))
    await world.settle()
    expect(written).toEqual([[['1', '2', '3'], 0]])
    expect(all.map(({ created, joined }) => [created, joined])).toEqual([
      [true, false],
      [false, true],
      [false, true],
      [true, false],
    ])
    expect(all[2]?.id).toBe(all[0]?.id)
    expect(await all[0]?.get()).toMatchObject({
      status: 'completed',
      input: ['1', '2', '3'],
      gathered: { count: 3, isOpen: false },
    })
    expect(await all[3]?.get()).toMatchObject({
      status: 'queued',
      waitsFor: ['start'],
      input: ['4'],
      gathered: { count: 1, isOpen: true },
    })
  })

  test('starts a while after the first one, with those that there are', async () => {
    const { world, written } = process(placeOf())
    await world.trigger('log', '1')
    await world.advance(900)
    await world.trigger('log', '2')
    await world.advance(99)
    expect(written).toEqual([])
    await world.advance(1)
    expect(written).toEqual([[['1', '2'], 1_000]])
  })

  test('a thousand at once are in as few batches as there can be, each once and in the order of the calls', async () => {
    const { world, written } = process(placeOf(), { size: 64 })
    const sent = Array.from({ length: 1_000 }, (__, n) => String(n))
    await Promise.all(sent.map((line) => world.trigger('log', line)))
    await world.advance(1_000)
    expect(written.flatMap(([each]) => each)).toEqual(sent)
    expect(written.map(([{ length }]) => length)).toEqual([...Array.from({ length: 15 }, () => 64), 40])
  })

  test('each key has a batch of its own', async () => {
    const { world, written } = process(placeOf(), { key: (line: Line) => line.slice(0, 1) })
    for (const line of ['a1', 'b1', 'a2', 'b2', 'a3']) await world.trigger('log', line)
    await world.settle()
    expect(written.map(([each]) => each)).toEqual([['a1', 'a2', 'a3']])
    await world.advance(1_000)
    expect(written.map(([each]) => each)).toEqual([
      ['a1', 'a2', 'a3'],
      ['b1', 'b2'],
    ])
  })

  test('long elements start it before it is full', async () => {
    const { world, written } = process(placeOf(), { size: 1_000 })
    const long = 'x'.repeat(1_500_000)
    for (let n = 0; n < 4; n++) await world.trigger('log', long)
    await world.settle()
    expect(written.map(([each]) => each.length)).toEqual([3])
  })

  test('the same idempotency key is in one batch once, and another input under it is a conflict', async () => {
    const { world, written } = process(placeOf())
    const first = await world.trigger('log', '1', { idempotencyKey: 'k1' })
    await world.trigger('log', '2', { idempotencyKey: 'k2' })
    expect(await world.trigger('log', '2', { idempotencyKey: 'k2' })).toMatchObject({
      id: first.id,
      created: false,
      joined: false,
    })
    await expect(world.trigger('log', 'x', { idempotencyKey: 'k2' })).rejects.toMatchObject({ code: 'idempotency_conflict' })
    const twice = await Promise.all(['3', '3'].map((line) => world.trigger('log', line, { idempotencyKey: 'k3' })))
    expect(twice.map(({ id }) => id)).toEqual([first.id, first.id])
    await world.settle()
    expect(await world.trigger('log', '3', { idempotencyKey: 'k3' })).toMatchObject({ id: first.id, created: false })
    await world.advance(5_000)
    expect(written).toEqual([[['1', '2', '3'], 0]])
  })

  test('one that is paused goes on gathering; once it is full, the next one makes another', async () => {
    const { world, written } = process(placeOf())
    const execution = await world.trigger('log', '1')
    await execution.pause()
    for (const line of ['2', '3', '4']) await world.trigger('log', line)
    await world.advance(1_000)
    expect(written).toEqual([[['4'], 1_000]])
    await execution.resume()
    await world.settle()
    expect(written[1]).toEqual([['1', '2', '3'], 1_000])
  })

  test('a crash loses none, and brings none twice', async () => {
    const { world, written } = process(placeOf())
    await world.trigger('log', '1')
    world.crash()
    await world.restart()
    await world.trigger('log', '2')
    world.crash()
    await world.restart()
    await world.trigger('log', '3')
    await world.settle()
    expect(written).toEqual([[['1', '2', '3'], 0]])
  })

  test('a fork has the whole list, and gathers nothing', async () => {
    const { world, written } = process(placeOf())
    const execution = await world.trigger('log', '1')
    await world.trigger('log', '2')
    await world.advance(1_000)
    const fork = await execution.fork()
    await world.settle()
    expect(await fork.get()).toMatchObject({ input: ['1', '2'], gathered: null })
    expect(written.map(([each]) => each).at(-1)).toEqual(['1', '2'])
  })

  test('keys are remembered when the entry point gathers no more, and were before it did', async () => {
    const place = placeOf()
    const clock = new SimulatedClock()
    const program = fromPromise<unknown, unknown>(({ input }) => Promise.resolve(input))
    const common = { id: 'log', program: program as never }
    const begins = (id: string, options: object) =>
      begin({
        store: place.connect(),
        clock,
        id,
        lease: 1e9,
        entryPoints: [defineEntryPoint({ ...common, ...options } as never)],
      })
    const plain = await begins('a', {})
    const old = await plain.trigger('log' as never, '1' as never, { idempotencyKey: 'k1' })
    const gathering = await begins('b', { batch })
    const trigger = (of: typeof plain, input: string, idempotencyKey: string) =>
      of.trigger('log' as never, input as never, { idempotencyKey })
    expect(await trigger(gathering, '1', 'k1')).toMatchObject({ id: old.id, created: false, joined: false })
    await expect(trigger(gathering, 'x', 'k1')).rejects.toMatchObject({ code: 'idempotency_conflict' })
    const made = await trigger(gathering, '2', 'k2')
    const full = await begins('c', { maxQueued: 0, maxConcurrent: 1 })
    await full.stream('log' as never).pause()
    for (const runtime of [plain, full]) {
      expect(await trigger(runtime, '2', 'k2')).toMatchObject({ id: made.id, created: false })
      await expect(trigger(runtime, 'x', 'k2')).rejects.toMatchObject({ code: 'idempotency_conflict' })
    }
  })

  test('what was forgotten gives its keys back', async () => {
    const place = placeOf()
    const { world } = process(place)
    await world.trigger('log', '1', { idempotencyKey: 'k1' })
    await world.advance(1_000)
    await world.store.prune({ entryPoint: 'log', keep: 0, now: 1, limit: 10 })
    expect(await world.trigger('log', 'other', { idempotencyKey: 'k1' })).toMatchObject({ created: true })
  })

  test('two processes and a client fill batches together, each element once', async () => {
    const place = placeOf()
    const clock = new SimulatedClock()
    const a = await oneOfMany(place, clock, 'a')
    const b = await oneOfMany(place, clock, 'b')
    const client = createClient({ store: place.connect(), clock, entryPoints: [a.log] })
    onTestFinished(() => client.close())
    const callers = [a.runtime, b.runtime, client]
    const sent = Array.from({ length: 30 }, (__, n) => String(n))
    await Promise.all(sent.map((line, n) => (callers[n % 3] as typeof client).trigger('log', line)))
    await pass(clock, 30_000)
    const written = [...a.written, ...b.written]
    expect(written.flat().toSorted()).toEqual(sent.toSorted())
    expect(written.every(({ length }) => length === 3)).toBe(true)
    // those of one caller are in the order of its calls
    for (const n of [0, 1, 2]) {
      const own = (await a.store.query({ entryPoint: 'log', limit: 100 })).executions
        .toReversed()
        .flatMap(({ elements }) => elements?.map((text) => (JSON.parse(text) as { v: string }).v) ?? [])
        .filter((line) => Number(line) % 3 === n)
      expect(own).toEqual(sent.filter((line) => Number(line) % 3 === n))
    }
  })

  test.each(['duplicate', 'throw'] as const)(
    'a commit whose acknowledgement is lost (%s) adds each element once',
    async (kind) => {
      const place = placeOf()
      const clock = new SimulatedClock()
      const { runtime, store, written } = await oneOfMany(place, clock, 'a')
      store.inject(kind === 'throw' ? { kind, call: 'commit', when: 'after', nth: 1 } : { kind, call: 'commit', nth: 1 })
      await runtime.trigger('log', '1')
      store.inject(kind === 'throw' ? { kind, call: 'commit', when: 'after', nth: 1 } : { kind, call: 'commit', nth: 1 })
      await runtime.trigger('log', '2')
      await runtime.trigger('log', '3')
      await pass(clock, 20_000)
      expect(written).toEqual([['1', '2', '3']])
    },
  )
})

describe('what a trigger of many can not say', () => {
  test.each([
    ['startAt', 1e15],
    ['priority', 1],
    ['timeout', 1],
    ['queueTimeout', 1],
    ['deadline', 1e15],
    ['tags', ['a']],
  ])('%s is refused, and nothing is stored', async (option, value) => {
    const { world } = process((await import('../support/store-place.js')).memoryPlace())
    const refused = world.trigger('log', '1', { [option]: value })
    await expect(refused).rejects.toMatchObject({ code: 'invalid_option', details: { entryPoint: 'log', option } })
    expect((await world.executions()).executions).toEqual([])
  })

  test('a key that throws, or is none, is refused with its place', async () => {
    const keys = { '1': 'a', '2': '', '3': 7 } as Record<string, unknown>
    const key = (line: Line) => {
      if (line === 'x') throw new Error('no key')
      return keys[line] as string
    }
    const { world } = process((await import('../support/store-place.js')).memoryPlace(), { key })
    for (const line of ['2', '3', 'x'])
      await expect(world.trigger('log', line)).rejects.toMatchObject({
        code: 'invalid_key',
        details: { entryPoint: 'log', option: 'batch.key' },
      })
    await expect(world.trigger('log', '1')).resolves.toMatchObject({ created: true })
  })

  test('a step can not start one', async () => {
    const log = defineEntryPoint({ id: 'log', program: lines, batch })
    const parent = setup({ actors: { log: fromExecution('log') } }).createMachine({
      id: 'parent',
      invoke: { src: 'log', input: () => '1' as never },
    })
    const world = createTestRuntime({ entryPoints: [log, defineEntryPoint({ id: 'parent', program: parent })] })
    onTestFinished(() => world.stop())
    const execution = await world.trigger('parent')
    await world.settle()
    expect(await execution.result()).toMatchObject({ status: 'failed', error: { code: 'invalid_option' } })
  })
})
