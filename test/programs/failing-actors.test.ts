/** Whatever code of an actor throws: what stands below it ends with it, its slot comes back, and nothing of it is heard of again. */
import {
  assign,
  createMachine,
  enqueueActions,
  fromCallback,
  fromObservable,
  fromPromise,
  raise,
  setup,
  spawnChild,
  type AnyActorLogic,
  type AnyStateMachine,
} from 'xstate'
import { describe, expect, test } from 'vitest'
import { defineEntryPoint, fromStep } from '../../src/index.js'
import { memoryStore } from '../../src/memory.js'
import { SimulatedClock } from '../../src/testing/clock/simulated-clock.js'
import { begin } from '../support/begin.js'
import { eventually, turns } from '../support/eventually.js'

const broken = (): never => {
  throw new RangeError('broken')
}

/** What stands below a failing machine, and what has become of it. */
function household() {
  const seen = { begun: 0, aborted: 0, cleanedUp: 0, unsubscribed: 0, ticks: 0 }
  const step = fromPromise(
    ({ signal }) =>
      new Promise<never>((_, reject) => {
        seen.begun++
        signal.addEventListener('abort', () => (seen.aborted++, reject(new Error('aborted'))), { once: true })
      }),
  )
  const pulse = fromCallback(({ sendBack }) => {
    seen.begun++
    sendBack({ type: 'PULSE' })
    return () => seen.cleanedUp++
  })
  const values = fromObservable(() => {
    seen.begun++
    return { subscribe: () => ({ unsubscribe: () => seen.unsubscribed++ }) } as never
  })
  const grandchild = setup({ actors: { step, pulse } }).createMachine({
    id: 'grandchild',
    invoke: [{ src: 'step' }, { src: 'pulse', id: 'pulse' }],
    initial: 'x',
    states: { x: { after: { 50: { actions: () => void seen.ticks++, target: 'y' } } }, y: { after: { 50: 'x' } } },
  })
  return { seen, actors: { step, pulse, values, grandchild } }
}

type Region = Record<string, unknown>

/** A region that comes to nothing good on BREAK, or by itself; `actors` are those that it names. */
const troubles: Record<string, () => { region: Region; actors?: Record<string, AnyActorLogic>; output?: () => unknown }> = {
  guard: () => ({ region: { on: { BREAK: { guard: broken, actions: 'nothing' } } } }),
  assign: () => ({ region: { on: { BREAK: { actions: assign({ n: broken }) } } } }),
  'inline action': () => ({ region: { on: { BREAK: { actions: broken } } } }),
  'named action': () => ({ region: { on: { BREAK: { actions: 'broken' } } } }),
  'parameters of an action': () => ({ region: { on: { BREAK: { actions: { type: 'nothing', params: broken } } } } }),
  'enqueued actions': () => ({ region: { on: { BREAK: { actions: enqueueActions(broken) } } } }),
  'entry action': () => ({
    region: { initial: 'a', states: { a: { on: { BREAK: 'b' } }, b: { entry: 'broken' } } },
  }),
  'entry assign': () => ({
    region: { initial: 'a', states: { a: { on: { BREAK: 'b' } }, b: { entry: assign({ n: broken }) } } },
  }),
  'exit action': () => ({ region: { initial: 'a', states: { a: { exit: broken, on: { BREAK: 'b' } }, b: {} } } }),
  'input mapper': () => ({
    region: { initial: 'a', states: { a: { on: { BREAK: 'b' } }, b: { invoke: { src: 'step', input: broken } } } },
  }),
  'input of a spawned child': () => ({ region: { on: { BREAK: { actions: spawnChild('step', { input: broken }) } } } }),
  'output of a final state': () => ({
    region: { initial: 'a', states: { a: { on: { BREAK: 'b' } }, b: { type: 'final', output: broken } } },
  }),
  'delay expression': () => ({
    region: { initial: 'a', states: { a: { on: { BREAK: 'b' } }, b: { after: { broken: 'a' } } } },
  }),
  'delay of a raise': () => ({ region: { on: { BREAK: { actions: raise({ type: 'X' }, { delay: broken }) } } } }),
  'guard of an `always`': () => ({
    region: { initial: 'a', states: { a: { on: { BREAK: 'b' } }, b: { always: { guard: broken, target: 'a' } } } },
  }),
  'endless `always`': () => ({
    region: { initial: 'a', states: { a: { on: { BREAK: 'b' } }, b: { always: 'c' }, c: { always: 'b' } } },
  }),
  'timer’s action': () => ({
    region: { initial: 'a', states: { a: { on: { BREAK: 'b' } }, b: { after: { 10: { actions: assign({ n: broken }) } } } } },
  }),
  'callback at its start': () => ({
    region: { initial: 'a', states: { a: { on: { BREAK: 'b' } }, b: { invoke: { src: 'trouble' } } } },
    actors: { trouble: fromCallback(broken) },
  }),
  'callback that rejects': () => ({
    region: { initial: 'a', states: { a: { on: { BREAK: 'b' } }, b: { invoke: { src: 'trouble' } } } },
    actors: { trouble: fromCallback((async () => broken()) as never) },
  }),
  'listener of a callback': () => ({
    region: {
      invoke: { src: 'trouble', id: 'trouble' },
      on: { BREAK: { actions: ({ self }: { self: { getSnapshot(): unknown } }) => send(self, 'trouble') } },
    },
    actors: { trouble: fromCallback(({ receive }) => receive(broken)) },
  }),
  'observable at its start': () => ({
    region: { initial: 'a', states: { a: { on: { BREAK: 'b' } }, b: { invoke: { src: 'trouble' } } } },
    actors: { trouble: fromObservable(broken) },
  }),
  'promise creator': () => ({
    region: { initial: 'a', states: { a: { on: { BREAK: 'b' } }, b: { invoke: { src: 'trouble' } } } },
    actors: { trouble: fromPromise(broken) },
  }),
  'child machine at its start': () => ({
    region: { initial: 'a', states: { a: { on: { BREAK: 'b' } }, b: { invoke: { src: 'trouble' } } } },
    actors: { trouble: createMachine({ context: broken }) },
  }),
}

