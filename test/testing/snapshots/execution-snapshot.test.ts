/** Snapshots of executions: in every status, and the same in every run that did the same. */
import 'stateward/testing/vitest'
import { describe, expect, it, onTestFinished } from 'vitest'
import { createMachine, fromPromise, setup } from 'xstate'
import { createRuntime, defineEntryPoint, fromStep, type EntryPoint } from '../../../src/index.js'
import { memoryStore } from '../../../src/memory.js'
import {
  createTestRuntime,
  executionSnapshot,
  fails,
  formatExecution,
  hangs,
  SimulatedClock,
  snapshotOf,
  snapshotOfRecord,
  type TestRuntimeOptions,
} from '../../../src/testing/index.js'
import { eventually, turns } from '../../support/eventually.js'
import { carts, orders, payments } from './order-entry-points.js'

function world<const TEntryPoints extends readonly EntryPoint[]>(options: TestRuntimeOptions<TEntryPoints>) {
  const runtime = createTestRuntime<TEntryPoints>(options)
  onTestFinished(() => runtime.stop())
  return runtime
}

const minutes = (count: number) => count * 60_000

describe('a snapshot shows an execution that is', () => {
  it('queued', async () => {
    const runtime = world({
      entryPoints: [defineEntryPoint({ id: 'queue', program: orders.program, maxConcurrent: 1, queueTimeout: minutes(5) })],
    })
    runtime.hold('charge')
    const first = await runtime.trigger('queue', { amount: 1 })
    await first.send({ type: 'APPROVE' })
    await runtime.settle()
    const second = await runtime.trigger('queue', { amount: 2 })
    await runtime.advance(minutes(1))
    expect(await snapshotOf(second)).toMatchInlineSnapshot(`
      execution <id> of queue: queued
        limits:
          queueTimeout in 4m
        events:
          +0s accepted
    `)
  })

  it('waiting, with what is left of its timers', async () => {
    const runtime = world({ entryPoints: [orders] })
    const order = await runtime.trigger('orders', { amount: 42 })
    await runtime.advance(minutes(10) + 15_000)
    expect(await snapshotOf(order)).toMatchInlineSnapshot(`
      execution <id> of orders: waiting in approval
        context: { amount: 42, notes: [], receipt: "" }
        children:
          reminder: active in sent
            context: { sent: 1 }
        timers:
          after 1m in sent of reminder, in 45s
          after patience in approval, in 49m 45s
        events:
          +0s accepted
          +0s started
          +0s waiting
    `)
  })

  it('running, with its steps in flight', async () => {
    const runtime = world({ entryPoints: [orders] })
    const charge = runtime.hold('charge')
    const order = await runtime.trigger('orders', { amount: 42 })
    await order.send({ type: 'APPROVE' })
    await charge.started()
    expect(await snapshotOf(order)).toMatchInlineSnapshot(`
      execution <id> of orders: running in charging
        context: { amount: 42, notes: [], receipt: "" }
        steps:
          charge as <id>/0.order.charging#1, input { amount: 42 }
        events:
          +0s accepted
          +0s started
          +0s waiting
          +0s emitted APPROVED { amount: 42 }
          +0s running
        ran: charge once
    `)
  })

  it('paused, with frozen timers and limits, and what came in meanwhile', async () => {
    const runtime = world({ entryPoints: [orders] })
    const order = await runtime.trigger('orders', { amount: 42 }, { timeout: minutes(120) })
    await runtime.advance(minutes(1) + 30_000)
    await order.pause({ reason: 'lunch', actor: 'ann' })
    await runtime.advance(minutes(60))
    await order.send({ type: 'NOTE', text: 'no onions' })
    await order.send({ type: 'APPROVE' })
    expect(await snapshotOf(order)).toMatchInlineSnapshot(`
      execution <id> of orders: paused in approval
        pause: +1m 30s, boundary, by ann: lunch
        context: { amount: 42, notes: [], receipt: "" }
        children:
          reminder: active in idle
            context: { sent: 0 }
        timers:
          REMIND to reminder, set for 10m, frozen with 8m 30s left
          after patience in approval, frozen with 58m 30s left
        limits:
          timeout in 1h 58m 30s
        inbox:
          NOTE { text: "no onions" }
          APPROVE
        events:
          +0s accepted
          +0s started
          +0s waiting
          +1m 30s paused { actor: "ann", mode: "boundary", reason: "lunch" }
    `)
  })

  it('pausing and cancelling, until its steps are gone', async () => {
    let end: () => void = () => undefined
    // one that does not heed its signal
    const slow = defineEntryPoint({ id: 'slow', program: fromStep(() => new Promise<void>((resolve) => (end = resolve))) })
    const clock = new SimulatedClock()
    const runtime = createRuntime({ store: memoryStore(), entryPoints: [slow], clock })
    await runtime.start()
    const execution = await runtime.trigger('slow')
    await turns()
    void execution.pause()
    await turns()
    expect(await snapshotOf(execution)).toMatchInlineSnapshot(`
      execution <id> of slow: pausing
        pause: +0s, boundary
        steps:
          slow as <id>/#1
        events:
          +0s accepted
          +0s started
          +0s pausing { mode: "boundary" }
    `)
    void execution.cancel({ actor: 'bob' })
    await turns()
    await clock.advance(4_000)
    expect(await snapshotOf(execution, { since: Infinity })).toMatchInlineSnapshot(`
      execution <id> of slow: cancelling
        cancel: +0s, by bob
        steps:
          slow as <id>/#1
        limits:
          stop in 6s
    `)
    end()
    await execution.result()
    await runtime.stop()
  })

  it('waiting for its next attempt', async () => {
    const backoff = { initial: 1_000, jitter: 'none' } as const
    const runtime = world({
      entryPoints: [defineEntryPoint({ id: 'payments', program: payments.program, retry: { maxAttempts: 2, backoff } })],
    })
    runtime.mock('payments', fails('the bank is closed'))
    const payment = await runtime.trigger('payments', 7)
    expect(await snapshotOf(payment)).toMatchInlineSnapshot(`
      execution <id> of payments: waiting, attempt 2
        steps:
          payments as <id>/#1, input 7
        limits:
          retry in 1s
        events:
          +0s accepted
          +0s started
          +0s retrying { attempt: 2 }: Error: the bank is closed
        error: Error: the bank is closed
        ran: payments once
    `)
  })

  it('failed, without the stack', async () => {
    const runtime = world({ entryPoints: [payments] })
    runtime.mock('payments', () => {
      throw Object.assign(new Error(`no such account`, { cause: new TypeError('it is empty') }), { code: 'NO_ACCOUNT' })
    })
    const payment = await runtime.trigger('payments', 7)
    await payment.result()
    const snapshot = await snapshotOf(payment)
    expect(snapshot).toMatchInlineSnapshot(`
      execution <id> of payments: failed
        events:
          +0s accepted
          +0s started
          +0s failed
        error: Error: no such account { code: "NO_ACCOUNT" }, caused by TypeError: it is empty
        ran: payments once
    `)
    expect(JSON.stringify(snapshot)).not.toContain('.ts:')
  })

  it('completed', async () => {
    const runtime = world({ entryPoints: [orders] })
    const order = await runtime.trigger('orders', { amount: 42 })
    await order.send({ type: 'APPROVE' })
    await order.result()
    expect(await snapshotOf(order)).toMatchInlineSnapshot(`
      execution <id> of orders: completed at shipped
        context: { amount: 42, notes: [], receipt: "42 charged as <id>/0.order.charging#1" }
        events:
          +0s accepted
          +0s started
          +0s waiting
          +0s emitted APPROVED { amount: 42 }
          +0s running
          +0s emitted SHIPPED
          +0s completed
        output: { receipt: "42 charged as <id>/0.order.charging#1" }
        ran: charge once, ship once
    `)
  })

  it('cancelled, timed out or rejected', async () => {
    const runtime = world({
      entryPoints: [
        orders,
        defineEntryPoint({ id: 'small', program: orders.program, maxConcurrent: 1, maxQueued: 1, overflow: 'drop_oldest' }),
      ],
    })
    const cancelled = await runtime.trigger('orders', { amount: 1 })
    await runtime.advance(1_500)
    await cancelled.cancel({ reason: 'too late', actor: 'bob' })
    const late = await runtime.trigger('orders', { amount: 2 }, { timeout: minutes(2) })
    await runtime.advance(minutes(3))
    const held = runtime.hold('charge')
    const first = await runtime.trigger('small', { amount: 3 })
    await first.send({ type: 'APPROVE' })
    await held.started()
    const dropped = await runtime.trigger('small', { amount: 4 })
    await runtime.trigger('small', { amount: 5 })
    const texts = [cancelled, late, dropped].map(async (handle) => formatExecution(await snapshotOf(handle)))
    expect(`\n${(await Promise.all(texts)).join('\n\n')}\n`).toMatchInlineSnapshot(`
      "
      execution <id> of orders: cancelled at approval
        cancel: +1s 500ms, by bob: too late
        context: { amount: 1, notes: [], receipt: "" }
        children:
          reminder: active in idle
            context: { sent: 0 }
        events:
          +0s accepted
          +0s started
          +0s waiting
          +1s 500ms cancelled { actor: "bob", reason: "too late" }

      execution <id> of orders: timed_out at approval
        context: { amount: 2, notes: [], receipt: "" }
        children:
          reminder: active in idle
            context: { sent: 0 }
        events:
          +0s accepted
          +0s started
          +0s waiting
          +2m timed_out { limit: "timeout" }

      execution <id> of small: rejected
        events:
          +0s accepted
          +0s rejected { reason: "queue_full" }
      "
    `)
  })

  it('parallel, with the executions that it started, whose starter they name', async () => {
    const runtime = world({ entryPoints: [carts, payments] })
    runtime.hold('payments')
    const cart = await runtime.trigger('carts')
    const snapshot = await snapshotOf(cart)
    expect(Object.keys(snapshot.value as object)).toEqual(['clock', 'wallet'])
    expect(snapshot).toMatchInlineSnapshot(`
      execution <id> of carts: running in { clock: ticking, wallet: paying }
        steps:
          pay as <id>/0.cart.wallet.paying#1, input 7
        executions:
          <id:2> of payments: running, started by <id>/0.cart.wallet.paying#1
        timers:
          after 1h in clock.ticking, in 1h
        events:
          +0s accepted
          +0s started
        ran: pay once
    `)
    const [payment] = (await runtime.executions({ parentId: cart.id })).executions
    expect(await executionSnapshot(runtime, payment?.id ?? '')).toMatchInlineSnapshot(`
      execution <id> of payments: running
        key: <parent>/0.cart.wallet.paying#1
        steps:
          payments as <id>/#1, input 7
        events:
          +0s accepted
          +0s started
        ran: payments once
    `)
  })

  it('made of nested actors, also of those that nobody has named', async () => {
    const leaf = createMachine({
      id: 'leaf',
      context: { n: 1 },
      initial: 'green',
      states: {
        green: { invoke: { id: 'grow', src: fromPromise(() => Promise.resolve()) }, after: { 5_000: 'brown' } },
        brown: {},
      },
    })
    const branch = setup({ actors: { leaf } }).createMachine({
      id: 'branch',
      context: ({ spawn }) => ({ own: spawn('leaf', { id: 'own' }) }),
    })
    const tree = setup({ actors: { branch } }).createMachine({
      id: 'tree',
      context: ({ spawn }) => ({ all: [spawn('branch'), spawn('branch')] }),
    })
    const runtime = world({ entryPoints: [defineEntryPoint({ id: 'trees', program: tree })] })
    runtime.mock('grow', hangs())
    const execution = await runtime.trigger('trees')
    await runtime.advance(1_000)
    expect(await snapshotOf(execution)).toMatchInlineSnapshot(`
      execution <id> of trees: running
        context: { all: [{ actor: "<actor:1>" }, { actor: "<actor:2>" }] }
        steps:
          grow as <id>/<actor:1>/own/grow#1
          grow as <id>/<actor:2>/own/grow#2
        children:
          <actor:1> (branch): active
            context: { own: { actor: "own" } }
            children:
              own (leaf): active in green
                context: { n: 1 }
          <actor:2> (branch): active
            context: { own: { actor: "own" } }
            children:
              own (leaf): active in green
                context: { n: 1 }
        timers:
          after 5s in green of <actor:1>/own, in 4s
          after 5s in green of <actor:2>/own, in 4s
        events:
          +0s accepted
          +0s started
        ran: grow 2 times
    `)
  })
})

