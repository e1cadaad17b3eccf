/** What a node may be and be given, and where a graph waits or is held back. */
import { assign, createActor, setup, toPromise } from 'xstate'
import { describe, expect, expectTypeOf, test } from 'vitest'
import { z } from 'zod'
import { defineEntryPoint, fromExecution, fromStep, type StepArguments } from 'stateward'
import { fromGraph, graphFrom, type GraphRaise } from 'stateward/graphs'
import { createTestRuntime, delayed, fails, returns } from 'stateward/testing'
import { drawn, edge, endOf, told, worldOf } from './drawn.js'

const twice = fromStep(({ input }: StepArguments<number>) => input * 2)

describe('what a node runs', () => {
  const counter = setup({
    types: { input: {} as number, context: {} as { n: number }, output: {} as number },
    actors: { twice },
  }).createMachine({
    id: 'counter',
    context: ({ input }) => ({ n: input }),
    initial: 'counting',
    states: {
      counting: {
        invoke: {
          src: 'twice',
          input: ({ context }) => context.n,
          onDone: { target: 'counted', actions: assign({ n: ({ event }) => event.output }) },
        },
      },
      counted: { type: 'final' },
    },
    output: ({ context }) => context.n,
  })
  const inner = fromGraph({
    id: 'inner',
    types: {} as { input: number },
    nodes: { first: { run: twice }, second: { run: twice, input: ({ outputs }) => outputs.first ?? 0 } },
    edges: [{ from: 'first', to: 'second' }],
    entry: 'first',
    terminal: 'second',
  })
  const outer = fromGraph({
    id: 'outer',
    types: {} as { input: number },
    nodes: {
      step: { run: twice },
      machine: { run: counter, input: ({ outputs }) => outputs.step ?? 0 },
      graph: { run: inner, input: ({ outputs }) => outputs.machine ?? 0 },
      execution: { run: fromExecution<number, number>('doubles'), input: ({ outputs }) => outputs.graph ?? 0 },
    },
    edges: [
      { from: 'step', to: 'machine' },
      { from: 'machine', to: 'graph', when: ({ output }) => output > 0 },
      { from: 'graph', to: 'execution' },
    ],
    entry: ['step', 'graph'],
    terminal: 'execution',
    output: ({ outputs, terminal, steps }) => `${terminal} ${outputs.execution} after ${steps} steps`,
  })
  const entryPoints = [
    defineEntryPoint({ id: 'doubles', program: twice }),
    defineEntryPoint({ id: 'outer', program: outer }),
    defineEntryPoint({ id: 'late', program: graphFrom(outer, 'graph') }),
  ] as const

  test('is a step, a machine, a graph or another execution, and its output is what the next one gets', async () => {
    const world = createTestRuntime({ entryPoints })
    expect(await endOf(await world.trigger('outer', 1))).toBe('execution 32 after 4 steps')
    await world.stop()
  })

  test('begins where the entry point says', async () => {
    const world = createTestRuntime({ entryPoints })
    expect(await endOf(await world.trigger('late', 1))).toBe('execution 0 after 2 steps')
    await world.stop()
  })

  test('has its types from its logic', () => {
    // @ts-expect-error there is no node third
    expect(() => graphFrom(inner, 'third')).toThrow('no entry')
    const wrong = () =>
      fromGraph({
        id: 'wrong',
        nodes: {
          a: { run: fromStep(() => 'text') },
          // @ts-expect-error the step takes a number
          b: { run: twice, input: ({ outputs }) => outputs.a },
        },
        // @ts-expect-error the output is a text
        edges: [{ from: 'a', to: 'b', when: ({ output }) => output > 1 }],
        entry: 'a',
        terminal: 'b',
      })
    const unknown = () =>
      fromGraph({
        id: 'unknown',
        nodes: { a: { run: twice }, b: { run: twice } },
        // @ts-expect-error there is no node c
        edges: [{ from: 'a', to: 'c' }],
        entry: 'a',
        terminal: 'b',
      })
    expect([wrong, unknown]).toHaveLength(2)
  })

  test('runs as a plain actor too', async () => {
    const actor = createActor(inner, { input: 3 })
    const output = toPromise(actor)
    actor.start()
    expect(actor.getSnapshot().matches({ nodes: { first: 'running' } })).toBe(true)
    expect(actor.getSnapshot().hasTag('first')).toBe(true)
    expectTypeOf(await output).toEqualTypeOf<number>()
    expect(await output).toBe(12)
  })
})

