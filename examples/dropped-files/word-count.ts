/** The program of the example: counts the words of a file in a step. */
import { fromStep, type StepArguments } from 'stateward'
import { assign, setup } from 'xstate'
import type { DroppedFile } from './files-dropped.js'

const count = fromStep(({ input }: StepArguments<string>) => input.split(/\s+/).filter((word) => word !== '').length)

/** Ends with the number of words. */
export const wordCount = setup({
  types: {
    input: {} as DroppedFile,
    context: {} as DroppedFile & { words: number },
    output: {} as { name: string; words: number },
  },
  actors: { count },
}).createMachine({
  id: 'word-count',
  context: ({ input }) => ({ ...input, words: 0 }),
  initial: 'counting',
  states: {
    counting: {
      invoke: {
        src: 'count',
        input: ({ context }) => context.text,
        onDone: { target: 'counted', actions: assign({ words: ({ event }) => event.output }) },
      },
    },
    counted: { type: 'final' },
  },
  output: ({ context: { name, words } }) => ({ name, words }),
})