describe('a snapshot', () => {
  it('is the same in two runs with other ids, at another time', async () => {
    const run = async (id: string, now: Date) => {
      const runtime = world({ entryPoints: [orders], now })
      const order = await runtime.trigger('orders', { amount: 42 }, { id })
      await order.send({ type: 'APPROVE' })
      await order.result()
      return snapshotOf(order)
    }
    const [one, other] = [
      await run('0mjuohs0000004a8l4hey60', new Date('2026-01-01')),
      await run('x', new Date('2027-02-03T04:05')),
    ]
    expect(one.output).toEqual({ receipt: '42 charged as <id>/0.order.charging#1' })
    expect(other).toEqual(one)
    expect(formatExecution(other)).toBe(formatExecution(one))
    expect(JSON.stringify(other)).toBe(JSON.stringify(one))
  })

  it('is the same in two runs of a real runtime, whose clock runs', async () => {
    const run = async () => {
      const runtime = createRuntime({ store: memoryStore(), entryPoints: [orders] })
      onTestFinished(() => runtime.stop())
      await runtime.start()
      const order = await runtime.trigger('orders', { amount: 42 }, { timeout: minutes(60) })
      await eventually('the order to wait', async () => (await runtime.execution(order.id).get()).status === 'waiting')
      return executionSnapshot(runtime, order)
    }
    const [one, other] = [await run(), await run()]
    expect(formatExecution(one)).toBe(formatExecution(other))
    expect(one).toMatchInlineSnapshot(`
      execution <id> of orders: waiting in approval
        context: { amount: 42, notes: [], receipt: "" }
        children:
          reminder: active in idle
            context: { sent: 0 }
        timers:
          REMIND to reminder, set for 10m, in 10m
          after patience in approval, in 1h
        limits:
          timeout in 1h
        events:
          +0s accepted
          +0s started
          +0s waiting
    `)
  })

  it('is the same after a crash and a restart, but for what the journal says of them', async () => {
    const runtime = world({ entryPoints: [orders] })
    const order = await runtime.trigger('orders', { amount: 42 })
    await runtime.advance(minutes(1))
    const before = await snapshotOf(order)
    runtime.crash()
    expect(await snapshotOf(order)).toEqual(before)
    await runtime.restart()
    expect({ ...(await snapshotOf(order)), events: before.events }).toEqual(before)
  })

  it('shows the events since an earlier one, or since a place in the journal', async () => {
    const runtime = world({ entryPoints: [orders] })
    const order = await runtime.trigger('orders', { amount: 42 })
    const types = async (since: Parameters<typeof snapshotOf>[1]) =>
      (await snapshotOf(order, since)).events.map(({ type }) => type)
    const before = await snapshotOf(order)
    expect(before.events).toHaveLength(3)
    const between = await snapshotOf(order, { since: before })
    expect(between.events).toEqual([])
    await order.send({ type: 'APPROVE' })
    await order.result()
    for (const since of [before, between]) expect(await types({ since })).toEqual(await types({ since: 3 }))
    expect(await types({ since: before })).toEqual(expect.arrayContaining(['execution.emitted', 'execution.completed']))
    expect(await types({ since: Infinity })).toEqual([])
  })

  it('counts attempts and what a crash made to run again', async () => {
    const retried = defineEntryPoint({
      id: 'retried',
      program: setup({
        actors: { pay: fromStep(({ input }: { input: number }) => input, { retry: { maxAttempts: 3 } }) },
      }).createMachine({
        id: 'retried',
        initial: 'paying',
        states: { paying: { invoke: { src: 'pay', input: 7 } } },
      }),
    })
    const runtime = world({ entryPoints: [retried] })
    runtime.mock('pay', fails('busy'), ({ forever }) => forever())
    const execution = await runtime.trigger('retried')
    await runtime.advance(minutes(1))
    expect((await snapshotOf(execution)).ran).toEqual([{ step: 'pay', times: 2 }])
    await runtime.restart()
    expect((await snapshotOf(execution)).ran).toEqual([{ step: 'pay', times: 3 }])
  })

  it('can be made of a record alone, and of one whose runtime is not started', async () => {
    const store = memoryStore()
    const runtime = world({ entryPoints: [orders], store })
    const order = await runtime.trigger('orders', { amount: 42 })
    const record = await order.get()
    if (!('revision' in record)) throw new Error('there is none')
    const { events, ...rest } = await snapshotOf(order)
    expect(events).toHaveLength(3)
    const { ran: _, ...uncounted } = rest
    expect(snapshotOfRecord(record)).toEqual({ ...uncounted, events: [] })
    const other = createRuntime({ store, entryPoints: [orders] })
    expect((await executionSnapshot(other, order.id, { precision: 1 })).value).toBe('approval')
  })

  it('is refused where there is no execution', async () => {
    const runtime = world({ entryPoints: [orders] })
    await expect(executionSnapshot(runtime, 'nobody')).rejects.toMatchObject({ code: 'not_found', details: { id: 'nobody' } })
    await expect(executionSnapshot(runtime, 'no id')).rejects.toMatchObject({ code: 'invalid_id' })
  })

  it('can not be changed', async () => {
    const runtime = world({ entryPoints: [orders] })
    const order = await runtime.trigger('orders', { amount: 42 })
    const snapshot = await snapshotOf(order)
    const frozen = (value: unknown): boolean =>
      typeof value !== 'object' || value === null || (Object.isFrozen(value) && Object.values(value).every(frozen))
    expect(frozen(snapshot)).toBe(true)
  })
})
