/** The test runtime: simulated time, mocks, processes that are killed, and the story of it all. */
import { describe, expect, expectTypeOf, it } from 'vitest'
import { assign, createMachine, fromCallback, fromPromise, setup } from 'xstate'
import { defineEntryPoint, fromExecution, isStatewardError } from '../../../src/index.js'
import { memoryStore } from '../../../src/persistence/memory/memory-store.js'
import { createTestRuntime, delayed, fails, hangs, returns } from '../../../src/testing/index.js'
import { hurried } from '../../support/hurried.js'
import { orders, unmocked } from './orders.js'

const DAY = 86_400_000

describe('time', () => {
  it('stands still until it is let pass, and a month costs nothing', async () => {
    const world = createTestRuntime({ entryPoints: [orders], now: Date.UTC(2030, 0, 1) })
    const order = await world.trigger('orders', { amount: 1 })
    await world.settle()
    expect(world.clock.now()).toBe(Date.UTC(2030, 0, 1))
    await world.advance(DAY - 1)
    expect(await order.get()).toMatchObject({ status: 'waiting', value: 'approval' })
    await world.advance(1)
    expect(await order.get()).toMatchObject({ status: 'completed', value: 'expired' })
    await world.stop()
  })

  it('passes for what is awaited, and not for what is only held', async () => {
    const world = createTestRuntime({ entryPoints: [orders] })
    const begun = world.clock.now()
    const order = await world.trigger('orders', { amount: 1 })
    const outcome = order.result()
    await world.settle()
    expect(world.clock.now()).toBe(begun)
    expect(await outcome).toMatchObject({ status: 'completed' })
    expect(world.clock.now()).toBe(begun + DAY)
    await world.stop()
  })

  it('runs to where nothing is due, and says so of what never rests', async () => {
    const ticking = setup({}).createMachine({
      id: 'ticking',
      initial: 'tick',
      states: { tick: { after: { 1_000: 'tock' } }, tock: { after: { 1_000: 'tick' } } },
    })
    const world = createTestRuntime({ entryPoints: [defineEntryPoint({ id: 'ticking', program: ticking }), orders] })
    await world.trigger('orders', { amount: 1 })
    await world.runToIdle()
    expect((await world.executions({ status: 'completed' })).executions).toHaveLength(1)
    const clock = await world.trigger('ticking')
    const error: unknown = await world.runToIdle({ limit: 20 }).catch((thrown: unknown) => thrown)
    expect(isStatewardError(error, 'endless_loop')).toBe(true)
    expect(String(error)).toContain(`${clock.id} is waiting in`)
    await world.stop()
  })

  it('says who waits for what when what is awaited can not come', async () => {
    const world = createTestRuntime({ entryPoints: [orders] })
    world.hold('charge')
    const order = await world.trigger('orders', { amount: 1 }, { id: 'order-1' })
    await order.send({ type: 'APPROVE' })
    const error: unknown = await order.result().catch((thrown: unknown) => thrown)
    expect(isStatewardError(error, 'stuck')).toBe(true)
    expect(String(error)).toContain('order-1 is running in charging, its steps 0.order.charging have not ended.')
    expect(await order.result({ timeout: 5_000 })).toEqual({ status: 'timeout' })
    await world.stop()
  })

  it('comes to the same ids, times and story each time it is run', async () => {
    const story = async () => {
      const world = createTestRuntime({ entryPoints: [orders], seed: 7 })
      world.mock('charge', fails('no'), delayed(2_000, returns('receipt')))
      const order = await world.trigger('orders', { amount: 1 })
      await order.send({ type: 'APPROVE' })
      await order.result()
      await world.stop()
      return [String(world.history()), world.calls.map(({ startedAt, idempotencyKey }) => [startedAt, idempotencyKey])]
    }
    expect(await story()).toEqual(await story())
  })
})

