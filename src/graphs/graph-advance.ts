/**
 * How a graph goes on: which nodes are started when one has ended.
 *
 * Owns the rules of edges, joins, branch policies and limits, over a plain value that becomes the machine's context. It is pure: no
 * actor, no clock. Talks to nobody; `graph-machine.ts` shows where each node stands as a state of the chart.
 *
 * A node to which an edge leads waits until no active node can still lead to it, and then starts once: so every node is a join. Two
 * nodes that can lead to each other start in the order of the definition. What "can lead" means is asked within the smallest open fork
 * that both are part of, since a way around its join is taken only after it. Hence a node never runs twice at the same time,
 * which is why one state of the chart for each node is enough.
 */
import { StatewardError, toErrorRecord, type ErrorRecord } from '../errors.js'
import type { AnyGraphEdge } from './graph-definition.js'
import { leadsOn, type Fork, type GraphPlan, type Outcome, type PlannedNode } from './graph-plan.js'
import { argumentsOf, exceededLimit, type FailedBranch, type GraphProgress, type NodeStatus } from './graph-progress.js'
import { fitting } from './node-schema.js'

/** A visit has ended, and these edges were followed: an event that the machine emits, so that the journal has it. */
export interface GraphHop {
  readonly type: 'graph.hop'
  readonly node: string
  readonly visit: number
  readonly outcome: Outcome
  readonly output?: unknown
  readonly error?: ErrorRecord
  /** The nodes to which edges were followed. */
  readonly to: readonly string[]
}

/** What has happened. */
export type GraphMove =
  | { readonly type: 'begin'; readonly entry: string }
  | { readonly type: 'succeeded'; readonly node: string; readonly output: unknown }
  | { readonly type: 'failed'; readonly node: string; readonly error: unknown }
  | { readonly type: 'continued'; readonly node: string; readonly answer: unknown }
  | {
      readonly type: 'raised'
      readonly steps?: number | undefined
      readonly visits?: Readonly<Record<string, number>> | undefined
    }
  | { readonly type: 'branches_late'; readonly node: string }

/** How far the graph has come after a move. Throws the error with which the graph fails. */
export function progressAfter(
  plan: GraphPlan,
  before: GraphProgress,
  move: GraphMove,
): { progress: GraphProgress; hops: readonly GraphHop[] } {
  const next = new Advance(plan, before)
  next.take(move)
  return { progress: next.progress, hops: next.hops }
}

const active: ReadonlySet<NodeStatus> = new Set(['waiting', 'paused', 'running', 'limited'])

/** The same, to be written to. */
type Draft = {
  -readonly [K in keyof GraphProgress]: K extends 'limits'
    ? GraphProgress[K]
    : GraphProgress[K] extends Readonly<Record<string, infer V>>
      ? Record<string, V>
      : GraphProgress[K]
}

/** One move, on a copy of what was. */
class Advance {
  readonly hops: GraphHop[] = []
  readonly #plan: GraphPlan
  readonly #now: Draft

