/** A plug-in: reminds of something after a while, also if it was unloaded meanwhile. */
import { defineEntryPoint } from 'stateward'
import { setup } from 'xstate'

const reminder = setup({
  types: { input: {} as string, context: {} as { text: string }, output: {} as string },
  delays: { while: 300 },
}).createMachine({
  id: 'reminder',
  context: ({ input }) => ({ text: input }),
  initial: 'waiting',
  states: { waiting: { after: { while: 'due' } }, due: { type: 'final' } },
  output: ({ context }) => `Remember: ${context.text}`,
})

/** The entry points of the plug-in. */
export const entryPoints = [defineEntryPoint({ id: 'remind', program: reminder })]
