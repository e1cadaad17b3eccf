/**
 * The machine behind the entry point `pull-requests`: here a person is asked while the steps are still at work.
 *
 * triaging → reviewing (labelling ∥ assessing ∥ approval) → delivering → delivered, or declined, or ignored
 */
import { assign, setup } from 'xstate'
import { caseOf, deliveryOf, done, initialContext, outcomeOf } from './outcome.js'
import type { Outcome, TriageContext, TriageEvent } from './outcome.js'
import type { WebhookInput } from './payloads.js'
import { assess, dryDelivery, label, summarise, triage } from './steps.js'

/** Triage of pull requests, reviews, checks, pushes and commits. */
export const pullRequestMachine = setup({
  types: {
    context: {} as TriageContext & { readonly risk: number },
    events: {} as TriageEvent,
    input: {} as WebhookInput,
    output: {} as Outcome & { readonly risk: number },
  },
  actors: { triage, label, assess, summarise, deliver: dryDelivery },
  delays: { reminder: ({ context }) => context.reminderAfter },
  guards: {
    isNoise: ({ context }) => context.triage?.noise === true,
    needsApproval: ({ context }) => context.triage !== null && context.triage.approval !== null,
    isRejected: ({ context }) => context.decision?.type === 'REJECT',
  },
}).createMachine({
  id: 'pullRequest',
  context: ({ input }) => ({ ...initialContext(input), risk: 0 }),
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
    triaged: { always: [{ guard: 'isNoise', target: 'ignored' }, { target: 'reviewing' }] },
    reviewing: {
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
        assessing: {
          initial: 'weighing',
          states: {
            weighing: {
              invoke: {
                src: 'assess',
                input: ({ context }) => caseOf(context),
                onDone: {
                  target: 'composing',
                  actions: assign(({ context, event }) => ({ risk: event.output, steps: done(context, 'assess') })),
                },
              },
            },
            composing: {
              invoke: {
                src: 'summarise',
                input: ({ context }) => caseOf(context),
                onDone: {
                  target: 'composed',
                  actions: assign(({ context, event }) => ({
                    summary: `${event.output}, risk ${context.risk}`,
                    steps: done(context, 'summarise'),
                  })),
                },
              },
            },
            composed: { type: 'final' },
          },
        },
        approval: {
          initial: 'asking',
          states: {
            asking: { always: [{ guard: 'needsApproval', target: 'awaitingApproval' }, { target: 'settled' }] },
            awaitingApproval: {
              on: {
                APPROVE: { target: 'settled', actions: assign({ decision: ({ event }) => event }) },
                REJECT: { target: 'settled', actions: assign({ decision: ({ event }) => event }) },
              },
              after: { reminder: { actions: assign({ reminded: true }) } },
            },
            settled: { type: 'final' },
          },
        },
      },
      onDone: [{ guard: 'isRejected', target: 'declined' }, { target: 'delivering' }],
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
  output: ({ context }) => ({ ...outcomeOf(context), risk: context.risk }),
})
