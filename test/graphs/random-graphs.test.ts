/**
 * Random graphs come to the same as an oracle that knows nothing of graphs: it works out nested sequences, branches and loops, one
 * inside the other, and when each of their nodes ends.
 */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { AnyGraph, AnyGraphEdge, AnyGraphNode, OnBranchFailure } from '../../src/graphs/graph-definition.js'
import { progressAfter, type GraphHop } from '../../src/graphs/graph-advance.js'
import { planOf } from '../../src/graphs/graph-plan.js'
import { refuseProblems } from '../../src/graphs/graph-problems.js'
import { initialProgress } from '../../src/graphs/graph-progress.js'
import { fromStep } from '../../src/index.js'

/** How long each visit takes, and whether it fails; the last one is that of all further visits. */
type Visit = readonly [ms: number, fails: boolean]
type Part =
  | { readonly kind: 'node'; readonly visits: readonly Visit[]; readonly mends: boolean }
  | {
      readonly kind: 'fork'
      readonly branches: readonly (readonly Part[])[]
      readonly onFailure: OnBranchFailure
      readonly visits: readonly Visit[]
    }
  | { readonly kind: 'loop'; readonly times: number; readonly body: readonly Part[] }

const visit = fc.tuple(fc.integer({ min: 1, max: 100_000_000 }), fc.constantFrom(false, false, false, true))
const visits = fc.array(visit, { minLength: 1, maxLength: 3 })
const parts = fc.letrec<{ part: Part; list: readonly Part[] }>((tie) => ({
  part: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.record({ kind: fc.constant('node' as const), visits, mends: fc.boolean() }),
    fc.record({
      kind: fc.constant('fork' as const),
      branches: fc.array(tie('list'), { minLength: 2, maxLength: 3 }),
      onFailure: fc.constantFrom('fail_all' as const, 'wait' as const, 'continue' as const),
      visits,
    }),
    fc.record({ kind: fc.constant('loop' as const), times: fc.integer({ min: 1, max: 3 }), body: tie('list') }),
  ),
  list: fc.array(tie('part'), { minLength: 1, maxLength: 3, depthIdentifier: 'list' }),
})).list

/** A part with a name for each of its nodes. */
type Named =
  | { readonly kind: 'node'; readonly name: string; readonly visits: readonly Visit[]; readonly mends: boolean }
  | {
      readonly kind: 'fork'
      readonly name: string
      readonly join: string
      readonly branches: readonly (readonly Named[])[]
      readonly onFailure: OnBranchFailure
      readonly visits: readonly Visit[]
    }
  | { readonly kind: 'loop'; readonly name: string; readonly times: number; readonly body: readonly Named[] }

const quick: readonly Visit[] = [[1, false]]

function named(list: readonly Part[], next: () => string): Named[] {
  return list.map((part): Named => {
    const name = next()
    if (part.kind === 'node') return { ...part, name }
    if (part.kind === 'loop') return { ...part, name, body: named(part.body, next) }
    return { ...part, name, branches: part.branches.map((branch) => named(branch, next)), join: next() }
  })
}

// as a graph

interface Drawing {
  readonly nodes: Record<string, AnyGraphNode>
  readonly edges: AnyGraphEdge[]
  readonly does: Map<string, readonly Visit[]>
}

const run = fromStep(() => undefined)

/** Adds a list of parts; its first and its last node. */
function draw(list: readonly Named[], to: Drawing): { first: string; last: string } {
  const ends = list.map((part) => drawPart(part, to))
  for (const [at, { last }] of ends.entries()) {
    const following = ends[at + 1]
    if (following) to.edges.push({ from: last, to: following.first })
  }
  return { first: (ends[0] as { first: string }).first, last: (ends.at(-1) as { last: string }).last }
}

function drawPart(part: Named, to: Drawing): { first: string; last: string } {
  const add = (name: string, does: readonly Visit[], node: Partial<AnyGraphNode> = {}) => {
    to.nodes[name] = { run, ...node }
    to.does.set(name, does)
  }
  const { name } = part
  if (part.kind === 'node') {
    add(name, part.visits)
    if (part.mends)
      to.edges.push({ from: name, to: name, on: 'failure', when: ({ visits: count }) => (count[name] ?? 0) % 2 === 1 })
    return { first: name, last: name }
  }
  if (part.kind === 'loop') {
    const { first, last } = draw(part.body, to)
    add(name, quick)
    to.edges.push(
      { from: last, to: name },
      { from: name, to: first, priority: 1, when: ({ visits: count }) => (count[name] ?? 0) % part.times !== 0 },
    )
    return { first, last: name }
  }
  add(name, part.visits, { branches: { onFailure: part.onFailure } })
  add(part.join, quick)
  for (const branch of part.branches) {
    const { first, last } = draw(branch, to)
    to.edges.push({ from: name, to: first }, { from: last, to: part.join })
  }
  return { first: name, last: part.join }
}

function graphOf(list: readonly Named[]): { graph: AnyGraph; does: Map<string, readonly Visit[]> } {
  const drawing: Drawing = { nodes: { end: { run } }, edges: [], does: new Map([['end', quick]]) }
  const { first, last } = draw(list, drawing)
  // a loop that is the last of a list follows its own edge before it leads on
  drawing.edges.push({ from: last, to: 'end' })
  return {
    graph: {
      id: 'random',
      ...drawing,
      does: undefined,
      entry: first,
      terminal: 'end',
      limits: { steps: 1_000 },
    } as unknown as AnyGraph,
    does: drawing.does,
  }
}

