/** Debounced entry points: triggers that come soon after one another make one execution with the last input; none is lost, over processes and crashes. */
import { describe, expect, onTestFinished, test } from 'vitest'
import { createActor, fromCallback, fromPromise, setup } from 'xstate'
import { createClient, defineEntryPoint, supervisorMachine, type EntryPointOptions } from '../../src/index.js'
import { createTestRuntime, SimulatedClock, type MockArguments } from '../../src/testing/index.js'
import { begin } from '../support/begin.js'
import { eventually, turns } from '../support/eventually.js'
import { places, type StorePlace } from '../support/store-place.js'
import { delivery, doubles, read } from '../support/webhooks.js'

interface Saved {
  readonly file: string
  readonly text: string
}

const index = setup({
  types: { input: {} as Saved, context: {} as Saved },
  actors: { write: fromPromise<void, Saved>(() => Promise.reject(new Error('to be mocked'))) },
}).createMachine({
  id: 'index',
  context: ({ input }) => input,
  initial: 'writing',
  states: { writing: { invoke: { src: 'write', input: ({ context }) => context, onDone: 'done' } }, done: { type: 'final' } },
})

type Options = Partial<EntryPointOptions<typeof index>>

const debounce = { quiet: 1_000, atMost: 5_000, key: ({ file }: Saved) => file }

/** A simulated process, and what its executions have got, with the time at which each started. */
function process(place: StorePlace, options: Options = {}, clock = new SimulatedClock()) {
  const written: [text: string, at: number][] = []
  const saves = defineEntryPoint({ debounce, ...options, id: 'saves', program: index } as EntryPointOptions<typeof index>)
  const world = createTestRuntime({ entryPoints: [saves], store: place.open, clock })
  const zero = clock.now()
  world.mock('write', async ({ input }: MockArguments<Saved>) => {
    written.push([input.text, clock.now() - zero])
  })
  onTestFinished(() => world.stop())
  const save = (text: string, given: object = {}, file = 'a') => world.trigger('saves' as never, { file, text } as never, given)
  return { world, clock, written, save }
}

/** A process among others, which looks for their work every ten seconds of its own. */
async function oneOfMany(place: StorePlace, clock: SimulatedClock, id: string) {
  const written: [text: string, at: number][] = []
  const zero = clock.now()
  const program = fromPromise<void, Saved>(({ input }) => Promise.resolve(void written.push([input.text, clock.now() - zero])))
  const saves = defineEntryPoint({ id: 'saves', program, debounce })
  const runtime = await begin({ store: place.connect(), clock, entryPoints: [saves], id, lease: 1e9 })
  return { runtime, saves, written, save: (text: string, file = 'a') => runtime.trigger('saves', { file, text }) }
}

const pass = async (clock: SimulatedClock, ms: number) => {
  await clock.advance(ms, () => turns(12))
  await turns(30)
}

