/**
 * An applicant's request, after the description of the Serverless Workflow specification 0.8
 * (examples/applicant-request-decision): who is 18 or older has an application started, a subflow; who is younger gets
 * a rejection by mail.
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

const applicantRequestMachine = setup({
  types: {
    input: {} as { applicant: Applicant },
    context: {} as { applicant: Applicant; file: string | null },
    output: {} as { accepted: boolean; file: string | null },
  },
  actors: { application: applicationMachine, sendRejection: service<void, Applicant>('mail') },
  guards: { isOfAge: ({ context }) => context.applicant.age >= 18 },
}).createMachine({
  id: 'applicantRequest',
  context: ({ input }) => ({ applicant: input.applicant, file: null }),
  initial: 'checking',
  states: {
    checking: { always: [{ guard: 'isOfAge', target: 'startingApplication' }, { target: 'rejecting' }] },
    startingApplication: {
      invoke: {
        src: 'application',
        input: ({ context }) => ({ applicant: context.applicant }),
        onDone: { target: 'started', actions: assign({ file: ({ event }) => event.output.file }) },
      },
    },
    rejecting: { invoke: { src: 'sendRejection', input: ({ context }) => context.applicant, onDone: 'rejected' } },
    started: { type: 'final' },
    rejected: { type: 'final' },
  },
  output: ({ context: { file } }) => ({ accepted: file !== null, file }),
})

/** The office that takes requests. */
export const applicantRequest = defineEntryPoint({ id: 'applicant-request', program: applicantRequestMachine })

async function apply(runtime: TestRuntime<readonly [typeof applicantRequest]>, age: number) {
  const ledger = new Ledger()
  runtime.mock('openApplication', ({ input, idempotencyKey }) => ledger.record(idempotencyKey, `file of ${input.name}`))
  runtime.mock(
    'confirmApplication',
    ({ input, idempotencyKey }) => ledger.record(idempotencyKey, `mail to ${input.email}`) !== '',
  )
  runtime.mock('sendRejection', ({ input, idempotencyKey }) => void ledger.record(idempotencyKey, `rejection of ${input.name}`))
  await runtime.trigger('applicant-request', { applicant: { name: 'Jo Stock', email: 'jo@example.com', age } })
  await runtime.runToIdle()
  return ledger.effects
}

/** Who may apply, by name. */
export const applicantRequestScenarios = {
  'the applicant is of age': (runtime) => apply(runtime, 18),
  'the applicant is too young': (runtime) => apply(runtime, 17),
} satisfies Record<string, Scenario<typeof applicantRequest>>