/** Plays a graph, each visit for its time: the hops with their instants, and how it ends. */
function play(graph: AnyGraph, does: ReadonlyMap<string, readonly Visit[]>): Told {
  const plan = planOf(graph)
  const hops: string[] = []
  const running = new Map<string, { visit: number; at: number }>()
  let now = 0
  let progress = initialProgress(plan, undefined, graph.limits ?? {})
  const move = (next: Parameters<typeof progressAfter>[2]) => {
    const after = progressAfter(plan, progress, next)
    progress = after.progress
    hops.push(...after.hops.map((hop) => hopText(hop, now)))
    for (const [name, status] of Object.entries(progress.nodes)) {
      const count = progress.visits[name] ?? 0
      if (status !== 'running') running.delete(name)
      else if (running.get(name)?.visit !== count) running.set(name, { visit: count, at: now + doneBy(does, name, count)[0] })
    }
  }
  try {
    move({ type: 'begin', entry: plan.entries[0] as string })
    while (progress.terminal === null) {
      const [node, { visit: count, at }] = [...running].toSorted(([, a], [, b]) => a.at - b.at)[0] as [
        string,
        { visit: number; at: number },
      ]
      now = at
      running.delete(node)
      move(
        doneBy(does, node, count)[1]
          ? { type: 'failed', node, error: new Error(node) }
          : { type: 'succeeded', node, output: node },
      )
    }
    return { hops, ends: 'done', at: now }
  } catch {
    return { hops, ends: 'failed', at: now }
  }
}

const hopText = ({ node, outcome }: GraphHop, at: number) => `${at} ${node} ${outcome}`

interface Told {
  readonly hops: readonly string[]
  readonly ends: 'done' | 'failed'
  readonly at: number
}

function doneBy(does: ReadonlyMap<string, readonly Visit[]>, node: string, count: number): Visit {
  const list = does.get(node) ?? quick
  return list[Math.min(count, list.length) - 1] as Visit
}

// as the oracle sees it

interface Span {
  readonly end: number
  readonly isDone: boolean
  readonly ended: readonly { readonly node: string; readonly at: number; readonly fails: boolean }[]
  /** Visits that have begun, also those that were stopped. */
  readonly begun: readonly { readonly node: string; readonly from: number }[]
}

/** Works out a list from an instant on. `counts`: the visits of each node so far. */
function oracle(list: readonly Named[], from: number, counts: Map<string, number>): Span {
  let at = from
  const ended: { node: string; at: number; fails: boolean }[] = []
  const begun: { node: string; from: number }[] = []
  const once = (node: string, does: readonly Visit[]): boolean => {
    const count = (counts.get(node) ?? 0) + 1
    counts.set(node, count)
    const [ms, fails] = does[Math.min(count, does.length) - 1] as Visit
    begun.push({ node, from: at })
    at += ms
    ended.push({ node, at, fails })
    return !fails
  }
  const inner = (span: Span): boolean => {
    ended.push(...span.ended)
    begun.push(...span.begun)
    at = span.end
    return span.isDone
  }
  const isDone = list.every((part) => {
    if (part.kind === 'node') {
      if (once(part.name, part.visits)) return true
      while (part.mends && (counts.get(part.name) ?? 0) % 2 === 1) if (once(part.name, part.visits)) return true
      return false
    }
    if (part.kind === 'loop') {
      do {
        if (!inner(oracle(part.body, at, counts))) return false
        once(part.name, quick)
      } while ((counts.get(part.name) ?? 0) % part.times !== 0)
      return true
    }
    if (!once(part.name, part.visits)) return false
    return inner(branches(part, at, counts)) && once(part.join, quick)
  })
  return { end: at, isDone, ended, begun }
}

function branches(part: Named & { kind: 'fork' }, from: number, counts: Map<string, number>): Span {
  const before = new Map(counts)
  const spans = part.branches.map((branch) => oracle(branch, from, counts))
  const failed = spans.filter(({ isDone }) => !isDone).map(({ end }) => end)
  const last = Math.max(...spans.map(({ end }) => end))
  const stops = part.onFailure === 'fail_all' && failed.length > 0
  const end = stops ? Math.min(...failed) : last
  const isDone = part.onFailure === 'continue' ? failed.length < spans.length : failed.length === 0
  const begun = spans.flatMap((span) => span.begun).filter(({ from: at }) => at < end)
  // what had begun when they were stopped counts as a visit, and nothing after it
  counts.clear()
  for (const [name, count] of before) counts.set(name, count)
  for (const { node } of begun) counts.set(node, (counts.get(node) ?? 0) + 1)
  return { end, isDone, ended: spans.flatMap(({ ended }) => ended).filter(({ at }) => at <= end), begun }
}

test('every random graph goes as its parts say', () => {
  let played = 0
  fc.assert(
    fc.property(parts, (list) => {
      let count = 0
      const given = named(list, () => `n${++count}`)
      fc.pre(count <= 60)
      const { graph, does } = graphOf(given)
      delete (graph as { does?: unknown }).does
      refuseProblems(graph)
      const seen = play(graph, does)
      const span = oracle(given, 0, new Map())
      const ended = [...span.ended, ...(span.isDone ? [{ node: 'end', at: span.end + 1, fails: false }] : [])].toSorted(
        (a, b) => a.at - b.at,
      )
      // what ends at the same instant has no order
      fc.pre(new Set(ended.map(({ at }) => at)).size === ended.length)
      const told = ended.map(({ node, at, fails }) => `${at} ${node} ${fails ? 'failure' : 'success'}`)
      // the end that fails the graph is told by its error
      expect(seen).toEqual({
        hops: span.isDone ? told : told.slice(0, -1),
        ends: span.isDone ? 'done' : 'failed',
        at: span.isDone ? span.end + 1 : span.end,
      })
      played++
    }),
    { numRuns: 400 },
  )
  expect(played).toBeGreaterThan(300)
})
