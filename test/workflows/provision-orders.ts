/**
 * Provisioning orders, after the description of the Serverless Workflow specification 0.8 (examples/provision-orders):
 * an order is provisioned and then applied, a subflow; the service throws if the order has no id, no item or no
 * quantity, and each of these errors is handled by a subflow of its own.
 *
 * Owns: the machine, its children, its entry point and its scenarios.
 */
import { assign, setup } from 'xstate'
import { defineEntryPoint } from '../../src/index.js'
import type { Scenario } from '../../src/testing/explore/scenario.js'
import type { TestRuntime } from '../../src/testing/world/test-runtime.js'
import { Ledger } from './ledger.js'
import { service } from './service.js'

interface Order {
  readonly id?: string
  readonly item?: string
  readonly quantity?: number
}

type Missing = 'id' | 'item' | 'quantity'

/** Holds the order, and asks the customer for what is missing. */
const exceptionMachine = setup({
  types: {
    input: {} as { order: Order; missing: Missing },
    context: {} as { order: Order; missing: Missing; ticket: string },
    output: {} as { ticket: string },
  },
  actors: {
    openTicket: service<string, { order: Order; missing: Missing }>('tickets'),
    askCustomer: service<void, { ticket: string; missing: Missing }>('mail'),
  },
}).createMachine({
  id: 'exception',
  context: ({ input }) => ({ ...input, ticket: '' }),
  initial: 'opening',
  states: {
    opening: {
      invoke: {
        src: 'openTicket',
        input: ({ context: { order, missing } }) => ({ order, missing }),
        onDone: { target: 'asking', actions: assign({ ticket: ({ event }) => event.output }) },
      },
    },
    asking: {
      invoke: { src: 'askCustomer', input: ({ context: { ticket, missing } }) => ({ ticket, missing }), onDone: 'asked' },
    },
    asked: { type: 'final' },
  },
  output: ({ context }) => ({ ticket: context.ticket }),
})

/** Takes a provisioned order out of stock and sends it. */
const applyOrderMachine = setup({
  types: { input: {} as { order: Order }, context: {} as { order: Order; parcel: string }, output: {} as { parcel: string } },
  actors: { takeFromStock: service<void, Order>('stock'), dispatch: service<string, Order>('carrier') },
  delays: { nextRound: 3_600_000 },
}).createMachine({
  id: 'applyOrder',
  context: ({ input }) => ({ order: input.order, parcel: '' }),
  initial: 'taking',
  states: {
    taking: { invoke: { src: 'takeFromStock', input: ({ context }) => context.order, onDone: 'waitingForCarrier' } },
    waitingForCarrier: { after: { nextRound: 'dispatching' } },
    dispatching: {
      invoke: {
        src: 'dispatch',
        input: ({ context }) => context.order,
        onDone: { target: 'applied', actions: assign({ parcel: ({ event }) => event.output }) },
      },
    },
    applied: { type: 'final' },
  },
  output: ({ context }) => ({ parcel: context.parcel }),
})

const says = (error: unknown, code: string) => (error as { code?: string }).code === code

const provisionOrdersMachine = setup({
  types: {
    input: {} as { order: Order },
    context: {} as { order: Order; result: string },
    output: {} as { result: string },
  },
  actors: {
    provision: service<Order, Order>('provisioning'),
    applyOrder: applyOrderMachine,
    handleMissingId: exceptionMachine,
    handleMissingItem: exceptionMachine,
    handleMissingQuantity: exceptionMachine,
  },
}).createMachine({
  id: 'provisionOrders',
  context: ({ input }) => ({ order: input.order, result: '' }),
  initial: 'provisioning',
  states: {
    provisioning: {
      invoke: {
        src: 'provision',
        input: ({ context }) => context.order,
        onDone: { target: 'applying', actions: assign({ order: ({ event }) => event.output }) },
        onError: [
          { guard: ({ event }) => says(event.error, 'missing_order_id'), target: 'missingId' },
          { guard: ({ event }) => says(event.error, 'missing_order_item'), target: 'missingItem' },
          { guard: ({ event }) => says(event.error, 'missing_order_quantity'), target: 'missingQuantity' },
          { target: 'refused', actions: assign({ result: ({ event }) => (event.error as Error).message }) },
        ],
      },
    },
    applying: {
      invoke: {
        src: 'applyOrder',
        input: ({ context }) => ({ order: context.order }),
        onDone: { target: 'applied', actions: assign({ result: ({ event }) => event.output.parcel }) },
      },
    },
    missingId: {
      invoke: {
        src: 'handleMissingId',
        input: ({ context }) => ({ order: context.order, missing: 'id' as const }),
        onDone: { target: 'handled', actions: assign({ result: ({ event }) => event.output.ticket }) },
      },
    },
    missingItem: {
      invoke: {
        src: 'handleMissingItem',
        input: ({ context }) => ({ order: context.order, missing: 'item' as const }),
        onDone: { target: 'handled', actions: assign({ result: ({ event }) => event.output.ticket }) },
      },
    },
    missingQuantity: {
      invoke: {
        src: 'handleMissingQuantity',
        input: ({ context }) => ({ order: context.order, missing: 'quantity' as const }),
        onDone: { target: 'handled', actions: assign({ result: ({ event }) => event.output.ticket }) },
      },
    },
    applied: { type: 'final' },
    handled: { type: 'final' },
    refused: { type: 'final' },
  },
  output: ({ context }) => ({ result: context.result }),
})

/** The order book. */
export const provisionOrders = defineEntryPoint({ id: 'provision-orders', program: provisionOrdersMachine })

const refusal = (code: string) => Object.assign(new Error(code.replaceAll('_', ' ')), { code })

function checked(order: Order): Order {
  if (order.id === undefined) throw refusal('missing_order_id')
  if (order.item === undefined) throw refusal('missing_order_item')
  if (order.quantity === undefined) throw refusal('missing_order_quantity')
  if (order.quantity > 100) throw refusal('too_many')
  return order
}

async function provision(runtime: TestRuntime<readonly [typeof provisionOrders]>, order: Order) {
  const ledger = new Ledger()
  runtime.mock('provision', ({ input }) => checked(input))
  runtime.mock('takeFromStock', ({ input, idempotencyKey }) => void ledger.record(idempotencyKey, `${input.item} taken`))
  runtime.mock('dispatch', ({ input, idempotencyKey }) => ledger.record(idempotencyKey, `parcel ${input.id}`))
  runtime.mock('openTicket', ({ input, idempotencyKey }) => ledger.record(idempotencyKey, `ticket: no ${input.missing}`))
  runtime.mock('askCustomer', ({ input, idempotencyKey }) => void ledger.record(idempotencyKey, `asked for ${input.missing}`))
  await runtime.trigger('provision-orders', { order })
  await runtime.runToIdle()
  return ledger.effects
}

/** What orders there are, by name. */
export const provisionOrdersScenarios = {
  'the order is whole': (runtime) => provision(runtime, { id: 'o-1', item: 'lamp', quantity: 2 }),
  'the order has no id': (runtime) => provision(runtime, { item: 'lamp', quantity: 2 }),
  'the order has no item': (runtime) => provision(runtime, { id: 'o-1', quantity: 2 }),
  'the order has no quantity': (runtime) => provision(runtime, { id: 'o-1', item: 'lamp' }),
  'the order is refused for another reason': (runtime) => provision(runtime, { id: 'o-1', item: 'lamp', quantity: 200 }),
} satisfies Record<string, Scenario<typeof provisionOrders>>
