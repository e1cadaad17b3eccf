/**
 * A customer's credit check, after the description of the Serverless Workflow specification 0.8
 * (examples/perform-customer-credit-check): a service is asked to check, and answers later by an event, within 15
 * minutes; an approved customer's application is started, a subflow; any other customer gets a rejection by mail.
 *
 * Owns: the machine, its entry point and its scenarios.
 */
import { assign, setup } from 'xstate'
import { defineEntryPoint } from '../../src/index.js'
import type { Scenario } from '../../src/testing/explore/scenario.js'
import type { TestRuntime } from '../../src/testing/world/test-runtime.js'
import { applicationMachine, type Applicant } from './application-machine.js'
import { Ledger } from './ledger.js'
import { service } from './service.js'

interface CreditCheck {
  readonly decision: 'Approved' | 'Denied'
  readonly score: number
}

interface Checked {
  readonly decision: 'Approved' | 'Denied' | 'none'
  readonly file: string | null
}

const creditCheckMachine = setup({
  types: {
    input: {} as { customer: Applicant },
    context: {} as { customer: Applicant; check: CreditCheck | null; file: string | null },
    events: {} as { type: 'CREDIT_CHECK_COMPLETED'; check: CreditCheck },
    output: {} as Checked,
  },
  actors: {
    requestCheck: service<string, Applicant>('credit check'),
    application: applicationMachine,
    sendRejection: service<void, Applicant>('mail'),
  },
  delays: { patience: 15 * 60_000 },
  guards: {
    isChecked: ({ context }) => context.check !== null,
    isApproved: ({ context }) => context.check?.decision === 'Approved',
  },
}).createMachine({
  id: 'creditCheck',
  context: ({ input }) => ({ customer: input.customer, check: null, file: null }),
  initial: 'checkingCredit',
  states: {
    checkingCredit: {
      initial: 'requesting',
      // the answer may come before the service has said that it was asked
      on: { CREDIT_CHECK_COMPLETED: { actions: assign({ check: ({ event }) => event.check }) } },
      after: { patience: 'evaluating' },
      onDone: 'evaluating',
      states: {
        requesting: { invoke: { src: 'requestCheck', input: ({ context }) => context.customer, onDone: 'awaitingAnswer' } },
        awaitingAnswer: { always: { guard: 'isChecked', target: 'answered' } },
        answered: { type: 'final' },
      },
    },
    evaluating: { always: [{ guard: 'isApproved', target: 'startingApplication' }, { target: 'rejecting' }] },
    startingApplication: {
      invoke: {
        src: 'application',
        input: ({ context }) => ({ applicant: context.customer }),
        onDone: { target: 'started', actions: assign({ file: ({ event }) => event.output.file }) },
      },
    },
    rejecting: { invoke: { src: 'sendRejection', input: ({ context }) => context.customer, onDone: 'rejected' } },
    started: { type: 'final' },
    rejected: { type: 'final' },
  },
  output: ({ context: { check, file } }) => ({ decision: check?.decision ?? 'none', file }),
})

/** The bank's counter. */
export const creditCheck = defineEntryPoint({ id: 'credit-check', program: creditCheckMachine })

const customer: Applicant = { name: 'Jo Stock', email: 'jo@example.com', age: 22 }

async function ask(runtime: TestRuntime<readonly [typeof creditCheck]>) {
  const ledger = new Ledger()
  runtime.mock('requestCheck', async ({ input, idempotencyKey, sleep }) => {
    await sleep(200)
    return ledger.record(idempotencyKey, `check of ${input.name}`)
  })
  runtime.mock('openApplication', ({ input, idempotencyKey }) => ledger.record(idempotencyKey, `file of ${input.name}`))
  runtime.mock(
    'confirmApplication',
    ({ input, idempotencyKey }) => ledger.record(idempotencyKey, `mail to ${input.email}`) !== '',
  )
  runtime.mock('sendRejection', ({ input, idempotencyKey }) => void ledger.record(idempotencyKey, `rejection of ${input.name}`))
  return { ledger, check: await runtime.trigger('credit-check', { customer }) }
}

/** What the check may come to, by name. */
export const creditCheckScenarios = {
  'the credit is approved': async (runtime) => {
    const { ledger, check } = await ask(runtime)
    await runtime.advance(60_000)
    await check.send({ type: 'CREDIT_CHECK_COMPLETED', check: { decision: 'Approved', score: 700 } })
    await runtime.runToIdle()
    return ledger.effects
  },
  'the credit is denied, before the service has said that it was asked': async (runtime) => {
    const { ledger, check } = await ask(runtime)
    await check.send({ type: 'CREDIT_CHECK_COMPLETED', check: { decision: 'Denied', score: 300 } })
    await runtime.runToIdle()
    return ledger.effects
  },
  'no answer comes within 15 minutes': async (runtime) => {
    const { ledger } = await ask(runtime)
    await runtime.runToIdle()
    return ledger.effects
  },
} satisfies Record<string, Scenario<typeof creditCheck>>