test('each visit has a key of the node, the same for the attempts of its step', async () => {
  const keys: string[] = []
  const busy = fromStep(
    ({ idempotencyKey, attempt }: StepArguments<unknown>) => {
      keys.push(`${idempotencyKey} ${attempt}`)
      if (keys.length % 2 === 1) throw new Error('busy')
    },
    { retry: { maxAttempts: 2 } },
  )
  const graph = fromGraph({
    id: 'graph',
    nodes: { a: { run: busy }, b: { run: busy } },
    edges: [
      { from: 'a', to: 'a', priority: 1, when: ({ visits }) => visits.a === 1 },
      { from: 'a', to: 'b' },
    ],
    entry: 'a',
    terminal: 'b',
    limits: { visits: 2 },
  })
  const world = createTestRuntime({ entryPoints: [defineEntryPoint({ id: 'graphs', program: graph })] })
  await (await world.trigger('graphs')).result()
  expect(keys).toEqual(['a#1 1', 'a#1 2', 'a#2 1', 'a#2 2', 'b#3 1', 'b#3 2'].map((key) => `execution-1/${key}`))
  await world.stop()
})

describe('schemas', () => {
  const graph = fromGraph({
    id: 'graph',
    types: {} as { input: { n: unknown } },
    nodes: {
      a: {
        run: twice,
        input: ({ input }) => input.n as number,
        inputSchema: z.coerce.number(),
        outputSchema: z.number().max(10),
      },
      b: { run: fromStep(({ input }: StepArguments<unknown>) => input), input: ({ outputs, errors }) => outputs.a ?? errors.a },
    },
    edges: [{ from: 'a', to: 'b', on: 'always' }],
    entry: 'a',
    terminal: 'b',
  })
  test.each([
    ['make of an input what they say', '4', 8],
    ['fail the node whose input they refuse', 'four', { code: 'invalid_value', details: { node: 'a', part: 'input' } }],
    [
      'fail the node whose output they refuse',
      6,
      { code: 'invalid_value', details: { node: 'a', part: 'output', issues: [{ path: [] }] } },
    ],
  ])('%s', async (_, n, end) => {
    const world = createTestRuntime({ entryPoints: [defineEntryPoint({ id: 'graphs', program: graph })] })
    const outcome = await (await world.trigger('graphs', { n })).result()
    expect(outcome).toMatchObject({ status: 'completed', output: end })
    await world.stop()
  })
})

