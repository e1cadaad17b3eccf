/**
 * What can be said of a graph before it runs: the edges of each node, where branches begin, and where they join.
 *
 * Owns: forks and their regions. A fork is a node with edges of one priority that may be followed at once. Its join is the nearest node
 * through which every way from there to a terminal leads; its region is what lies between. A fork in the region of another
 * one has a region within that one.
 */
import type { AnyGraph, AnyGraphEdge, AnyGraphNode, OnBranchFailure } from './graph-definition.js'

/** How a visit has ended. */
export type Outcome = 'success' | 'failure'

/** A node at which branches may begin. */
export interface Fork {
  readonly node: string
  readonly join: string
  /** The nodes of the branches. */
  readonly region: ReadonlySet<string>
  /** By a node of the region: the nodes of it, or the join, to which a way within the region leads. */
  readonly ahead: ReadonlyMap<string, ReadonlySet<string>>
  readonly onFailure: OnBranchFailure
  readonly timeout: number | undefined
}

/** A node with its edges, in the order of their priorities. */
export interface PlannedNode {
  readonly definition: AnyGraphNode
  readonly edges: readonly AnyGraphEdge[]
  readonly isTerminal: boolean
  readonly pause: 'before' | 'after' | undefined
  readonly fork: Fork | undefined
}

/** A graph, ready to be run. */
export interface GraphPlan {
  readonly id: string
  readonly entries: readonly string[]
  readonly nodes: ReadonlyMap<string, PlannedNode>
  /** The smallest region first. */
  readonly forks: readonly Fork[]
}

/** Which nodes follow which. */
export type Ways = ReadonlyMap<string, readonly string[]>

/** One or several as a list. */
export const listed = (value: string | readonly string[]): readonly string[] => (typeof value === 'string' ? [value] : value)

/** The nodes that follow each node. */
export function waysOf({ nodes, edges }: Pick<AnyGraph, 'nodes' | 'edges'>): Ways {
  const ways = new Map<string, string[]>(Object.keys(nodes).map((id) => [id, []]))
  for (const { from, to } of edges) if (ways.has(to) && !ways.get(from)?.includes(to)) ways.get(from)?.push(to)
  return ways
}

/** What can be reached from there, with the beginnings; `barrier` is not passed, and not part of it. */
export function reached(ways: Ways, from: readonly string[], barrier?: string): Set<string> {
  const found = new Set<string>()
  const open = from.filter((id) => id !== barrier)
  for (let id = open.pop(); id !== undefined; id = open.pop()) {
    if (found.has(id)) continue
    found.add(id)
    open.push(...(ways.get(id) ?? []).filter((next) => next !== barrier))
  }
  return found
}

/** True if an edge may be followed after such an end. */
export const leadsOn = ({ on = 'success' }: Pick<AnyGraphEdge, 'on'>, outcome: Outcome) => on === 'always' || on === outcome

/** Where the edges of a node lead that may be followed at once; none: no branches begin there. */
export function branchTargets(edges: readonly AnyGraphEdge[]): string[] {
  const together = (['success', 'failure'] as const).flatMap((outcome) => {
    const targets = new Map<number, Set<string>>()
    for (const { to, priority = 0 } of edges.filter((edge) => leadsOn(edge, outcome)))
      targets.set(priority, (targets.get(priority) ?? new Set()).add(to))
    return [...targets.values()].filter(({ size }) => size > 1).flatMap((group) => [...group])
  })
  return [...new Set(together)]
}

/** By node: the nodes through which every way from it to a terminal leads, itself among them. Each must reach a terminal. */
export function passages(ways: Ways, terminals: readonly string[]): Map<string, ReadonlySet<string>> {
  const all = new Set(ways.keys())
  const known = new Map<string, ReadonlySet<string>>([...all].map((id) => [id, terminals.includes(id) ? new Set([id]) : all]))
  for (let changed = true; changed;) {
    changed = false
    for (const [id, next] of ways) {
      if (terminals.includes(id)) continue
      const common = new Set([id, ...commonTo(next.map((to) => known.get(to) ?? all))])
      if (common.size === known.get(id)?.size) continue
      known.set(id, common)
      changed = true
    }
  }
  return known
}

/** The nearest node through which all these branches pass. */
export function joinOf(targets: readonly string[], passing: ReadonlyMap<string, ReadonlySet<string>>): string | undefined {
  const common = commonTo(targets.map((to) => passing.get(to) ?? new Set<string>()))
  return common.toSorted((a, b) => (passing.get(b)?.size ?? 0) - (passing.get(a)?.size ?? 0))[0]
}

function commonTo(sets: readonly ReadonlySet<string>[]): string[] {
  const [first, ...others] = sets
  return first ? [...first].filter((id) => others.every((other) => other.has(id))) : []
}

/** The plan of a graph in which there is nothing wrong. */
export function planOf(graph: AnyGraph): GraphPlan {
  const ways = waysOf(graph)
  const terminals = listed(graph.terminal)
  const passing = passages(ways, terminals)
  const nodes = Object.entries(graph.nodes).map(([id, definition]): readonly [string, PlannedNode] => {
    const edges = graph.edges.filter(({ from }) => from === id).toSorted((a, b) => (b.priority ?? 0) - (a.priority ?? 0))
    const fork = forkOf(id, definition, edges, ways, passing)
    return [id, { definition, edges, isTerminal: terminals.includes(id), pause: graph.pause?.[id], fork }]
  })
  const forks = nodes.flatMap(([, { fork }]) => fork ?? []).toSorted((a, b) => a.region.size - b.region.size)
  return { id: graph.id, entries: listed(graph.entry), nodes: new Map(nodes), forks }
}

function forkOf(
  node: string,
  { branches }: AnyGraphNode,
  edges: readonly AnyGraphEdge[],
  ways: Ways,
  passing: ReadonlyMap<string, ReadonlySet<string>>,
): Fork | undefined {
  const targets = branchTargets(edges)
  const join = joinOf(targets, passing)
  if (join === undefined) return undefined
  const region = reached(ways, targets, join)
  const within: Ways = new Map([...region].map((id) => [id, (ways.get(id) ?? []).filter((to) => region.has(to) || to === join)]))
  const ahead = new Map([...region].map((id) => [id, reached(within, within.get(id) ?? [])]))
  return { node, join, region, ahead, onFailure: branches?.onFailure ?? 'fail_all', timeout: branches?.timeout }
}
