/**
 * Fulfilling an order, with compensation: a sound machine with a parallel region, a spawned courier that is talked to
 * both ways, a step that is retried, and a way back that depends on how far it came; also what a cancel event asks for.
 *
 * reserving → charging → preparing (packing ∥ invoicing) → handingOver → underway → delivered
 * ⤷ refunding, if it was charged → releasing → undone
 */
import { assign, emit, sendParent, sendTo, setup, spawnChild, stopChild } from 'xstate'
import { defineEntryPoint } from '../../../src/index.js'
import type { Scenario } from '../../../src/testing/explore/scenario.js'
import type { TestRuntime } from '../../../src/testing/world/test-runtime.js'
import { Ledger } from '../ledger.js'
import { service } from '../service.js'

const hour = 3_600_000

interface Order {
  readonly id: string
  readonly amount: number
  readonly distance: number
}

/** Collects a parcel when told to, and tells its parent where it is. */
const courierMachine = setup({
  types: {
    input: {} as { distance: number },
    context: {} as { distance: number },
    events: {} as { type: 'COLLECT'; parcel: string },
  },
  delays: { round: 2 * hour, way: ({ context }) => context.distance * hour },
}).createMachine({
  id: 'courier',
  context: ({ input }) => input,
  initial: 'idle',
  states: {
    idle: { on: { COLLECT: 'coming' } },
    coming: { after: { round: 'driving' } },
    driving: {
      entry: sendParent({ type: 'COLLECTED' }),
      after: { way: 'there' },
    },
    there: { entry: sendParent({ type: 'DELIVERED' }), type: 'final' },
  },
})

const orderMachine = setup({
  types: {
    input: {} as Order,
    context: {} as Order & { payment: string | null; parcel: string | null; invoice: string | null; trouble: string | null },
    events: {} as { type: 'COLLECTED' } | { type: 'DELIVERED' } | { type: 'CANCEL' },
    emitted: {} as { type: 'ORDER_UNDERWAY'; parcel: string | null } | { type: 'ORDER_UNDONE'; why: string | null },
    output: {} as { payment: string | null; parcel: string | null; invoice: string | null; trouble: string | null },
  },
  actors: {
    reserve: service<void, Order>('stock'),
    charge: service<string, Order>('bank', { retry: { maxAttempts: 3, backoff: { initial: 500 } } }),
    pack: service<string, string>('packing'),
    invoice: service<string, string>('books'),
    refund: service<void, string>('bank'),
    release: service<void, string>('stock'),
    courier: courierMachine,
  },
  delays: { patience: 48 * hour },
  guards: { isCharged: ({ context }) => context.payment !== null },
}).createMachine({
  id: 'orderFulfilment',
  context: ({ input }) => ({ ...input, payment: null, parcel: null, invoice: null, trouble: null }),
  initial: 'fulfilling',
  states: {
    fulfilling: {
      initial: 'reserving',
      entry: spawnChild('courier', { id: 'courier', input: ({ context }) => ({ distance: context.distance }) }),
      exit: stopChild('courier'),
      on: { CANCEL: { target: 'undoing', actions: assign({ trouble: 'cancelled' }) } },
      states: {
        reserving: {
          invoke: {
            src: 'reserve',
            input: ({ context: { id, amount, distance } }) => ({ id, amount, distance }),
            onDone: 'charging',
            onError: { target: '#undone', actions: assign({ trouble: 'out of stock' }) },
          },
        },
        charging: {
          invoke: {
            src: 'charge',
            input: ({ context: { id, amount, distance } }) => ({ id, amount, distance }),
            onDone: { target: 'preparing', actions: assign({ payment: ({ event }) => event.output }) },
            onError: {
              target: '#undoing',
              actions: assign({ trouble: ({ event }) => (event.error as Error).message }),
            },
          },
        },
        preparing: {
          type: 'parallel',
          onDone: 'handingOver',
          states: {
            packing: {
              initial: 'packing',
              states: {
                packing: {
                  invoke: {
                    src: 'pack',
                    input: ({ context }) => context.id,
                    onDone: { target: 'packed', actions: assign({ parcel: ({ event }) => event.output }) },
                    onError: { target: '#undoing', actions: assign({ trouble: 'broken' }) },
                  },
                },
                packed: { type: 'final' },
              },
            },
            books: {
              initial: 'invoicing',
              states: {
                invoicing: {
                  invoke: {
                    src: 'invoice',
                    input: ({ context }) => context.id,
                    onDone: { target: 'invoiced', actions: assign({ invoice: ({ event }) => event.output }) },
                  },
                },
                invoiced: { type: 'final' },
              },
            },
          },
        },
        handingOver: {
          entry: sendTo('courier', ({ context }) => ({ type: 'COLLECT', parcel: String(context.parcel) })),
          on: { COLLECTED: 'underway' },
        },
        underway: {
          entry: emit(({ context }) => ({ type: 'ORDER_UNDERWAY', parcel: context.parcel })),
          on: { DELIVERED: '#delivered' },
          after: { patience: { target: '#undoing', actions: assign({ trouble: 'lost' }) } },
        },
      },
    },
    undoing: {
      id: 'undoing',
      initial: 'deciding',
      onDone: 'undone',
      states: {
        deciding: { always: [{ guard: 'isCharged', target: 'refunding' }, { target: 'releasing' }] },
        refunding: { invoke: { src: 'refund', input: ({ context }) => String(context.payment), onDone: 'releasing' } },
        releasing: { invoke: { src: 'release', input: ({ context }) => context.id, onDone: 'released' } },
        released: { type: 'final' },
      },
    },
    delivered: { id: 'delivered', type: 'final' },
    undone: { id: 'undone', type: 'final', entry: emit(({ context }) => ({ type: 'ORDER_UNDONE', why: context.trouble })) },
  },
  output: ({ context: { payment, parcel, invoice, trouble } }) => ({ payment, parcel, invoice, trouble }),
})