describe('limits', () => {
  const loop = [edge('b > a @ 1', ({ visits }) => (visits['b'] ?? 0) < 4), 'a > b', 'b > c']

  test.each([
    ['steps', { steps: 3, visits: undefined }, { graph: 'graph', limit: 'steps', node: 'b', allowed: 3 }],
    ['visits', { steps: undefined, visits: 2 }, { graph: 'graph', limit: 'visits', node: 'a', allowed: 2 }],
  ])('of %s end as failed, with limit_exceeded, and what has ended is stored', async (_, limits, details) => {
    const world = worldOf(drawn(loop, { entry: 'a', limits }))
    const execution = await world.trigger('graphs')
    expect(await execution.result()).toMatchObject({ status: 'failed', error: { code: 'limit_exceeded', details } })
    const { hops } = await told(world, execution.id)
    expect(hops).toHaveLength(limits.steps === undefined ? 4 : 3)
    await world.stop()
  })

  test('of one node are its own', async () => {
    const world = worldOf(drawn(loop, { entry: 'a', limits: { visits: 9 }, nodes: { b: { maxVisits: 1 } } }))
    expect(await (await world.trigger('graphs')).result()).toMatchObject({
      status: 'failed',
      error: { details: { node: 'b', allowed: 1 } },
    })
    await world.stop()
  })

  test('are raised on resume, and nothing that had ended runs again', async () => {
    const world = worldOf(
      drawn(loop, { entry: 'a', limits: { visits: 2 } }),
      {},
      { retry: { maxAttempts: 1, onExhausted: 'pause' } },
    )
    const execution = await world.trigger('graphs')
    await world.runToIdle()
    expect(await execution.get()).toMatchObject({
      status: 'paused',
      value: { nodes: { a: 'limited' } },
      error: { code: 'limit_exceeded' },
    })
    await execution.resume({ retry: true })
    await world.runToIdle()
    expect(await execution.get()).toMatchObject({ status: 'paused', value: { nodes: { a: 'limited' } } })
    const raise: GraphRaise = { type: 'graph.limits', visits: { a: 4, b: 4 } }
    await execution.resume({ retry: true, events: [raise] })
    expect(await endOf(execution)).toBe('c')
    expect(world.calls.filter(({ step }) => step === 'a')).toHaveLength(4)
    await world.stop()
  })

  test('are not taken from an event that is none', async () => {
    const world = worldOf(drawn(['a > b'], { pause: { a: 'before' } }))
    const execution = await world.trigger('graphs')
    await world.runToIdle()
    for (const wrong of [{}, { steps: 0 }, { steps: 'many' }, { visits: { x: 3 } }, { visits: { a: -1 } }, { visits: 4 }])
      expect(await execution.send({ type: 'graph.limits', ...wrong } as never)).toMatchObject({
        status: 'delivered',
        taken: false,
      })
    expect(await execution.send({ type: 'graph.limits', steps: 9, visits: { a: 9 } })).toMatchObject({ taken: true })
    expect(await execution.get()).toMatchObject({ context: { limits: { steps: 9, visits: { a: 9 } } } })
    await world.stop()
  })
})

describe('a pause', () => {
  test.each([
    ['before', ['x']],
    ['after', ['x', 'a']],
  ] as const)('%s a node waits for its event, and holds nothing up beside it', async (when, calls) => {
    const graph = drawn(['x > a', 'x > b', 'a > c', 'b > c'], { pause: { a: when } })
    const world = worldOf(graph, { b: [delayed(10, returns('b'))] })
    const execution = await world.trigger('graphs')
    await world.runToIdle()
    expect(await execution.get()).toMatchObject({
      status: 'waiting',
      tags: ['a', 'c'],
      value: { nodes: { a: 'paused', b: 'done', c: 'waiting' } },
    })
    expect(world.calls.map(({ step }) => step).filter((step) => step !== 'b')).toEqual(calls)
    expect(await execution.send({ type: 'graph.continue', node: 'b' })).toMatchObject({ taken: false })
    expect(await execution.send({ type: 'graph.continue', node: 'a', answer: 'go' })).toMatchObject({ taken: true })
    expect(await endOf(execution)).toBe('c')
    expect(await execution.get()).toMatchObject({ context: { answers: { a: 'go' } } })
    await world.stop()
  })
})

test('a node that has failed runs again when the execution is tried again, and what had ended does not', async () => {
  const world = worldOf(drawn(['a > b', 'b > c']), { b: [fails('busy'), returns('b')] }, { retry: { maxAttempts: 2 } })
  expect(await endOf(await world.trigger('graphs'))).toBe('c')
  expect(world.calls.map(({ idempotencyKey }) => idempotencyKey)).toEqual(
    ['a#1', 'b#2', 'b#2', 'c#3'].map((key) => `execution-1/${key}`),
  )
  await world.stop()
})
