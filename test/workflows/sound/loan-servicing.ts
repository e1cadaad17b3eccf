/**
 * Servicing a loan: a sound machine that keeps a Map and a Date in its context, makes its own choices by
 * `enqueueActions`, has a parallel region whose one side ends the other, and
 * hands a bad debt to an invoked child.
 *
 * underwriting → disbursing → servicing (billing: billed, due, late ∥ insurance: insured, lapsed) → repaid; payments
 * may be deferred and taken up again; late too often: collecting → recovered or writtenOff
 */
import { assign, emit, enqueueActions, setup } from 'xstate'
import { defineEntryPoint } from '../../../src/index.js'
import type { Scenario } from '../../../src/testing/explore/scenario.js'
import type { TestRuntime } from '../../../src/testing/world/test-runtime.js'
import { Ledger } from '../ledger.js'
import { service } from '../service.js'

const day = 24 * 3_600_000

interface Loan {
  readonly borrower: string
  readonly principal: number
  readonly instalment: number
}

/** Writes, waits, writes again, and has the debt collected or gives it up. */
const collectionsMachine = setup({
  types: { input: {} as { owed: number }, context: {} as { owed: number; recovered: number }, output: {} as number },
  actors: { demand: service<void, number>('letters'), seize: service<number, number>('bailiff') },
  delays: { notice: 14 * day },
}).createMachine({
  id: 'collections',
  context: ({ input }) => ({ owed: input.owed, recovered: 0 }),
  initial: 'demanding',
  states: {
    demanding: { invoke: { src: 'demand', input: ({ context }) => context.owed, onDone: 'noticed' } },
    noticed: { after: { notice: 'seizing' } },
    seizing: {
      invoke: {
        src: 'seize',
        input: ({ context }) => context.owed,
        onDone: { target: 'over', actions: assign({ recovered: ({ event }) => event.output }) },
      },
    },
    over: { type: 'final' },
  },
  output: ({ context }) => context.recovered,
})

const loanMachine = setup({
  types: {
    input: {} as Loan,
    context: {} as Loan & { owed: number; payments: Map<string, number>; disbursedOn: Date | null; late: number },
    events: {} as { type: 'PAYMENT'; ref: string; amount: number } | { type: 'DEFER' } | { type: 'TAKE_UP' },
    emitted: {} as
      | { type: 'PAID'; ref: string; owed: number }
      | { type: 'OVERPAID'; amount: number }
      | { type: 'LATE'; times: number },
    output: {} as { owed: number; payments: Map<string, number>; disbursedOn: Date | null; late: number },
    tags: {} as 'good' | 'bad',
  },
  actors: {
    underwrite: service<boolean, Loan>('scoring', { retry: { maxAttempts: 3, backoff: { initial: 2_000 } } }),
    disburse: service<Date, Loan>('bank'),
    remind: service<void, string>('letters'),
    collections: collectionsMachine,
  },
  actions: {
    report: (_, _params: { borrower: string; late: number }) => undefined,
    book: enqueueActions(({ context, enqueue }, { ref, amount }: { ref: string; amount: number }) => {
      // a payment that comes twice counts once
      if (context.payments.has(ref)) return
      const owed = Math.max(0, context.owed - amount)
      enqueue.assign({ owed, payments: new Map(context.payments).set(ref, amount) })
      enqueue.emit({ type: 'PAID', ref, owed })
      if (amount > context.owed) enqueue.emit({ type: 'OVERPAID', amount: amount - context.owed })
    }),
  },
  delays: { month: 30 * day, grace: 10 * day, year: 365 * day },
  guards: {
    isRepaid: ({ context }) => context.owed === 0,
    isTooLate: ({ context }) => context.late >= 2,
    isRecovered: (_, { recovered }: { recovered: number }) => recovered > 0,
  },
}).createMachine({
  id: 'loan',
  context: ({ input }) => ({ ...input, owed: input.principal, payments: new Map(), disbursedOn: null, late: 0 }),
  initial: 'underwriting',
  states: {
    underwriting: {
      invoke: {
        src: 'underwrite',
        input: ({ context: { borrower, principal, instalment } }) => ({ borrower, principal, instalment }),
        onDone: [{ guard: ({ event }) => event.output, target: 'disbursing' }, { target: 'declined' }],
      },
    },
    disbursing: {
      invoke: {
        src: 'disburse',
        input: ({ context: { borrower, principal, instalment } }) => ({ borrower, principal, instalment }),
        onDone: { target: 'servicing', actions: assign({ disbursedOn: ({ event }) => event.output }) },
      },
    },
    servicing: {
      type: 'parallel',
      states: {
        billing: {
          initial: 'billed',
          always: [
            { guard: 'isRepaid', target: '#loan.repaid' },
            { guard: 'isTooLate', target: '#loan.collecting' },
          ],
          on: {
            PAYMENT: { target: '.billed', actions: { type: 'book', params: ({ event: { ref, amount } }) => ({ ref, amount }) } },
          },
          states: {
            billed: { tags: 'good', on: { DEFER: 'deferred' }, after: { month: 'reminding' } },
            reminding: {
              tags: 'good',
              invoke: { src: 'remind', input: ({ context }) => context.borrower, onDone: 'due' },
            },
            due: { tags: 'good', on: { DEFER: 'deferred' }, after: { grace: 'late' } },
            late: {
              tags: 'bad',
              entry: [
                assign({ late: ({ context }) => context.late + 1 }),
                emit(({ context }) => ({ type: 'LATE', times: context.late })),
                { type: 'report', params: ({ context: { borrower, late } }) => ({ borrower, late }) },
              ],
              after: { month: 'reminding' },
            },
            deferred: { on: { TAKE_UP: 'billed' } },
          },
        },
        insurance: {
          initial: 'insured',
          states: { insured: { after: { year: 'lapsed' } }, lapsed: { type: 'final' } },
        },
      },
    },
    collecting: {
      tags: 'bad',
      invoke: {
        src: 'collections',
        input: ({ context }) => ({ owed: context.owed }),
        onDone: [
          {
            guard: { type: 'isRecovered', params: ({ event }) => ({ recovered: event.output }) },
            target: 'recovered',
            actions: assign({ owed: ({ context, event }) => context.owed - event.output }),
          },
          { target: 'writtenOff' },
        ],
      },
    },
    repaid: { type: 'final' },
    declined: { type: 'final' },
    recovered: { type: 'final' },
    writtenOff: { type: 'final' },
  },
  output: ({ context: { owed, payments, disbursedOn, late } }) => ({ owed, payments, disbursedOn, late }),
})

