/**
 * Filling a glass of water, after the description of the Serverless Workflow specification 0.8
 * (examples/filling-a-glass-of-water): as long as there is less in the glass than it holds, one more is added, by a
 * function that computes the new count from the old one.
 *
 * Owns: the machine, its entry point and its scenarios. Its function is a real one: there is nothing to mock.
 */
import { assign, fromPromise, setup } from 'xstate'
import { defineEntryPoint } from '../../src/index.js'
import type { Scenario } from '../../src/testing/explore/scenario.js'
import type { TestRuntime } from '../../src/testing/world/test-runtime.js'

interface Counts {
  readonly current: number
  readonly max: number
}

const glassMachine = setup({
  types: { input: {} as { counts: Counts }, context: {} as { counts: Counts }, output: {} as { counts: Counts } },
  actors: { increment: fromPromise<number, number>(({ input }) => Promise.resolve(input + 1)) },
  guards: { needsMore: ({ context: { counts } }) => counts.current < counts.max },
}).createMachine({
  id: 'glass',
  context: ({ input }) => ({ counts: input.counts }),
  initial: 'checkingIfFull',
  states: {
    checkingIfFull: { always: [{ guard: 'needsMore', target: 'addingWater' }, { target: 'full' }] },
    addingWater: {
      invoke: {
        src: 'increment',
        input: ({ context }) => context.counts.current,
        onDone: {
          target: 'checkingIfFull',
          actions: assign({ counts: ({ context, event }) => ({ ...context.counts, current: event.output }) }),
        },
      },
    },
    full: { type: 'final' },
  },
  output: ({ context: { counts } }) => ({ counts }),
})

/** The tap. */
export const fillingAGlass = defineEntryPoint({ id: 'filling-a-glass', program: glassMachine })

async function fill(runtime: TestRuntime<readonly [typeof fillingAGlass]>, counts: Counts) {
  await runtime.trigger('filling-a-glass', { counts })
  await runtime.runToIdle()
}

/** How full the glass may be at first, by name. */
export const fillingAGlassScenarios = {
  'the glass is empty': (runtime) => fill(runtime, { current: 0, max: 5 }),
  'the glass is full': (runtime) => fill(runtime, { current: 5, max: 5 }),
} satisfies Record<string, Scenario<typeof fillingAGlass>>
