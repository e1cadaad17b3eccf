/** The trigger of a stream: when it lives, what its port does, and what becomes of its errors. */
import { fromCallback, fromPromise, setup, type InspectionEvent } from 'xstate'
import { describe, expect, test } from 'vitest'
import { createRuntime, defineEntryPoint, type TriggerPort } from '../../../src/index.js'
import { SimulatedClock } from '../../../src/testing/clock/simulated-clock.js'
import { faultyStore } from '../../../src/testing/store/faulty-store.js'
import { begin } from '../../support/begin.js'
import { eventually, turns } from '../../support/eventually.js'
import { triggerEvents } from '../../support/journal.js'
import { memoryPlace, places } from '../../support/store-place.js'
import { HandTrigger } from '../../support/triggers.js'

const double = fromPromise(async ({ input }: { input: number }) => input * 2)

function shop(options: { readonly maxQueued?: number; readonly maxConcurrent?: number } = {}) {
  const hand = new HandTrigger<number>()
  const clock = new SimulatedClock()
  const logged: unknown[][] = []
  const entryPoint = defineEntryPoint({ id: 'doubles', program: double, trigger: hand.trigger, ...options })
  const common = { clock, entryPoints: [entryPoint] as const, logger: (...args: unknown[]) => void logged.push(args) }
  return { hand, clock, common, entryPoint, logged }
}

const later = (clock: SimulatedClock, ms: number) => clock.advance(ms, () => turns(5))

describe.each(places)('on %s', (_, place) => {
  test('a fire starts an execution once its acceptance is durable, and the same fire again gives the same one', async () => {
    const { hand, common } = shop()
    const runtime = await begin({ ...common, store: place().connect() })
    await eventually('the trigger', () => hand.isRunning)
    const options = { idempotencyKey: 'delivery-1', correlationId: 'c', sessionId: 's', priority: 3 }
    const first = await hand.port.fire(21, options)
    expect(first).toEqual({ status: 'accepted', id: first.id, differs: false })
    expect(await runtime.execution(first.id).result()).toEqual({ status: 'completed', output: 42 })
    expect(await runtime.execution(first.id).get()).toMatchObject({ correlationId: 'c', sessionId: 's', priority: 3 })
    expect(await hand.port.fire(21, options)).toEqual({ status: 'duplicate', id: first.id, differs: false })
    expect(await hand.port.fire(22, options)).toEqual({ status: 'duplicate', id: first.id, differs: true })
    expect(await hand.port.status(first.id)).toBe('completed')
    expect(runtime.registry.triggers.getSnapshot().context['doubles']).toMatchObject({ status: 'running', fired: 1, error: null })
  })

  test('a cursor outlives the process, and of two processes that know the same revision one writes', async () => {
    const shared = place()
    const one = shop()
    const connection = shared.connect()
    await begin({ ...one.common, store: connection, id: 'one' })
    const other = shop()
    await begin({ ...other.common, store: shared.connect(), id: 'other' })
    await eventually('the triggers', () => one.hand.isRunning && other.hand.isRunning)
    const [mine, theirs] = [one.hand.port.cursor, other.hand.port.cursor]
    expect(await mine.read()).toEqual({ text: null, revision: 0 })
    const written = await mine.write('7', 0)
    expect(written).toMatchObject({ text: '7' })
    expect(await theirs.write('6', 0)).toEqual(written)
    expect(await theirs.read()).toEqual(written)
    const next = await theirs.write('8', written.revision)
    expect(next).toMatchObject({ text: '8' })
    expect(await mine.write('9', written.revision)).toEqual(next)
    connection.cut()
    const third = shop()
    await begin({ ...third.common, store: shared.connect(), id: 'third' })
    await eventually('the trigger', () => third.hand.isRunning)
    expect(await third.hand.port.cursor.read()).toEqual(next)
  })

  test('it lives while the stream admits: not while that is paused, also after a restart, nor while it drains, nor once it is stopped', async () => {
    const { hand, common } = shop()
    const shared = place()
    const runtime = await begin({ ...common, store: shared.connect() })
    await eventually('the trigger', () => hand.isRunning)
    const before = hand.port
    await runtime.stream('doubles').pause()
    expect(before.signal.aborted).toBe(true)
    await expect(before.fire(1, { idempotencyKey: 'late' })).rejects.toMatchObject({ code: 'stopping' })
    expect(runtime.registry.triggers.getSnapshot().context['doubles']).toMatchObject({ status: 'stopped', next: null })
    await runtime.stop()
    const again = await begin({ ...common, store: shared.connect() })
    await turns()
    expect(hand.ports).toHaveLength(1)
    await again.stream('doubles').resume()
    await eventually('the trigger', () => hand.isRunning)
    expect(hand.ports).toHaveLength(2)
    await again.drain()
    expect(hand.isRunning).toBe(false)
    await again.stop()
    const last = await begin({ ...common, store: shared.connect() })
    await eventually('the trigger', () => hand.isRunning)
    await last.stop({ grace: 5 })
    expect(hand.isRunning).toBe(false)
    expect(hand.ports).toHaveLength(3)
  })

  test('it reads the journal, from where it says and until it is stopped', async () => {
    const { hand, common } = shop()
    const seen: string[] = []
    let ended = false
    hand.run = async (port) => {
      for await (const event of port.events({ since: 0 })) seen.push(event.type)
      ended = true
    }
    const runtime = await begin({ ...common, store: place().connect() })
    const { id } = await runtime.trigger('doubles', 1)
    await runtime.execution(id).result()
    await eventually('the events', () => seen.includes('execution.completed'))
    await runtime.stop()
    await eventually('its end', () => ended)
  })
})

