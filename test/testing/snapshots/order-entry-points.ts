/** Entry points for the tests of snapshots. Owns: an order that waits for its approval, charges and ships, and a few that are shaped otherwise. */
import { assign, emit, fromPromise, sendTo, setup } from 'xstate'
import { defineEntryPoint, fromExecution, fromStep } from '../../../src/index.js'

const reminder = setup({
  types: { context: {} as { sent: number }, events: {} as { type: 'REMIND' } },
}).createMachine({
  id: 'reminder',
  context: { sent: 0 },
  initial: 'idle',
  states: {
    idle: { on: { REMIND: { target: 'sent', actions: assign({ sent: ({ context }) => context.sent + 1 }) } } },
    sent: { after: { 60_000: 'idle' } },
  },
})

const order = setup({
  types: {
    input: {} as { amount: number },
    context: {} as { amount: number; receipt: string; notes: string[] },
    events: {} as { type: 'APPROVE' } | { type: 'NOTE'; text: string },
    emitted: {} as { type: 'APPROVED'; amount: number } | { type: 'SHIPPED' },
    output: {} as { receipt: string },
  },
  actors: {
    charge: fromStep(({ input, idempotencyKey }: { input: { amount: number }; idempotencyKey: string }) => {
      return `${input.amount} charged as ${idempotencyKey}`
    }),
    ship: fromPromise(() => Promise.resolve()),
    reminder,
  },
  delays: { patience: 3_600_000 },
}).createMachine({
  id: 'order',
  context: ({ input }) => ({ amount: input.amount, receipt: '', notes: [] }),
  initial: 'approval',
  on: { NOTE: { actions: assign({ notes: ({ context, event }) => [...context.notes, event.text] }) } },
  states: {
    approval: {
      invoke: { src: 'reminder', id: 'reminder' },
      entry: sendTo('reminder', { type: 'REMIND' }, { delay: 600_000, id: 'first' }),
      on: { APPROVE: { target: 'charging', actions: emit(({ context }) => ({ type: 'APPROVED', amount: context.amount })) } },
      after: { patience: 'expired' },
    },
    charging: {
      invoke: {
        src: 'charge',
        input: ({ context }) => ({ amount: context.amount }),
        onDone: { target: 'shipping', actions: assign({ receipt: ({ event }) => event.output }) },
      },
    },
    shipping: { invoke: { src: 'ship', onDone: { target: 'shipped', actions: emit({ type: 'SHIPPED' }) } } },
    shipped: { type: 'final' },
    expired: { type: 'final' },
  },
  output: ({ context }) => ({ receipt: context.receipt }),
})

/** One that waits for its approval. */
export const orders = defineEntryPoint({ id: 'orders', program: order })

/** A step and nothing else. */
export const payments = defineEntryPoint({ id: 'payments', program: fromStep(({ input }) => `${String(input)} paid`) })

/** Starts a payment, and counts hours meanwhile. */
export const carts = defineEntryPoint({
  id: 'carts',
  program: setup({ actors: { pay: fromExecution<string, number>('payments') } }).createMachine({
    id: 'cart',
    type: 'parallel',
    states: {
      wallet: { initial: 'paying', states: { paying: { invoke: { src: 'pay', input: 7, onDone: 'paid' } }, paid: {} } },
      clock: { initial: 'ticking', states: { ticking: { after: { 3_600_000: 'late' } }, late: {} } },
    },
  }),
})