describe('mocks', () => {
  it('replace steps by name, call by call, and keep the retries that the step has', async () => {
    const world = createTestRuntime({ entryPoints: [orders] })
    world.mock(
      'charge',
      fails('the bank is closed'),
      delayed(2_000, ({ input, attempt }) => `${input} at ${attempt}`),
    )
    const order = await world.trigger('orders', { amount: 42 })
    await order.send({ type: 'APPROVE' })
    expect(await order.result()).toEqual({ status: 'completed', output: '42 at 2' })
    expect(world.calls.map(({ step, attempt, status, input }) => [step, attempt, status, input])).toEqual([
      ['charge', 1, 'failed', 42],
      ['charge', 2, 'done', 42],
      ['send', 1, 'done', '42 at 2'],
    ])
    const [first, second] = world.calls
    expect(first?.idempotencyKey).toBe(second?.idempotencyKey)
    expect((second?.startedAt ?? 0) - (first?.startedAt ?? 0)).toBe(1_000)
    await world.stop()
  })

  it('replace the steps of child machines, whole children, and callbacks', async () => {
    const ringing = setup({
      types: { events: {} as { type: 'RING' } },
      actors: { bell: fromCallback(() => expect.unreachable('the real bell rang')), order: orders.program },
    }).createMachine({
      id: 'ringing',
      initial: 'waiting',
      states: {
        waiting: { invoke: { src: 'bell' }, on: { RING: 'ordering' } },
        ordering: { invoke: { src: 'order', input: { amount: 1 }, onDone: 'done' } },
        done: { type: 'final' },
      },
    })
    const entryPoint = defineEntryPoint({ id: 'ringing', program: ringing })
    const world = createTestRuntime({ entryPoints: [entryPoint] })
    world.mock(
      'bell',
      fromCallback(({ sendBack }) => sendBack({ type: 'RING' })),
    )
    world.mock('order', delayed(500, returns('ordered')))
    const bell = await world.trigger('ringing')
    await world.settle()
    world.crash()
    await world.restart()
    expect(await bell.result()).toMatchObject({ status: 'completed' })
    expect(world.calls.map(({ step, status }) => [step, status])).toEqual([
      ['order', 'lost'],
      ['order', 'done'],
    ])
    await world.stop()
  })

  it('replace an inline invoke by its id, and a bare step by the id of its entry point', async () => {
    const inline = createMachine({
      id: 'inline',
      initial: 'a',
      states: {
        a: { invoke: { id: 'fetch', src: fromPromise(() => Promise.reject(new Error(unmocked))), onDone: 'b' } },
        b: { type: 'final' },
      },
    })
    const bare = defineEntryPoint({ id: 'bare', program: fromPromise(() => Promise.reject(new Error(unmocked))) })
    const world = createTestRuntime({ entryPoints: [defineEntryPoint({ id: 'inline', program: inline }), bare] })
    world.mock('fetch' as never, returns(1) as never)
    world.mock('bare', returns(2 as never))
    expect(await (await world.trigger('inline')).result()).toMatchObject({ status: 'completed' })
    expect(await (await world.trigger('bare')).result()).toEqual({ status: 'completed', output: 2 })
    await world.stop()
  })

  it('never replace the program itself, though an actor has its name', async () => {
    const post = setup({ actors: { post: fromPromise<string>(() => Promise.reject(new Error(unmocked))) } }).createMachine({
      id: 'post',
      initial: 'posting',
      states: { posting: { invoke: { src: 'post', onDone: 'posted' } }, posted: { type: 'final' } },
    })
    const world = createTestRuntime({ entryPoints: [defineEntryPoint({ id: 'posts', program: post })] })
    world.mock('post', delayed(10, returns('done')))
    const execution = await world.trigger('posts')
    await world.settle()
    await world.restart()
    expect(await execution.result()).toMatchObject({ status: 'completed' })
    expect(await execution.get()).toMatchObject({ value: 'posted' })
    await world.stop()
  })

  it('are refused for names that no program knows, with those that there are', () => {
    const world = createTestRuntime({ entryPoints: [orders] })
    expect(() => world.mock('chrage' as 'charge', returns('x'))).toThrow(
      "No program has an actor named 'chrage'; there are: charge, mailing, send.",
    )
  })

  it('are refused if they are no behaviour, as a plain output is none', () => {
    const world = createTestRuntime({ entryPoints: [orders] })
    const mock = world.mock.bind(world) as unknown as (name: string, ...behaviours: unknown[]) => void
    for (const behaviours of [[], ['receipt'], [{ no: 1 }], [returns('x'), 'receipt']])
      expect(() => mock('charge', ...behaviours)).toThrow(/^The mock of 'charge' is given .*; it must be given functions/)
  })

  it('are typed by the actors of the machines, children included', () => {
    const world = createTestRuntime({ entryPoints: [orders] })
    expectTypeOf(world.mock<'charge'>)
      .parameter(1)
      .extract<(...args: never[]) => unknown>()
      .returns.toEqualTypeOf<string | PromiseLike<string>>()
    // @ts-expect-error -- there is no such actor
    expect(() => world.mock('nobody', returns('x'))).toThrow('nobody')
    // @ts-expect-error -- it ends with a text
    world.mock('charge', returns(1))
    world.mock('send', ({ input }) => input.toUpperCase())
  })

  it('hold a step until the test ends it, and let it go when it is left', async () => {
    const world = createTestRuntime({ entryPoints: [orders] })
    const held = world.hold('charge')
    const order = await world.trigger('orders', { amount: 42 })
    await expect(held.started()).rejects.toThrow('Step charge has started 0 times, not 1.')
    await order.send({ type: 'APPROVE' })
    const call = await held.started()
    expect(call).toMatchObject({ input: 42, attempt: 1, executionId: order.id })
    const paused = order.pause({ mode: 'now' })
    expect(await paused).toMatchObject({ status: 'paused' })
    expect(call.signal.aborted).toBe(true)
    await order.resume()
    const again = await held.started(2)
    expect(again.idempotencyKey).toBe(call.idempotencyKey)
    again.resolve('paid')
    expect(await order.result()).toEqual({ status: 'completed', output: 'paid' })
    await world.stop()
  })

  it('that hang end with their time limit', async () => {
    const world = createTestRuntime({ entryPoints: [orders] })
    world.mock('charge', hangs())
    const order = await world.trigger('orders', { amount: 1 }, { timeout: 60_000 })
    await order.send({ type: 'APPROVE' })
    expect(await order.result()).toMatchObject({ status: 'timed_out' })
    await world.stop()
  })
})

