/** A deploy that only adds to a program goes on with what is in flight; one that takes something away holds it, and says what to do. */
import { describe, expect, test } from 'vitest'
import { createMachine, fromPromise, setup, type AnyActorLogic } from 'xstate'
import { defineEntryPoint } from '../../src/index.js'
import { begin } from '../support/begin.js'
import { memoryPlace, places } from '../support/store-place.js'

type State = Readonly<Record<string, unknown>>

const machine = (states: Readonly<Record<string, State>>, delays: Readonly<Record<string, number>> = {}, on: object = {}) =>
  setup({ delays, actors: { step: fromPromise(() => new Promise<void>(() => undefined)) } }).createMachine({
    id: 'm',
    initial: 'a',
    on,
    states: { b: { type: 'final' }, ...states },
  } as never)

const entryPoint = (program: AnyActorLogic, options: object = {}) => defineEntryPoint({ id: 'e', program, ...options })

/** What becomes of an execution that was left by `before` once `after` is deployed. */
async function deployed(before: AnyActorLogic, after: AnyActorLogic, options: object = {}, place = memoryPlace()) {
  const first = await begin({ store: place.connect(), entryPoints: [entryPoint(before)] })
  const { id } = await first.trigger('e')
  await first.stop()
  const next = await begin({ store: place.connect(), entryPoints: [entryPoint(after, options)] })
  const misfits: string[] = []
  for await (const { reason } of next.misfits()) misfits.push(reason)
  const execution = next.execution(id)
  const sent = await execution.send({ type: 'X' })
  if (sent.status === 'queued') await expect.poll(async () => (await execution.get()).status).toBe('paused')
  const record = await execution.get()
  return { execution, sent, record, misfits, next, place }
}

describe('goes on', () => {
  const a = { on: { X: 'b' } }
  const grown: readonly [string, AnyActorLogic, AnyActorLogic][] = [
    ['an event was added', machine({ a }), machine({ a: { on: { X: 'b', Y: 'b' } } })],
    ['a state was added', machine({ a }), machine({ a, c: { on: { Z: 'a' } } })],
    [
      'a state elsewhere got an invoke and a timer',
      machine({ a, c: {} }),
      machine({ a, c: { invoke: { src: 'step' }, after: { 5: 'b' } } }),
    ],
    ['a delay elsewhere has changed', machine({ a, c: { after: { 5: 'b' } } }), machine({ a, c: { after: { 6: 'b' } } })],
    ['an event of the whole machine was added', machine({ a }), machine({ a }, {}, { ANY: '.b' })],
  ]

  test.each(grown)('%s', async (_, before, after) => {
    for (const options of [{}, { version: '2' }]) {
      const { execution, sent, misfits, record } = await deployed(before, after, options)
      expect(misfits).toEqual([])
      expect(sent).toMatchObject({ status: 'delivered' })
      expect(record).toMatchObject({ program: { version: Object.hasOwn(options, 'version') ? '2' : '1' } })
      expect(await execution.result()).toMatchObject({ status: 'completed' })
    }
  })

  test.each([
    ['of a number', machine({ a: { after: { 60: 'b' }, on: { X: {} } } }), machine({ a: { after: { 40: 'b' }, on: { X: {} } } })],
    [
      'that has a name',
      machine({ a: { after: { was: 'b' }, on: { X: {} } } }, { was: 60 }),
      machine({ a: { after: { is: 'b' }, on: { X: {} } } }, { is: 1e9 }),
    ],
  ])('a delay %s has changed where it stands: its timer keeps its time', async (_, before, after) => {
    const { execution, misfits } = await deployed(before, after)
    expect(misfits).toEqual([])
    expect(await execution.result()).toMatchObject({ status: 'completed' })
  })

  test.each(places)('over several deploys, the last of which knows the first (%s)', async (_, make) => {
    const place = make()
    const { next } = await deployed(machine({ a: { on: { X: {} } } }), machine({ a: { on: { X: {}, Y: 'b' } } }), {}, place)
    const { id } = (await next.executions()).executions[0]!
    await next.stop()
    const last = await begin({
      store: place.connect(),
      entryPoints: [entryPoint(machine({ a: { on: { X: {}, Y: 'b', Z: 'b' } } }))],
    })
    await last.execution(id).send({ type: 'Z' })
    expect(await last.execution(id).result()).toMatchObject({ status: 'completed' })
  })

  test('a child machine has grown', async () => {
    const withChild = (child: AnyActorLogic) =>
      setup({ actors: { child } }).createMachine({
        id: 'm',
        initial: 'a',
        states: { a: { invoke: { src: 'child', id: 'c' }, on: { X: 'b' } }, b: { type: 'final' } },
      })
    const child = (states: object) =>
      createMachine({ id: 'child', initial: 'one', states: { one: { on: { GO: 'one' } }, ...states } } as never)
    const { execution, misfits } = await deployed(withChild(child({})), withChild(child({ two: {} })))
    expect(misfits).toEqual([])
    expect(await execution.result()).toMatchObject({ status: 'completed' })
  })
})

