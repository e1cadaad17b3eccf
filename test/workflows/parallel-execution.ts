/**
 * Two branches at the same time, after the description of the Serverless Workflow specification 0.8
 * (examples/parallel-execution): a parallel state runs two subflows, one with a short delay and one with a long one,
 * and ends when both have.
 *
 * Owns: the machine, its children, its entry point and its scenario.
 */
import { assign, setup } from 'xstate'
import { defineEntryPoint } from '../../src/index.js'
import type { Scenario } from '../../src/testing/explore/scenario.js'

const shortDelayMachine = setup({ types: { output: {} as string }, delays: { short: 1_000 } }).createMachine({
  id: 'shortDelay',
  initial: 'delaying',
  states: { delaying: { after: { short: 'done' } }, done: { type: 'final' } },
  output: 'short',
})

const longDelayMachine = setup({ types: { output: {} as string }, delays: { long: 60_000 } }).createMachine({
  id: 'longDelay',
  initial: 'delaying',
  states: { delaying: { after: { long: 'done' } }, done: { type: 'final' } },
  output: 'long',
})

const parallelExecutionMachine = setup({
  types: { context: {} as { ended: readonly string[] }, output: {} as { ended: readonly string[] } },
  actors: { shortDelay: shortDelayMachine, longDelay: longDelayMachine },
}).createMachine({
  id: 'parallelExecution',
  context: { ended: [] },
  initial: 'branching',
  states: {
    branching: {
      type: 'parallel',
      states: {
        shortDelayBranch: {
          initial: 'running',
          states: {
            running: {
              invoke: {
                src: 'shortDelay',
                onDone: { target: 'ended', actions: assign({ ended: ({ context, event }) => [...context.ended, event.output] }) },
              },
            },
            ended: { type: 'final' },
          },
        },
        longDelayBranch: {
          initial: 'running',
          states: {
            running: {
              invoke: {
                src: 'longDelay',
                onDone: { target: 'ended', actions: assign({ ended: ({ context, event }) => [...context.ended, event.output] }) },
              },
            },
            ended: { type: 'final' },
          },
        },
      },
      onDone: 'ended',
    },
    ended: { type: 'final' },
  },
  output: ({ context: { ended } }) => ({ ended }),
})

/** The two branches. */
export const parallelExecution = defineEntryPoint({ id: 'parallel-execution', program: parallelExecutionMachine })

/** All that may happen. */
export const parallelExecutionScenarios = {
  'both branches end': async (runtime) => {
    await runtime.trigger('parallel-execution')
    await runtime.runToIdle()
  },
} satisfies Record<string, Scenario<typeof parallelExecution>>
