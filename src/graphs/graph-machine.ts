/**
 * Compiles a graph to an XState machine.
 *
 * Owns the chart: `nodes` is a parallel state with a region for each node, under the node's name, and `ended` is final. What
 * happens is worked out by `graph-progress.ts` on the context; each region follows what the context says of its node.
 *
 * Why a region for each node, and not a parallel state for each fan-out: which edges are followed is known only when a node has ended.
 * Branches may meet before their join, be skipped, or be loops, and a chart of nested parallel states can say none of this. And why
 * no spawned children: an inspector would show one state for the whole graph, and a snapshot would say where it stands only
 * in its context. As it is, each node's step is invoked by a state of its own: its key is made of the node's id and the number of the
 * visit, it ends when its state is left, and a restored snapshot goes on with it as in any machine.
 */
import { setup, enqueueActions, type AnyActorLogic } from 'xstate'
import { fromStep } from '../actors/program/step.js'
import { StatewardError } from '../errors.js'
import type { AnyGraph } from './graph-definition.js'
import { progressAfter, type GraphHop, type GraphMove } from './graph-advance.js'
import type { GraphPlan, PlannedNode } from './graph-plan.js'
import { argumentsOf, exceededLimit, initialProgress, type GraphProgress, type NodeStatus } from './graph-progress.js'

/** Lets a paused node go on. Its `answer` is what other nodes find under `answers`. */
export interface GraphContinue {
  readonly type: 'graph.continue'
  readonly node: string
  readonly answer?: unknown
}

/** Raises limits while a graph runs: `visits` by node. */
export interface GraphRaise {
  readonly type: 'graph.limits'
  readonly steps?: number | undefined
  readonly visits?: Readonly<Record<string, number>> | undefined
}

/** The source of the step that ends an execution at a limit. */
const limitSource = 'graph.limit'

/** Fails once the commit is durable that says which node is held back: so what ended before it is not run again. */
const limitStep = fromStep(
  ({
    input,
  }: {
    readonly input: { readonly graph: string; readonly limit: string; readonly node: string; readonly allowed: number }
  }): never => {
    const { graph, limit, node, allowed } = input
    const text = limit === 'steps' ? `the graph has started ${allowed} nodes` : `it was started ${allowed} times`
    throw new StatewardError('limit_exceeded', `Node "${node}" of the graph "${graph}" may not be started: ${text}.`, {
      details: input,
    })
  },
)

type GraphEvent = GraphContinue | GraphRaise

