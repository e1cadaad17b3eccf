/** Stately Inspector's own package, over its WebSocket, gets a live runtime as one tree. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createRuntime, executionMachine, streamMachine, supervisorMachine, type Runtime } from '../../src/index.js'
import { memoryStore } from '../../src/memory.js'
import { StatelyInspection } from '../support/stately-inspector.js'
import { approve, orderMachine, ordersEntryPoint } from './order-program.js'

let inspection: StatelyInspection
let runtime: Runtime<readonly [ReturnType<typeof ordersEntryPoint>]>

beforeEach(async () => {
  inspection = await StatelyInspection.start()
  runtime = createRuntime({
    id: 'shop',
    store: memoryStore(),
    entryPoints: [ordersEntryPoint()],
    inspect: inspection.inspect,
  })
  await runtime.start()
})

afterEach(async () => {
  await runtime.stop()
  inspection.stop()
})

const stateNames = (states: Readonly<Record<string, unknown>> | undefined): unknown =>
  Object.fromEntries(
    Object.entries(states ?? {}).map(([name, node]) => [
      name,
      stateNames((node as { states?: Readonly<Record<string, unknown>> }).states),
    ]),
  )

async function runOrder(id: string) {
  const order = await runtime.trigger('orders', { amount: 7 }, { id })
  await approve(order)
  expect(await order.result({ timeout: 10_000 })).toEqual({ status: 'completed', output: { receipt: 'paid 7' } })
  await inspection.ended(`shop/orders/${id}`, 'done')
}

describe('a live runtime in Stately Inspector', () => {
  it('is one tree: supervisor, stream, execution, program, and the program’s steps and child machines', async () => {
    await runOrder('o1')
    await runOrder('o2')
    expect(inspection.paths.toSorted()).toEqual(
      [
        'shop',
        'shop/lifeline',
        'shop/orders',
        ...['o1', 'o2'].flatMap((id) => [
          `shop/orders/${id}`,
          `shop/orders/${id}/${id}`,
          `shop/orders/${id}/${id}/payment`,
          `shop/orders/${id}/${id}/box`,
        ]),
      ].toSorted(),
    )
  })

  it('has exactly one root, which every message names, and no session id twice', async () => {
    await runOrder('o1')
    const actors = [...inspection.actors.values()]
    const roots = actors.filter(({ parentId }) => parentId === undefined)
    expect(roots.map(({ name }) => name)).toEqual(['shop'])
    expect(new Set(inspection.messages.map(({ rootId }) => rootId))).toEqual(new Set([roots[0]?.sessionId]))
    const announced = inspection.messages.filter(({ type }) => type === '@xstate.actor').map(({ sessionId }) => sessionId)
    expect(new Set(announced).size).toBe(announced.length)
  })

  it('announces an actor before anything is said of it', async () => {
    await runOrder('o1')
    const known = new Set<string>()
    for (const message of inspection.messages) {
      if (message.type === '@xstate.actor') known.add(message.sessionId)
      expect(known).toContain(message.sessionId)
    }
  })

  it('draws each machine whole, from its definition', async () => {
    await runOrder('o1')
    const charts = [
      ['shop', supervisorMachine],
      ['shop/orders', streamMachine],
      ['shop/orders/o1', executionMachine],
      ['shop/orders/o1/o1', orderMachine],
    ] as const
    for (const [path, machine] of charts) {
      const drawn = inspection.at(path)[0]?.definition
      expect(drawn?.id, path).toBe(machine.config.id)
      expect(stateNames(drawn?.states), path).toEqual(stateNames(machine.config.states))
      expect(Object.keys(drawn?.states ?? {}).length, path).toBeGreaterThanOrEqual(3)
    }
    expect(Object.keys(inspection.at('shop/orders/o1/o1/box')[0]?.definition.states ?? {})).toEqual(['packed', 'packing'])
  })

  it('ends with the snapshots with which the execution and its program ended', async () => {
    await runOrder('o1')
    const [execution, program, payment] = ['', '/o1', '/o1/payment'].map(
      (path) => inspection.at(`shop/orders/o1${path}`)[0]?.snapshot,
    )
    expect(execution).toMatchObject({ status: 'done', value: 'completed', context: { executionId: 'o1' } })
    expect(program).toMatchObject({ status: 'done', value: 'done', output: { receipt: 'paid 7' } })
    expect(payment).toMatchObject({ status: 'done', output: 'paid 7' })
  })

  it('shows a pause and a cancel as the execution’s own states', async () => {
    const order = await runtime.trigger('orders', { amount: 1 }, { id: 'o3' })
    await order.pause()
    await inspection.until(() => expect(values('o3')).toContain('paused'))
    await order.cancel({ reason: 'no longer wanted' })
    await inspection.until(() => expect(values('o3').at(-1)).toBe('cancelled'))
  })

  it('shows the supervisor and its streams stopped', async () => {
    await runOrder('o1')
    await runtime.stop()
    expect((await inspection.ended('shop', 'done')).snapshot.value).toBe('stopped')
    expect((await inspection.ended('shop/orders', 'done')).snapshot.value).toBe('stopped')
  })
})

function values(id: string): unknown[] {
  const sessions = new Set(inspection.at(`shop/orders/${id}`).map(({ sessionId }) => sessionId))
  return inspection.messages
    .filter((message) => message.type === '@xstate.snapshot' && sessions.has(message.sessionId))
    .map((message) => ('snapshot' in message ? (message.snapshot as { value?: unknown }).value : undefined))
}
