/** What a graph is written as: its nodes, its edges, and what holds for all of it. Owns the types, and no behaviour. */
import type { StandardSchemaV1 } from '@standard-schema/spec'
import type { AnyActorLogic, InputFrom, OutputFrom } from 'xstate'
import type { ErrorRecord } from '../errors.js'
import type { OptionNames } from '../known-options.js'

/** The logic of each node, by the node's id. */
export type GraphLogics = Readonly<Record<string, AnyActorLogic>>

/** The last output of each node that has ended well. */
export type NodeOutputs<TLogics extends GraphLogics> = { readonly [K in keyof TLogics]?: OutputFrom<TLogics[K]> }

/** What the functions of a graph get: how far it has come. */
export interface GraphArguments<TInput, TLogics extends GraphLogics> {
  /** Of the graph. */
  readonly input: TInput
  readonly outputs: NodeOutputs<TLogics>
  /** The error of each node whose last visit failed. */
  readonly errors: { readonly [K in keyof TLogics]?: ErrorRecord }
  /** What came with the event that let a paused node go on. */
  readonly answers: { readonly [K in keyof TLogics]?: unknown }
  /** How often each node has been started. */
  readonly visits: { readonly [K in keyof TLogics]?: number }
  /** How many nodes have been started, each as often as it was. */
  readonly steps: number
}

/**
 * What becomes of the other branches when one has failed. `fail_all`: they are stopped at once, and the fan-out has failed. `wait`:
 * they go on to their ends, and then the fan-out has failed. `continue`: the join goes on with those that reach it.
 */
export type OnBranchFailure = 'fail_all' | 'wait' | 'continue'

/** How the branches are run that begin at a node. */
export interface Branches {
  /** Default `fail_all`. */
  readonly onFailure?: OnBranchFailure | undefined
  /** How long the branches may take, in ms from their start: those that have not reached the join by then have failed with `branch_timeout`. */
  readonly timeout?: number | undefined
}

/** A node: what runs there. Times are milliseconds. */
export interface GraphNode<TInput, TLogics extends GraphLogics, TLogic extends AnyActorLogic> {
  /** A step (`fromStep`, `fromExecution`, `fromPromise`), a machine, or another graph. Retries are those of `fromStep`. */
  readonly run: TLogic
  /** Makes the input of a visit. Default: the input of the graph. One that throws fails the node. */
  readonly input?: ((args: GraphArguments<TInput, TLogics>) => InputFrom<TLogic>) | undefined
  /** Checks what `input` gives, and may change it. What does not fit fails the node with `invalid_value`. */
  readonly inputSchema?: StandardSchemaV1 | undefined
  /** Checks the output, and may change it. What does not fit fails the node with `invalid_value`. */
  readonly outputSchema?: StandardSchemaV1 | undefined
  /** The limit of one visit with all its attempts; past it the node is left, and has failed with `step_timeout`. */
  readonly timeout?: number | undefined
  /** How often the node may be started; more is `limit_exceeded`. Default: `limits.visits` of the graph. */
  readonly maxVisits?: number | undefined
  /** Only for a node at which branches begin. */
  readonly branches?: Branches | undefined
}

/** What an edge's `when` gets besides how far the graph has come. */
interface Succeeded<TOutput> {
  readonly output: TOutput
}

interface Ended<TOutput> {
  /** Absent if the node has failed. */
  readonly output?: TOutput
  /** Absent if the node has ended well. */
  readonly error?: ErrorRecord
}

interface EdgeBase<TId extends string, TTo> {
  readonly from: TId
  readonly to: TTo
  /** Of the edges of a node that hold, those with the highest priority are followed, all of them. Default 0. */
  readonly priority?: number | undefined
}

/**
 * An edge, which is followed when its node has ended as `on` says (default: well) and `when` holds (default: always). Several that are
 * followed at once begin branches. A `when` that throws fails the graph.
 */
