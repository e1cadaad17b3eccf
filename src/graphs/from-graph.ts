/** `fromGraph`. Owns the types of a graph's machine, and the entries that it can be given. */
import type { AnyActorRef, MetaObject, OutputFrom, ParameterizedObject, StateMachine, StateSchema, StateValue } from 'xstate'
import { StatewardError } from '../errors.js'
import type { GraphHop } from './graph-advance.js'
import type { AnyGraph, GraphArguments, GraphLogics, GraphOptions, NodeOutputs } from './graph-definition.js'
import { graphMachine, type GraphContinue, type GraphRaise } from './graph-machine.js'
import { planOf, type GraphPlan } from './graph-plan.js'
import { refuseProblems } from './graph-problems.js'
import type { GraphProgress } from './graph-progress.js'

/** The context of a graph's machine. */
export interface GraphContext<TInput, TLogics extends GraphLogics> extends Omit<GraphProgress, 'input' | 'outputs'> {
  readonly input: TInput
  readonly outputs: NodeOutputs<TLogics>
}

/** The machine of a graph: an XState machine like any other. */
export type GraphMachine<TInput, TLogics extends GraphLogics, TOutput> = StateMachine<
  GraphContext<TInput, TLogics>,
  GraphContinue | GraphRaise,
  Record<string, AnyActorRef | undefined>,
  { [K in keyof TLogics & string]: { src: K; logic: TLogics[K]; id: string | undefined } }[keyof TLogics & string],
  ParameterizedObject,
  ParameterizedObject,
  string,
  StateValue,
  keyof TLogics & string,
  TInput,
  TOutput,
  GraphHop,
  MetaObject,
  StateSchema
>

/** What a graph gives that has an `output`: how far it has come, and the node with which it has ended. */
export type GraphEnd<TInput, TLogics extends GraphLogics> = GraphArguments<TInput, TLogics> & {
  readonly terminal: keyof TLogics & string
}

/**
 * Makes an XState machine of a graph: nodes that run steps, machines or graphs, and edges that say which node follows which.
 *
 * It is a machine like any other: durable as the program of an entry point, drawn by an inspector, explored by the testing kit. Each
 * node is a region of its state `nodes`, under the node's name. It ends with the output of the terminal node that was reached, or
 * with what `output` makes of all.
 *
 * Errors: `invalid_definition` here, with all that is wrong in `details.problems`. The execution fails with the error of a node that no
 * edge takes up, or with `limit_exceeded`, `invalid_value`, `no_edge`, `branch_failed`, `branch_timeout` or `step_timeout`.
 *
 * @example
 * ```ts
 * const digest = fromGraph({
 *   id: 'digest',
 *   types: {} as { input: { topic: string } },
 *   nodes: {
 *     search: { run: fromStep(({ input }: StepArguments<{ topic: string }>) => [`all about ${input.topic}`]) },
 *     write: { run: fromStep(({ input }: StepArguments<string[]>) => input.join()), input: ({ outputs }) => outputs.search ?? [] },
 *   },
 *   edges: [{ from: 'search', to: 'write' }],
 *   entry: 'search',
 *   terminal: 'write',
 * })
 * const digests = createRuntime({ store: memoryStore(), entryPoints: [defineEntryPoint({ id: 'digests', program: digest })] })
 * await digests.start()
 * console.log(await (await digests.trigger('digests', { topic: 'bees' })).result()) // prints { status: 'completed', output: 'all about bees' }
 * await digests.stop()
 * ```
 */
export function fromGraph<TLogics extends GraphLogics, TOutput, TInput = unknown>(
  graph: GraphOptions<TInput, TLogics> & {
    readonly terminal: (keyof TLogics & string) | readonly (keyof TLogics & string)[]
    /** Makes the output of the graph. */
    readonly output: (args: GraphEnd<TInput, TLogics>) => TOutput
  },
): GraphMachine<TInput, TLogics, TOutput>
export function fromGraph<TLogics extends GraphLogics, TTerminal extends keyof TLogics & string, TInput = unknown>(
  graph: GraphOptions<TInput, TLogics> & { readonly terminal: TTerminal | readonly TTerminal[]; readonly output?: undefined },
): GraphMachine<TInput, TLogics, OutputFrom<TLogics[TTerminal]>>
export function fromGraph(given: unknown): unknown {
  const graph = given as AnyGraph
  refuseProblems(graph)
  const plan = planOf(graph)
  return made(graph, plan, plan.entries[0] as string)
}

/** The machines that begin at other entries of the same graph. */
const beginnings = new WeakMap<object, (entry: string) => unknown>()

function made(graph: AnyGraph, plan: GraphPlan, entry: string): unknown {
  const machine = graphMachine(graph, plan, entry)
  beginnings.set(machine, (other) => {
    if (plan.entries.includes(other)) return made(graph, plan, other)
    throw new StatewardError(
      'invalid_definition',
      `The graph "${graph.id}" has no entry "${other}"; there are ${plan.entries.join(', ')}: name it in \`entry\`, so that the ways from it are checked.`,
      { details: { graph: graph.id, entry: other, known: plan.entries } },
    )
  })
  return machine
}

/**
 * The same graph, beginning at another one of its entries: for an entry point of its own.
 *
 * Errors: `invalid_definition` for a node that the graph's `entry` does not name, and for a machine that `fromGraph` has not made (one
 * that `provide` has changed among them).
 */
export function graphFrom<TInput, TLogics extends GraphLogics, TOutput>(
  graph: GraphMachine<TInput, TLogics, TOutput>,
  entry: keyof TLogics & string,
): GraphMachine<TInput, TLogics, TOutput> {
  const begin = beginnings.get(graph)
  if (begin) return begin(entry) as GraphMachine<TInput, TLogics, TOutput>
  throw new StatewardError('invalid_definition', 'Only a machine that `fromGraph` has made can begin at another entry.', {
    details: { entry },
  })
}
