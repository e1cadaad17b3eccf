/**
 * What is not the same in two runs of one scenario.
 *
 * Owns: what counts: how each execution ended and with what, what it emitted, which steps ran, how often inline actions did,
 * what the scenario resolved with. Not what a crash may change: how often a step in flight ran, and when.
 */
import { isDeepStrictEqual } from 'node:util'
import { isTerminal, type ExecutionStatus } from '../../events/execution-status.js'
import { fullText, shortText } from '../world/readable.js'
import type { ObservedExecution } from './exploration-host.js'
import type { Run } from './run.js'

/** One thing that differs. */
export interface Difference {
  /** Of which execution, by name; null: of the scenario. */
  readonly execution: string | null
  /** `status`, `context.receipt`, `steps`, `inline action …`. */
  readonly path: string
  readonly expected: unknown
  readonly actual: unknown
}

/** What a scenario returns may go in a circle. */
const DEEPEST = 50

const parts = ['status', 'paused', 'output', 'error', 'value', 'context', 'attempt', 'owed', 'inbox', 'ends'] as const

/** What no run may do, whatever another one does: end more than once, begin a step that no commit holds. */
export function breaches({ executions, breaches: found }: Run): Difference[] {
  const ends = Object.entries(executions)
    .filter(([, each]) => each.ends !== (isTerminal(each.status as ExecutionStatus) ? 1 : 0))
    .map(([execution, { status, ends: actual }]) => ({
      execution,
      path: `ends, ${status}`,
      expected: isTerminal(status as ExecutionStatus) ? 1 : 0,
      actual,
    }))
  const begun = found.map(({ execution, what, isRace }) => ({
    execution,
    path: isRace ? 'outcome' : 'breach',
    expected: isRace ? 'completed' : 'none',
    actual: what,
  }))
  return [...ends, ...begun]
}

/** Everything that `actual` did otherwise than `expected`. */
export function differences(expected: Run, actual: Run, inlineActions: 'compare' | 'ignore' = 'compare'): Difference[] {
  const found: Difference[] = []
  for (const name of new Set([...Object.keys(expected.executions), ...Object.keys(actual.executions)])) {
    const [a, b] = [expected.executions[name], actual.executions[name]]
    if (!a || !b) found.push({ execution: name, path: 'execution', expected: a?.status ?? 'none', actual: b?.status ?? 'none' })
    else found.push(...ofExecution(name, a, b))
  }
  found.push(...ofSteps(expected, actual))
  if (inlineActions === 'compare') found.push(...ofInlineActions(expected, actual))
  found.push(
    ...at(null, 'failure', expected.failure, actual.failure),
    ...at(null, 'returned', expected.returned, actual.returned),
  )
  return found
}

function ofExecution(name: string, a: ObservedExecution, b: ObservedExecution): Difference[] {
  // parallel regions may emit in another order, when a crash has delayed one of them
  const sorted = ({ emitted }: ObservedExecution) =>
    emitted.map((event) => [fullText(event), event] as const).toSorted(([one], [other]) => (one < other ? -1 : 1))
  const [texts, values] = [0, 1].map((part) => [sorted(a), sorted(b)].map((list) => list.map((each) => each[part])))
  const emitted = isDeepStrictEqual(texts?.[0], texts?.[1]) ? [] : at(name, 'emitted', values?.[0], values?.[1])
  return [...parts.flatMap((part) => at(name, part, a[part], b[part])), ...emitted]
}

/** The places at which two values differ, as deep as both are objects of the same kind. */
function at(execution: string | null, path: string, expected: unknown, actual: unknown, depth = 0): Difference[] {
  if (isDeepStrictEqual(expected, actual)) return []
  if (depth > DEEPEST || !isPlain(expected) || !isPlain(actual)) return [{ execution, path, expected, actual }]
  const keys = [...new Set([...Object.keys(expected), ...Object.keys(actual)])]
  const inner = keys.flatMap((key) => at(execution, `${path}.${key}`, expected[key], actual[key], depth + 1))
  return inner.length === 0 ? [{ execution, path, expected, actual }] : inner
}

function isPlain(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && [Object.prototype, null].includes(Object.getPrototypeOf(value) as null)
}

/** How often each step was begun anew, by its key: a repetition under the same key is none. */
function ofSteps(expected: Run, actual: Run): Difference[] {
  const [a, b] = [ranSteps(expected), ranSteps(actual)]
  return [...new Set([...a.keys(), ...b.keys()])].flatMap((name) => {
    const [wanted, got] = [a.get(name)?.size ?? 0, b.get(name)?.size ?? 0]
    const [execution, what] = name.split('\n') as [string, string]
    return wanted === got ? [] : [{ execution, path: what, expected: wanted, actual: got }]
  })
}

function ranSteps({ calls }: Run): Map<string, Set<string>> {
  const keys = new Map<string, Set<string>>()
  for (const { execution, step, path, input, idempotencyKey } of calls) {
    const what = `step ${step}${path === step ? '' : ` at ${path}`} with ${shortText(input)}`
    const name = `${execution}\n${what}\n${fullText(input)}`
    keys.set(name, (keys.get(name) ?? new Set()).add(idempotencyKey))
  }
  return keys
}

function ofInlineActions(expected: Run, actual: Run): Difference[] {
  const [a, b] = [inlineCounts(expected), inlineCounts(actual)]
  return [...new Set([...a.keys(), ...b.keys()])].flatMap((name) => {
    const [wanted, got] = [a.get(name) ?? 0, b.get(name) ?? 0]
    const [execution, what] = name.split('\n') as [string, string]
    return wanted === got ? [] : [{ execution, path: what, expected: wanted, actual: got }]
  })
}

/** How often each ran: those that have come to the point after it. */
function inlineCounts({ points }: Run): Map<string, number> {
  const counts = new Map<string, number>()
  for (const { kind, side, isInline, execution, what } of points) {
    if (kind !== 'action' || side !== 'after' || !isInline) continue
    const name = `${execution}\n${what}`
    counts.set(name, (counts.get(name) ?? 0) + 1)
  }
  return counts
}
