/**
 * The program that the crash tests kill: steps, a parallel region, a child machine with a timer, a named action, an approval.
 *
 * Its output depends on its input alone, so that a run that was killed can be held against one that was not.
 */
import { createHash } from 'node:crypto'
import { assign, setup } from 'xstate'
import { fromStep } from '../../../src/index.js'
import type { StepLog } from './step-log.js'

/** What an order is triggered with. */
export interface OrderInput {
  readonly n: number
}

/** What an order ends with. */
export interface OrderOutput {
  readonly n: number
  readonly charged: string
  readonly packed: string
  readonly label: string
  readonly shipped: string
  readonly approvedBy: string
}

type OrderContext = { -readonly [Name in keyof OrderOutput]: OrderOutput[Name] }

/** How long the label takes to dry, in ms: the timer of the child machine. */
const DRYING = 15

const result = (step: string, n: number) => createHash('sha256').update(`${step} ${n}`).digest('hex').slice(0, 8)

/** What order `n` ends with, whatever happens on the way. */
export function orderOutput(n: number): OrderOutput {
  const [charged = '', packed = '', label = '', shipped = ''] = ['charge', 'pack', 'print', 'ship'].map((step) => result(step, n))
  return { n, charged, packed, label, shipped, approvedBy: 'the crash test' }
}

/** How many lines of the log an order takes: its steps and its action. */
export const LINES_OF_AN_ORDER = 5

/** Makes the machine; each start of a step and each run of the action is one line of `log`. `gate` may hold up a step. */
export function orderMachine(log: StepLog, gate: (step: string) => Promise<void>) {
  const step = (name: string) =>
    fromStep<string, OrderInput>(async ({ input, idempotencyKey }) => {
      log.append({ kind: 'step', key: idempotencyKey, name, n: input.n })
      await gate(name)
      return result(name, input.n)
    })

  const labeller = setup({
    types: { context: {} as { n: number; label: string }, input: {} as OrderInput, output: {} as string },
    actors: { print: step('print') },
  }).createMachine({
    id: 'labeller',
    context: ({ input }) => ({ n: input.n, label: '' }),
    initial: 'drying',
    states: {
      drying: { after: { [DRYING]: 'printing' } },
      printing: {
        invoke: {
          src: 'print',
          input: ({ context }) => ({ n: context.n }),
          onDone: { target: 'printed', actions: assign({ label: ({ event }) => event.output }) },
        },
      },
      printed: { type: 'final' },
    },
    output: ({ context }) => context.label,
  })

  return setup({
    types: {
      context: {} as OrderContext,
      input: {} as OrderInput,
      output: {} as OrderOutput,
      events: {} as { type: 'APPROVE'; by: string },
    },
    actors: { charge: step('charge'), pack: step('pack'), ship: step('ship'), labeller },
    actions: {
      audit: (_, { n }: { n: number }) => log.append({ kind: 'action', key: `audit ${n}`, name: 'audit', n }),
    },
  }).createMachine({
    id: 'order',
    context: ({ input }) => ({ n: input.n, charged: '', packed: '', label: '', shipped: '', approvedBy: '' }),
    initial: 'charging',
    states: {
      charging: {
        invoke: {
          src: 'charge',
          input: ({ context }) => ({ n: context.n }),
          onDone: { target: 'preparing', actions: assign({ charged: ({ event }) => event.output }) },
        },
      },
      preparing: {
        type: 'parallel',
        states: {
          parcel: {
            initial: 'packing',
            states: {
              packing: {
                invoke: {
                  src: 'pack',
                  input: ({ context }) => ({ n: context.n }),
                  onDone: { target: 'packed', actions: assign({ packed: ({ event }) => event.output }) },
                },
              },
              packed: { type: 'final' },
            },
          },
          label: {
            initial: 'making',
            states: {
              making: {
                invoke: {
                  src: 'labeller',
                  input: ({ context }) => ({ n: context.n }),
                  onDone: { target: 'made', actions: assign({ label: ({ event }) => event.output }) },
                },
              },
              made: { type: 'final' },
            },
          },
        },
        onDone: 'approval',
      },
      approval: {
        on: {
          APPROVE: {
            target: 'shipping',
            actions: [
              assign({ approvedBy: ({ event }) => event.by }),
              { type: 'audit', params: ({ context }) => ({ n: context.n }) },
            ],
          },
        },
      },
      shipping: {
        invoke: {
          src: 'ship',
          input: ({ context }) => ({ n: context.n }),
          onDone: { target: 'done', actions: assign({ shipped: ({ event }) => event.output }) },
        },
      },
      done: { type: 'final' },
    },
    output: ({ context }) => context,
  })
}
