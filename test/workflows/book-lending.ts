/**
 * Lending a book, after the description of the Serverless Workflow specification 0.8 (examples/book-lending): a lender
 * asks for a book; if it is on loan, the lender is told and may put it on hold or decline; two weeks later it is looked
 * up again; if it is available, it is checked out and the lender is told; if it is neither, that is the end.
 *
 * Owns: the machine, its entry point and its scenarios.
 */
import { assign, setup } from 'xstate'
import { defineEntryPoint } from '../../src/index.js'
import type { Scenario } from '../../src/testing/explore/scenario.js'
import type { TestRuntime } from '../../src/testing/world/test-runtime.js'
import { Ledger } from './ledger.js'
import { service } from './service.js'

type BookStatus = 'available' | 'onloan' | 'lost'

interface Loan {
  readonly bookId: string
  readonly title: string
  readonly lender: string
}

interface Lent {
  readonly outcome: 'lent' | 'unavailable'
  readonly receipt: string | null
  readonly lookedUp: number
}

const bookLendingMachine = setup({
  types: {
    context: {} as { loan: Loan; status: BookStatus | null; lookedUp: number; receipt: string | null },
    events: {} as { type: 'BOOK_REQUESTED'; loan: Loan } | { type: 'HOLD_BOOK' } | { type: 'DECLINE_HOLD' },
    output: {} as Lent,
  },
  actors: {
    getStatus: service<BookStatus, string>('catalogue'),
    reportStatus: service<void, { lender: string; message: string }>('mail'),
    requestHold: service<void, Loan>('holds'),
    cancelHold: service<void, Loan>('holds'),
    checkOut: service<string, string>('desk'),
    notifyLender: service<void, { lender: string; message: string }>('mail'),
  },
  delays: { twoWeeks: 14 * 24 * 3_600_000 },
  guards: {
    isOnLoan: ({ context }) => context.status === 'onloan',
    isAvailable: ({ context }) => context.status === 'available',
  },
}).createMachine({
  id: 'bookLending',
  context: { loan: { bookId: '', title: '', lender: '' }, status: null, lookedUp: 0, receipt: null },
  initial: 'awaitingRequest',
  states: {
    awaitingRequest: {
      on: { BOOK_REQUESTED: { target: 'gettingStatus', actions: assign({ loan: ({ event }) => event.loan }) } },
    },
    gettingStatus: {
      invoke: {
        src: 'getStatus',
        input: ({ context }) => context.loan.bookId,
        onDone: {
          target: 'deciding',
          actions: assign({ status: ({ event }) => event.output, lookedUp: ({ context }) => context.lookedUp + 1 }),
        },
      },
    },
    deciding: {
      always: [
        { guard: 'isOnLoan', target: 'reportingStatus' },
        { guard: 'isAvailable', target: 'checkingOut' },
        { target: 'unavailable' },
      ],
    },
    reportingStatus: {
      invoke: {
        src: 'reportStatus',
        input: ({ context: { loan } }) => ({ lender: loan.lender, message: `${loan.title} is already on loan` }),
        onDone: 'awaitingResponse',
      },
    },
    awaitingResponse: { on: { HOLD_BOOK: 'requestingHold', DECLINE_HOLD: 'cancellingRequest' } },
    requestingHold: { invoke: { src: 'requestHold', input: ({ context }) => context.loan, onDone: 'sleeping' } },
    cancellingRequest: { invoke: { src: 'cancelHold', input: ({ context }) => context.loan, onDone: 'sleeping' } },
    sleeping: { after: { twoWeeks: 'gettingStatus' } },
    checkingOut: {
      invoke: {
        src: 'checkOut',
        input: ({ context }) => context.loan.bookId,
        onDone: { target: 'notifyingLender', actions: assign({ receipt: ({ event }) => event.output }) },
      },
    },
    notifyingLender: {
      invoke: {
        src: 'notifyLender',
        input: ({ context: { loan } }) => ({ lender: loan.lender, message: `${loan.title} is yours` }),
        onDone: 'lent',
      },
    },
    lent: { type: 'final' },
    unavailable: { type: 'final' },
  },
  output: ({ context: { receipt, lookedUp } }) => ({ outcome: receipt === null ? 'unavailable' : 'lent', receipt, lookedUp }),
})

/** The library's desk. */
export const bookLending = defineEntryPoint({ id: 'book-lending', program: bookLendingMachine })

const loan: Loan = { bookId: 'b-7', title: 'Dune', lender: 'ann' }

async function request(runtime: TestRuntime<readonly [typeof bookLending]>, first: BookStatus, ...later: BookStatus[]) {
  const ledger = new Ledger()
  runtime.mock('getStatus', () => first, ...later.map((status) => () => status))
  runtime.mock('reportStatus', ({ input, idempotencyKey }) => void ledger.record(idempotencyKey, input.message))
  runtime.mock('requestHold', ({ input, idempotencyKey }) => void ledger.record(idempotencyKey, `${input.bookId} held`))
  runtime.mock('cancelHold', ({ input, idempotencyKey }) => void ledger.record(idempotencyKey, `${input.bookId} not held`))
  runtime.mock('checkOut', ({ input, idempotencyKey }) => ledger.record(idempotencyKey, `${input} checked out`))
  runtime.mock('notifyLender', ({ input, idempotencyKey }) => void ledger.record(idempotencyKey, input.message))
  const lending = await runtime.trigger('book-lending')
  await lending.send({ type: 'BOOK_REQUESTED', loan })
  await runtime.settle()
  return { ledger, lending }
}

/** What may happen at the desk, by name. */
export const bookLendingScenarios = {
  'the book is available': async (runtime) => {
    const { ledger } = await request(runtime, 'available')
    await runtime.runToIdle()
    return ledger.effects
  },
  'the book is held, and available two weeks later': async (runtime) => {
    const { ledger, lending } = await request(runtime, 'onloan', 'available')
    await lending.send({ type: 'HOLD_BOOK' })
    await runtime.runToIdle()
    return ledger.effects
  },
  'the lender declines, and the book is lost meanwhile': async (runtime) => {
    const { ledger, lending } = await request(runtime, 'onloan', 'lost')
    await lending.send({ type: 'DECLINE_HOLD' })
    await runtime.runToIdle()
    return ledger.effects
  },
} satisfies Record<string, Scenario<typeof bookLending>>
