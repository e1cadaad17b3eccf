/**
 * Bids for a car, after the description of the Serverless Workflow specification 0.8 (examples/handle-car-auction-bids):
 * an auction opens at its time and closes two hours later; each bid made meanwhile is stored, one after the other; bids
 * before and after are not considered.
 *
 * Owns: the machine, its entry point and its scenarios.
 */
import { and, assign, not, setup, stateIn } from 'xstate'
import { defineEntryPoint } from '../../src/index.js'
import type { Scenario } from '../../src/testing/explore/scenario.js'
import type { TestRuntime } from '../../src/testing/world/test-runtime.js'
import { Ledger } from './ledger.js'
import { service } from './service.js'

interface Bid {
  readonly bidder: string
  readonly amount: number
}

const carAuctionMachine = setup({
  types: {
    input: {} as { car: string; opensIn: number },
    context: {} as { car: string; opensIn: number; waiting: readonly Bid[]; stored: readonly Bid[] },
    events: {} as { type: 'CAR_BID'; bid: Bid },
    output: {} as { car: string; bids: number; winner: Bid | null },
  },
  actors: { storeBid: service<string, { car: string; bid: Bid }>('auction house', { retry: { maxAttempts: 2 } }) },
  delays: { opening: ({ context }) => context.opensIn, twoHours: 2 * 3_600_000 },
  guards: {
    isOver: stateIn({ open: { clock: 'over' } }),
    hasBids: ({ context }) => context.waiting.length > 0,
  },
}).createMachine({
  id: 'carAuction',
  context: ({ input }) => ({ ...input, waiting: [], stored: [] }),
  initial: 'scheduled',
  states: {
    scheduled: { after: { opening: 'open' } },
    open: {
      type: 'parallel',
      states: {
        clock: {
          initial: 'running',
          states: {
            running: {
              on: { CAR_BID: { actions: assign({ waiting: ({ context, event }) => [...context.waiting, event.bid] }) } },
              after: { twoHours: 'over' },
            },
            over: { type: 'final' },
          },
        },
        desk: {
          initial: 'idle',
          states: {
            idle: {
              always: [
                { guard: 'hasBids', target: 'storing' },
                { guard: and(['isOver', not('hasBids')]), target: 'closed' },
              ],
            },
            storing: {
              invoke: {
                src: 'storeBid',
                input: ({ context }) => ({ car: context.car, bid: context.waiting[0] as Bid }),
                onDone: {
                  target: 'idle',
                  actions: assign(({ context: { waiting, stored } }) => ({
                    waiting: waiting.slice(1),
                    stored: [...stored, ...waiting.slice(0, 1)],
                  })),
                },
              },
            },
            closed: { type: 'final' },
          },
        },
      },
      onDone: 'closed',
    },
    closed: { type: 'final' },
  },
  output: ({ context: { car, stored } }) => ({
    car,
    bids: stored.length,
    winner: stored.reduce<Bid | null>((best, bid) => (best !== null && best.amount >= bid.amount ? best : bid), null),
  }),
})

/** The auction house. */
export const carAuctionBids = defineEntryPoint({ id: 'car-auction-bids', program: carAuctionMachine })

async function announce(runtime: TestRuntime<readonly [typeof carAuctionBids]>) {
  const ledger = new Ledger()
  runtime.mock('storeBid', async ({ input: { bid }, idempotencyKey, attempt, sleep }) => {
    await sleep(500)
    if (bid.amount === 7_000 && attempt === 1) throw new Error('the auction house is busy')
    return ledger.record(idempotencyKey, `${bid.bidder} bids ${bid.amount}`)
  })
  return { ledger, auction: await runtime.trigger('car-auction-bids', { car: 'beetle', opensIn: 3_600_000 }) }
}

/** How an auction may go, by name. */
export const carAuctionBidsScenarios = {
  'bids come before, while and after it is open': async (runtime) => {
    const { ledger, auction } = await announce(runtime)
    await auction.send({ type: 'CAR_BID', bid: { bidder: 'early', amount: 9_000 } })
    await runtime.advance(3_600_000)
    await auction.send({ type: 'CAR_BID', bid: { bidder: 'ann', amount: 5_000 } })
    await auction.send({ type: 'CAR_BID', bid: { bidder: 'bob', amount: 7_000 } })
    await runtime.advance(2 * 3_600_000)
    await auction.send({ type: 'CAR_BID', bid: { bidder: 'late', amount: 9_000 } })
    await runtime.runToIdle()
    return ledger.effects
  },
  'nobody bids': async (runtime) => {
    const { ledger } = await announce(runtime)
    await runtime.runToIdle()
    return ledger.effects
  },
} satisfies Record<string, Scenario<typeof carAuctionBids>>
