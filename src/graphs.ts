/** The entry `stateward/graphs`. Owns: nothing; what it exports is in graphs/. */
export { fromGraph, graphFrom } from './graphs/from-graph.js'
export type { GraphContext, GraphEnd, GraphMachine } from './graphs/from-graph.js'
export type {
  Branches,
  GraphArguments,
  GraphEdge,
  GraphLimits,
  GraphLogics,
  GraphNode,
  GraphOptions,
  NodeOutputs,
  OnBranchFailure,
} from './graphs/graph-definition.js'
export type { GraphContinue, GraphRaise } from './graphs/graph-machine.js'
export type { GraphProblem } from './graphs/graph-problems.js'
export type { GraphHop } from './graphs/graph-advance.js'
export type { FailedBranch, GraphProgress, NodeStatus } from './graphs/graph-progress.js'
