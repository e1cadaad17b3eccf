/** Whatever is wrong with a graph is said where it is made, all at once, each with its path. */
import { expect, test } from 'vitest'
import { fromStep, StatewardError } from 'stateward'
import { fromGraph, graphFrom } from 'stateward/graphs'

const run = fromStep(() => 'done')
const plain = { id: 'graph', nodes: { a: { run }, b: { run } }, edges: [{ from: 'a', to: 'b' }], entry: 'a', terminal: 'b' }
const nodes = (names: string) => Object.fromEntries(names.split(' ').map((name) => [name, { run }]))
const edges = (...all: string[]) => all.map((text) => ({ from: text[0], to: text[2] }))

function problemsOf(graph: object): string[] {
  try {
    fromGraph(graph as never)
  } catch (error) {
    if (!(error instanceof StatewardError) || error.code !== 'invalid_definition') throw error
    const problems = (error.details['problems'] ?? []) as { path: string; message: string }[]
    for (const { path, message } of problems) expect(error.message).toContain(`${path}: ${message}`)
    return problems.map(({ path, message }) => `${path}: ${message}`)
  }
  return []
}

test('a sound graph is refused nothing', () => {
  expect(problemsOf(plain)).toEqual([])
})

test('all problems are said at once', () => {
  const graph = {
    ...plain,
    id: ' ',
    edges: [
      { from: 'a', to: 'x' },
      { from: 'y', to: 'b' },
    ],
    entry: 'z',
    terminal: [],
    pause: { q: 'before' },
    limits: { steps: 0 },
  }
  expect(problemsOf(graph)).toEqual([
    'id: " " must be letters, digits, `_` and `-`',
    'entry: there is no node "z"; there are a, b',
    'terminal: names no node',
    'pause.q: there is no node "q"; there are a, b',
    'limits.steps: 0 must be a whole number from 1',
    'edges[0].to: there is no node "x"; there are a, b',
    'edges[1].from: there is no node "y"; there are a, b',
  ])
})