test('it begins once the runtime runs, not while that starts, and not in one that could not start', async () => {
  const { hand, common } = shop()
  const store = faultyStore(memoryPlace().connect())
  const runtime = createRuntime({ ...common, store })
  store.inject({ kind: 'throw', call: 'claim' })
  await expect(runtime.start()).rejects.toMatchObject({ code: 'store_failed' })
  await turns()
  expect(hand.ports).toHaveLength(0)
  store.heal()
  await runtime.start()
  await eventually('the trigger', () => hand.isRunning)
  await runtime.stop()
  expect(hand.isRunning).toBe(false)
})

test('one that fails is reported by event, logger and registry, and started again, later each time', async () => {
  const { hand, clock, common, logged } = shop()
  const events: InspectionEvent[] = []
  hand.run = (_, spawn) => (spawn < 4 ? Promise.reject(new Error(`spawn ${spawn}`)) : new Promise(() => undefined))
  const runtime = await begin({
    ...common,
    store: memoryPlace().connect(),
    inspect: (event: InspectionEvent) => void events.push(event),
  })
  await eventually('the first failure', () => logged.some((line) => line.includes('doubles')))
  const health = () => runtime.registry.triggers.getSnapshot().context['doubles']
  expect(health()).toMatchObject({ status: 'restarting', failures: 1, error: { message: 'spawn 1' } })
  expect(hand.ports[0]?.signal.aborted).toBe(true)
  await later(clock, 200)
  expect(hand.ports).toHaveLength(2)
  await later(clock, 99)
  expect(hand.ports).toHaveLength(2)
  await later(clock, 301)
  expect(hand.ports).toHaveLength(3)
  await later(clock, 800)
  expect(hand.ports).toHaveLength(4)
  expect(health()).toMatchObject({ status: 'running', failures: 3, error: { message: 'spawn 3' } })
  const reported = events.flatMap((event) => (event.type === '@xstate.event' ? [event.event] : []))
  expect(reported.filter(({ type }) => type === 'trigger.failed')).toHaveLength(3)
  expect(await triggerEvents(runtime)).toEqual(
    [1, 2, 3].map((n) => [
      'trigger.failed',
      { entryPoint: 'doubles', error: expect.objectContaining({ message: `spawn ${n}` }) as unknown },
    ]),
  )
  // the stream goes on meanwhile
  expect(await (await runtime.trigger('doubles', 4)).result()).toEqual({ status: 'completed', output: 8 })
  await hand.port.fire(1, { idempotencyKey: 'a' })
  expect(health()).toMatchObject({ fired: 1, error: null })
})

test('a pause while it waits for its restart is heard: it begins anew with the resume, as if it had never failed', async () => {
  const { hand, clock, common } = shop()
  hand.run = (_, spawn) => (spawn === 1 ? Promise.reject(new Error('down')) : new Promise(() => undefined))
  const runtime = await begin({ ...common, store: memoryPlace().connect() })
  await eventually('the failure', () => hand.ports[0]?.signal.aborted === true)
  await runtime.stream('doubles').pause()
  await later(clock, 60_000)
  expect(hand.ports).toHaveLength(1)
  await runtime.stream('doubles').resume()
  await eventually('the trigger', () => hand.isRunning)
})

test('what it can not fire is an error of the call: a full queue, an input that can not be stored, a bad key', async () => {
  const hand = new HandTrigger<unknown>()
  const stuck = fromPromise<void, unknown>(() => new Promise(() => undefined))
  const entryPoint = defineEntryPoint({ id: 'stuck', program: stuck, trigger: hand.trigger, maxConcurrent: 1, maxQueued: 0 })
  const runtime = await begin({ store: memoryPlace().connect(), entryPoints: [entryPoint] })
  await eventually('the trigger', () => hand.isRunning)
  await hand.port.fire(1, { idempotencyKey: 'a' })
  await eventually('its step', async () => (await runtime.executions({ status: 'running' })).executions.length === 1)
  await expect(hand.port.fire(2, { idempotencyKey: 'b' })).rejects.toMatchObject({ code: 'queue_full', retryable: true })
  await expect(hand.port.fire(() => 1, { idempotencyKey: 'c' })).rejects.toMatchObject({ code: 'not_storable' })
  await expect(hand.port.fire(1, { idempotencyKey: '' })).rejects.toMatchObject({ code: 'invalid_id' })
  await expect(hand.port.fire(1, { idempotencyKey: 'd', priority: Number.NaN })).rejects.toMatchObject({ code: 'invalid_option' })
  await hand.port.failed(new Error('left alone'))
  for (let again = 0; again < 2; again++) await hand.port.skipped({ reason: 'busy', from: 0, to: 9 })
  hand.port.upcoming(5)
  expect(runtime.registry.triggers.getSnapshot().context['stuck']).toEqual({
    type: 'hand',
    status: 'running',
    next: 5,
    fired: 1,
    skipped: 2,
    failures: 1,
    error: expect.objectContaining({ message: 'left alone' }) as unknown,
  })
  expect(await triggerEvents(runtime)).toEqual([
    ['trigger.failed', { entryPoint: 'stuck', error: expect.objectContaining({ message: 'left alone' }) as unknown }],
    ['trigger.skipped', { entryPoint: 'stuck', reason: 'busy', from: 0, to: 9 }],
  ])
})