describe.each(places)('a debounced entry point, on %s', (_, placeOf) => {
  test('makes one execution with the last input, once it has been quiet', async () => {
    const { world, written, save } = process(placeOf())
    const first = await save('1')
    await world.advance(900)
    const second = await save('2')
    await world.advance(900)
    const third = await save('3')
    expect([first.created, second.created, third.created]).toEqual([true, false, false])
    expect([first.joined, second.joined, third.joined]).toEqual([false, true, true])
    expect(new Set([first.id, second.id, third.id]).size).toBe(1)
    expect(await first.get()).toMatchObject({
      status: 'queued',
      waitsFor: ['start'],
      input: { text: '3' },
      gathered: { count: 3, isOpen: true },
      startedAt: null,
    })
    await world.advance(999)
    expect(written).toEqual([])
    await world.advance(1)
    expect(written).toEqual([['3', 2_800]])
    expect(await first.get()).toMatchObject({ status: 'completed', gathered: { count: 3, isOpen: false } })
    // the next one makes a new one
    const next = await save('4')
    expect(next).toMatchObject({ created: true, joined: false })
    await world.advance(1_000)
    expect(written).toEqual([
      ['3', 2_800],
      ['4', 3_800],
    ])
    expect((await world.executions()).executions).toHaveLength(2)
  })

  test('starts at the latest a while after the first trigger', async () => {
    const { world, written, save } = process(placeOf())
    for (let text = 1; text <= 8; text++) {
      await save(String(text))
      await world.advance(700)
    }
    expect(written).toEqual([['8', 5_000]])
  })

  test('has one execution for each key and session', async () => {
    const { world, written, save } = process(placeOf())
    const ids = [
      await save('1'),
      await save('2', {}, 'b'),
      await save('3', { sessionId: 's' }),
      await save('4', { sessionId: 's' }),
    ]
    expect(new Set(ids.map(({ id }) => id)).size).toBe(3)
    await world.advance(1_000)
    expect(written.map(([text]) => text).toSorted()).toEqual(['1', '2', '4'])
  })

  test('many triggers at once are one execution, with the input of the last call', async () => {
    const { world, written, save } = process(placeOf())
    const all = await Promise.all(Array.from({ length: 50 }, (__, n) => save(String(n))))
    expect(new Set(all.map(({ id }) => id)).size).toBe(1)
    expect(all.filter(({ created }) => created)).toHaveLength(1)
    await world.advance(1_000)
    expect(written).toEqual([['49', 1_000]])
  })

  test('the same idempotency key gives the same execution, and another input under it is a conflict', async () => {
    const { world, written, save } = process(placeOf())
    const first = await save('1', { idempotencyKey: 'k1' })
    await world.advance(500)
    const second = await save('2', { idempotencyKey: 'k2' })
    await world.advance(500)
    // a delivery that comes again moves nothing, and brings no old input back
    const again = await save('1', { idempotencyKey: 'k1' })
    expect(again).toMatchObject({ id: first.id, created: false, joined: false })
    await expect(save('other', { idempotencyKey: 'k1' })).rejects.toMatchObject({ code: 'idempotency_conflict' })
    await world.advance(500)
    expect(written).toEqual([['2', 1_500]])
    // nor once it has ended
    for (const [text, key] of [
      ['1', 'k1'],
      ['2', 'k2'],
    ] as const)
      expect(await save(text, { idempotencyKey: key })).toMatchObject({ id: second.id, created: false })
    await expect(save('1', { idempotencyKey: 'k2' })).rejects.toMatchObject({ code: 'idempotency_conflict' })
    expect((await world.executions({ entryPoint: 'saves', idempotencyKey: 'k2' } as never)).executions).toMatchObject([
      { id: first.id },
    ])
    expect((await world.executions()).executions).toHaveLength(1)
  })

  test('a pause holds what is gathered, more is taken in, and a resume starts the last', async () => {
    const { world, written, save } = process(placeOf())
    const execution = await save('1')
    expect(await execution.pause()).toMatchObject({ status: 'paused' })
    await world.advance(3_000)
    const joined = await save('2')
    expect(joined).toMatchObject({ id: execution.id, joined: true })
    await world.advance(3_000)
    expect(written).toEqual([])
    expect(await execution.get()).toMatchObject({ status: 'paused', waitsFor: ['resume'], input: { text: '2' } })
    await execution.resume()
    await world.settle()
    expect(written).toEqual([['2', 6_000]])
  })

  test('a cancel ends it with all it has taken in, and the next trigger makes a new one', async () => {
    const { world, written, save } = process(placeOf())
    const execution = await save('1')
    await save('2')
    expect(await execution.cancel()).toMatchObject({ status: 'cancelled' })
    const next = await save('3')
    expect(next).toMatchObject({ created: true })
    await world.advance(1_000)
    expect(written).toEqual([['3', 1_000]])
  })

  test('one that is due and waits for a slot takes the last input too', async () => {
    const { world, written, save } = process(placeOf(), { maxConcurrent: 1 })
    world.mock('write', async ({ input, sleep }: MockArguments<Saved>) => {
      written.push([input.text, 0])
      if (input.text === 'long') await sleep(2_500)
    })
    await save('long', {}, 'b')
    await world.advance(1_000)
    const execution = await save('1')
    await world.advance(2_000)
    expect(await execution.get()).toMatchObject({ status: 'queued', waitsFor: ['slot'] })
    const joined = await save('2')
    expect(joined.id).toBe(execution.id)
    expect(await execution.get()).toMatchObject({ status: 'queued', waitsFor: ['start'], input: { text: '2' } })
    // its slot is free, and it waits for a quiet time
    await world.advance(900)
    expect(written.map(([text]) => text)).toEqual(['long'])
    await world.advance(100)
    expect(written.map(([text]) => text)).toEqual(['long', '2'])
    expect(await execution.get()).toMatchObject({ status: 'completed' })
  })

  test('a crash before the start loses nothing that was acknowledged', async () => {
    const { world, written, save } = process(placeOf())
    await save('1')
    await world.advance(500)
    await save('2')
    world.crash()
    await world.restart()
    await world.advance(500)
    expect(written).toEqual([])
    await save('3')
    await world.advance(1_000)
    expect(written).toEqual([['3', 2_000]])
  })

  test('a client gathers as well, and a worker starts it', async () => {
    const place = placeOf()
    const clock = new SimulatedClock()
    const worker = await oneOfMany(place, clock, 'w')
    const client = createClient({ store: place.connect(), clock, entryPoints: [worker.saves] })
    onTestFinished(() => client.close())
    const first = await client.trigger('saves', { file: 'a', text: '1' })
    const second = await client.trigger('saves', { file: 'a', text: '2' })
    expect(second).toMatchObject({ id: first.id, joined: true })
    expect((await worker.save('3')).id).toBe(first.id)
    await pass(clock, 11_000)
    expect(worker.written.map(([text]) => text)).toEqual(['3'])
  })

  test('two processes trigger at once: one execution, with the input of one of them', async () => {
    const place = placeOf()
    const clock = new SimulatedClock()
    const a = await oneOfMany(place, clock, 'a')
    const b = await oneOfMany(place, clock, 'b')
    const made = await Promise.all([a, b, a, b, a, b].map(({ save }, n) => save(String(n))))
    expect(new Set(made.map(({ id }) => id)).size).toBe(1)
    expect(made.filter(({ created }) => created)).toHaveLength(1)
    const last = await a.save('last')
    expect(last.id).toBe(made[0]?.id)
    await pass(clock, 11_000)
    expect([...a.written, ...b.written].map(([text]) => text)).toEqual(['last'])
  })

  test('what another process has in its queue takes a trigger of this one', async () => {
    const place = placeOf()
    const clock = new SimulatedClock()
    const a = await oneOfMany(place, clock, 'a')
    await a.runtime.stream('saves').pause()
    const execution = await a.save('1')
    await pass(clock, 2_000)
    const b = await oneOfMany(place, clock, 'b')
    expect((await b.save('2')).id).toBe(execution.id)
    await a.runtime.stream('saves').resume()
    await pass(clock, 30_000)
    expect([...a.written, ...b.written].map(([text]) => text)).toEqual(['2'])
  })

  test.each([-3_600_000, 3_600_000])('a wall clock that is set by %d ms loses nothing, and delays nothing', async (by) => {
    const { world, clock, written, save } = process(placeOf())
    await save('1')
    await world.advance(500)
    clock.jump(by)
    await save('2')
    await world.advance(1_000)
    expect(written.map(([text]) => text)).toEqual(['2'])
    await save('3')
    clock.jump(-by)
    await world.advance(1_000)
    expect(written.map(([text]) => text)).toEqual(['2', '3'])
  })

  test('the journal says which triggers have gone into it', async () => {
    const { world, save } = process(placeOf())
    const { id } = await save('1')
    await save('2', { causationId: 'upload-7' })
    await world.advance(1_000)
    const journal = await world.store.events({ since: 0, execution: id, limit: 10 })
    expect(journal.map(({ type }) => type)).toEqual([
      'execution.accepted',
      'execution.debounced',
      'execution.started',
      'execution.completed',
    ])
    expect(journal[1]?.data).toContain('upload-7')
  })

  test('a webhook tells the execution that has taken its delivery in, and a delivery that comes again gets the same', async () => {
    const entry = doubles({}, { debounce: { quiet: 1_000 } })
    const world = createTestRuntime({ entryPoints: [entry], store: placeOf().open })
    onTestFinished(() => world.stop())
    const send = async (id: string, n: number) => read(await world.fetch(delivery(id, { n })))
    const first = await send('d1', 1)
    const second = await send('d2', 2)
    const again = await send('d1', 1)
    expect(first).toMatchObject({ status: 202, body: { status: 'accepted' } })
    expect(second).toMatchObject({ status: 202, body: { status: 'joined', id: first.body['id'] } })
    expect(again).toMatchObject({ status: 200, body: { status: 'duplicate', id: first.body['id'] } })
    await world.advance(1_000)
    expect(await world.execution(first.body['id'] as string).result()).toEqual({ status: 'completed', output: 4 })
    expect(await send('d2', 2)).toMatchObject({ status: 200, body: { id: first.body['id'] } })
  })

  test('its time in the queue begins when it is due, and anew when another trigger moves that', async () => {
    const { world, written, save } = process(placeOf(), { maxConcurrent: 1, queueTimeout: 500 })
    world.mock('write', async ({ input, sleep }: MockArguments<Saved>) => {
      written.push([input.text, 0])
      await sleep(60_000)
    })
    await save('long', {}, 'b')
    await world.advance(1_000)
    const execution = await save('1')
    await world.advance(1_400)
    await save('2')
    await world.advance(1_400)
    expect(await execution.get()).toMatchObject({ status: 'queued', gathered: { count: 2 } })
    await world.advance(100)
    expect(await execution.result()).toEqual({ status: 'timed_out', limit: 'queueTimeout' })
    expect(await save('3')).toMatchObject({ created: true })
  })

  test('what gathers does not count as queued, and is found by what it waits for', async () => {
    const { world, written, save } = process(placeOf(), { maxConcurrent: 1, maxQueued: 0 })
    const ids = [await save('1', {}, 'a'), await save('2', {}, 'b'), await save('3', {}, 'c')].map(({ id }) => id)
    const { executions } = await world.executions({ waitsFor: 'start' } as never)
    expect(executions.map(({ id }) => id).toSorted()).toEqual(ids.toSorted())
    await world.advance(1_000)
    expect(written.map(([text]) => text)).toEqual(['1', '2', '3'])
  })

  test('with no worker, a client pauses and cancels it, and goes on triggering', async () => {
    const place = placeOf()
    const clock = new SimulatedClock()
    const saves = defineEntryPoint({ id: 'saves', program: index, debounce })
    const client = createClient({ store: place.connect(), clock, entryPoints: [saves] })
    onTestFinished(() => client.close())
    const first = await client.trigger('saves', { file: 'a', text: '1' })
    expect(await first.pause()).toMatchObject({ status: 'paused' })
    expect(await client.trigger('saves', { file: 'a', text: '2' })).toMatchObject({ id: first.id, joined: true })
    expect(await first.get()).toMatchObject({ status: 'paused', input: { text: '2' }, gathered: { count: 2, isOpen: true } })
    expect(await first.cancel()).toMatchObject({ status: 'cancelled' })
    expect(await client.trigger('saves', { file: 'a', text: '3' })).toMatchObject({ created: true })
  })

  test('a request by event is told that it has joined', async () => {
    const saves = defineEntryPoint({ id: 'saves', program: index, debounce })
    const replies: { id?: string }[] = []
    const replyTo = createActor(fromCallback(({ receive }) => receive((event) => void replies.push(event as object)))).start()
    const ref = createActor(supervisorMachine, {
      input: { store: placeOf().connect(), entryPoints: [saves], clock: new SimulatedClock(), pollInterval: 1e9, lease: 1e9 },
    }).start()
    onTestFinished(() => void ref.stop())
    const ask = (text: string) =>
      ref.send({ type: 'execution.trigger', entryPoint: 'saves', input: { file: 'a', text }, replyTo })
    ask('1')
    await eventually('the first answer', () => replies.length === 1)
    ask('2')
    await eventually('the second answer', () => replies.length === 2)
    expect(replies).toEqual([
      { type: 'execution.accepted', id: replies[0]?.id, created: true },
      { type: 'execution.accepted', id: replies[0]?.id, created: false, joined: true },
    ])
  })
})