const send = (self: { getSnapshot(): unknown }, id: string) =>
  (self.getSnapshot() as { children: Record<string, { send(event: object): void }> }).children[id]?.send({ type: 'BREAK' })

function failing(name: string, { actors }: ReturnType<typeof household>): AnyStateMachine {
  const { region, actors: more } = (troubles[name] as () => ReturnType<(typeof troubles)['guard']>)()
  return setup({
    actors: { ...actors, ...more } as never,
    actions: { broken, nothing: () => undefined },
    delays: { broken },
  }).createMachine({
    id: 'failing',
    type: 'parallel',
    context: { n: 0 },
    states: {
      work: {
        invoke: ['step', 'pulse', 'values', 'grandchild'].map((src) => ({ src, id: src })),
      },
      trouble: region,
    },
  } as never) as never
}

function around(child: AnyStateMachine): AnyStateMachine {
  return setup({ actors: { child } }).createMachine({
    id: 'parent',
    initial: 'on',
    states: {
      on: {
        invoke: { src: 'child', id: 'child', onError: 'rest', onDone: 'happy' },
        on: { BREAK: { actions: ({ self }) => send(self, 'child') } },
      },
      rest: { on: { END: 'end' } },
      happy: {},
      end: { type: 'final' },
    },
  })
}

/** A runtime with one slot, in simulated time. */
async function running(program: AnyStateMachine, durability: 'strict' | 'relaxed', more: object = {}) {
  const clock = new SimulatedClock()
  const options = { durability, maxConcurrent: 1, maxIterations: 100, passivateAfter: 100, ...more }
  const entryPoints = [defineEntryPoint({ id: 'run', program: program as AnyActorLogic, ...options })]
  const runtime = await begin({ store: memoryStore(), clock, entryPoints })
  const pass = async (ms: number) => {
    await turns(8)
    await clock.advance(ms)
    await turns(8)
  }
  return { runtime, pass }
}

