/** A program with everything an inspector draws: nested and parallel states, a step, a child machine, a delay, an event. */
import { assign, fromPromise, setup } from 'xstate'
import { defineEntryPoint, type ExecutionHandle } from '../../src/index.js'
import { eventually } from '../support/eventually.js'

const parcel = setup({}).createMachine({
  id: 'parcel',
  initial: 'packing',
  states: { packing: { after: { 5: 'packed' } }, packed: { type: 'final' } },
})

/** An order: it is paid by a step, packed by a child machine, and approved by an event. */
export const orderMachine = setup({
  types: {
    context: {} as { readonly amount: number; readonly receipt: string },
    events: {} as { readonly type: 'APPROVE' } | { readonly type: 'UNDO'; readonly secret: string },
    input: {} as { readonly amount: number },
    output: {} as { readonly receipt: string },
  },
  actors: { pay: fromPromise(({ input }: { input: number }) => Promise.resolve(`paid ${input}`)), parcel },
}).createMachine({
  id: 'order',
  context: ({ input }) => ({ amount: input.amount, receipt: '' }),
  initial: 'paying',
  output: ({ context }) => ({ receipt: context.receipt }),
  states: {
    paying: {
      invoke: {
        id: 'payment',
        src: 'pay',
        input: ({ context }) => context.amount,
        onDone: { target: 'shipping', actions: assign({ receipt: ({ event }) => event.output }) },
      },
    },
    shipping: {
      type: 'parallel',
      onDone: 'done',
      states: {
        parcel: {
          initial: 'open',
          states: { open: { invoke: { id: 'box', src: 'parcel', onDone: 'sent' } }, sent: { type: 'final' } },
        },
        approval: { initial: 'asked', states: { asked: { on: { APPROVE: 'given' } }, given: { type: 'final' } } },
      },
    },
    done: { type: 'final' },
  },
})

/** How orders are run here: whether a waiting one leaves memory at once, and how they are paid. */
export interface OrderOptions {
  readonly passivateAfter?: number
  readonly pay?: (amount: number) => Promise<string>
}

/** Their entry point, with a secret that nobody should see. */
export const ordersEntryPoint = ({ passivateAfter = 30_000, pay }: OrderOptions = {}) =>
  defineEntryPoint({
    id: 'orders',
    program: pay
      ? orderMachine.provide({ actors: { pay: fromPromise(({ input }: { input: number }) => pay(input)) } })
      : orderMachine,
    trigger: { type: 'api' },
    cancelEvent: { type: 'UNDO', secret: 's3cr3t-of-the-definition' },
    passivateAfter,
    // no event undoes an order: what a cancel waits for is the time to make it good
    cancelTimeout: 100,
  })

/** Approves an order, once it asks for that. */
export async function approve(order: ExecutionHandle<typeof orderMachine>): Promise<void> {
  await eventually('the order to ask for approval', async () => {
    const record = await order.get()
    return 'value' in record && typeof record.value === 'object' && record.value !== null && 'shipping' in record.value
  })
  await order.send({ type: 'APPROVE' })
}