/** The bank's back office. */
export const loanServicing = defineEntryPoint({ id: 'loan-servicing', program: loanMachine })

async function lend(runtime: TestRuntime<readonly [typeof loanServicing]>) {
  const ledger = new Ledger()
  runtime.mock('underwrite', ({ attempt }) => {
    if (attempt === 1) throw new Error('scoring is busy')
    return true
  })
  runtime.mock('disburse', ({ input, idempotencyKey }) => {
    ledger.record(idempotencyKey, `${input.principal} to ${input.borrower}`)
    return new Date(Date.UTC(2026, 0, 2))
  })
  runtime.mock('remind', ({ input, idempotencyKey }) => void ledger.record(idempotencyKey, `${input} reminded`))
  runtime.mock('demand', ({ input, idempotencyKey }) => void ledger.record(idempotencyKey, `${input} demanded`))
  runtime.mock('seize', ({ input, idempotencyKey }) => {
    ledger.record(idempotencyKey, `${input / 2} seized`)
    return input / 2
  })
  const loan = await runtime.trigger('loan-servicing', { borrower: 'kim', principal: 300, instalment: 100 })
  await runtime.advance(day)
  return { ledger, loan }
}

/** How it may go, by name. */
export const loanServicingScenarios = {
  'it is deferred once, paid late, and repaid': async (runtime) => {
    const { ledger, loan } = await lend(runtime)
    await loan.send({ type: 'PAYMENT', ref: 'p-1', amount: 100 })
    await loan.send({ type: 'PAYMENT', ref: 'p-1', amount: 100 })
    await loan.send({ type: 'DEFER' })
    await runtime.advance(100 * day)
    await loan.send({ type: 'TAKE_UP' })
    await runtime.advance(45 * day)
    await loan.send({ type: 'PAYMENT', ref: 'p-2', amount: 250 })
    await runtime.runToIdle()
    return ledger.effects
  },
  'nothing is paid, and half of it is seized': async (runtime) => {
    const { ledger } = await lend(runtime)
    await runtime.runToIdle()
    return ledger.effects
  },
} satisfies Record<string, Scenario<typeof loanServicing>>