export type GraphEdge<TInput, TLogics extends GraphLogics> = {
  readonly [K in keyof TLogics & string]:
    | (EdgeBase<K, keyof TLogics & string> & {
        readonly on?: 'success' | undefined
        readonly when?: ((args: GraphArguments<TInput, TLogics> & Succeeded<OutputFrom<TLogics[K]>>) => boolean) | undefined
      })
    | (EdgeBase<K, keyof TLogics & string> & {
        readonly on: 'failure' | 'always'
        readonly when?: ((args: GraphArguments<TInput, TLogics> & Ended<OutputFrom<TLogics[K]>>) => boolean) | undefined
      })
}[keyof TLogics & string]

/** How much a graph may do. More ends the execution as failed, with `limit_exceeded`. */
export interface GraphLimits {
  /** How many nodes may be started in all. */
  readonly steps?: number | undefined
  /** How often each node may be started that has no `maxVisits` of its own. */
  readonly visits?: number | undefined
}

/** A graph. */
export interface GraphOptions<TInput, TLogics extends GraphLogics> {
  /** The id of the machine. */
  readonly id: string
  /** `{} as { input: … }` gives the input its type, as in XState's `setup`. */
  readonly types?: { readonly input: TInput } | undefined
  /** By their ids: letters, digits, `_` and `-`. */
  readonly nodes: { readonly [K in keyof TLogics]: GraphNode<TInput, TLogics, TLogics[K]> }
  readonly edges: readonly GraphEdge<TInput, TLogics>[]
  /** Where the graph begins. Of a list the first is the default, and `from` takes any other. */
  readonly entry: (keyof TLogics & string) | readonly (keyof TLogics & string)[]
  /** Where it waits for the event `graph.continue`: before the node is started, or after it has ended well. */
  readonly pause?: { readonly [K in keyof TLogics]?: 'before' | 'after' } | undefined
  readonly limits?: GraphLimits | undefined
}

/** Any graph, as the compiler reads it. */
export interface AnyGraph extends Omit<GraphOptions<unknown, GraphLogics>, 'nodes' | 'edges' | 'entry' | 'pause'> {
  readonly nodes: Readonly<Record<string, AnyGraphNode>>
  readonly edges: readonly AnyGraphEdge[]
  readonly entry: string | readonly string[]
  readonly terminal: string | readonly string[]
  readonly pause?: Readonly<Record<string, 'before' | 'after' | undefined>> | undefined
  readonly output?: ((args: AnyArguments & { readonly terminal: string }) => unknown) | undefined
}

/** What the functions of any graph get. */
export type AnyArguments = GraphArguments<unknown, GraphLogics>

/** Any node. */
export interface AnyGraphNode extends Omit<GraphNode<unknown, GraphLogics, AnyActorLogic>, 'input'> {
  readonly input?: ((args: AnyArguments) => unknown) | undefined
}

/** Any edge. */
export interface AnyGraphEdge extends EdgeBase<string, string> {
  readonly on?: 'success' | 'failure' | 'always' | undefined
  readonly when?: ((args: AnyArguments & Ended<unknown>) => boolean) | undefined
}

/** The options of a graph. */
export const graphNames: OptionNames<AnyGraph> = {
  id: true,
  types: true,
  nodes: true,
  edges: true,
  entry: true,
  terminal: true,
  pause: true,
  limits: true,
  output: true,
}
/** The options of a node. */
export const nodeNames: OptionNames<AnyGraphNode> = {
  run: true,
  input: true,
  inputSchema: true,
  outputSchema: true,
  timeout: true,
  maxVisits: true,
  branches: true,
}
/** The options of an edge. */
export const edgeNames: OptionNames<AnyGraphEdge> = { from: true, to: true, on: true, when: true, priority: true }
/** The options of branches. */
export const branchNames: OptionNames<Branches> = { onFailure: true, timeout: true }
/** The limits that there are. */
export const limitNames: OptionNames<GraphLimits> = { steps: true, visits: true }
