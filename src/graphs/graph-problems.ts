/**
 * Finds all that is wrong with a graph, each with its path in the definition.
 *
 * Owns the rules: names that are known, ways that lead somewhere, loops that end, branches that join.
 */
import { StatewardError } from '../errors.js'
import { refuseUnknown } from '../known-options.js'
import {
  branchNames,
  edgeNames,
  graphNames,
  limitNames,
  nodeNames,
  type AnyGraph,
  type AnyGraphEdge,
  type AnyGraphNode,
} from './graph-definition.js'
import { branchTargets, joinOf, listed, passages, reached, waysOf, type Ways } from './graph-plan.js'

/** What is wrong, and where. */
export interface GraphProblem {
  /** In the definition, such as `edges[3].to`. */
  readonly path: string
  readonly message: string
}

/** Throws `invalid_definition` with all that is wrong with a graph, in `details.problems`. */
export function refuseProblems(graph: AnyGraph): void {
  refuseUnknown('invalid_definition', 'A graph', graph, graphNames)
  const problems = problemsOf(graph)
  if (problems.length === 0) return
  const text = problems.map(({ path, message }) => `${path}: ${message}`).join('; ')
  throw new StatewardError('invalid_definition', `The graph ${named(graph.id)} can't be run: ${text}`, {
    details: { graph: String(graph.id), problems },
  })
}

function problemsOf(graph: AnyGraph): readonly GraphProblem[] {
  if (!isObject(graph.nodes)) return [{ path: 'nodes', message: 'must be an object of nodes by their ids' }]
  if (!Array.isArray(graph.edges)) return [{ path: 'edges', message: 'must be a list of edges' }]
  const named = [
    ...namesIn(graph),
    ...Object.entries(graph.nodes).flatMap(([id, node]) => nodeProblems(id, node)),
    ...graph.edges.flatMap((edge, at) => edgeProblems(edge, `edges[${at}]`, graph.nodes)),
  ]
  // ways are followed only where every name leads to a node
  return named.length > 0 ? named : waysProblems(graph)
}

function namesIn({ id, nodes, entry, terminal, pause, limits, output }: AnyGraph): GraphProblem[] {
  const problems: GraphProblem[] = []
  const tell = (path: string, message: string) => problems.push({ path, message })
  if (!isName(id)) tell('id', `${named(id)} must be letters, digits, \`_\` and \`-\``)
  if (Object.keys(nodes).length === 0) tell('nodes', 'there is no node')
  for (const [path, given] of [
    ['entry', entry],
    ['terminal', terminal],
  ] as const) {
    const isList = Array.isArray(given)
    const ids = isList ? given : [given]
    if (ids.length === 0) tell(path, 'names no node')
    for (const [at, node] of ids.entries()) {
      const place = isList ? `${path}[${at}]` : path
      if (!has(nodes, node)) tell(place, unknownNode(node, nodes))
      else if (ids.indexOf(node) < at) tell(place, `names ${named(node)} a second time`)
    }
  }
  if (pause !== undefined && !isObject(pause)) tell('pause', 'must be an object by the ids of nodes')
  for (const [node, when] of Object.entries(pause ?? {})) {
    if (!has(nodes, node)) tell(`pause.${node}`, unknownNode(node, nodes))
    if (when !== undefined && when !== 'before' && when !== 'after')
      tell(`pause.${node}`, `${named(when)} must be before or after`)
  }
  refused(() => refuseUnknown('invalid_definition', 'limits', limits, limitNames), 'limits', problems)
  for (const limit of ['steps', 'visits'] as const)
    if (isObject(limits) && !isCount(limits[limit]))
      tell(`limits.${limit}`, `${named(limits[limit])} must be a whole number from 1`)
  if (output !== undefined && typeof output !== 'function') tell('output', 'must be a function')
  return problems
}

function nodeProblems(id: string, node: AnyGraphNode): GraphProblem[] {
  const path = `nodes.${id}`
  const problems: GraphProblem[] = []
  const tell = (at: string, message: string) => problems.push({ path: at, message })
  if (!isName(id)) tell(path, `the id ${named(id)} must be letters, digits, \`_\` and \`-\``)
  if (!isObject(node)) return [...problems, { path, message: 'must be an object with what is to `run`' }]
  refused(() => refuseUnknown('invalid_definition', `nodes.${id}`, node, nodeNames), path, problems)
  const { run, input, inputSchema, outputSchema, timeout, maxVisits, branches } = node
  if (!isObject(run) || typeof run.transition !== 'function')
    tell(`${path}.run`, 'must be actor logic, such as `fromStep(…)` or a machine')
  if (input !== undefined && typeof input !== 'function') tell(`${path}.input`, 'must be a function')
  for (const [name, schema] of Object.entries({ inputSchema, outputSchema }))
    if (schema !== undefined && typeof schema?.['~standard']?.validate !== 'function')
      tell(`${path}.${name}`, 'must be a Standard Schema')
  if (!isTime(timeout)) tell(`${path}.timeout`, `${named(timeout)} must be a number of milliseconds above 0`)
  if (!isCount(maxVisits)) tell(`${path}.maxVisits`, `${named(maxVisits)} must be a whole number from 1`)
  refused(() => refuseUnknown('invalid_definition', 'branches', branches, branchNames), `${path}.branches`, problems)
  if (!isObject(branches)) return problems
  if (!['fail_all', 'wait', 'continue', undefined].includes(branches.onFailure))
    tell(`${path}.branches.onFailure`, `${named(branches.onFailure)} must be one of fail_all, wait, continue`)
  if (!isTime(branches.timeout))
    tell(`${path}.branches.timeout`, `${named(branches.timeout)} must be a number of milliseconds above 0`)
  return problems
}