  constructor(plan: GraphPlan, before: GraphProgress) {
    this.#plan = plan
    const { outputs, errors, answers, visits, nodes, inputs, arrivals, forks } = before
    this.#now = {
      ...before,
      limits: { ...before.limits, visits: { ...before.limits.visits } },
      outputs: { ...outputs },
      errors: { ...errors },
      answers: { ...answers },
      visits: { ...visits },
      nodes: { ...nodes },
      inputs: { ...inputs },
      arrivals: { ...arrivals },
      forks: { ...forks },
    } as Draft
  }

  get progress(): GraphProgress {
    return this.#now as GraphProgress
  }

  take(move: GraphMove): void {
    switch (move.type) {
      case 'begin':
        this.#arrive(move.entry)
        break
      case 'succeeded':
        this.#succeeded(move.node, move.output)
        break
      case 'failed':
        this.#failed(move.node, move.error)
        break
      case 'continued':
        this.#continued(move.node, move.answer)
        break
      case 'raised':
        this.#raised(move)
        break
      case 'branches_late':
        this.#branchesLate(move.node)
    }
    while (this.progress.terminal === null && (this.#closeFork() || this.#startOne()));
  }

  #node(id: string): PlannedNode {
    return this.#plan.nodes.get(id) as PlannedNode
  }

  // starting

  #arrive(to: string, from?: string): void {
    this.#now.nodes[to] = 'waiting'
    if (from !== undefined) this.#now.arrivals[to] = [...(this.#now.arrivals[to] ?? []), from]
  }

  /** True if a node that waited has gone on. */
  #startOne(): boolean {
    for (const [id, { pause }] of this.#plan.nodes) {
      if (this.#now.nodes[id] !== 'waiting' || this.#isAwaited(id)) continue
      delete this.#now.arrivals[id]
      if (pause === 'before') this.#now.nodes[id] = 'paused'
      else this.#run(id)
      return true
    }
    return false
  }

  /** True while another active node may still lead to it. */
  #isAwaited(id: string): boolean {
    return Object.keys(this.#now.nodes).some((other) => {
      if (other === id || !active.has(this.#now.nodes[other] as NodeStatus)) return false
      // a join leads to nothing within its own branches, even if a loop around them does
      const isPart = ({ region, join }: Fork, each: string) => region.has(each) || join === each
      const fork = this.#open((each) => isPart(each, other) && isPart(each, id))
      if (!fork?.ahead.get(other)?.has(id)) return false
      const isMutual = this.#now.nodes[other] === 'waiting' && fork.ahead.get(id)?.has(other) === true
      return !(isMutual && this.#comesBefore(id, other))
    })
  }

  #comesBefore(id: string, other: string): boolean {
    for (const each of this.#plan.nodes.keys()) if (each === id || each === other) return each === id
    return false
  }

  #run(id: string): void {
    const now = this.#now
    if (exceededLimit(this.progress, id)) return void (now.nodes[id] = 'limited')
    const { input, inputSchema } = this.#node(id).definition
    now.steps++
    now.visits[id] = (now.visits[id] ?? 0) + 1
    delete now.errors[id]
    const given = attempt(() => fitting(inputSchema, input ? input(argumentsOf(this.progress)) : now.input, id, 'input'))
    if ('error' in given) return this.#failed(id, given.error)
    now.nodes[id] = 'running'
    now.inputs[id] = given.value
  }

  // ending

  #succeeded(id: string, given: unknown): void {
    const { definition, pause } = this.#node(id)
    const checked = attempt(() => fitting(definition.outputSchema, given, id, 'output'))
    if ('error' in checked) return this.#failed(id, checked.error)
    this.#now.outputs[id] = checked.value
    delete this.#now.inputs[id]
    this.#now.nodes[id] = 'done'
    if (pause === 'after') this.#now.nodes[id] = 'paused'
    else this.#goOn(id)
  }

  #failed(id: string, error: unknown): void {
    const record = recordOf(error)
    this.#now.errors[id] = record
    delete this.#now.inputs[id]
    this.#now.nodes[id] = 'failed'
    if (!this.#follow(id, 'failure', record)) this.#branchFailed(id, error)
  }

  /** Goes on from a node that has ended well. */
  #goOn(id: string): void {
    if (this.#node(id).isTerminal) {
      this.#hop(id, 'success', [])
      this.#now.terminal = id
      return
    }
    if (this.#follow(id, 'success')) return
    const message = `No edge of node "${id}" holds after it has ended well, and it is not terminal: give it an edge without \`when\`.`
    this.#branchFailed(id, new StatewardError('no_edge', message, { details: { graph: this.#plan.id, node: id } }))
  }

  /** Follows the edges that hold; false if none does. */
  #follow(id: string, outcome: Outcome, error?: ErrorRecord): boolean {
    const given = { ...argumentsOf(this.progress), ...(error ? { error } : { output: this.#now.outputs[id] }) }
    const { edges, fork } = this.#node(id)
    const holds = (edge: AnyGraphEdge) => leadsOn(edge, outcome) && (edge.when?.(given) ?? true)
    const first = edges.find(holds)
    const followed = edges.filter((edge) => edge === first || (first !== undefined && sameRank(edge, first) && holds(edge)))
    const targets = [...new Set(followed.map(({ to }) => to))]
    this.#hop(id, outcome, targets)
    if (fork && targets.length > 1) {
      this.#now.nodes[id] = 'branching'
      this.#now.forks[id] = []
    }
    for (const to of targets) this.#arrive(to, id)
    return first !== undefined
  }

  #hop(node: string, outcome: Outcome, to: readonly string[]): void {
    const end = outcome === 'success' ? { output: this.#now.outputs[node] } : { error: this.#now.errors[node] as ErrorRecord }
    this.hops.push({ type: 'graph.hop', node, visit: this.#now.visits[node] ?? 0, outcome, ...end, to })
  }

  // branches

  /** The smallest open fork of such a kind. */
  #open(fits: (fork: Fork) => boolean): Fork | undefined {
    return this.#plan.forks.find((fork) => this.#now.forks[fork.node] !== undefined && fits(fork))
  }

  /** A node has failed with no edge to follow: throws the error if it is in no branch. */
  #branchFailed(id: string, error: unknown): void {
    const fork = this.#open(({ node, region }) => node !== id && region.has(id))
    if (!fork) throw error
    this.#now.forks[fork.node] = [...(this.#now.forks[fork.node] ?? []), { node: id, error: recordOf(error) }]
    if (fork.onFailure === 'fail_all') this.#forkFailed(fork, error)
  }

  /** All its branches are given up. */
  #forkFailed(fork: Fork, error: unknown): void {
    for (const id of fork.region) this.#give(id, 'stopped')
    this.#withdraw(fork)
    delete this.#now.forks[fork.node]
    this.#now.nodes[fork.node] = 'failed'
    this.#branchFailed(fork.node, error)
  }

  /** Takes a node of a given-up branch out. */
  #give(id: string, as: NodeStatus): void {
    const status = this.#now.nodes[id] as NodeStatus
    if (!active.has(status) && status !== 'branching') return
    this.#now.nodes[id] = as
    delete this.#now.inputs[id]
    delete this.#now.arrivals[id]
    delete this.#now.forks[id]
  }

  /** What its branches have brought to the join counts no more. */
  #withdraw({ node, region, join }: Fork): void {
    if (this.#now.nodes[join] !== 'waiting') return
    const left = (this.#now.arrivals[join] ?? []).filter((from) => from !== node && !region.has(from))
    if (left.length > 0) return void (this.#now.arrivals[join] = left)
    delete this.#now.arrivals[join]
    this.#now.nodes[join] = 'idle'
  }

  /** Closes a fork whose branches have all ended; true if there was one. */
  #closeFork(): boolean {
    const fork = this.#open(({ region }) => [...region].every((id) => !active.has(this.#now.nodes[id] as NodeStatus)))
    if (!fork) return false
    const failures = this.#now.forks[fork.node] ?? []
    const arrived = (this.#now.arrivals[fork.join] ?? []).some((from) => from === fork.node || fork.region.has(from))
    if (failures.length > 0 && (fork.onFailure !== 'continue' || !arrived)) {
      this.#forkFailed(fork, this.#branchError(fork, failures))
    } else {
      delete this.#now.forks[fork.node]
      this.#now.nodes[fork.node] = 'done'
    }
    return true
  }

  #branchError({ node }: Fork, failures: readonly FailedBranch[]): StatewardError {
    const text = failures.map((failure) => `"${failure.node}" (${failure.error.message})`).join(', ')
    const details = { graph: this.#plan.id, node, failures }
    return new StatewardError('branch_failed', `Of the branches of node "${node}" these have failed: ${text}`, { details })
  }

  #branchesLate(id: string): void {
    const { fork } = this.#node(id)
    if (!fork || this.#now.forks[id] === undefined) return
    const message = `The branches of node "${id}" have not reached "${fork.join}" within ${fork.timeout} ms.`
    const late = [...fork.region].filter((each) => active.has(this.#now.nodes[each] as NodeStatus))
    const error = new StatewardError('branch_timeout', message, { details: { graph: this.#plan.id, node: id, late } })
    const record = recordOf(error)
    for (const each of fork.region) this.#give(each, 'failed')
    for (const each of late) {
      this.#now.errors[each] = record
      this.#hop(each, 'failure', [])
    }
    this.#now.forks[id] = [...(this.#now.forks[id] ?? []), ...late.map((node) => ({ node, error: record }))]
    if (fork.onFailure === 'fail_all') this.#forkFailed(fork, error)
  }

  // events

  #continued(id: string, answer: unknown): void {
    if (answer !== undefined) this.#now.answers[id] = answer
    if (this.#node(id).pause === 'before') return this.#run(id)
    this.#now.nodes[id] = 'done'
    this.#goOn(id)
  }

  #raised({
    steps,
    visits,
  }: {
    readonly steps?: number | undefined
    readonly visits?: Readonly<Record<string, number>> | undefined
  }): void {
    this.#now.limits = {
      ...this.#now.limits,
      ...(steps === undefined ? {} : { steps }),
      visits: { ...this.#now.limits.visits, ...visits },
    }
    for (const id of this.#plan.nodes.keys()) if (this.#now.nodes[id] === 'limited') this.#run(id)
  }
}

/** Without the stack, which `step.failed` of the journal has: the context is written with every commit. */
function recordOf(error: unknown): ErrorRecord {
  const { stack: _, ...record } = toErrorRecord(error)
  return record
}

const sameRank = (a: AnyGraphEdge, b: AnyGraphEdge) => (a.priority ?? 0) === (b.priority ?? 0)

function attempt<T>(run: () => T): { readonly value: T } | { readonly error: unknown } {
  try {
    return { value: run() }
  } catch (error) {
    return { error }
  }
}
