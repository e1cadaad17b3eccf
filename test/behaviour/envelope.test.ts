/** The envelope: every event of the journal says where it stands, what it is about, and what it came from. */
import { describe, expect, test } from 'vitest'
import { createMachine } from 'xstate'
import { createClient, defineEntryPoint, fromExecution, type Runtime, type RuntimeEvent } from '../../src/index.js'
import { begin } from '../support/begin.js'
import { approval } from '../support/programs.js'
import { places } from '../support/store-place.js'

const payments = defineEntryPoint({ id: 'payments', program: approval })
const orders = defineEntryPoint({
  id: 'orders',
  program: createMachine({ id: 'order', invoke: { id: 'pay', src: fromExecution('payments') } }),
})

/** The events up to the first of that type. */
async function upTo(runtime: Pick<Runtime, 'events'>, type: string): Promise<RuntimeEvent[]> {
  const found: RuntimeEvent[] = []
  for await (const event of runtime.events({ since: 0 })) {
    found.push(event)
    if (event.type === type) break
  }
  return found
}

describe.each(places)('on %s', (_, place) => {
  test('an event has the session, the correlation and the cause of its execution, in every process', async () => {
    const shared = place()
    const runtime = await begin({ store: shared.connect(), entryPoints: [payments] })
    const named = await runtime.trigger('payments', undefined, { sessionId: 's', correlationId: 'c', causationId: '#12' })
    await named.cancel({ reason: 'x' })
    const client = createClient({ store: shared.connect(), entryPoints: [payments] })
    const events = await upTo(client, 'execution.cancelled')
    await client.close()
    expect(events.length).toBeGreaterThan(2)
    for (const event of events)
      expect(event).toMatchObject({ executionId: named.id, sessionId: 's', correlationId: 'c', causationId: '#12' })
    expect(Object.keys(events[0] ?? {})).toEqual([
      'seq',
      'at',
      'type',
      'executionId',
      'entryPoint',
      'sessionId',
      'correlationId',
      'causationId',
      'revision',
      'data',
    ])
    expect(await named.get()).toMatchObject({ causationId: '#12' })
  })

  test('without other names the correlation is the id of the execution, and nothing has caused it', async () => {
    const runtime = await begin({ store: place().connect(), entryPoints: [payments] })
    const { id } = await runtime.trigger('payments')
    const [event] = await upTo(runtime, 'execution.accepted')
    expect(event).toMatchObject({ executionId: id, correlationId: id })
    expect(event).not.toHaveProperty('sessionId')
    expect(event).not.toHaveProperty('causationId')
  })

  test('what a step starts is caused by its execution, and a fork by the one that it is a fork of', async () => {
    const runtime = await begin({ store: place().connect(), entryPoints: [payments, orders] })
    const order = await runtime.trigger('orders')
    const accepted: RuntimeEvent[] = []
    for await (const event of runtime.events({ entryPoint: 'payments', since: 0 })) {
      accepted.push(event)
      break
    }
    expect(accepted).toMatchObject([{ causationId: order.id, correlationId: order.id }])
    const fork = await order.fork()
    for await (const event of runtime.events({ execution: fork.id, since: 0 })) {
      expect(event).toMatchObject({ causationId: order.id, correlationId: order.id })
      break
    }
    await runtime.cancel()
  })
})

test('a cause that no store could give back is refused', async () => {
  const runtime = await begin({ store: places[0][1]().connect(), entryPoints: [payments] })
  for (const causationId of ['', '\0', 'x'.repeat(513), 7 as never])
    await expect(runtime.trigger('payments', undefined, { causationId })).rejects.toMatchObject({
      code: 'invalid_id',
      details: { option: 'causationId' },
    })
})
