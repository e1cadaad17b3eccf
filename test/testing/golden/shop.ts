/**
 * The entry point whose golden files are committed. Owns: its first version, which is never changed again; the second, into
 * which executions of the first go on; and the scenarios that lead through them.
 */
import { assign, fromPromise, raise, setup } from 'xstate'
import { z } from 'zod'
import { defineEntryPoint, fromStep } from '../../../src/index.js'
import { hangs, type Scenario } from '../../../src/testing/index.js'

interface ShopContext {
  readonly ordered: Date
  readonly prices: Map<string, bigint>
  readonly problem?: unknown
}

type ShopEvent =
  | { type: 'PAY' }
  | { type: 'LOSE' }
  | { type: 'HOLD' }
  | { type: 'UNHOLD' }
  | { type: 'ARRIVE' }
  | { type: 'REMIND' }
  | { type: 'WRAP' }

const parcel = setup({}).createMachine({
  id: 'parcel',
  initial: 'packing',
  states: { packing: { after: { 60_000: 'ready' } }, ready: {} },
})

const actors = {
  charge: fromStep(async ({ input }: { input: { amount: bigint } }) => `${input.amount} charged`),
  trace: fromPromise(async () => {
    throw new Error('no trace of it')
  }),
  parcel,
}
const actions = { tell: (_: object, { to }: { to: string }) => void to }
const types = { context: {} as ShopContext, events: {} as ShopEvent }

const context = () => ({ ordered: new Date('2026-01-01T10:00:00Z'), prices: new Map([['a book', 20n]]) })
const input = ({ context: { prices } }: { context: ShopContext }) => ({ amount: prices.get('a book') ?? 0n })

const first = setup({ types, actors, actions }).createMachine({
  id: 'shop',
  context,
  initial: 'open',
  states: {
    open: {
      entry: raise({ type: 'REMIND' }, { delay: 3_600_000 }),
      on: { PAY: 'paying', REMIND: { actions: { type: 'tell', params: { to: 'the customer' } } } },
    },
    paying: { invoke: { id: 'charge', src: 'charge', input, onDone: 'delivery' } },
    delivery: {
      type: 'parallel',
      on: { HOLD: 'held', ARRIVE: 'arrived' },
      states: {
        goods: {
          initial: 'here',
          states: {
            here: { on: { LOSE: 'lost' } },
            lost: {
              invoke: {
                id: 'trace',
                src: 'trace',
                onError: { target: 'here', actions: assign({ problem: ({ event }) => event.error }) },
              },
            },
          },
        },
        box: { invoke: { id: 'parcel', src: 'parcel' } },
        back: { type: 'history', history: 'deep' },
      },
    },
    held: {
      entry: { type: 'tell', params: { to: 'the customer' } },
      after: { 86_400_000: 'arrived' },
      on: { UNHOLD: 'delivery.back' },
    },
    arrived: { type: 'final' },
  },
})

const schema = z.object({ ordered: z.date(), prices: z.map(z.string(), z.bigint()), problem: z.instanceof(Error).optional() })

/** `open` is `basket` now, its event has another name, and charging comes in two steps. */
const { open: _open, ...common } = first.config.states ?? {}
const second = setup({ types, actors, actions, schemas: { context: schema } }).createMachine({
  id: 'shop',
  context,
  initial: 'basket',
  states: {
    ...(common as Record<'paying' | 'delivery' | 'held' | 'arrived', object>),
    basket: {
      entry: raise({ type: 'REMIND' }, { delay: 3_600_000 }),
      on: { PAY: 'wrapping', REMIND: { actions: { type: 'tell', params: { to: 'the customer' } } } },
    },
    wrapping: { on: { WRAP: 'paying' } },
  },
})

/** The first version; its file is never written again. */
export const shop1 = defineEntryPoint({ id: 'shop', program: first, version: '1' })

/** The second version. */
export const shop2 = defineEntryPoint({
  id: 'shop',
  program: second,
  version: '2',
  migrate: (snapshot) => (snapshot.value === 'open' ? { ...snapshot, value: 'basket' } : snapshot),
})

/** Through every state. */
export const scenarios: readonly Scenario<typeof shop1>[] = [
  async (world) => {
    world.mock('charge', ({ input: { amount } }) => `${amount} charged`)
    const order = await world.trigger('shop')
    await world.advance(3_600_000)
    await order.send({ type: 'PAY' })
    await order.send({ type: 'WRAP' })
    await world.advance(60_000)
    await order.send({ type: 'LOSE' })
    await order.send({ type: 'HOLD' })
    await order.send({ type: 'UNHOLD' })
    await order.send({ type: 'ARRIVE' })
  },
  async (world) => {
    world.mock('charge', hangs())
    const order = await world.trigger('shop')
    await order.send({ type: 'PAY' })
  },
]
