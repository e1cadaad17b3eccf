/** A graph of 30 nodes with branches in branches, joins, retries, a failure that is taken up, one that is borne, loops and a pause. */
import { defineEntryPoint, fromStep, type StepArguments } from 'stateward'
import { fromGraph } from 'stateward/graphs'
import type { TestRuntime } from 'stateward/testing'

const names = [
  ...['intake', 'split'],
  ...['a1', 'a2', 'a3', 'aSplit', 'aLeft', 'aRight', 'aJoin'],
  ...['b1', 'b2', 'b3', 'bMend'],
  ...['c1', 'c2', 'c3'],
  ...['d1', 'd2', 'd3', 'dSplit', 'dOne', 'dTwo', 'dThree', 'dJoin'],
  ...['join', 'review', 'judge', 'publish', 'archive', 'end'],
] as const

type Name = (typeof names)[number]

const work = () =>
  fromStep(({ input }: StepArguments<string>): string => `${input} done`, { retry: { maxAttempts: 2, backoff: { initial: 10 } } })

const way = (...through: readonly Name[]) => through.slice(1).map((to, at) => ({ from: through[at] as Name, to }))

const graph = fromGraph({
  id: 'large',
  nodes: {
    ...(Object.fromEntries(names.map((name) => [name, { run: work(), input: () => name }])) as unknown as Record<
      Name,
      { run: ReturnType<typeof work>; input: () => string }
    >),
    split: { run: work(), input: () => 'split', branches: { onFailure: 'continue', timeout: 10_000 } },
    dSplit: { run: work(), input: () => 'dSplit', branches: { onFailure: 'wait' } },
    b1: { run: work(), input: () => 'b1', maxVisits: 3 },
    c2: { run: work(), input: () => 'c2', timeout: 500 },
  },
  edges: [
    ...way('intake', 'split'),
    ...way('split', 'a1', 'a2', 'a3', 'aSplit', 'aLeft', 'aJoin', 'join'),
    ...way('aSplit', 'aRight', 'aJoin'),
    ...way('split', 'b1', 'b2', 'b3', 'join'),
    { from: 'b1', to: 'b1', on: 'failure' },
    { from: 'b3', to: 'bMend', on: 'failure' },
    ...way('bMend', 'join'),
    ...way('split', 'c1', 'c2', 'c3', 'join'),
    ...way('split', 'd1', 'd2', 'd3', 'dSplit', 'dOne', 'dJoin', 'join'),
    ...way('dSplit', 'dTwo', 'dJoin'),
    ...way('dSplit', 'dThree', 'dJoin'),
    ...way('join', 'review', 'judge'),
    { from: 'judge', to: 'review', priority: 1, when: ({ visits }) => visits.judge === 1 },
    { from: 'judge', to: 'publish' },
    ...way('publish', 'archive', 'end'),
  ],
  entry: 'intake',
  terminal: 'end',
  pause: { publish: 'before' },
  limits: { visits: 4 },
  output: ({ outputs, errors, visits, steps }) => ({ outputs, failed: Object.keys(errors).toSorted(), visits, steps }),
})

/** How many nodes it has. */
export const size = names.length

/** The graph as an entry point. */
export const largeGraphs = defineEntryPoint({ id: 'graphs', program: graph, history: 'steps' })

/** Runs it: a step fails once and is tried again, a node fails and is visited again, others fail for good, and one is late. */
export async function runLarge(world: TestRuntime<readonly [typeof largeGraphs]>): Promise<void> {
  const busy = () => Promise.reject(new Error('busy'))
  world.mock('a2', ({ attempt }) => (attempt === 1 ? busy() : 'a2 at last'))
  world.mock('b1', ({ idempotencyKey, sleep }) => (/b1#[1-5]$/.test(idempotencyKey) ? busy() : sleep(5).then(() => 'b1 at last')))
  world.mock('b3', busy)
  world.mock('c2', async ({ sleep }) => (await sleep(1_000), 'too late'))
  world.mock('dTwo', busy)
  world.mock('aLeft', async ({ sleep }) => (await sleep(100), 'left'))
  const execution = await world.trigger('graphs', undefined)
  await world.runToIdle()
  await execution.send({ type: 'graph.continue', node: 'publish', answer: 'yes' })
  await world.runToIdle()
}