describe('a step that is not mocked', () => {
  it('is waited for though it takes real time', async () => {
    const reading = defineEntryPoint({
      id: 'reading',
      program: fromPromise(async () => {
        const { readFile } = await import('node:fs/promises')
        return (await readFile(new URL(import.meta.url))).length
      }),
    })
    const world = createTestRuntime({ entryPoints: [reading] })
    const read = await world.trigger('reading')
    await world.runToIdle()
    expect(await read.get()).toMatchObject({ status: 'completed', output: expect.any(Number) as number })
    await world.stop()
  })

  it('that does not end is named', async () => {
    hurried()
    const waiting = defineEntryPoint({ id: 'waiting', program: fromPromise(() => new Promise(() => undefined)) })
    const world = createTestRuntime({ entryPoints: [waiting] })
    const execution = await world.trigger('waiting')
    const error: unknown = await world.advance(1_000).catch((thrown: unknown) => thrown)
    expect(isStatewardError(error, 'stuck')).toBe(true)
    expect(String(error)).toContain(`step waiting of ${execution.id} did not end within`)
  })
})

describe('a crash', () => {
  it('loses what was not committed, and calls go on in the next process', async () => {
    const world = createTestRuntime({ entryPoints: [orders] })
    world.mock('charge', delayed(5_000, returns('receipt')))
    const order = await world.trigger('orders', { amount: 1 })
    const outcome = order.result()
    await order.send({ type: 'APPROVE' })
    await world.advance(1_000)
    world.crash()
    expect(world.calls.map(({ status }) => status)).toEqual(['lost'])
    const record = order.get()
    await world.restart()
    expect(await record).toMatchObject({ status: 'running', value: 'charging' })
    expect(await outcome).toEqual({ status: 'completed', output: 'receipt' })
    expect(world.calls.map(({ process, status, idempotencyKey }) => [process, status, idempotencyKey])).toEqual([
      [1, 'lost', `${order.id}/0.order.charging#1`],
      [2, 'done', `${order.id}/0.order.charging#1`],
      [2, 'done', `${order.id}/0.order.mailing/0.mailing.sending#2`],
    ])
    await world.stop()
  })

  it('leaves a dead process without a voice: what its steps still say is not heard', async () => {
    const world = createTestRuntime({ entryPoints: [orders] })
    const held = world.hold('charge')
    const order = await world.trigger('orders', { amount: 1 })
    await order.send({ type: 'APPROVE' })
    const first = await held.started()
    world.crash()
    first.resolve('of the dead')
    await world.restart()
    const second = await held.started(2)
    second.resolve('of the living')
    expect(await order.result()).toEqual({ status: 'completed', output: 'of the living' })
    await world.stop()
  })

  it('leaves lists, journals and commands to many to the next process', async () => {
    const world = createTestRuntime({ entryPoints: [orders] })
    const order = await world.trigger('orders', { amount: 1 })
    const seen: string[] = []
    const following = (async () => {
      for await (const { type } of world.events({ since: 0 })) {
        seen.push(type)
        if (type === 'execution.completed') return
      }
    })()
    await world.settle()
    world.crash()
    const [list, paused] = [world.executions(), world.pause()]
    await world.restart()
    expect((await list).executions.map(({ id }) => id)).toEqual([order.id])
    expect(await paused).toEqual({ paused: 1 })
    world.crash()
    const resumed = world.stream('orders').resume()
    await world.restart()
    // it was the runtime that was paused, not the stream
    expect(await resumed).toEqual({})
    expect(await world.resume()).toEqual({ resumed: 1 })
    await order.result()
    await following
    expect(seen.filter((type) => type !== 'execution.recovered')).toEqual([
      'execution.accepted',
      'execution.started',
      'execution.waiting',
      'execution.paused',
      'execution.resumed',
      'execution.waiting',
      'execution.completed',
    ])
    await world.stop()
  })

  it('that is followed by no other process is named by whoever waits', async () => {
    hurried()
    const world = createTestRuntime({ entryPoints: [orders] })
    const order = await world.trigger('orders', { amount: 1 })
    world.crash()
    await expect(order.result()).rejects.toThrow('The process is dead since crash()')
  })

  it('keeps the timers, with what is left of them', async () => {
    const world = createTestRuntime({ entryPoints: [orders] })
    const order = await world.trigger('orders', { amount: 1 })
    await world.advance(DAY / 2)
    await world.restart()
    const begun = world.clock.now()
    await order.result()
    expect(world.clock.now() - begun).toBe(DAY / 2)
    await world.stop()
  })

  it('on a store of the user’s own finds there what was committed', async () => {
    const store = memoryStore()
    const one = createTestRuntime({ entryPoints: [orders], store })
    const order = await one.trigger('orders', { amount: 1 })
    one.crash()
    const other = createTestRuntime({ entryPoints: [orders], store, id: 'other' })
    expect(await other.execution(order.id).get()).toMatchObject({ status: 'waiting' })
  })
})