describe.each(['strict', 'relaxed'] as const)('%s: an actor whose code throws ends with all that is below it:', (durability) => {
  test.each(Object.keys(troubles))('%s, of a program', async (name) => {
    const house = household()
    const { runtime, pass } = await running(failing(name, house), durability)
    const execution = await runtime.trigger('run')
    await eventually('all to begin', () => house.seen.begun === 5)
    const next = await runtime.trigger('run')
    await execution.send({ type: 'BREAK' })
    await pass(20)
    await eventually('the next one to begin', () => house.seen.begun === 10)
    expect(await execution.get()).toMatchObject({ status: 'failed' })
    expect(house.seen).toMatchObject({ aborted: 2, cleanedUp: 2, unsubscribed: 1 })
    await next.cancel()
    const { ticks } = house.seen
    await pass(1_000)
    expect(house.seen).toEqual({ begun: 10, aborted: 4, cleanedUp: 4, unsubscribed: 2, ticks })
    await runtime.drain()
  })

  test.each(Object.keys(troubles))('%s, of a child whose parent goes on', async (name) => {
    const house = household()
    const { runtime, pass } = await running(around(failing(name, house)), durability)
    const execution = await runtime.trigger('run')
    await eventually('all to begin', () => house.seen.begun === 5)
    await execution.send({ type: 'BREAK' })
    await pass(20)
    await eventually('the parent to wait', async () => (await execution.get()).status === 'waiting')
    expect(await execution.get()).toMatchObject({ value: 'rest', steps: {}, timers: [] })
    const gone = { begun: 5, aborted: 2, cleanedUp: 2, unsubscribed: 1, ticks: house.seen.ticks }
    await pass(1_000)
    expect(house.seen).toEqual(gone)
    // it has left memory, and what failed stays failed
    await execution.send({ type: 'END' })
    await eventually('its end', async () => (await execution.get()).status === 'completed')
    await pass(1_000)
    expect(house.seen).toEqual(gone)
    await runtime.drain()
  })
})

/** Steps whose functions do not heed their signal: they end when the test says so. */
function deaf() {
  const bodies: { key: string; end(): void }[] = []
  const alive = new Set<object>()
  let most = 0
  const step = fromStep(
    ({ idempotencyKey }) =>
      new Promise<void>((resolve) => {
        const body = { key: idempotencyKey, end: () => (alive.delete(body), resolve()) }
        bodies.push(body)
        alive.add(body)
        most = Math.max(most, alive.size)
      }),
  )
  return { bodies, step, most: () => most }
}

const failingBeside = (step: AnyActorLogic, times = Infinity) => {
  let failures = 0
  const flaky = () => {
    if (++failures <= times) broken()
    return 1
  }
  return setup({ actors: { step } }).createMachine({
    id: 'm',
    type: 'parallel',
    context: { n: 0 },
    states: {
      a: { invoke: { src: 'step' } },
      b: { initial: 'x', states: { x: { after: { 100: { target: 'y', actions: assign({ n: flaky }) } } }, y: {} } },
    },
  })
}

describe('a function that goes on behind the failure of its machine', () => {
  test.each(['ends', 'is given up after cancelTimeout'])('keeps the slot until it %s', async (how) => {
    const { bodies, step } = deaf()
    const { runtime, pass } = await running(failingBeside(step), 'strict', { cancelTimeout: 5_000 })
    const first = await runtime.trigger('run')
    await eventually('it to begin', () => bodies.length === 1)
    await runtime.trigger('run')
    await pass(200)
    await eventually('its failure', async () => (await first.get()).status === 'failed')
    expect(bodies).toHaveLength(1)
    if (how === 'ends') bodies[0]?.end()
    else await pass(4_900)
    await eventually('the next one to begin', () => bodies.length === 2)
    for (const body of bodies) body.end()
  })

  test('and the next attempt of its execution, never run at once under one key', async () => {
    const { bodies, step, most } = deaf()
    const retry = { maxAttempts: 4, backoff: { initial: 10, jitter: 'none' as const } }
    const { runtime, pass } = await running(failingBeside(step, 1), 'strict', { retry })
    const execution = await runtime.trigger('run')
    await eventually('it to begin', () => bodies.length === 1)
    await pass(500)
    await eventually('the next attempt', async () => {
      const record = await execution.get()
      return 'attempt' in record && record.attempt === 2
    })
    await pass(500)
    expect(bodies).toHaveLength(1)
    bodies[0]?.end()
    await eventually('the step again', () => bodies.length === 2)
    expect(bodies[1]?.key).toBe(bodies[0]?.key)
    expect(most()).toBe(1)
    bodies[1]?.end()
  })

  test('of a child keeps it running, although its parent waits', async () => {
    const { bodies, step } = deaf()
    const { runtime, pass } = await running(around(failingBeside(step) as AnyStateMachine), 'strict')
    const execution = await runtime.trigger('run')
    await eventually('it to begin', () => bodies.length === 1)
    await pass(200)
    expect(await execution.get()).toMatchObject({ status: 'running', value: 'rest', steps: {} })
    bodies[0]?.end()
    await eventually('its rest', async () => (await execution.get()).status === 'waiting')
    await runtime.drain()
  })
})
