/**
 * Taking a patient in, after the description of the Serverless Workflow specification 0.8
 * (examples/new-patient-onboarding): a patient is stored, a doctor is assigned and an appointment is made; a service
 * that is not available is tried again after three seconds, three times at most.
 *
 * Owns: the machine, its entry point and its scenarios. The retry is the machine's own, by the error of the step.
 */
import { assign, setup } from 'xstate'
import { defineEntryPoint } from '../../src/index.js'
import type { Scenario } from '../../src/testing/explore/scenario.js'
import type { TestRuntime } from '../../src/testing/world/test-runtime.js'
import { Ledger } from './ledger.js'
import { service } from './service.js'

const patientOnboardingMachine = setup({
  types: {
    input: {} as { name: string },
    context: {} as { name: string; failures: number; doctor: string | null },
    output: {} as { doctor: string | null; failures: number },
  },
  actors: {
    store: service<void, string>('patients'),
    assign: service<string, string>('doctors'),
    schedule: service<void, string>('appointments'),
  },
  actions: { count: assign({ failures: ({ context }) => context.failures + 1 }) },
  guards: { mayTryAgain: ({ context }) => context.failures < 3 },
  delays: { threeSeconds: 3_000 },
}).createMachine({
  id: 'patientOnboarding',
  context: ({ input }) => ({ ...input, failures: 0, doctor: null }),
  initial: 'storing',
  states: {
    storing: {
      invoke: {
        src: 'store',
        input: ({ context }) => context.name,
        onDone: 'assigning',
        onError: [{ guard: 'mayTryAgain', target: 'storingLater', actions: 'count' }, { target: 'refused' }],
      },
    },
    storingLater: { after: { threeSeconds: 'storing' } },
    assigning: {
      invoke: {
        src: 'assign',
        input: ({ context }) => context.name,
        onDone: { target: 'scheduling', actions: assign({ doctor: ({ event }) => event.output }) },
        onError: [{ guard: 'mayTryAgain', target: 'assigningLater', actions: 'count' }, { target: 'refused' }],
      },
    },
    assigningLater: { after: { threeSeconds: 'assigning' } },
    scheduling: { invoke: { src: 'schedule', input: ({ context }) => context.name, onDone: 'onboarded' } },
    onboarded: { type: 'final' },
    refused: { type: 'final' },
  },
  output: ({ context: { doctor, failures } }) => ({ doctor, failures }),
})

/** The reception. */
export const patientOnboarding = defineEntryPoint({ id: 'patient-onboarding', program: patientOnboardingMachine })

const busy = () => {
  throw new Error('not available')
}

async function receive(
  runtime: TestRuntime<readonly [typeof patientOnboarding]>,
  store: 'there' | 'late' | 'gone',
  doctors: 'there' | 'late',
) {
  const ledger = new Ledger()
  const stored = ({ input, idempotencyKey }: { input: string; idempotencyKey: string }) =>
    void ledger.record(idempotencyKey, `${input} stored`)
  if (store === 'there') runtime.mock('store', stored)
  else if (store === 'late') runtime.mock('store', busy, stored)
  else runtime.mock('store', busy)
  if (doctors === 'there') runtime.mock('assign', () => 'Dr No')
  else runtime.mock('assign', busy, busy, () => 'Dr No')
  runtime.mock('schedule', ({ input, idempotencyKey }) => void ledger.record(idempotencyKey, `appointment of ${input}`))
  await runtime.trigger('patient-onboarding', { name: 'Jo' })
  await runtime.runToIdle()
  return ledger.effects
}

/** What may happen at the reception, by name. */
export const patientOnboardingScenarios = {
  'every service is there': (runtime) => receive(runtime, 'there', 'there'),
  'each is there after a while': (runtime) => receive(runtime, 'late', 'late'),
  'one does not come back': (runtime) => receive(runtime, 'gone', 'there'),
} satisfies Record<string, Scenario<typeof patientOnboarding>>
