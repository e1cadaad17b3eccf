/**
 * Onboarding a colleague: a sound machine with a parallel region, a child machine, a deep history state, a delayed
 * raise that is cancelled, tags, emitted events, a named action and a step that is retried.
 *
 * preparing (paperwork ∥ equipment ∥ access), which may be suspended and taken up again where it was → greeting →
 * probation, of 90 days → reviewing → employed or left
 */
import { assign, cancel, emit, raise, setup } from 'xstate'
import { defineEntryPoint } from '../../../src/index.js'
import type { Scenario } from '../../../src/testing/explore/scenario.js'
import type { TestRuntime } from '../../../src/testing/world/test-runtime.js'
import { Ledger } from '../ledger.js'
import { service } from '../service.js'

const day = 24 * 3_600_000

const equipmentMachine = setup({
  types: { input: {} as { name: string }, context: {} as { name: string; laptop: string }, output: {} as string },
  actors: {
    order: service<string, string>('shop'),
    install: service<void, string>('support'),
  },
  delays: { delivery: 3 * day },
}).createMachine({
  id: 'equipment',
  context: ({ input }) => ({ name: input.name, laptop: '' }),
  initial: 'ordering',
  states: {
    ordering: {
      invoke: {
        src: 'order',
        input: ({ context }) => context.name,
        onDone: { target: 'underway', actions: assign({ laptop: ({ event }) => event.output }) },
      },
    },
    underway: { after: { delivery: 'installing' } },
    installing: { invoke: { src: 'install', input: ({ context }) => context.laptop, onDone: 'ready' } },
    ready: { type: 'final' },
  },
  output: ({ context }) => context.laptop,
})

const onboardingMachine = setup({
  types: {
    input: {} as { name: string },
    context: {} as {
      name: string
      papers: readonly string[]
      laptop: string | null
      account: string | null
      reminders: number
      employed: boolean
    },
    events: {} as
      | { type: 'PAPER'; paper: string }
      | { type: 'REMIND' }
      | { type: 'SUSPEND' }
      | { type: 'TAKE_UP' }
      | { type: 'PASS' }
      | { type: 'FAIL' },
    emitted: {} as { type: 'REMINDED'; times: number } | { type: 'PROBATION_BEGUN'; laptop: string | null },
    output: {} as { name: string; employed: boolean; laptop: string | null; account: string | null; reminders: number },
    tags: {} as 'open' | 'blocked' | 'trial',
  },
  actors: {
    verify: service<boolean, readonly string[]>('registry'),
    equipment: equipmentMachine,
    grantAccess: service<string, string>('directory', { retry: { maxAttempts: 4, backoff: { initial: 1_000 } } }),
  },
  actions: { greet: (_, _params: { name: string }) => undefined },
  delays: { reminder: 2 * day, probation: 90 * day },
  guards: { hasAllPapers: ({ context }) => context.papers.length >= 2 },
}).createMachine({
  id: 'onboarding',
  context: ({ input }) => ({ name: input.name, papers: [], laptop: null, account: null, reminders: 0, employed: false }),
  initial: 'preparing',
  states: {
    preparing: {
      type: 'parallel',
      on: { SUSPEND: 'suspended' },
      onDone: 'greeting',
      states: {
        where: { type: 'history', history: 'deep' },
        paperwork: {
          initial: 'collecting',
          states: {
            collecting: {
              tags: 'open',
              entry: raise({ type: 'REMIND' }, { delay: 'reminder', id: 'reminder' }),
              exit: cancel('reminder'),
              always: { guard: 'hasAllPapers', target: 'verifying' },
              on: {
                PAPER: { actions: assign({ papers: ({ context, event }) => [...context.papers, event.paper] }) },
                REMIND: {
                  actions: [
                    assign({ reminders: ({ context }) => context.reminders + 1 }),
                    emit(({ context }) => ({ type: 'REMINDED', times: context.reminders })),
                  ],
                },
              },
            },
            verifying: {
              invoke: {
                src: 'verify',
                input: ({ context }) => context.papers,
                onDone: [
                  { guard: ({ event }) => event.output, target: 'verified' },
                  { target: 'collecting', actions: assign({ papers: [] }) },
                ],
              },
            },
            verified: { type: 'final' },
          },
        },
        equipment: {
          initial: 'getting',
          states: {
            getting: {
              invoke: {
                src: 'equipment',
                input: ({ context }) => ({ name: context.name }),
                onDone: { target: 'ready', actions: assign({ laptop: ({ event }) => event.output }) },
              },
            },
            ready: { type: 'final' },
          },
        },
        access: {
          initial: 'requesting',
          states: {
            requesting: {
              invoke: {
                src: 'grantAccess',
                input: ({ context }) => context.name,
                onDone: { target: 'granted', actions: assign({ account: ({ event }) => event.output }) },
              },
            },
            granted: { type: 'final' },
          },
        },
      },
    },
    suspended: { tags: 'blocked', on: { TAKE_UP: '#onboarding.preparing.where' } },
    greeting: {
      entry: { type: 'greet', params: ({ context }) => ({ name: context.name }) },
      always: 'probation',
    },
    probation: {
      tags: 'trial',
      entry: emit(({ context }) => ({ type: 'PROBATION_BEGUN', laptop: context.laptop })),
      after: { probation: 'reviewing' },
    },
    reviewing: { tags: ['open', 'trial'], on: { PASS: 'employed', FAIL: 'left' } },
    employed: { type: 'final', entry: assign({ employed: true }) },
    left: { type: 'final' },
  },
  output: ({ context: { name, employed, laptop, account, reminders } }) => ({ name, employed, laptop, account, reminders }),
})

