/**
 * Greets who opens an issue: a machine of two steps, fired by GitHub's webhook.
 *
 * Owns: which deliveries count (an issue was opened), what makes two of them the same one, and what is written for each.
 */
import { assign, fromPromise, setup } from 'xstate'
import { defineEntryPoint, fromStep } from 'stateward'
import { header, hmac, webhook } from 'stateward/triggers'
import { z } from 'zod'

/** What the program is told of an issue. */
export interface OpenedIssue {
  readonly repository: string
  readonly number: number
  readonly title: string
  readonly author: string
}

/** The parts of GitHub's payload that are used; others may come. */
const payload = z.object({
  action: z.string(),
  repository: z.object({ full_name: z.string() }),
  issue: z.object({ number: z.number(), title: z.string(), user: z.object({ login: z.string() }) }),
})

/** Posts a comment; `idempotencyKey` is the same however often the step runs. */
export type Comment = (at: string, text: string, idempotencyKey: string) => Promise<void>

/** The entry point. `secret` is the one that was given to GitHub. */
export function greeter(secret: string, comment: Comment) {
  const machine = setup({
    types: { input: {} as OpenedIssue, context: {} as OpenedIssue & { greeting: string }, output: {} as string },
    actors: {
      compose: fromPromise(
        async ({ input }: { input: OpenedIssue }) => `Hello @${input.author}, thank you for "${input.title}".`,
      ),
      comment: fromStep<void, { at: string; text: string }>(({ input, idempotencyKey }) =>
        comment(input.at, input.text, idempotencyKey),
      ),
    },
  }).createMachine({
    id: 'greeter',
    context: ({ input }) => ({ ...input, greeting: '' }),
    initial: 'composing',
    states: {
      composing: {
        invoke: {
          src: 'compose',
          input: ({ context }) => context,
          onDone: { target: 'commenting', actions: assign({ greeting: ({ event }) => event.output }) },
        },
      },
      commenting: {
        invoke: {
          src: 'comment',
          input: ({ context }) => ({ at: `${context.repository}#${context.number}`, text: context.greeting }),
          onDone: 'greeted',
        },
      },
      greeted: { type: 'final' },
    },
    output: ({ context }) => context.greeting,
  })
  return defineEntryPoint({
    id: 'greeter',
    program: machine,
    trigger: webhook({
      path: '/github',
      verify: hmac({ header: 'x-hub-signature-256', secret }),
      idempotencyKey: header('x-github-delivery'),
      // GitHub sends other events to the same address; they are none of ours
      where: ({ headers, body }) =>
        headers.get('x-github-event') === 'issues' && (body as { action?: unknown }).action === 'opened',
      input: ({ body }) => {
        const { repository, issue } = payload.parse(body)
        return { repository: repository.full_name, number: issue.number, title: issue.title, author: issue.user.login }
      },
      options: ({ body }) => ({ correlationId: `issue-${payload.parse(body).issue.number}` }),
    }),
  })
}
