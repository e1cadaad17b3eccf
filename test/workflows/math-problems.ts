/**
 * Solving a list of problems, after the description of the Serverless Workflow specification 0.8 (examples/math-problem
 * and foreach): for each expression, all at once, a function is called; the results are collected.
 *
 * Owns: the machine, its entry point and its scenarios. Its solvers are spawned children without an id.
 */
import { assign, enqueueActions, sendParent, setup } from 'xstate'
import { defineEntryPoint } from '../../src/index.js'
import type { Scenario } from '../../src/testing/explore/scenario.js'
import type { TestRuntime } from '../../src/testing/world/test-runtime.js'
import { Ledger } from './ledger.js'
import { service } from './service.js'

const solverMachine = setup({
  types: { input: {} as { expression: string }, context: {} as { expression: string; result: number } },
  actors: { solve: service<number, string>('calculator') },
}).createMachine({
  id: 'solver',
  context: ({ input }) => ({ ...input, result: 0 }),
  initial: 'solving',
  states: {
    solving: {
      invoke: {
        src: 'solve',
        input: ({ context }) => context.expression,
        onDone: { target: 'solved', actions: assign({ result: ({ event }) => event.output }) },
      },
    },
    solved: {
      type: 'final',
      entry: sendParent(({ context: { expression, result } }) => ({ type: 'SOLVED', expression, result })),
    },
  },
})

interface Problems {
  readonly expressions: readonly string[]
}

const mathProblemsMachine = setup({
  types: {
    input: {} as Problems,
    context: {} as Problems & { results: Readonly<Record<string, number>> },
    events: {} as { type: 'SOLVED'; expression: string; result: number },
    output: {} as { results: Readonly<Record<string, number>> },
  },
  actors: { solver: solverMachine },
  guards: { allSolved: ({ context: { expressions, results } }) => expressions.every((expression) => expression in results) },
}).createMachine({
  id: 'mathProblems',
  context: ({ input }) => ({ ...input, results: {} }),
  initial: 'solving',
  states: {
    solving: {
      entry: enqueueActions(({ context, enqueue }) => {
        for (const expression of context.expressions) enqueue.spawnChild('solver', { input: { expression } })
      }),
      on: {
        SOLVED: {
          actions: assign({ results: ({ context, event }) => ({ ...context.results, [event.expression]: event.result }) }),
        },
      },
      always: { guard: 'allSolved', target: 'solved' },
    },
    solved: { type: 'final' },
  },
  output: ({ context: { results } }) => ({ results }),
})

/** The calculator. */
export const mathProblems = defineEntryPoint({ id: 'math-problems', program: mathProblemsMachine })

async function solve(runtime: TestRuntime<readonly [typeof mathProblems]>, expressions: readonly string[]) {
  const ledger = new Ledger()
  const sums: Readonly<Record<string, number>> = { '2+2': 4, '4-1': 3, '10x3': 30 }
  runtime.mock('solve', ({ input, idempotencyKey }) => {
    ledger.record(idempotencyKey, `solved ${input}`)
    return sums[input] ?? 0
  })
  await runtime.trigger('math-problems', { expressions })
  await runtime.runToIdle()
  return ledger.effects
}

/** The lists, by name. */
export const mathProblemsScenarios = {
  'three problems': (runtime) => solve(runtime, ['2+2', '4-1', '10x3']),
  'no problem': (runtime) => solve(runtime, []),
} satisfies Record<string, Scenario<typeof mathProblems>>
