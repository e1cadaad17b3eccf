/** Every kind of edge, every join and every branch policy leads where it says. */
import { expect, test } from 'vitest'
import { delayed, fails, returns } from 'stateward/testing'
import { drawn, edge, endOf, told, worldOf, type Does, type Said } from './drawn.js'

interface Case extends Said {
  readonly edges: Parameters<typeof drawn>[0]
  /** What each node does, by visit; the others answer with their names. */
  readonly does?: Does
  readonly hops: readonly string[]
  /** The output, or the error's code or message. */
  readonly ends: unknown
  readonly left?: readonly string[]
}

const twoBranches = ['a > b', 'a > c', 'b > d', 'c > d']
const never = delayed(1_000_000, returns('late'))

const cases: Readonly<Record<string, Case>> = {
  'an edge is followed after success': { edges: ['a > b'], hops: ['a > b', 'b >'], ends: 'b' },
  'an edge on failure is followed after a failure, which then fails nothing': {
    edges: ['a > b', 'a !> c'],
    does: { a: [fails('no')] },
    hops: ['a !> c', 'c >'],
    ends: 'c',
  },
  'an edge on failure is not followed after success': { edges: ['a > b', 'a !> c'], hops: ['a > b', 'b >'], ends: 'b' },
  'a node that fails without an edge fails the graph with its own error': {
    edges: ['a > b'],
    does: { a: [fails('no')] },
    hops: [],
    ends: 'no',
  },
  'an edge always is followed after a failure': {
    edges: ['a *> b'],
    does: { a: [fails('no')] },
    hops: ['a !> b', 'b >'],
    ends: 'b',
  },
  'an edge always is followed after success': { edges: ['a *> b'], hops: ['a > b', 'b >'], ends: 'b' },
  'a condition that holds is followed': {
    edges: [edge('a > b @ 1', ({ output }) => output === 'a'), 'a > c'],
    hops: ['a > b', 'b >'],
    ends: 'b',
  },
  'a condition that does not hold leaves the edges of the next priority': {
    edges: [edge('a > b @ 1', ({ output }) => output === 'x'), 'a > c'],
    hops: ['a > c', 'c >'],
    ends: 'c',
  },
  'a condition sees the error of a failure': {
    edges: ['a > d', edge('a !> b @ 1', ({ error }) => error?.message === 'busy'), 'a !> c'],
    does: { a: [fails('busy')] },
    hops: ['a !> b', 'b >'],
    ends: 'b',
  },
  'where no condition holds the graph fails, and says which node has no way on': {
    edges: [edge('a > b', () => false)],
    hops: [],
    ends: 'no_edge',
  },
  'a condition that throws fails the graph': {
    edges: [
      edge('a > b', () => {
        throw new Error('a bad condition')
      }),
    ],
    hops: [],
    ends: 'a bad condition',
  },
  'edges of one priority are followed together, and meet in one visit of their join': {
    edges: twoBranches,
    does: { b: [delayed(10, returns('b'))], c: [delayed(5, returns('c'))] },
    hops: ['a > b, c', 'c > d', 'b > d', 'd >'],
    ends: 'd',
  },
  'of the branches only those begin whose condition holds': {
    edges: ['a > b', edge('a > c', () => false), 'b > d', 'c > d'],
    hops: ['a > b', 'b > d', 'd >'],
    ends: 'd',
  },
  'a branch without a node goes straight to the join': {
    edges: ['a > b', 'a > d', 'b > d'],
    hops: ['a > b, d', 'b > d', 'd >'],
    ends: 'd',
  },
  'branches that meet before the join meet in one visit': {
    edges: ['a > b', 'a > c', 'b > e', 'c > e', 'c > f', 'e > d', 'f > d'],
    does: { c: [delayed(5, returns('c'))] },
    hops: ['a > b, c', 'b > e', 'c > e, f', 'e > d', 'f > d', 'd >'],
    ends: 'd',
  },
  'a fan-out within a branch joins within it': {
    edges: ['a > b', 'a > c', 'b > x', 'b > y', 'x > z', 'y > z', 'z > d', 'c > d'],
    does: { y: [delayed(5, returns('y'))], c: [delayed(9, returns('c'))] },
    hops: ['a > b, c', 'b > x, y', 'x > z', 'y > z', 'z > d', 'c > d', 'd >'],
    ends: 'd',
  },
  'a loop goes on until its condition no longer holds': {
    edges: [edge('b > a @ 1', ({ visits }) => (visits['b'] ?? 0) < 3), 'a > b', 'b > c'],
    limits: { visits: 5 },
    entry: 'a',
    hops: ['a > b', 'b > a', 'a > b', 'b > a', 'a > b', 'b > c', 'c >'],
    ends: 'c',
  },
  'a loop of a node with itself visits it again': {
    edges: ['a !> a', 'a > b'],
    nodes: { a: { maxVisits: 3 } },
    does: { a: [fails('no'), fails('no'), returns('a')] },
    hops: ['a !> a', 'a !> a', 'a > b', 'b >'],
    ends: 'b',
  },
  'a loop over branches begins them anew': {
    edges: [edge('d > a @ 1', ({ visits }) => visits['d'] === 1), ...twoBranches, 'd > e'],
    limits: { steps: 20 },
    entry: 'a',
    hops: ['a > b, c', 'b > d', 'c > d', 'd > a', 'a > b, c', 'b > d', 'c > d', 'd > e', 'e >'],
    ends: 'e',
  },
  'a loop within a branch does not hold up the other branches': {
    edges: ['a > b', 'a > c', 'b !> b', 'b > d', 'c > d'],
    nodes: { b: { maxVisits: 2 } },
    does: { b: [delayed(5, fails('no')), delayed(5, returns('b'))] },
    hops: ['a > b, c', 'c > d', 'b !> b', 'b > d', 'd >'],
    ends: 'd',
  },
  'a loop around branches, itself within a branch, does not hold them up': {
    edges: [
      's > x',
      's > f',
      'x > z',
      'j > l',
      'f > p',
      'f > q',
      'p > j',
      'q > r',
      'r > j',
      edge('l > f @ 1', () => false),
      'l > z',
    ],
    limits: { visits: 2 },
    does: { q: [delayed(5, returns('q'))] },
    hops: ['s > x, f', 'x > z', 'f > p, q', 'p > j', 'q > r', 'r > j', 'j > l', 'l > z', 'z >'],
    ends: 'z',
  },
  'fail_all stops the other branches, and fails with the error of the branch': {
    edges: twoBranches,
    does: { b: [delayed(5, fails('no'))], c: [never] },
    hops: ['a > b, c'],
    ends: 'no',
  },
  'fail_all within a branch stops only what is in that branch': {
    edges: ['a > b', 'a > c', 'b > x', 'b > y', 'x > z', 'y > z', 'z > d', 'c > d'],
    nodes: { a: { branches: { onFailure: 'continue' } } },
    does: { x: [delayed(5, fails('no'))], y: [never], c: [delayed(9, returns('c'))] },
    hops: ['a > b, c', 'b > x, y', 'x !>', 'c > d', 'd >'],
    ends: 'd',
    left: ['y'],
  },
  'continue joins those that have not failed': {
    edges: twoBranches,
    nodes: { a: { branches: { onFailure: 'continue' } } },
    does: { b: [fails('no')], c: [delayed(5, returns('c'))] },
    hops: ['a > b, c', 'b !>', 'c > d', 'd >'],
    ends: 'd',
  },
  'continue fails if all of them have failed': {
    edges: twoBranches,
    nodes: { a: { branches: { onFailure: 'continue' } } },
    does: { b: [fails('no')], c: [delayed(5, fails('neither'))] },
    hops: ['a > b, c', 'b !>'],
    ends: 'branch_failed',
  },
  'wait lets the other branches end, and then fails': {
    edges: twoBranches,
    nodes: { a: { branches: { onFailure: 'wait' } } },
    does: { b: [fails('no')], c: [delayed(5, returns('c'))] },
    hops: ['a > b, c', 'b !>'],
    ends: 'branch_failed',
  },
  'wait within a branch that may fail takes back what had reached the join': {
    edges: ['a > b', 'a > c', 'b > x', 'b > y', 'x > d', 'y > d', 'c > d'],
    nodes: { a: { branches: { onFailure: 'continue' } }, b: { branches: { onFailure: 'wait' } } },
    does: { x: [returns('x')], y: [delayed(5, fails('no'))], c: [delayed(9, returns('c'))] },
    hops: ['a > b, c', 'b > x, y', 'x > d', 'y !>', 'c > d', 'd >'],
    ends: 'd',
  },
  'a failure that an edge takes up fails no branch': {
    edges: [...twoBranches, 'b !> d'],
    does: { b: [fails('no')], c: [delayed(5, returns('c'))] },
    hops: ['a > b, c', 'b !> d', 'c > d', 'd >'],
    ends: 'd',
  },
  'branches that are late have failed, and continue goes on without them': {
    edges: twoBranches,
    nodes: { a: { branches: { onFailure: 'continue', timeout: 50 } } },
    does: { b: [never] },
    hops: ['a > b, c', 'c > d', 'b !>', 'd >'],
    ends: 'd',
    left: ['b'],
  },
  'branches that are late fail the fan-out': {
    edges: twoBranches,
    nodes: { a: { branches: { timeout: 50 } } },
    does: { b: [never] },
    hops: ['a > b, c', 'c > d'],
    ends: 'branch_timeout',
  },
  'branches that are in time leave no timer': {
    edges: twoBranches,
    nodes: { a: { branches: { timeout: 50 } } },
    does: { b: [delayed(49, returns('b'))], d: [delayed(100, returns('d'))] },
    hops: ['a > b, c', 'c > d', 'b > d', 'd >'],
    ends: 'd',
  },
  'a node that is late is left, and has failed': {
    edges: ['a > b', 'a !> c'],
    nodes: { a: { timeout: 30 } },
    does: { a: [never] },
    hops: ['a !> c', 'c >'],
    ends: 'c',
    left: ['a'],
  },
}

test.each(Object.entries(cases))('%s', async (_, { edges, does, hops, ends, left = [], ...said }) => {
  const world = worldOf(drawn(edges, said), does)
  const execution = await world.trigger('graphs')
  expect(await endOf(execution)).toEqual(ends)
  expect(await told(world, execution.id)).toEqual({ hops, left })
  expect(world.calls.filter(({ status }) => status === 'running')).toEqual([])
  await world.stop()
})