describe('is held', () => {
  const a = { on: { X: 'b' } }
  const shrunk: readonly [string, AnyActorLogic, AnyActorLogic, string][] = [
    ['an event was taken away', machine({ a: { on: { X: 'b', Y: 'b' } } }), machine({ a }), 'has lost Y'],
    [
      'the state where it stands is gone',
      machine({ a }),
      setup({}).createMachine({ id: 'm', initial: 'z', states: { z: {} } } as never),
      "no state 'a'",
    ],
    ['a state elsewhere is gone', machine({ a, c: {} }), machine({ a }), 'm.c is gone'],
    [
      'where it stands an invoke was added',
      machine({ a }),
      machine({ a: { ...a, invoke: { src: 'step' } } }),
      'invokes other actors',
    ],
    ['where it stands a timer was added', machine({ a }), machine({ a: { ...a, after: { 5: 'b' } } }), 'timers of state m.a'],
    [
      'where it stands two timers have changed',
      machine({ a: { ...a, after: { 5e6: 'b', 6e6: 'b' } } }),
      machine({ a: { ...a, after: { 7e6: 'b', 8e6: 'b' } } }),
      'timers of state m.a',
    ],
    [
      'the machine is another one',
      machine({ a }),
      createMachine({ id: 'other', initial: 'a', states: { a, b: { type: 'final' } } } as never),
      'machine m is other',
    ],
    [
      'where it stands a region was added',
      machine({ a: { ...a, type: 'parallel', states: { one: {} } } }),
      machine({ a: { ...a, type: 'parallel', states: { one: {}, two: {} } } }),
      'other regions',
    ],
    [
      'a child machine has lost an event',
      setup({ actors: { c: createMachine({ id: 'c', on: { GO: {} } }) } }).createMachine({
        id: 'm',
        initial: 'a',
        states: { a: { ...a, invoke: { src: 'c' } }, b: { type: 'final' } },
      } as never),
      setup({ actors: { c: createMachine({ id: 'c' }) } }).createMachine({
        id: 'm',
        initial: 'a',
        states: { a: { ...a, invoke: { src: 'c' } }, b: { type: 'final' } },
      } as never),
      'has lost GO',
    ],
  ]

  test.each(shrunk)('%s', async (_, before, after, why) => {
    const { record, misfits } = await deployed(before, after)
    expect(record).toMatchObject({ status: 'paused', pause: { reason: expect.stringContaining(why) } })
    expect(record).toMatchObject({ pause: { reason: expect.stringMatching(/versions: .*migrate.*resume\(\)/) } })
    expect(misfits).toEqual([expect.stringContaining(why)])
  })

  test('until a migrate says that it may go on', async () => {
    const before = machine({ a: { on: { X: 'b', Y: 'b' } } })
    const { execution } = await deployed(before, machine({ a }), { migrate: (snapshot: unknown) => snapshot })
    expect(await execution.result()).toMatchObject({ status: 'completed' })
  })

  test('a migrate that says so does not lose a timer whose delay has changed', async () => {
    const was = machine({ a: { after: { 60: 'b' }, on: { X: {}, Y: {} } } })
    const is = machine({ a: { after: { 40: 'b' }, on: { X: {} } } })
    const { execution } = await deployed(was, is, { migrate: (snapshot: unknown) => snapshot })
    expect(await execution.result()).toMatchObject({ status: 'completed' })
  })

  test('if what it was is not known', async () => {
    const place = memoryPlace()
    const store = place.connect()
    const forgetful = {
      ...store,
      control: (name: string) => (name.endsWith(':structures') ? Promise.resolve(null) : store.control(name)),
    }
    const first = await begin({ store: forgetful, entryPoints: [entryPoint(machine({ a }))] })
    const { id } = await first.trigger('e')
    await first.stop()
    const next = await begin({ store: forgetful, entryPoints: [entryPoint(machine({ a, c: {} }))] })
    expect(await next.execution(id).send({ type: 'X' })).toEqual({ status: 'queued' })
    await expect.poll(async () => (await next.execution(id).get()).status).toBe('paused')
    expect(await next.execution(id).get()).toMatchObject({
      status: 'paused',
      pause: { reason: expect.stringContaining('not known') },
    })
  })
})
