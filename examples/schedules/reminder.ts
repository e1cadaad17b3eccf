/** The program of the example: delivers a reminder in a step, and ends with what it has delivered. */
import { fromStep, type StepArguments } from 'stateward'
import { assign, setup } from 'xstate'

/** What a user wants to be reminded of. */
export interface Reminder {
  readonly user: string
  readonly text: string
}

/** Whoever delivers it: an e-mail service, for example. Its key is the same however often the step is tried. */
export type Deliver = (reminder: Reminder, idempotencyKey: string) => void | Promise<void>

/** A reminder that `deliver` delivers. */
export const reminderOf = (deliver: Deliver) =>
  setup({
    types: { input: {} as Reminder, context: {} as Reminder & { delivered: boolean }, output: {} as Reminder },
    actors: {
      deliver: fromStep(({ input, idempotencyKey }: StepArguments<Reminder>) => deliver(input, idempotencyKey), {
        retry: { maxAttempts: 5 },
      }),
    },
  }).createMachine({
    id: 'reminder',
    context: ({ input }) => ({ ...input, delivered: false }),
    initial: 'delivering',
    states: {
      delivering: {
        invoke: {
          src: 'deliver',
          input: ({ context: { user, text } }) => ({ user, text }),
          onDone: { target: 'delivered', actions: assign({ delivered: true }) },
        },
      },
      delivered: { type: 'final' },
    },
    output: ({ context: { user, text } }) => ({ user, text }),
  })