/** Human resources. */
export const onboarding = defineEntryPoint({ id: 'onboarding', program: onboardingMachine })

async function prepare(runtime: TestRuntime<readonly [typeof onboarding]>) {
  const ledger = new Ledger()
  runtime.mock('order', ({ input, idempotencyKey }) => ledger.record(idempotencyKey, `laptop of ${input}`))
  runtime.mock('install', ({ input, idempotencyKey }) => void ledger.record(idempotencyKey, `${input} installed`))
  runtime.mock('verify', ({ input }) => !input.includes('forged'))
  runtime.mock('grantAccess', ({ input, idempotencyKey, attempt }) => {
    if (attempt < 3) throw new Error('the directory is busy')
    return ledger.record(idempotencyKey, `account of ${input}`)
  })
  const hire = await runtime.trigger('onboarding', { name: 'kim' })
  // the laptop is there, and a reminder went out
  await runtime.runToIdle()
  return { ledger, hire }
}

/** How it may go, by name. */
export const onboardingScenarios = {
  'it is suspended, taken up, and passed': async (runtime) => {
    const { ledger, hire } = await prepare(runtime)
    await hire.send({ type: 'PAPER', paper: 'contract' })
    await hire.send({ type: 'SUSPEND' })
    await hire.send({ type: 'TAKE_UP' })
    await hire.send({ type: 'PAPER', paper: 'passport' })
    await runtime.runToIdle()
    await hire.send({ type: 'PASS' })
    await runtime.runToIdle()
    return ledger.effects
  },
  'a paper is refused, and the probation failed': async (runtime) => {
    const { ledger, hire } = await prepare(runtime)
    await hire.send({ type: 'PAPER', paper: 'contract' })
    await hire.send({ type: 'PAPER', paper: 'forged' })
    await runtime.runToIdle()
    await hire.send({ type: 'PAPER', paper: 'contract' })
    await hire.send({ type: 'PAPER', paper: 'passport' })
    await runtime.runToIdle()
    await hire.send({ type: 'FAIL' })
    await runtime.runToIdle()
    return ledger.effects
  },
} satisfies Record<string, Scenario<typeof onboarding>>
