/** Graphs for tests, drawn by their edges; what their nodes do is said by the test. */
import { defineEntryPoint, fromStep, type EntryPointOptions, type ErrorRecord, type ResultOutcome, type Runtime } from 'stateward'
import { createTestRuntime, returns, type MockBehaviour } from 'stateward/testing'
import { fromGraph, type GraphArguments, type GraphEdge, type GraphHop, type GraphLimits, type GraphNode } from 'stateward/graphs'

type Step = ReturnType<typeof step>
type Steps = Record<string, Step>
type Edge = GraphEdge<unknown, Steps>
type When = (args: GraphArguments<unknown, Steps> & { readonly output?: unknown; readonly error?: ErrorRecord }) => boolean

const step = () => fromStep((): unknown => Promise.reject(new Error('a test says what this does')))

/** What is said of a graph besides its edges. */
export interface Said {
  readonly nodes?: Readonly<Record<string, Partial<GraphNode<unknown, Steps, Step>>>>
  readonly pause?: Readonly<Record<string, 'before' | 'after'>>
  readonly limits?: GraphLimits
  readonly terminal?: readonly string[]
  readonly entry?: string | readonly string[]
}

/** `a > b`, `a !> b` on failure, `a *> b` always, each with `@ 2` for its priority; a list is an edge with more to it. */
export function edge(text: string, when?: When): Edge {
  const [, from = '', kind, to = '', priority] = /^(\w+) ([!*]?)> (\w+)(?: @ (-?\d+))?$/.exec(text) ?? []
  const on = kind === '!' ? 'failure' : kind === '*' ? 'always' : 'success'
  return { from, to, on, ...(priority === undefined ? {} : { priority: Number(priority) }), ...(when && { when }) } as Edge
}

/** The graph of these edges: it begins at the first node, and ends where no edge leads on. */
export function drawn(edges: readonly (string | Edge)[], { nodes = {}, terminal, entry, ...more }: Said = {}) {
  const all = edges.map((each) => (typeof each === 'string' ? edge(each) : each))
  const names = [...new Set(all.flatMap(({ from, to }) => [from, to]))]
  return fromGraph<Steps, string>({
    id: 'graph',
    nodes: Object.fromEntries(names.map((name) => [name, { run: step(), ...nodes[name] }])),
    edges: all,
    entry: entry ?? (names[0] as string),
    terminal: terminal ?? names.filter((name) => !all.some(({ from }) => from === name)),
    ...more,
  })
}

/** What the nodes of a graph do, by visit. Those that are not named answer with their names. */
export type Does = Readonly<Record<string, readonly MockBehaviour[]>>

/** A world in which a graph is a program. */
export function worldOf(
  graph: ReturnType<typeof drawn>,
  does: Does = {},
  options: Partial<EntryPointOptions<typeof graph>> = {},
) {
  const world = createTestRuntime({
    entryPoints: [defineEntryPoint({ id: 'graphs', program: graph, history: 'steps', ...options })],
  })
  for (const name of Object.keys(graph.states['nodes']?.states ?? {})) {
    const [first = returns(name), ...further] = does[name] ?? []
    world.mock(name, first, ...further)
  }
  return world
}

/** What the journal tells of an execution until it ended or was paused: its hops, each as `a > b, c` or `a !> d`, and the steps that were left. */
export async function told(world: Pick<Runtime, 'events'>, execution: string): Promise<{ hops: string[]; left: string[] }> {
  const hops: string[] = []
  const left: string[] = []
  for await (const { type, data } of world.events({ execution, since: 0 })) {
    if (type === 'execution.emitted') hops.push(shown(data as GraphHop))
    if (type === 'step.left') left.push((data as { step: string }).step)
    if (/^execution\.(?:completed|failed|cancelled|paused)$/.test(type)) break
  }
  return { hops, left }
}

const shown = ({ node, outcome, to }: GraphHop) => `${node} ${outcome === 'success' ? '' : '!'}> ${to.join(', ')}`.trim()

/** The output of an execution that has completed, or the code or message of its error. */
export async function endOf(execution: { result(): Promise<ResultOutcome> }): Promise<unknown> {
  const outcome = await execution.result()
  if (outcome.status === 'completed') return outcome.output
  return outcome.status === 'failed' ? (outcome.error.code ?? outcome.error.message) : outcome.status
}
