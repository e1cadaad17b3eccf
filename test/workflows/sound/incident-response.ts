/**
 * Responding to an incident: a sound machine with a spawned pager that is escalated by delayed sends, a parallel region
 * that is entered again at a state inside, a state that comes round by a timer, a named action and events that it emits.
 *
 * assessing → paging, escalated until somebody answers → responding (mitigation ∥ communication) → monitoring →
 * reviewing → closed; a regression leads back into mitigation
 */
import { assign, cancel, emit, sendParent, sendTo, setup, spawnChild, stopChild } from 'xstate'
import { defineEntryPoint } from '../../../src/index.js'
import type { Scenario } from '../../../src/testing/explore/scenario.js'
import type { TestRuntime } from '../../../src/testing/world/test-runtime.js'
import { Ledger } from '../ledger.js'
import { service } from '../service.js'

const minute = 60_000

/** Pages one after the other of those on call, whenever it is told to escalate, until nobody is left. */
const pagerMachine = setup({
  types: {
    input: {} as { onCall: readonly string[] },
    context: {} as { onCall: readonly string[]; level: number },
    events: {} as { type: 'ESCALATE' },
  },
  actors: { page: service<void, string>('pager') },
  guards: { isLast: ({ context }) => context.level + 1 >= context.onCall.length },
}).createMachine({
  id: 'pager',
  context: ({ input }) => ({ onCall: input.onCall, level: 0 }),
  initial: 'paging',
  states: {
    paging: { invoke: { src: 'page', input: ({ context }) => String(context.onCall[context.level]), onDone: 'paged' } },
    paged: {
      entry: sendParent(({ context }) => ({ type: 'PAGED', who: String(context.onCall[context.level]) })),
      on: {
        ESCALATE: [
          { guard: 'isLast', target: 'exhausted' },
          { target: 'paging', actions: assign({ level: ({ context }) => context.level + 1 }) },
        ],
      },
    },
    exhausted: { entry: sendParent({ type: 'NOBODY_LEFT' }), type: 'final' },
  },
})