test('an execution that it has started is cancelled by it', async () => {
  const hand = new HandTrigger<undefined>()
  const stuck = fromPromise<void>(({ signal }) => new Promise((_, reject) => signal.addEventListener('abort', reject)))
  const runtime = await begin({
    store: memoryPlace().connect(),
    entryPoints: [defineEntryPoint({ id: 'stuck', program: stuck, trigger: hand.trigger })],
  })
  await eventually('the trigger', () => hand.isRunning)
  const { id } = await hand.port.fire(undefined, { idempotencyKey: 'a' })
  await hand.port.cancel(id, 'another one came')
  expect(await runtime.execution(id).result()).toMatchObject({ status: 'cancelled', reason: 'another one came' })
})

test('alarms ring by the simulated wall clock, and end with the trigger', async () => {
  const { hand, clock, common } = shop()
  const runtime = await begin({ ...common, store: memoryPlace().connect() })
  await eventually('the trigger', () => hand.isRunning)
  const rung: string[] = []
  const { port } = hand
  const at = port.clock.now()
  expect(at).toBe(clock.now())
  port.clock.alarm(at + 1_000, () => rung.push('first'))
  port.clock.alarm(at + 2_000, () => rung.push('taken back'))()
  port.clock.alarm(at + 3_000, () => rung.push('ahead'))
  port.clock.alarm(at + 900_000, () => rung.push('too late'))
  await later(clock, 1_000)
  expect(rung).toEqual(['first'])
  clock.jump(10_000)
  await later(clock, 0)
  expect(rung).toEqual(['first', 'ahead'])
  await runtime.stream('doubles').pause()
  port.clock.alarm(clock.now() + 1, () => rung.push('after its end'))
  await later(clock, 1_000_000)
  expect(rung).toEqual(['first', 'ahead'])
})

test('any logic is one: a machine and a callback stand under the stream in an inspector, which sees no more of the port than its name', async () => {
  const events: InspectionEvent[] = []
  const machine = setup({
    types: { input: {} as TriggerPort<number>, context: {} as { port: TriggerPort<number> } },
    actors: {
      fire: fromPromise(({ input: port }: { input: TriggerPort<number> }) => port.fire(1, { idempotencyKey: 'once' })),
    },
  }).createMachine({
    id: 'by-machine',
    context: ({ input }) => ({ port: input }),
    initial: 'firing',
    states: {
      firing: { invoke: { src: 'fire', input: ({ context }) => context.port, onDone: 'fired' } },
      fired: { type: 'final' },
    },
  })
  const callback = fromCallback<{ type: 'x' }, TriggerPort<number>>(({ input: port }) => {
    port.fire(2, { idempotencyKey: 'once' }).catch(port.failed)
  })
  const runtime = await begin({
    store: memoryPlace().connect(),
    entryPoints: [
      defineEntryPoint({ id: 'by-machine', program: double, trigger: { type: 'machine', logic: machine } }),
      defineEntryPoint({ id: 'by-callback', program: double, trigger: { type: 'callback', logic: callback } }),
    ],
    inspect: (event: InspectionEvent) => void events.push(event),
  })
  await eventually('both', async () => (await runtime.executions({ status: 'completed' })).executions.length === 2)
  const triggers = events.flatMap(({ type, actorRef }) => (type === '@xstate.actor' && 'id' in actorRef ? [actorRef] : []))
  const parents = triggers
    .filter(({ id }) => id === 'trigger')
    .map((ref) => (ref as never as { _parent: { id: string } })._parent.id)
  expect(parents.toSorted()).toEqual(['by-callback', 'by-machine'])
  const [shown] = triggers.filter(({ id }) => id === 'trigger')
  expect(JSON.stringify(shown?.getSnapshot())).toContain('"port":{"entryPoint":"by-machine"}')
  await eventually('the end', () => runtime.registry.triggers.getSnapshot().context['by-machine']?.status === 'ended')
  expect(runtime.registry.triggers.getSnapshot().context['by-callback']).toMatchObject({ status: 'running', fired: 1 })
})
