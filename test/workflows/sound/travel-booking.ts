/**
 * Booking a journey: a sound machine that invokes one child machine under three names at the same time, waits for a
 * person with a time limit, gives back in reverse what it held, and remembers by a shallow history where it was asked.
 *
 * searching → holding (flight ∥ hotel ∥ car) → confirming, which may be put aside → paying → ticketing → booked
 * ⤷ givingBack (car, hotel, flight: each if it was held) → givenUp
 */
import { assign, emit, setup } from 'xstate'
import { defineEntryPoint } from '../../../src/index.js'
import type { Scenario } from '../../../src/testing/explore/scenario.js'
import type { TestRuntime } from '../../../src/testing/world/test-runtime.js'
import { Ledger } from '../ledger.js'
import { service } from '../service.js'

const hour = 3_600_000

type Part = 'flight' | 'hotel' | 'car'

/** Asks for an offer and holds it; fails if there is none. */
const reservationMachine = setup({
  types: {
    input: {} as { part: Part; to: string },
    context: {} as { part: Part; to: string; offer: string; code: string },
    output: {} as string,
  },
  actors: {
    offer: service<string, { part: Part; to: string }>('market', { retry: { maxAttempts: 2, backoff: { initial: 100 } } }),
    hold: service<string, string>('market'),
  },
  delays: { courtesy: 1_000 },
}).createMachine({
  id: 'reservation',
  context: ({ input }) => ({ ...input, offer: '', code: '' }),
  initial: 'asking',
  states: {
    asking: {
      invoke: {
        src: 'offer',
        input: ({ context: { part, to } }) => ({ part, to }),
        onDone: { target: 'considering', actions: assign({ offer: ({ event }) => event.output }) },
      },
    },
    considering: { after: { courtesy: 'holding' } },
    holding: {
      invoke: {
        src: 'hold',
        input: ({ context }) => context.offer,
        onDone: { target: 'held', actions: assign({ code: ({ event }) => event.output }) },
      },
    },
    held: { type: 'final' },
  },
  output: ({ context }) => context.code,
})

const travelMachine = setup({
  types: {
    input: {} as { to: string },
    context: {} as { to: string; flight: string | null; hotel: string | null; car: string | null; tickets: string | null },
    events: {} as { type: 'CONFIRM' } | { type: 'PUT_ASIDE' } | { type: 'LOOK_AGAIN' } | { type: 'CALL_OFF' },
    emitted: {} as { type: 'PLEASE_CONFIRM'; to: string } | { type: 'GIVEN_BACK'; code: string | null },
    output: {} as { to: string; tickets: string | null; held: readonly (string | null)[] },
    tags: {} as 'asking',
  },
  actors: {
    search: service<boolean, string>('atlas'),
    flight: reservationMachine,
    hotel: reservationMachine,
    car: reservationMachine,
    pay: service<void, string>('bank', { retry: { maxAttempts: 3, backoff: { initial: 1_000 } } }),
    ticket: service<string, string>('airline'),
    giveBack: service<void, string>('market'),
  },
  actions: { tell: (_, _params: { text: string }) => undefined },
  delays: { limit: 24 * hour, nudge: 6 * hour },
}).createMachine({
  id: 'travel',
  context: ({ input }) => ({ to: input.to, flight: null, hotel: null, car: null, tickets: null }),
  initial: 'searching',
  states: {
    searching: {
      invoke: {
        src: 'search',
        input: ({ context }) => context.to,
        onDone: [{ guard: ({ event }) => event.output, target: 'holding' }, { target: 'givenUp' }],
      },
    },
    holding: {
      type: 'parallel',
      onDone: 'confirming',
      states: {
        air: {
          initial: 'reserving',
          states: {
            reserving: {
              invoke: {
                src: 'flight',
                input: ({ context }) => ({ part: 'flight' as const, to: context.to }),
                onDone: { target: 'held', actions: assign({ flight: ({ event }) => event.output }) },
                onError: '#travel.givingBack',
              },
            },
            held: { type: 'final' },
          },
        },
        stay: {
          initial: 'reserving',
          states: {
            reserving: {
              invoke: {
                src: 'hotel',
                input: ({ context }) => ({ part: 'hotel' as const, to: context.to }),
                onDone: { target: 'held', actions: assign({ hotel: ({ event }) => event.output }) },
                onError: '#travel.givingBack',
              },
            },
            held: { type: 'final' },
          },
        },
        road: {
          initial: 'reserving',
          states: {
            reserving: {
              invoke: {
                src: 'car',
                input: ({ context }) => ({ part: 'car' as const, to: context.to }),
                onDone: { target: 'held', actions: assign({ car: ({ event }) => event.output }) },
                // one may go by bus
                onError: 'held',
              },
            },
            held: { type: 'final' },
          },
        },
      },
    },
    confirming: {
      initial: 'asked',
      on: { CONFIRM: 'paying', CALL_OFF: 'givingBack', PUT_ASIDE: 'aside' },
      after: { limit: 'givingBack' },
      states: {
        where: { type: 'history' },
        asked: {
          tags: 'asking',
          entry: emit(({ context }) => ({ type: 'PLEASE_CONFIRM', to: context.to })),
          after: { nudge: 'nudged' },
        },
        nudged: { tags: 'asking', entry: { type: 'tell', params: ({ context }) => ({ text: `${context.to}?` }) } },
      },
    },
    aside: { on: { LOOK_AGAIN: 'confirming.where', CALL_OFF: 'givingBack' } },
    paying: { invoke: { src: 'pay', input: ({ context }) => context.to, onDone: 'ticketing', onError: 'givingBack' } },
    ticketing: {
      invoke: {
        src: 'ticket',
        input: ({ context }) => String(context.flight),
        onDone: { target: 'booked', actions: assign({ tickets: ({ event }) => event.output }) },
      },
    },
    givingBack: {
      initial: 'deciding',
      onDone: 'givenUp',
      states: {
        deciding: {
          always: [
            { guard: ({ context }) => context.car !== null, target: 'car' },
            { guard: ({ context }) => context.hotel !== null, target: 'hotel' },
            { guard: ({ context }) => context.flight !== null, target: 'flight' },
            { target: 'done' },
          ],
        },
        car: {
          exit: [emit(({ context }) => ({ type: 'GIVEN_BACK', code: context.car })), assign({ car: null })],
          invoke: { src: 'giveBack', input: ({ context }) => String(context.car), onDone: 'deciding' },
        },
        hotel: {
          exit: [emit(({ context }) => ({ type: 'GIVEN_BACK', code: context.hotel })), assign({ hotel: null })],
          invoke: { src: 'giveBack', input: ({ context }) => String(context.hotel), onDone: 'deciding' },
        },
        flight: {
          exit: [emit(({ context }) => ({ type: 'GIVEN_BACK', code: context.flight })), assign({ flight: null })],
          invoke: { src: 'giveBack', input: ({ context }) => String(context.flight), onDone: 'deciding' },
        },
        done: { type: 'final' },
      },
    },
    booked: { type: 'final' },
    givenUp: { type: 'final' },
  },
  output: ({ context: { to, tickets, flight, hotel, car } }) => ({ to, tickets, held: [flight, hotel, car] }),
})

