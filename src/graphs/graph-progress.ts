/**
 * How far a graph has come: the context of its machine, which every commit stores.
 *
 * Owns the value, what it is at the beginning, and what the functions of a graph see of it. What becomes of it is the part of
 * `graph-advance.ts`.
 */
import type { ErrorRecord } from '../errors.js'
import type { AnyArguments } from './graph-definition.js'
import type { GraphPlan } from './graph-plan.js'

/**
 * Where a node stands. `waiting`: an edge was followed to it, and others may be. `paused`: until an event. `limited`: it may not be
 * started so often. `branching`: its branches are under way. `stopped`: its branch was given up.
 */
export type NodeStatus = 'idle' | 'waiting' | 'paused' | 'running' | 'limited' | 'branching' | 'done' | 'failed' | 'stopped'

/** A branch that has failed. */
export interface FailedBranch {
  readonly node: string
  readonly error: ErrorRecord
}

/** How far a graph has come: the context of its machine, which is stored. */
export interface GraphProgress {
  readonly input: unknown
  readonly outputs: Readonly<Record<string, unknown>>
  readonly errors: Readonly<Record<string, ErrorRecord>>
  readonly answers: Readonly<Record<string, unknown>>
  readonly visits: Readonly<Record<string, number>>
  readonly steps: number
  readonly limits: { readonly steps?: number; readonly visits: Readonly<Record<string, number>> }
  readonly nodes: Readonly<Record<string, NodeStatus>>
  /** Of the nodes that run. */
  readonly inputs: Readonly<Record<string, unknown>>
  /** From where edges were followed to the nodes that wait. */
  readonly arrivals: Readonly<Record<string, readonly string[]>>
  /** The failed branches of each fork that is open. */
  readonly forks: Readonly<Record<string, readonly FailedBranch[]>>
  /** The terminal node with which it has ended. */
  readonly terminal: string | null
}

/** What a graph begins with. */
export function initialProgress(
  plan: GraphPlan,
  input: unknown,
  limits: { steps?: number | undefined; visits?: number | undefined },
): GraphProgress {
  const visits: Record<string, number> = {}
  const nodes: Record<string, NodeStatus> = {}
  for (const [id, { definition }] of plan.nodes) {
    nodes[id] = 'idle'
    const most = definition.maxVisits ?? limits.visits
    if (most !== undefined) visits[id] = most
  }
  const { steps } = limits
  return {
    input,
    outputs: {},
    errors: {},
    answers: {},
    visits: {},
    steps: 0,
    limits: { ...(steps === undefined ? {} : { steps }), visits },
    nodes,
    inputs: {},
    arrivals: {},
    forks: {},
    terminal: null,
  }
}

/** What a limit says of a node that it holds back. */
export function exceededLimit(
  { limits, visits, steps }: GraphProgress,
  node: string,
): { limit: 'steps' | 'visits'; node: string; allowed: number } | undefined {
  const most = limits.visits[node]
  if (most !== undefined && (visits[node] ?? 0) >= most) return { limit: 'visits', node, allowed: most }
  return limits.steps !== undefined && steps >= limits.steps ? { limit: 'steps', node, allowed: limits.steps } : undefined
}

/** What the functions of a graph get. */
export function argumentsOf({ input, outputs, errors, answers, visits, steps }: GraphProgress): AnyArguments {
  return { input, outputs, errors, answers, visits, steps }
}
