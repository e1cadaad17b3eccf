/** What an inspector gets is small, holds no secret of a definition, and shows program data as under plain `createActor`. */
import { createActor, setup } from 'xstate'
import { expect, describe, it, onTestFinished } from 'vitest'
import { defineEntryPoint, supervisorMachine } from '../../src/index.js'
import { memoryStore } from '../../src/memory.js'
import { begin } from '../support/begin.js'
import { StatelyInspection } from '../support/stately-inspector.js'
import { approve, ordersEntryPoint } from './order-program.js'

async function inspected(): Promise<StatelyInspection> {
  const inspection = await StatelyInspection.start()
  onTestFinished(() => inspection.stop())
  return inspection
}

const initOf = (inspection: StatelyInspection, name: string) =>
  inspection.messages.find(
    (message) =>
      message.type === '@xstate.event' &&
      message.event.type === 'xstate.init' &&
      inspection.actors.get(message.sessionId)?.name === name,
  )

describe('what goes to an inspector', () => {
  it('names the store and the entry points, and holds neither programs nor secrets', async () => {
    const inspection = await inspected()
    const entryPoints = [ordersEntryPoint()] as const
    const runtime = await begin({ id: 'shop', store: memoryStore(), entryPoints, inspect: inspection.inspect })
    const order = await runtime.trigger('orders', { amount: 7 }, { id: 'o1' })
    await approve(order)
    await inspection.ended('shop/orders/o1', 'done')
    expect(initOf(inspection, 'shop')).toMatchObject({
      event: { type: 'xstate.init', input: { id: 'shop', entryPoints: ['orders'], store: { name: 'memory' } } },
    })
    expect(initOf(inspection, 'o1')).toBeDefined()
    for (const frame of inspection.frames) {
      expect(frame).not.toContain('s3cr3t')
      expect(frame.length).toBeLessThan(24_000)
    }
  })

  it('is as discreet when the supervisor is started as an actor, with an input of the user’s own', async () => {
    const inspection = await inspected()
    const actor = createActor(supervisorMachine, {
      id: 'shop',
      input: { store: memoryStore(), entryPoints: [ordersEntryPoint()] },
      inspect: inspection.inspect,
    }).start()
    await inspection.until(() => expect(inspection.at('shop/orders')).toHaveLength(1))
    actor.send({ type: 'supervisor.stop' })
    await inspection.ended('shop', 'done')
    expect(initOf(inspection, 'shop')).toMatchObject({
      event: {
        input: {
          store: { name: 'memory', location: 'memory' },
          entryPoints: [{ id: 'orders', programId: 'order', version: '1', trigger: 'api' }],
        },
      },
    })
    for (const frame of inspection.frames) {
      expect(frame).not.toContain('s3cr3t')
      expect(frame.length).toBeLessThan(24_000)
    }
  })

  it('shows BigInt, Map, Date and a cycle in a context as it shows them under plain createActor, and stops at none', async () => {
    const rich = setup({ types: { context: {} as Record<string, unknown>, events: {} as { type: 'GO' } } }).createMachine({
      id: 'rich',
      context: () => ({ big: 12n, map: new Map([['a', 1]]), at: new Date(0), nothing: undefined }),
      initial: 'idle',
      states: { idle: { on: { GO: 'gone' } }, gone: { type: 'final' } },
    })
    const plain = await inspected()
    const actor = createActor(rich, { id: 'r1', inspect: plain.inspect }).start()
    actor.send({ type: 'GO' })
    const expected = await plain.ended('r1', 'done')

    const inspection = await inspected()
    const entryPoints = [defineEntryPoint({ id: 'rich', program: rich })] as const
    const runtime = await begin({ id: 'shop', store: memoryStore(), entryPoints, inspect: inspection.inspect })
    const execution = await runtime.trigger('rich', undefined, { id: 'r1' })
    await execution.send({ type: 'GO' })
    const drawn = await inspection.ended('shop/rich/r1/r1', 'done')
    expect(drawn.snapshot.context).toEqual(expected.snapshot.context)
    expect(drawn.snapshot.context).toEqual({ big: 12, map: {}, at: '1970-01-01T00:00:00.000Z' })
    expect(drawn.definition).toEqual(expected.definition)

    const loop: Record<string, unknown> = {}
    loop['self'] = loop
    const cyclic = setup({}).createMachine({ id: 'cyclic', context: loop, initial: 'idle', states: { idle: {} } })
    const other = await inspected()
    const others = [defineEntryPoint({ id: 'cyclic', program: cyclic })] as const
    const second = await begin({ id: 'loop', store: memoryStore(), entryPoints: others, inspect: other.inspect })
    await (await second.trigger('cyclic', undefined, { id: 'c1' })).result({ timeout: 5_000 })
    expect((await other.ended('loop/cyclic/c1', 'done')).snapshot.value).toBe('failed')
  })
})