/** The travel agency; a cancel asks it to give back what it holds. */
export const travelBooking = defineEntryPoint({ id: 'travel-booking', program: travelMachine })

async function plan(runtime: TestRuntime<readonly [typeof travelBooking]>, { full = '', funds = true } = {}) {
  const ledger = new Ledger()
  runtime.mock('search', () => true)
  runtime.mock('offer', ({ input, attempt }) => {
    if (input.part === full) throw new Error(`no ${input.part}`)
    if (input.part === 'hotel' && attempt === 1) throw new Error('the market is busy')
    return `${input.part} to ${input.to}`
  })
  runtime.mock('hold', ({ input, idempotencyKey }) => ledger.record(idempotencyKey, `${input} held`))
  runtime.mock('pay', ({ input, idempotencyKey, attempt }) => {
    if (!funds || attempt === 1) throw new Error('the bank says no')
    ledger.record(idempotencyKey, `${input} paid`)
  })
  runtime.mock('ticket', ({ input, idempotencyKey }) => ledger.record(idempotencyKey, `ticket for ${input}`))
  runtime.mock('giveBack', ({ input, idempotencyKey }) => void ledger.record(idempotencyKey, `${input}, given back`))
  const journey = await runtime.trigger('travel-booking', { to: 'Rome' })
  await runtime.advance(hour)
  return { ledger, journey }
}

/** How it may go, by name. */
export const travelBookingScenarios = {
  'it is put aside, looked at again, and booked': async (runtime) => {
    const { ledger, journey } = await plan(runtime)
    await runtime.advance(8 * hour)
    await journey.send({ type: 'PUT_ASIDE' })
    await runtime.advance(48 * hour)
    await journey.send({ type: 'LOOK_AGAIN' })
    await journey.send({ type: 'CONFIRM' })
    await runtime.runToIdle()
    return ledger.effects
  },
  'the hotel is full': async (runtime) => {
    const { ledger } = await plan(runtime, { full: 'hotel' })
    await runtime.runToIdle()
    return ledger.effects
  },
  'nobody confirms': async (runtime) => {
    const { ledger } = await plan(runtime, { full: 'car' })
    await runtime.runToIdle()
    return ledger.effects
  },
  'it cannot be paid': async (runtime) => {
    const { ledger, journey } = await plan(runtime, { funds: false })
    await journey.send({ type: 'CONFIRM' })
    await runtime.runToIdle()
    return ledger.effects
  },
} satisfies Record<string, Scenario<typeof travelBooking>>