describe('the story', () => {
  it('has one line for each thing that happened', async () => {
    const world = createTestRuntime({ entryPoints: [orders] })
    world.mock('charge', fails('the bank is closed'), delayed(2_000, returns('receipt')))
    const order = await world.trigger('orders', { amount: 42 })
    await order.send({ type: 'NOTE' })
    await order.send({ type: 'APPROVE', by: 'ann' })
    await world.advance(1_500)
    world.crash()
    await world.restart()
    await order.result()
    expect(String(world.history(order))).toMatchInlineSnapshot(`
      "+0s        trigger of orders with { amount: 42 }
      +0s        starts in approval
      +0s        send { type: "NOTE" }
      +0s        approval ignores NOTE
      +0s        send { type: "APPROVE", by: "ann" }
      +0s        approval —APPROVE→ charging
      +0s        step charge begins with 42
      +0s        step charge failed: Error: the bank is closed
      +1s        step charge (attempt 2) begins with 42
      +1s 500ms  ✗ the process is killed
      +1s 500ms  ↻ another process begins
      +1s 500ms  stands in charging
      +1s 500ms  step charge (attempt 2) begins with 42
      +3s 500ms  step charge (attempt 2) done: "receipt"
      +3s 500ms  charging —charge done→ mailing  { receipt: "receipt" }
      +3s 500ms  0.order.mailing: starts in sending
      +3s 500ms  does note
      +3s 500ms  step send begins with "receipt"
      +3s 500ms  step send done: "receipt sent"
      +3s 500ms  0.order.mailing: sending —send done→ sent
      +3s 500ms  mailing —mailing done→ paid
      +3s 500ms  is completed: "receipt""
    `)
    await world.stop()
  })

  it('of several executions names each, and can be told of one', async () => {
    const parent = setup({ actors: { order: fromExecution<string, { amount: number }>('orders') } }).createMachine({
      id: 'parent',
      context: { receipt: '' },
      initial: 'ordering',
      states: {
        ordering: {
          invoke: {
            src: 'order',
            input: { amount: 7 },
            onDone: { target: 'done', actions: assign({ receipt: ({ event }) => event.output }) },
          },
        },
        done: { type: 'final' },
      },
    })
    const world = createTestRuntime({ entryPoints: [defineEntryPoint({ id: 'parents', program: parent }), orders] })
    const execution = await world.trigger('parents')
    expect(await execution.result()).toMatchObject({ status: 'completed' })
    const { lines } = world.history()
    expect(lines.some((line) => /^\+0s +execution-1 {2}starts in ordering$/.test(line))).toBe(true)
    expect(lines.some((line) => /^\+1d +execution-2 {2}approval —after 1d→ expired$/.test(line))).toBe(true)
    expect(world.history(execution).lines.join('\n')).not.toContain('approval')
    await world.stop()
  })
})
