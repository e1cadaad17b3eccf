/**
 * A service that is called and answers by events, after the description of the Serverless Workflow specification 0.8
 * (examples/event-based-service-invocation): a vet's appointment is asked for by an event with the patient's data, and
 * confirmed by another, within 15 minutes.
 *
 * Owns: the machine, its entry point and its scenarios.
 */
import { assign, emit, setup } from 'xstate'
import { defineEntryPoint } from '../../src/index.js'
import type { Scenario } from '../../src/testing/explore/scenario.js'

interface Patient {
  readonly name: string
  readonly pet: string
  readonly reason: string
}

interface Appointment {
  readonly pet: string
  readonly at: Date
}

const vetAppointmentMachine = setup({
  types: {
    input: {} as { patient: Patient },
    context: {} as { patient: Patient; appointment: Appointment | null },
    events: {} as { type: 'VET_APPOINTMENT_INFO'; appointment: Appointment },
    emitted: {} as { type: 'MAKE_VET_APPOINTMENT'; patient: Patient },
    output: {} as { appointment: Appointment | null },
  },
  delays: { patience: 15 * 60_000 },
  guards: { isOurs: ({ context }, { pet }: { pet: string }) => context.patient.pet === pet },
}).createMachine({
  id: 'vetAppointment',
  context: ({ input }) => ({ patient: input.patient, appointment: null }),
  initial: 'making',
  states: {
    making: {
      entry: emit(({ context }) => ({ type: 'MAKE_VET_APPOINTMENT', patient: context.patient })),
      always: 'awaitingConfirmation',
    },
    awaitingConfirmation: {
      on: {
        VET_APPOINTMENT_INFO: {
          guard: { type: 'isOurs', params: ({ event }) => ({ pet: event.appointment.pet }) },
          target: 'confirmed',
          actions: assign({ appointment: ({ event }) => event.appointment }),
        },
      },
      after: { patience: 'unanswered' },
    },
    confirmed: { type: 'final' },
    unanswered: { type: 'final' },
  },
  output: ({ context: { appointment } }) => ({ appointment }),
})

/** The vet's owner side. */
export const eventBasedService = defineEntryPoint({ id: 'event-based-service', program: vetAppointmentMachine })

const patient: Patient = { name: 'Ann', pet: 'Mitzi', reason: 'bad teeth' }
const at = new Date(Date.UTC(2026, 0, 12, 9))

/** What the vet may answer, by name. */
export const eventBasedServiceScenarios = {
  'the vet confirms, after an event for another pet': async (runtime) => {
    const request = await runtime.trigger('event-based-service', { patient })
    await runtime.settle()
    await request.send({ type: 'VET_APPOINTMENT_INFO', appointment: { pet: 'Rex', at } })
    await runtime.advance(60_000)
    await request.send({ type: 'VET_APPOINTMENT_INFO', appointment: { pet: 'Mitzi', at } })
    await runtime.runToIdle()
  },
  'the vet does not answer': async (runtime) => {
    await runtime.trigger('event-based-service', { patient })
    await runtime.runToIdle()
  },
} satisfies Record<string, Scenario<typeof eventBasedService>>