test.each([
  ['no nodes', { nodes: {}, edges: [] }, /^nodes: there is no node$/],
  ['nodes that are a list', { nodes: [] }, /^nodes: there is no node$/],
  ['no edges', { edges: undefined }, /^edges: must be a list of edges$/],
  ['a blank id of a node', { nodes: { ...plain.nodes, '': { run } } }, /^nodes\.: the id "" must be/],
  ['an id with a dot', { nodes: { ...plain.nodes, 'a.b': { run } } }, /^nodes\.a\.b: the id "a\.b" must be/],
  ['a node that runs nothing', { nodes: { ...plain.nodes, a: { run: () => 1 } } }, /^nodes\.a\.run: must be actor logic/],
  [
    'an option of a node that nobody reads',
    { nodes: { ...plain.nodes, a: { run, retries: 3 } } },
    /^nodes\.a: nodes\.a: there is no option `retries`/,
  ],
  ['an input that is no function', { nodes: { ...plain.nodes, a: { run, input: 1 } } }, /^nodes\.a\.input: must be a function$/],
  [
    'a schema that is none',
    { nodes: { ...plain.nodes, a: { run, inputSchema: {} } } },
    /^nodes\.a\.inputSchema: must be a Standard Schema$/,
  ],
  ['a time limit of nothing', { nodes: { ...plain.nodes, a: { run, timeout: 0 } } }, /^nodes\.a\.timeout: 0 must be/],
  ['a limit of no visits', { nodes: { ...plain.nodes, a: { run, maxVisits: 0 } } }, /^nodes\.a\.maxVisits: 0 must be/],
  [
    'branches where none begin',
    { nodes: { ...plain.nodes, a: { run, branches: {} } } },
    /^nodes\.a\.branches: no branches begin here/,
  ],
  [
    'an unknown policy',
    { nodes: { ...plain.nodes, a: { run, branches: { onFailure: 'panic' } } } },
    /^nodes\.a\.branches\.onFailure: "panic" must be one of/,
  ],
  ['an edge that is no object', { edges: ['a > b'] }, /^edges\[0\]: must be an object/],
  [
    'an unknown kind of edge',
    { edges: [{ from: 'a', to: 'b', on: 'done' }] },
    /^edges\[0\]\.on: "done" must be one of success, failure, always$/,
  ],
  ['a condition that is a text', { edges: [{ from: 'a', to: 'b', when: 'x > 1' }] }, /^edges\[0\]\.when: must be a function$/],
  [
    'an option of an edge that nobody reads',
    { edges: [{ from: 'a', to: 'b', prio: 1 }] },
    /^edges\[0\]: edges\[0\]: there is no option `prio`/,
  ],
  [
    'a priority that is no number',
    { edges: [{ from: 'a', to: 'b', priority: 'high' }] },
    /^edges\[0\]\.priority: "high" must be a number$/,
  ],
  ['an entry named twice', { entry: ['a', 'a'] }, /^entry\[1\]: names "a" a second time$/],
  ['a pause that is no time', { pause: { a: 'during' } }, /^pause\.a: "during" must be before or after$/],
  ['an output that is no function', { output: 'b' }, /^output: must be a function$/],
  [
    'a node that nothing leads to',
    { nodes: nodes('a b c'), edges: edges('a>b', 'c>b') },
    /^nodes\.c: no way from an entry leads here$/,
  ],
  [
    'a terminal node with edges',
    { nodes: nodes('a b'), edges: edges('a>b', 'b>a'), limits: { steps: 9 } },
    /^terminal: "b" is terminal and has edges$/,
  ],
  [
    'a node with no way on',
    { nodes: nodes('a b c'), edges: edges('a>b', 'a>c') },
    /^nodes\.c: nothing follows when it has ended well/,
  ],
  [
    'a node with a way on after a failure only',
    { edges: [{ from: 'a', to: 'b', on: 'failure' }] },
    /^nodes\.a: nothing follows when it has ended well/,
  ],
  [
    'a loop that leads to no end',
    { nodes: nodes('a b c d'), edges: edges('a>b', 'a>c', 'c>d', 'd>c'), limits: { steps: 9 } },
    /^nodes\.c: no way from here leads to a terminal node$/,
  ],
  [
    'a loop without a limit',
    { edges: [...edges('a>b'), { from: 'a', to: 'a', on: 'failure' }] },
    /^nodes\.a: it stands in a loop without a limit/,
  ],
  [
    'branches without a join',
    { nodes: nodes('a b c'), edges: edges('a>b', 'a>c'), terminal: ['b', 'c'] },
    /^nodes\.a: the branches to "b", "c" have no join/,
  ],
  [
    'a loop out of branches',
    {
      nodes: nodes('a b c d'),
      edges: [...edges('a>b', 'a>c', 'b>d', 'c>d'), { from: 'b', to: 'a', on: 'failure' }],
      terminal: 'd',
      limits: { steps: 9 },
    },
    /^nodes\.a: the branches to "b", "c" lead back here before they join in "d"/,
  ],
])('%s', (_, part, wanted) => {
  const [first, ...further] = problemsOf({ ...plain, ...part })
  expect(first).toMatch(wanted)
  for (const problem of further) expect(problem).toMatch(/^(?:entry|terminal|edges\[|nodes\.)/)
})

test.each([
  ['one node of the loop', { nodes: { ...plain.nodes, a: { run, maxVisits: 2 } } }],
  ['each node', { limits: { visits: 2 } }],
  ['all steps', { limits: { steps: 2 } }],
])('a loop may be limited by a count of %s', (_, part) => {
  expect(problemsOf({ ...plain, edges: [...edges('a>b'), { from: 'a', to: 'a', on: 'failure' }], ...part })).toEqual([])
})

test('branches that exclude each other by priority need no join', () => {
  const exclusive = [
    { from: 'a', to: 'b', priority: 1, when: () => false },
    { from: 'a', to: 'c' },
  ]
  expect(problemsOf({ ...plain, nodes: nodes('a b c'), edges: exclusive, terminal: ['b', 'c'] })).toEqual([])
})

test('what is no graph, and an option that nobody reads, is refused', () => {
  expect(() => fromGraph([] as never)).toThrow(expect.objectContaining({ code: 'invalid_definition' }))
  expect(() => fromGraph({ ...plain, node: {} } as never)).toThrow(/did you mean `nodes`/)
})

test('a graph begins only at its entries', () => {
  const graph = fromGraph({
    id: 'graph',
    nodes: { a: { run }, b: { run } },
    edges: [{ from: 'a', to: 'b' }],
    entry: ['a', 'b'],
    terminal: 'b',
  })
  expect(graphFrom(graph, 'b').id).toBe('graph')
  const narrow = fromGraph({
    id: 'graph',
    nodes: { a: { run }, b: { run } },
    edges: [{ from: 'a', to: 'b' }],
    entry: 'a',
    terminal: 'b',
  })
  expect(() => graphFrom(narrow, 'b')).toThrow(
    expect.objectContaining({ code: 'invalid_definition', details: { graph: 'graph', entry: 'b', known: ['a'] } }),
  )
  expect(() => graphFrom(graph.provide({}) as typeof graph, 'b')).toThrow(expect.objectContaining({ code: 'invalid_definition' }))
})
