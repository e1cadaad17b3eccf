/**
 * Checking an inbox, after the description of the Serverless Workflow specification 0.8 (examples/check-inbox and
 * async-subflow): every quarter of an hour the inbox is read, and for each urgent message a text is sent by a subflow of
 * its own, which nobody waits for.
 *
 * Owns: the machine, its entry point and its scenario. The subflows are spawned under the ids of their messages, kept in
 * the context as refs, and told to stop by name.
 */
import { assign, setup, stopChild, type ActorRefFrom } from 'xstate'
import { defineEntryPoint } from '../../src/index.js'
import type { Scenario } from '../../src/testing/explore/scenario.js'
import { Ledger } from './ledger.js'
import { service } from './service.js'

interface Message {
  readonly id: string
  readonly urgent: boolean
}

const texting = setup({
  types: { input: {} as { messageId: string }, context: {} as { messageId: string } },
  actors: { sendText: service<void, string>('texts') },
}).createMachine({
  id: 'texting',
  context: ({ input }) => input,
  initial: 'sending',
  states: {
    sending: { invoke: { src: 'sendText', input: ({ context }) => context.messageId, onDone: 'sent' } },
    sent: { on: { AGAIN: 'sending' } },
  },
})

const inboxCheckMachine = setup({
  types: {
    context: {} as { checks: number; texts: readonly ActorRefFrom<typeof texting>[] },
    output: {} as { texts: readonly string[] },
  },
  actors: { readInbox: service<readonly Message[], number>('mail'), texting },
  guards: { isEvening: ({ context }) => context.checks >= 2 },
  delays: { quarter: 15 * 60_000 },
}).createMachine({
  id: 'inboxCheck',
  context: { checks: 0, texts: [] },
  initial: 'reading',
  states: {
    reading: {
      invoke: {
        src: 'readInbox',
        input: ({ context }) => context.checks,
        onDone: {
          target: 'resting',
          actions: assign({
            checks: ({ context }) => context.checks + 1,
            texts: ({ context, event, spawn }) => [
              ...context.texts,
              ...event.output
                .filter(({ urgent }) => urgent)
                .map(({ id }) => spawn('texting', { id: `text-${id}`, input: { messageId: id } })),
            ],
          }),
        },
      },
    },
    resting: { after: { quarter: [{ guard: 'isEvening', target: 'evening' }, { target: 'reading' }] } },
    evening: { type: 'final', entry: stopChild('text-b') },
  },
  output: ({ context }) => ({ texts: context.texts.map(({ id }) => id) }),
})

/** The inbox. */
export const inboxCheck = defineEntryPoint({ id: 'inbox-check', program: inboxCheckMachine })

/** All that may come in. */
export const inboxCheckScenarios = {
  'two messages are urgent': async (runtime) => {
    const ledger = new Ledger()
    const inboxes: readonly (readonly Message[])[] = [
      [
        { id: 'a', urgent: false },
        { id: 'b', urgent: true },
      ],
      [{ id: 'c', urgent: true }],
    ]
    runtime.mock('readInbox', ({ input }) => inboxes[input] ?? [])
    runtime.mock('sendText', ({ input, idempotencyKey }) => void ledger.record(idempotencyKey, `text of ${input}`))
    await runtime.trigger('inbox-check')
    await runtime.runToIdle()
    return ledger.effects
  },
} satisfies Record<string, Scenario<typeof inboxCheck>>
