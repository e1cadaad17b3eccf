/**
 * The programs whose executions stand in the golden databases.
 *
 * Never to be changed: what is stored in `database/` was made by them, and users' programs do not change with a new version
 * of this package either. A new kind of thing to store gets a program of its own, and a new file.
 */
import { assign, fromPromise, sendTo, setup, type ActorRefFrom } from 'xstate'
import { defineEntryPoint, fromExecution, fromStep } from '../../src/index.js'

/** What the programs ask of the world. */
export interface World {
  charge(order: string, idempotencyKey: string): Promise<string>
  refund(order: string): Promise<string>
  errand(what: string, signal: AbortSignal): Promise<string>
  notify(to: string, order: string): void
}

/** What an order is made of. */
export interface OrderInput {
  readonly order: string
  readonly placed: Date
  readonly lines: ReadonlyMap<string, { readonly amount: bigint; readonly due: Date }>
}

const minute = 60_000
const hour = 60 * minute
const day = 24 * hour

const packer = setup({
  types: { input: {} as { lines: number }, context: {} as { lines: number }, output: {} as { lines: number; by: string } },
}).createMachine({
  id: 'packer',
  context: ({ input }) => ({ lines: input.lines }),
  initial: 'picking',
  states: { picking: { after: { [hour]: 'packed' } }, packed: { type: 'final' } },
  output: ({ context }) => ({ lines: context.lines, by: 'packer' }),
})

const clerk = setup({ types: { context: {} as { remarks: number }, events: {} as { type: 'REMARK' } } }).createMachine({
  id: 'clerk',
  context: { remarks: 0 },
  on: { REMARK: { actions: assign({ remarks: ({ context }) => context.remarks + 1 }) } },
})

interface OrderContext extends OrderInput {
  readonly clerk: ActorRefFrom<typeof clerk>
  readonly notes: readonly string[]
  readonly receipt?: string
  readonly packed?: { readonly lines: number; readonly by: string }
}

/** Nested and parallel states, history, a step, a child machine with a timer, timers, actions, an actor ref. */
function orderProgram(world: World) {
  return setup({
    types: {
      input: {} as OrderInput,
      context: {} as OrderContext,
      events: {} as { type: 'NOTE'; text: string } | { type: 'HOLD' | 'UNHOLD' | 'APPROVE' | 'COMPENSATE' },
      output: {} as Omit<OrderContext, 'clerk'> & { remarks: number },
    },
    actors: {
      packer,
      clerk,
      charge: fromStep(({ input, idempotencyKey }: { input: string; idempotencyKey: string }) =>
        world.charge(input, idempotencyKey),
      ),
      refund: fromPromise(({ input }: { input: string }) => world.refund(input)),
    },
    actions: { notify: ({ context }, { to }: { to: string }) => world.notify(to, context.order) },
  }).createMachine({
    id: 'golden-order',
    context: ({ input, spawn }) => ({ ...input, notes: [], clerk: spawn('clerk', { id: 'clerk', systemId: 'clerk' }) }),
    initial: 'open',
    on: {
      NOTE: {
        actions: [assign({ notes: ({ context, event }) => [...context.notes, event.text] }), sendTo('clerk', { type: 'REMARK' })],
      },
      COMPENSATE: '.refunding',
    },
    states: {
      open: {
        initial: 'work',
        after: { [7 * day]: 'expired' },
        on: { HOLD: 'onHold' },
        states: {
          work: {
            type: 'parallel',
            onDone: 'approval',
            states: {
              money: {
                initial: 'charging',
                states: {
                  charging: {
                    invoke: {
                      id: 'charge',
                      src: 'charge',
                      input: ({ context }) => context.order,
                      onDone: {
                        target: 'paid',
                        actions: [assign({ receipt: ({ event }) => event.output }), { type: 'notify', params: { to: 'buyer' } }],
                      },
                    },
                  },
                  paid: { type: 'final' },
                },
              },
              goods: {
                initial: 'ordering',
                states: {
                  ordering: {
                    invoke: {
                      id: 'packer',
                      src: 'packer',
                      input: ({ context }) => ({ lines: context.lines.size }),
                      onDone: { target: 'ready', actions: assign({ packed: ({ event }) => event.output }) },
                    },
                  },
                  ready: { type: 'final' },
                },
              },
            },
          },
          approval: { on: { APPROVE: '#golden-order.shipped' } },
          before: { type: 'history', history: 'deep' },
        },
      },
      onHold: { on: { UNHOLD: 'open.before' } },
      shipped: { type: 'final', entry: { type: 'notify', params: { to: 'courier' } } },
      expired: { type: 'final' },
      refunding: { invoke: { id: 'refund', src: 'refund', input: ({ context }) => context.order, onDone: 'refunded' } },
      refunded: { type: 'final' },
    },
    output: ({ context: { clerk: ref, ...rest } }) => ({ ...rest, remarks: ref.getSnapshot().context.remarks }),
  })
}

/** A promise and nothing else. */
function errandProgram(world: World) {
  return fromPromise(async ({ input, signal }: { input: string; signal: AbortSignal }) => ({
    done: await world.errand(input, signal),
    on: new Date(Date.UTC(2026, 0, 2)),
    words: new Set(input.split(' ')),
  }))
}

/** Every way in that the golden databases have executions of. */
export function goldenEntryPoints(world: World) {
  const order = orderProgram(world)
  const errand = errandProgram(world)
  const asleep = { passivateAfter: minute, cancelTimeout: 10 * minute }
  return [
    defineEntryPoint({ id: 'orders', version: '3', program: order, ...asleep }),
    defineEntryPoint({ id: 'refundable', program: order, cancelEvent: { type: 'COMPENSATE' }, ...asleep }),
    defineEntryPoint({
      id: 'retried',
      program: order,
      retry: { maxAttempts: 3, backoff: { initial: 2 * hour, max: 2 * hour, jitter: 'none' } },
      ...asleep,
    }),
    defineEntryPoint({ id: 'kept', program: order, checkpoints: 8, ...asleep }),
    defineEntryPoint({ id: 'errands', program: errand }),
    defineEntryPoint({ id: 'narrow', program: errand, maxConcurrent: 1, maxQueued: 1, overflow: 'drop_oldest' }),
    defineEntryPoint({ id: 'sent-on', program: fromExecution<unknown, string>('errands') }),
    defineEntryPoint({ id: 'shelf', program: errand }),
  ] as const
}
