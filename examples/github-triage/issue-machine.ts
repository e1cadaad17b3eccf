/**
 * The machine behind the entry point `issues`: an ordinary XState machine that knows nothing of Stateward.
 *
 * triaging → working (labelling ∥ notifying) → awaitingApproval, if a person has to agree → delivering → delivered
 */
import { assign, setup } from 'xstate'
import { caseOf, deliveryOf, done, initialContext, outcomeOf } from './outcome.js'
import type { Outcome, TriageContext, TriageEvent } from './outcome.js'
import type { WebhookInput } from './payloads.js'
import { dryDelivery, label, summarise, triage } from './steps.js'

/** Triage of issues, comments, discussions, labels and milestones. */
export const issueMachine = setup({
  types: {
    context: {} as TriageContext,
    events: {} as TriageEvent,
    input: {} as WebhookInput,
    output: {} as Outcome,
  },
  actors: { triage, label, summarise, deliver: dryDelivery },
  delays: { reminder: ({ context }) => context.reminderAfter },
  guards: {
    isNoise: ({ context }) => context.triage?.noise === true,
    needsApproval: ({ context }) => context.triage !== null && context.triage.approval !== null,
  },
}).createMachine({
  id: 'issue',
  context: ({ input }) => initialContext(input),
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
    triaged: { always: [{ guard: 'isNoise', target: 'ignored' }, { target: 'working' }] },
    working: {
      type: 'parallel',
      states: {
        labelling: {
          initial: 'choosing',
          states: {
            choosing: {
              invoke: {
                src: 'label',
                input: ({ context }) => caseOf(context),
                onDone: {
                  target: 'chosen',
                  actions: assign(({ context, event }) => ({ labels: event.output, steps: done(context, 'label') })),
                },
              },
            },
            chosen: { type: 'final' },
          },
        },
        notifying: {
          initial: 'composing',
          states: {
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
      initial: 'quiet',
      on: {
        APPROVE: { target: 'delivering', actions: assign({ decision: ({ event }) => event }) },
        REJECT: { target: 'declined', actions: assign({ decision: ({ event }) => event }) },
      },
      states: {
        quiet: { after: { reminder: { target: 'reminded', actions: assign({ reminded: true }) } } },
        reminded: {},
      },
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
  output: ({ context }) => outcomeOf(context),
})