/** The machine of a graph that begins at a node. */
export function graphMachine(graph: AnyGraph, plan: GraphPlan, entry: string) {
  const actors: Record<string, AnyActorLogic> = { [limitSource]: limitStep }
  for (const [id, { definition }] of plan.nodes) actors[id] = definition.run
  const chart = setup({
    types: {
      context: {} as GraphProgress,
      events: {} as GraphEvent,
      emitted: {} as GraphHop,
      input: {} as unknown,
      output: {} as unknown,
    },
    actors,
    guards: {
      stands: ({ context }, { node, status }: { node: string; status: NodeStatus }) => context.nodes[node] === status,
      hasEnded: ({ context }) => context.terminal !== null,
      isPaused: ({ context, event }) => event.type === 'graph.continue' && context.nodes[event.node] === 'paused',
      raises: ({ event }) => event.type === 'graph.limits' && isRaise(event, plan),
    },
    actions: {
      move: enqueueActions(({ context, enqueue }, move: GraphMove) => {
        const { progress, hops } = progressAfter(plan, context, move)
        enqueue.assign(progress)
        for (const hop of hops) enqueue.emit(hop)
      }),
    },
  })
  type Region = NonNullable<Parameters<typeof chart.createMachine>[0]['states']>[string]
  const regions = Object.fromEntries([...plan.nodes].map(([id, node]) => [id, region(id, node)] as const))
  return chart.createMachine({
    id: graph.id,
    context: ({ input }) => initialProgress(plan, input, graph.limits ?? {}),
    initial: 'nodes',
    states: {
      nodes: {
        type: 'parallel',
        entry: { type: 'move', params: { type: 'begin', entry } },
        always: { guard: 'hasEnded', target: 'ended' },
        on: {
          'graph.continue': {
            guard: 'isPaused',
            actions: { type: 'move', params: ({ event }) => ({ type: 'continued', node: event.node, answer: event.answer }) },
          },
          'graph.limits': {
            guard: 'raises',
            actions: { type: 'move', params: ({ event }) => ({ type: 'raised', steps: event.steps, visits: event.visits }) },
          },
        },
        states: regions,
      },
      ended: { type: 'final' },
    },
    output: ({ context }: { context: GraphProgress }) => {
      const terminal = String(context.terminal)
      return graph.output ? graph.output({ ...argumentsOf(context), terminal }) : context.outputs[terminal]
    },
  })

  /** One node. Its state follows what the context says of it; what it runs is left with its state. */
  function region(node: string, { definition, fork }: PlannedNode): Region {
    const { timeout } = definition
    const to = (...others: readonly NodeStatus[]) =>
      others.map((status) => ({ guard: { type: 'stands' as const, params: { node, status } }, target: status }))
    const failed = (error: unknown): GraphMove => ({ type: 'failed', node, error })
    const rest = { always: to('waiting', 'paused', 'running', 'limited', 'branching', 'done', 'failed', 'stopped') }
    const late = timeout === undefined ? undefined : lateNode(graph.id, node, timeout)
    return {
      initial: 'idle',
      states: {
        idle: rest,
        waiting: { tags: node, always: to('idle', 'paused', 'running', 'limited', 'failed', 'stopped') },
        paused: { tags: node, always: to('running', 'limited', 'branching', 'done', 'failed', 'stopped') },
        running: {
          tags: node,
          invoke: {
            id: node,
            src: node,
            input: ({ context }) => context.inputs[node],
            onDone: {
              target: 'done',
              actions: { type: 'move', params: ({ event }) => ({ type: 'succeeded', node, output: event.output }) },
            },
            onError: { target: 'failed', actions: { type: 'move', params: ({ event }) => failed(event.error) } },
          },
          always: to('failed', 'stopped'),
          ...(timeout === undefined
            ? {}
            : { after: { [timeout]: { target: 'failed', actions: { type: 'move', params: () => failed(late) } } } }),
        },
        limited: {
          tags: node,
          invoke: {
            id: `limit.${node}`,
            src: limitSource,
            input: ({ context }) => ({ graph: graph.id, ...exceededLimit(context, node) }),
          },
          always: to('running', 'failed', 'stopped'),
        },
        branching: {
          always: to('done', 'failed', 'stopped'),
          ...(fork?.timeout === undefined
            ? {}
            : { after: { [fork.timeout]: { actions: { type: 'move', params: { type: 'branches_late', node } } } } }),
        },
        done: { always: to('waiting', 'paused', 'running', 'limited', 'branching', 'failed', 'stopped') },
        failed: { always: to('waiting', 'paused', 'running', 'limited', 'branching', 'done', 'stopped') },
        stopped: { always: to('waiting', 'paused', 'running', 'limited', 'failed') },
      },
    }
  }
}

function lateNode(graph: string, node: string, timeout: number): StatewardError {
  return new StatewardError('step_timeout', `Node "${node}" of the graph "${graph}" has not ended within ${timeout} ms.`, {
    details: { graph, node, timeout },
  })
}

/** True if an event raises limits of nodes that there are. */
function isRaise({ steps, visits }: GraphRaise, plan: GraphPlan): boolean {
  if (visits !== undefined && (typeof visits !== 'object' || visits === null)) return false
  const counts = [...(steps === undefined ? [] : [steps]), ...Object.values(visits ?? {})]
  const areKnown = Object.keys(visits ?? {}).every((id) => plan.nodes.has(id))
  return areKnown && counts.length > 0 && counts.every((count) => Number.isSafeInteger(count) && count >= 1)
}