/** The shop; a cancel asks it to undo what was done. */
export const orderFulfilment = defineEntryPoint({
  id: 'order-fulfilment',
  program: orderMachine,
  cancelEvent: { type: 'CANCEL' },
})

async function order(runtime: TestRuntime<readonly [typeof orderFulfilment]>, { amount = 40, distance = 5, packs = true } = {}) {
  const ledger = new Ledger()
  runtime.mock('reserve', ({ input, idempotencyKey }) => void ledger.record(idempotencyKey, `${input.id} reserved`))
  runtime.mock('charge', ({ input, idempotencyKey, attempt }) => {
    if (input.amount > 1_000) throw new Error('no credit')
    if (attempt === 1) throw new Error('the bank is busy')
    return ledger.record(idempotencyKey, `${input.amount} charged`)
  })
  runtime.mock('pack', async ({ input, idempotencyKey, sleep }) => {
    await sleep(300)
    if (!packs) throw new Error('a cup broke')
    return ledger.record(idempotencyKey, `parcel ${input}`)
  })
  runtime.mock('invoice', ({ input, idempotencyKey }) => ledger.record(idempotencyKey, `invoice ${input}`))
  runtime.mock('refund', ({ input, idempotencyKey }) => void ledger.record(idempotencyKey, `${input}, given back`))
  runtime.mock('release', ({ input, idempotencyKey }) => void ledger.record(idempotencyKey, `${input} released`))
  await runtime.trigger('order-fulfilment', { id: 'o-1', amount, distance })
  await runtime.runToIdle()
  return ledger.effects
}

/** How it may go, by name. */
export const orderFulfilmentScenarios = {
  'the order is delivered': (runtime) => order(runtime),
  'the bank refuses': (runtime) => order(runtime, { amount: 5_000 }),
  'packing fails after the charge': (runtime) => order(runtime, { packs: false }),
  'the parcel is lost': (runtime) => order(runtime, { distance: 100 }),
} satisfies Record<string, Scenario<typeof orderFulfilment>>
