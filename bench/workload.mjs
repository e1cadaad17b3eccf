/**
 * The work that every side of the benchmark does: one execution is three steps that do nothing but add one.
 * So the output of each execution is its input plus three, and each one is checked.
 */
import { assign, fromPromise, setup } from 'xstate'

/** How many executions go through each side at each concurrency. */
export const EXECUTIONS = 2_000

/** How many executions are in flight at a time: each that ends is replaced at once (a closed loop). */
export const CONCURRENCIES = [1, 10, 100, 1_000]

export const expectedOutput = (n) => n + 3

/** The do-nothing step, as a plain function for the sides that have no actors. */
export const addOne = async (n) => n + 1

const state = (target) => ({
  invoke: {
    src: 'step',
    input: ({ context }) => ({ n: context.n }),
    onDone: { target, actions: assign({ n: ({ event }) => event.output }) },
  },
})

/** The three steps as an XState machine. Stateward gets it as it is; the bare loop provides a `step` of its own. */
export const machine = setup({ actors: { step: fromPromise(({ input }) => addOne(input.n)) } }).createMachine({
  id: 'bench',
  context: ({ input }) => ({ n: input.n }),
  initial: 'one',
  states: { one: state('two'), two: state('three'), three: state('done'), done: { type: 'final' } },
  output: ({ context }) => context.n,
})

/** Waits in `idle` for an event: what a live or a passivated execution costs is measured with it. */
export const waitingMachine = setup({}).createMachine({
  id: 'waiting',
  context: ({ input }) => ({ n: input.n }),
  initial: 'idle',
  states: { idle: { on: { GO: 'done' } }, done: { type: 'final' } },
  output: ({ context }) => context.n,
})

/**
 * Three steps like `machine`, of which the second calls `hold` first: an execution that is in flight for as long as
 * the caller likes. `onStep` hears of each step that starts.
 */
export const heldMachine = ({ hold, onStep }) => {
  const step = (name, before) =>
    fromPromise(async ({ input }) => {
      onStep(name, input.n)
      await before()
      return input.n + 1
    })
  const free = async () => undefined
  return setup({
    actors: { first: step('first', free), second: step('second', hold), third: step('third', free) },
  }).createMachine({
    id: 'held',
    context: ({ input }) => ({ n: input.n }),
    initial: 'one',
    states: {
      one: { invoke: { ...state('two').invoke, src: 'first' } },
      two: { invoke: { ...state('three').invoke, src: 'second' } },
      three: { invoke: { ...state('done').invoke, src: 'third' } },
      done: { type: 'final' },
    },
    output: ({ context }) => context.n,
  })
}
