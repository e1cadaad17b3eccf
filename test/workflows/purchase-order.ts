/**
 * A purchase order with a deadline, after the description of the Serverless Workflow specification 0.8
 * (examples/purchase-order-deadline): it is created, confirmed, shipped; if that is not done within a month it is
 * cancelled, wherever it stands.
 *
 * Owns: the machine, its entry point and its scenarios. It tells what it does by emitted events.
 */
import { emit, setup } from 'xstate'
import { defineEntryPoint } from '../../src/index.js'
import type { Scenario } from '../../src/testing/explore/scenario.js'
import type { TestRuntime } from '../../src/testing/world/test-runtime.js'
import { Ledger } from './ledger.js'
import { service } from './service.js'

const purchaseOrderMachine = setup({
  types: {
    events: {} as { type: 'CREATED' } | { type: 'CONFIRMED' } | { type: 'SHIPPED' },
    emitted: {} as { type: 'order.cancelled' } | { type: 'order.shipped' },
    output: {} as 'shipped' | 'cancelled',
  },
  actors: { log: service<void, string>('log') },
  delays: { month: 30 * 24 * 3_600_000 },
}).createMachine({
  id: 'purchaseOrder',
  initial: 'open',
  states: {
    open: {
      initial: 'awaitingCreation',
      after: { month: 'cancelling' },
      states: {
        awaitingCreation: { on: { CREATED: 'loggingCreation' } },
        loggingCreation: { invoke: { src: 'log', input: 'created', onDone: 'awaitingConfirmation' } },
        awaitingConfirmation: { on: { CONFIRMED: 'loggingConfirmation' } },
        loggingConfirmation: { invoke: { src: 'log', input: 'confirmed', onDone: 'awaitingShipment' } },
        awaitingShipment: { on: { SHIPPED: '#purchaseOrder.shipped' } },
      },
    },
    cancelling: { entry: emit({ type: 'order.cancelled' }), invoke: { src: 'log', input: 'cancelled', onDone: 'cancelled' } },
    shipped: { type: 'final', entry: emit({ type: 'order.shipped' }), output: 'shipped' },
    cancelled: { type: 'final', output: 'cancelled' },
  },
  output: ({ event }) => (event as unknown as { output: 'shipped' | 'cancelled' }).output,
})

/** The orders. */
export const purchaseOrder = defineEntryPoint({ id: 'purchase-order', program: purchaseOrderMachine })

async function order(
  runtime: TestRuntime<readonly [typeof purchaseOrder]>,
  ...types: readonly ('CREATED' | 'CONFIRMED' | 'SHIPPED')[]
) {
  const ledger = new Ledger()
  runtime.mock('log', ({ input, idempotencyKey }) => void ledger.record(idempotencyKey, input))
  const execution = await runtime.trigger('purchase-order')
  for (const type of types) {
    await execution.send({ type })
    await runtime.advance(24 * 3_600_000)
  }
  await runtime.runToIdle()
  return ledger.effects
}

/** What may become of an order, by name. */
export const purchaseOrderScenarios = {
  'it is shipped in time': (runtime) => order(runtime, 'CREATED', 'CONFIRMED', 'SHIPPED'),
  'it is never confirmed': (runtime) => order(runtime, 'CREATED'),
} satisfies Record<string, Scenario<typeof purchaseOrder>>
