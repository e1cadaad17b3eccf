/** Executions that were taken up again, after a crash or from the store, stand in Stately Inspector's tree like live ones. */
import { describe, expect, it, onTestFinished } from 'vitest'
import { executionMachine } from '../../src/index.js'
import { begin } from '../support/begin.js'
import { eventually } from '../support/eventually.js'
import { StatelyInspection } from '../support/stately-inspector.js'
import { places } from '../support/store-place.js'
import { approve, orderMachine, ordersEntryPoint, type OrderOptions } from './order-program.js'

describe.each(places)('an execution on the %s store', (_name, place) => {
  const setUp = () => {
    const store = place()
    return async (options: OrderOptions = {}) => {
      const inspection = await StatelyInspection.start()
      onTestFinished(() => inspection.stop())
      const connection = store.connect()
      const entryPoints = [ordersEntryPoint(options)] as const
      const runtime = await begin({ id: 'shop', store: connection, entryPoints, inspect: inspection.inspect })
      return { inspection, connection, runtime }
    }
  }

  const isOneTree = (inspection: StatelyInspection) => {
    const actors = [...inspection.actors.values()]
    const roots = actors.filter(({ parentId }) => parentId === undefined)
    expect(roots).toHaveLength(1)
    expect(new Set(inspection.messages.map(({ rootId }) => rootId))).toEqual(new Set([roots[0]?.sessionId]))
    for (const { parentId } of actors) if (parentId !== undefined) expect(inspection.actors.has(parentId)).toBe(true)
  }

  it('that a crash interrupted in a step is drawn whole again, goes on with that step and ends as it would have', async () => {
    const start = setUp()
    let paying = false
    const first = await start({ pay: () => ((paying = true), new Promise<never>(() => undefined)) })
    await first.runtime.trigger('orders', { amount: 7 }, { id: 'o1' })
    await eventually('the step', () => paying)
    first.connection.cut()

    const { inspection, runtime } = await start()
    const order = runtime.execution<typeof orderMachine>('o1')
    await approve(order)
    expect(await order.result({ timeout: 8_000 })).toEqual({ status: 'completed', output: { receipt: 'paid 7' } })

    const program = await inspection.ended('shop/orders/o1/o1', 'done')
    const execution = await inspection.ended('shop/orders/o1', 'done')
    expect(inspection.paths.toSorted()).toEqual([
      'shop',
      'shop/lifeline',
      'shop/orders',
      'shop/orders/o1',
      'shop/orders/o1/o1',
      'shop/orders/o1/o1/box',
      'shop/orders/o1/o1/payment',
    ])
    isOneTree(inspection)
    expect(execution.snapshot).toMatchObject({ value: 'completed', context: { executionId: 'o1' } })
    expect(program.snapshot).toMatchObject({ value: 'done', output: { receipt: 'paid 7' } })
    expect(Object.keys(execution.definition.states ?? {}).toSorted()).toEqual(
      Object.keys(executionMachine.config.states ?? {}).toSorted(),
    )
    expect(Object.keys(program.definition.states ?? {}).toSorted()).toEqual(
      Object.keys(orderMachine.config.states ?? {}).toSorted(),
    )
    expect(inspection.at('shop/orders/o1/o1/payment')[0]?.snapshot).toMatchObject({ status: 'done', output: 'paid 7' })
  })

  it('that waited at the crash is drawn where it stood, before anything moves it', async () => {
    const start = setUp()
    const first = await start()
    const order = await first.runtime.trigger('orders', { amount: 7 }, { id: 'o1' })
    await eventually('the parcel', async () => stands(await order.get(), { parcel: 'sent', approval: 'asked' }))
    first.connection.cut()

    const { inspection } = await start()
    await inspection.until(() => {
      expect(inspection.at('shop/orders/o1')[0]?.snapshot).toMatchObject({ status: 'active', value: 'waiting' })
      expect(inspection.at('shop/orders/o1/o1')[0]?.snapshot).toMatchObject({
        status: 'active',
        value: { shipping: { parcel: 'sent', approval: 'asked' } },
        context: { receipt: 'paid 7' },
      })
    })
    isOneTree(inspection)
  })

  it('that left memory is shown stopped, and after its waking as another actor in the same place, until the end', async () => {
    const { inspection, runtime } = await setUp()({ passivateAfter: 0 })
    const order = await runtime.trigger('orders', { amount: 7 }, { id: 'o1' })
    await eventually('the parcel', async () => stands(await order.get(), { parcel: 'sent', approval: 'asked' }))
    await inspection.until(() => expect(inspection.at('shop/orders/o1').at(-1)?.snapshot.status).toBe('stopped'))
    await approve(order)
    expect(await order.result({ timeout: 8_000 })).toMatchObject({ status: 'completed' })

    await inspection.ended('shop/orders/o1', 'done')
    await inspection.ended('shop/orders/o1/o1', 'done')
    for (const path of ['shop/orders/o1', 'shop/orders/o1/o1']) {
      const statuses = inspection.at(path).map(({ snapshot }) => snapshot.status)
      expect(statuses.length, path).toBeGreaterThan(1)
      expect(statuses.at(-1), path).toBe('done')
      expect(new Set(statuses.slice(0, -1)), path).toEqual(new Set(['stopped']))
    }
    expect(inspection.at('shop/orders/o1').at(-1)?.snapshot.value).toBe('completed')
    isOneTree(inspection)
  })
})

const stands = (record: object, shipping: object) =>
  'value' in record && JSON.stringify(record.value) === JSON.stringify({ shipping })
