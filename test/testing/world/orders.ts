/** A machine for the tests of the kit: an order that is approved, charged and mailed. Owns nothing else. */
import { assign, fromPromise, setup } from 'xstate'
import { defineEntryPoint, fromStep } from '../../../src/index.js'

const mailing = setup({
  types: { input: {} as string },
  actors: { send: fromPromise<string, string>(({ input }) => Promise.resolve(`${input} sent`)) },
}).createMachine({
  id: 'mailing',
  context: ({ input }) => ({ receipt: input }),
  initial: 'sending',
  states: {
    sending: { invoke: { src: 'send', input: ({ context }) => context.receipt as string, onDone: 'sent' } },
    sent: { type: 'final' },
  },
})

/** What the real step throws: it is mocked in every test that comes to it. */
export const unmocked = 'the real bank was called'

export const orderMachine = setup({
  types: {
    input: {} as { amount: number },
    context: {} as { amount: number; receipt: string; error: string },
    events: {} as { type: 'APPROVE'; by?: string } | { type: 'NOTE' },
    output: {} as string,
    emitted: {} as { type: 'charged'; amount: number },
  },
  actors: {
    charge: fromStep<string, number>(() => Promise.reject(new Error(unmocked)), {
      retry: { maxAttempts: 3, backoff: { initial: 1_000, jitter: 'none' } },
    }),
    mailing,
  },
  actions: { note: () => undefined },
}).createMachine({
  id: 'order',
  context: ({ input }) => ({ ...input, receipt: '', error: '' }),
  initial: 'approval',
  states: {
    approval: { on: { APPROVE: 'charging' }, after: { 86_400_000: 'expired' } },
    charging: {
      invoke: {
        src: 'charge',
        input: ({ context }) => context.amount,
        onDone: { target: 'mailing', actions: [assign({ receipt: ({ event }) => event.output }), 'note'] },
        onError: { target: 'failed', actions: assign({ error: ({ event }) => (event.error as Error).message }) },
      },
    },
    mailing: { invoke: { src: 'mailing', input: ({ context }) => context.receipt, onDone: 'paid' } },
    paid: { type: 'final' },
    failed: { type: 'final' },
    expired: { type: 'final' },
  },
  output: ({ context }) => context.receipt || context.error,
})

export const orders = defineEntryPoint({ id: 'orders', program: orderMachine })
