/**
 * The machine behind the entry point `everything-else`: here a timer runs beside a step, and noise is dropped early.
 *
 * triaging → ignored, or recording (fingerprinting ∥ notifying after a quiet moment) → awaitingApproval, if a person
 * has to agree, with a reminder → delivering → delivered
 */
import { assign, setup } from 'xstate'
import { caseOf, deliveryOf, done, initialContext, outcomeOf } from './outcome.js'
import type { Outcome, TriageContext, TriageEvent } from './outcome.js'
import type { WebhookInput } from './payloads.js'
import { dryDelivery, fingerprint, label, summarise, triage } from './steps.js'

/** Triage of repositories, people, releases, builds, alerts and whatever else a webhook can tell. */
export const otherMachine = setup({
  types: {
    context: {} as TriageContext & { readonly fingerprint: string },
    events: {} as TriageEvent,
    input: {} as WebhookInput,
    output: {} as Outcome & { readonly fingerprint: string },
  },
  actors: { triage, label, fingerprint, summarise, deliver: dryDelivery },
  delays: { reminder: ({ context }) => context.reminderAfter, quiet: ({ context }) => context.reminderAfter / 6 },
  guards: {
    isNoise: ({ context }) => context.triage?.noise === true,
    needsApproval: ({ context }) => context.triage !== null && context.triage.approval !== null,
  },
}).createMachine({
  id: 'other',
  context: ({ input }) => ({ ...initialContext(input), fingerprint: '' }),
  initial: 'triaging',
  states: {
    triaging: {
      invoke: {
        src: 'triage',
        input: ({ context }) => context.digest,
        onDone: {
          target: 'triaged',
          actions: assign(({ context, event }) => ({ triage: event.output, steps: done(context, 'triage') })),
        },
      },
    },
    triaged: { always: [{ guard: 'isNoise', target: 'ignored' }, { target: 'recording' }] },
    recording: {
      type: 'parallel',
      states: {
        filing: {
          initial: 'fingerprinting',
          states: {
            fingerprinting: {
              invoke: {
                src: 'fingerprint',
                input: ({ context }) => caseOf(context),
                onDone: {
                  target: 'labelling',
                  actions: assign(({ context, event }) => ({
                    fingerprint: event.output,
                    steps: done(context, 'fingerprint'),
                  })),
                },
              },
            },
            labelling: {
              invoke: {
                src: 'label',
                input: ({ context }) => caseOf(context),
                onDone: {
                  target: 'filed',
                  actions: assign(({ context, event }) => ({ labels: event.output, steps: done(context, 'label') })),
                },
              },
            },
            filed: { type: 'final' },
          },
        },
        notifying: {
          initial: 'settling',
          states: {
            settling: { after: { quiet: 'composing' } },
            composing: {
              invoke: {
                src: 'summarise',
                input: ({ context }) => caseOf(context),
                onDone: {
                  target: 'composed',
                  actions: assign(({ context, event }) => ({ summary: event.output, steps: done(context, 'summarise') })),
                },
              },
            },
            composed: { type: 'final' },
          },
        },
      },
      onDone: [{ guard: 'needsApproval', target: 'awaitingApproval' }, { target: 'delivering' }],
    },
    awaitingApproval: {
      on: {
        APPROVE: { target: 'delivering', actions: assign({ decision: ({ event }) => event }) },
        REJECT: { target: 'declined', actions: assign({ decision: ({ event }) => event }) },
      },
      after: { reminder: { actions: assign({ reminded: true }) } },
    },
    delivering: {
      invoke: {
        src: 'deliver',
        input: ({ context }) => deliveryOf(context),
        onDone: {
          target: 'delivered',
          actions: assign(({ context, event }) => ({ receipt: event.output, steps: done(context, 'deliver') })),
        },
      },
    },
    delivered: { type: 'final' },
    declined: { type: 'final' },
    ignored: { type: 'final' },
  },
  output: ({ context }) => ({ ...outcomeOf(context), fingerprint: context.fingerprint }),
})