function edgeProblems(edge: AnyGraphEdge, path: string, nodes: AnyGraph['nodes']): GraphProblem[] {
  if (!isObject(edge)) return [{ path, message: 'must be an object with `from` and `to`' }]
  const problems: GraphProblem[] = []
  const tell = (at: string, message: string) => problems.push({ path: `${path}.${at}`, message })
  refused(() => refuseUnknown('invalid_definition', path, edge, edgeNames), path, problems)
  const { from, to, on, when, priority } = edge
  if (!has(nodes, from)) tell('from', unknownNode(from, nodes))
  if (!has(nodes, to)) tell('to', unknownNode(to, nodes))
  if (!['success', 'failure', 'always', undefined].includes(on))
    tell('on', `${named(on)} must be one of success, failure, always`)
  if (when !== undefined && typeof when !== 'function') tell('when', 'must be a function')
  if (priority !== undefined && !Number.isFinite(priority)) tell('priority', `${named(priority)} must be a number`)
  return problems
}

/** All names lead to nodes: whether the ways from them lead to an end. */
function waysProblems(graph: AnyGraph): GraphProblem[] {
  const problems: GraphProblem[] = []
  const tell = (path: string, message: string) => problems.push({ path, message })
  const ways = waysOf(graph)
  const terminals = listed(graph.terminal)
  const met = reached(ways, listed(graph.entry))
  const leadingOut = reached(reversed(ways), terminals)
  for (const id of ways.keys()) {
    const from = graph.edges.filter((edge) => edge.from === id)
    if (!met.has(id)) tell(`nodes.${id}`, 'no way from an entry leads here')
    if (terminals.includes(id)) {
      if (from.length > 0) tell(`terminal`, `${named(id)} is terminal and has edges`)
    } else if (!from.some(({ on }) => on !== 'failure'))
      tell(`nodes.${id}`, 'nothing follows when it has ended well, and it is not terminal')
    else if (!leadingOut.has(id)) tell(`nodes.${id}`, 'no way from here leads to a terminal node')
  }
  problems.push(...loopProblems(graph, ways))
  return problems.length > 0 ? problems : branchProblems(graph, ways)
}

/** A loop ends if something in it is counted. */
function loopProblems({ nodes, limits }: AnyGraph, ways: Ways): GraphProblem[] {
  if (limits?.steps !== undefined || limits?.visits !== undefined) return []
  const uncounted = new Map([...ways].filter(([id]) => nodes[id]?.maxVisits === undefined))
  const inside: Ways = new Map([...uncounted].map(([id, next]) => [id, next.filter((to) => uncounted.has(to))]))
  return [...inside.keys()]
    .filter((id) => reached(inside, inside.get(id) ?? []).has(id))
    .map((id) => ({
      path: `nodes.${id}`,
      message: 'it stands in a loop without a limit: give a node of the loop `maxVisits`, or the graph `limits`',
    }))
}

function branchProblems(graph: AnyGraph, ways: Ways): GraphProblem[] {
  const passing = passages(ways, listed(graph.terminal))
  return Object.entries(graph.nodes).flatMap(([id, { branches }]): GraphProblem[] => {
    const path = `nodes.${id}`
    const targets = branchTargets(graph.edges.filter(({ from }) => from === id))
    if (targets.length === 0)
      return branches
        ? [{ path: `${path}.branches`, message: 'no branches begin here: of its edges only one is followed at a time' }]
        : []
    const text = `the branches to ${targets.map(named).join(', ')}`
    const join = joinOf(targets, passing)
    if (join === undefined)
      return [
        {
          path,
          message: `${text} have no join: let all their ways lead through one node, or give the edges different priorities if only one is to be followed`,
        },
      ]
    return reached(ways, targets, join).has(id)
      ? [
          {
            path,
            message: `${text} lead back here before they join in ${named(join)}: let the loop begin at the join, or give the edges different priorities if only one is to be followed`,
          },
        ]
      : []
  })
}

function reversed(ways: Ways): Ways {
  const back = new Map<string, string[]>([...ways.keys()].map((id) => [id, []]))
  for (const [id, next] of ways) for (const to of next) back.get(to)?.push(id)
  return back
}

function refused(check: () => void, path: string, problems: GraphProblem[]): void {
  try {
    check()
  } catch (error) {
    problems.push({ path, message: (error as Error).message })
  }
}

const has = (nodes: object, id: unknown) => typeof id === 'string' && Object.hasOwn(nodes, id)

const isObject = <T>(value: T | undefined): value is T & object => typeof value === 'object' && value !== null

const isName = (id: unknown) => typeof id === 'string' && /^[A-Za-z0-9_-]{1,128}$/.test(id) && id !== '__proto__'

const isTime = (value: unknown) => value === undefined || (typeof value === 'number' && value > 0 && Number.isFinite(value))

const isCount = (value: unknown) => value === undefined || (Number.isSafeInteger(value) && (value as number) >= 1)

const named = (value: unknown) => (typeof value === 'string' ? `"${value}"` : String(value))

function unknownNode(id: unknown, nodes: object): string {
  return `there is no node ${named(id)}; there are ${Object.keys(nodes).join(', ')}`
}