const incidentMachine = setup({
  types: {
    input: {} as { title: string; onCall: readonly string[] },
    context: {} as {
      title: string
      onCall: readonly string[]
      severity: number
      paged: readonly string[]
      owner: string | null
      regressions: number
      updates: number
    },
    events: {} as
      | { type: 'PAGED'; who: string }
      | { type: 'NOBODY_LEFT' }
      | { type: 'ACKNOWLEDGE'; who: string }
      | { type: 'CAUSE_FOUND' }
      | { type: 'REGRESSION' },
    emitted: {} as { type: 'STATUS'; text: string },
    output: {} as { owner: string | null; paged: readonly string[]; regressions: number },
    tags: {} as 'burning' | 'calm',
  },
  actors: {
    assess: service<number, string>('monitoring'),
    pager: pagerMachine,
    mitigate: service<void, string>('deployments', { retry: { maxAttempts: 2, backoff: { initial: minute } } }),
    publish: service<void, string>('status page'),
    writeReview: service<string, string>('documents'),
  },
  actions: { note: (_, _params: { text: string }) => undefined },
  delays: { escalation: 5 * minute, update: 30 * minute, quiet: 60 * minute },
  guards: { isMinor: ({ context }) => context.severity > 3 },
}).createMachine({
  id: 'incident',
  context: ({ input }) => ({ ...input, severity: 0, paged: [], owner: null, regressions: 0, updates: 0 }),
  initial: 'assessing',
  states: {
    assessing: {
      invoke: {
        src: 'assess',
        input: ({ context }) => context.title,
        onDone: { target: 'assessed', actions: assign({ severity: ({ event }) => event.output }) },
      },
    },
    assessed: { always: [{ guard: 'isMinor', target: 'closed' }, { target: 'paging' }] },
    paging: {
      tags: 'burning',
      entry: spawnChild('pager', { id: 'pager', input: ({ context }) => ({ onCall: context.onCall }) }),
      exit: [cancel('escalation'), stopChild('pager')],
      on: {
        PAGED: {
          actions: [
            assign({ paged: ({ context, event }) => [...context.paged, event.who] }),
            sendTo('pager', { type: 'ESCALATE' }, { delay: 'escalation', id: 'escalation' }),
          ],
        },
        NOBODY_LEFT: { actions: emit({ type: 'STATUS', text: 'nobody answers' }) },
        ACKNOWLEDGE: { target: 'responding', actions: assign({ owner: ({ event }) => event.who }) },
      },
    },
    responding: {
      tags: 'burning',
      type: 'parallel',
      onDone: 'monitoring',
      states: {
        mitigation: {
          initial: 'investigating',
          states: {
            investigating: { on: { CAUSE_FOUND: 'mitigating' } },
            mitigating: { invoke: { src: 'mitigate', input: ({ context }) => context.title, onDone: 'mitigated' } },
            mitigated: { type: 'final' },
          },
        },
        communication: {
          initial: 'publishing',
          states: {
            publishing: {
              invoke: { src: 'publish', input: ({ context }) => `${context.title}: we are on it`, onDone: 'published' },
            },
            published: { type: 'final', entry: emit(({ context }) => ({ type: 'STATUS', text: `${context.title} known` })) },
          },
        },
      },
    },
    monitoring: {
      tags: 'calm',
      initial: 'watching',
      entry: { type: 'note', params: ({ context }) => ({ text: `mitigated by ${context.owner}` }) },
      on: {
        REGRESSION: {
          target: '#incident.responding.mitigation.investigating',
          actions: assign({ regressions: ({ context }) => context.regressions + 1 }),
        },
      },
      after: { quiet: 'reviewing' },
      states: {
        watching: { after: { update: 'updating' } },
        updating: {
          entry: [
            assign({ updates: ({ context }) => context.updates + 1 }),
            emit(({ context }) => ({ type: 'STATUS', text: `still calm (${context.updates})` })),
          ],
          always: 'watching',
        },
      },
    },
    reviewing: {
      tags: 'calm',
      invoke: { src: 'writeReview', input: ({ context }) => context.title, onDone: 'closed' },
    },
    closed: { type: 'final', entry: emit({ type: 'STATUS', text: 'closed' }) },
  },
  output: ({ context: { owner, paged, regressions } }) => ({ owner, paged, regressions }),
})

/** The incident desk. */
export const incidentResponse = defineEntryPoint({ id: 'incident-response', program: incidentMachine })

async function alarm(runtime: TestRuntime<readonly [typeof incidentResponse]>, severity: number) {
  const ledger = new Ledger()
  runtime.mock('assess', () => severity)
  runtime.mock('page', ({ input, idempotencyKey }) => void ledger.record(idempotencyKey, `${input} paged`))
  runtime.mock('mitigate', ({ input, idempotencyKey, attempt }) => {
    if (attempt === 1) throw new Error('the deployment is locked')
    ledger.record(idempotencyKey, `${input} rolled back`)
  })
  runtime.mock('publish', ({ input, idempotencyKey }) => void ledger.record(idempotencyKey, input))
  runtime.mock('writeReview', ({ input, idempotencyKey }) => ledger.record(idempotencyKey, `review of ${input}`))
  const incident = await runtime.trigger('incident-response', { title: 'checkout down', onCall: ['ann', 'bob'] })
  await runtime.settle()
  return { ledger, incident }
}

/** How it may go, by name. */
export const incidentResponseScenarios = {
  'nobody answers at first, and it comes back once': async (runtime) => {
    const { ledger, incident } = await alarm(runtime, 1)
    await runtime.runToIdle()
    await incident.send({ type: 'ACKNOWLEDGE', who: 'bob' })
    await runtime.runToIdle()
    await incident.send({ type: 'CAUSE_FOUND' })
    await runtime.advance(10 * minute)
    await incident.send({ type: 'REGRESSION' })
    await incident.send({ type: 'CAUSE_FOUND' })
    await runtime.runToIdle()
    return ledger.effects
  },
  'it is a minor one': async (runtime) => {
    const { ledger } = await alarm(runtime, 4)
    await runtime.runToIdle()
    return ledger.effects
  },
} satisfies Record<string, Scenario<typeof incidentResponse>>
