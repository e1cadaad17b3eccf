/** Cancels everywhere. Owns which cancels are tried, and what must hold of a run in which an execution was cancelled. */
import { isTerminal, type ExecutionStatus } from '../../events/execution-status.js'
import { differences, type Difference } from './differences.js'
import { stateText } from '../world/readable.js'
import { Exploration } from './exploration.js'
import type { ExplorationReport } from './report.js'
import { pointsOfChildren, type Run } from './run.js'
import type { ExplorationOptions } from './exploration-options.js'
import type { Explored, Scenario } from './scenario.js'

/**
 * Runs a scenario once, then again with a cancel at each of its points, and so also against the start and the end of every step;
 * where an execution was started by another one, of that one as well.
 *
 * The execution must end once: as `cancelled`, or as in the undisturbed run where the cancel came too late; no step of it may
 * begin afterwards; with a `cancelEvent`, its machine must take that wherever it has done a step; every execution that ends without the cancel must end with it, and those that have nothing to do with it
 * must come out the same. Causes of its own are `cancel_race` and `compensation_missing`. What a compensation must have made good is for the `invariant` option to say, which gets the run
 * (`returned` is what the scenario resolved with). Resolves with a report; rejects with an `ExplorationError` (code
 * `exploration_failed`).
 *
 * @example
 * ```ts
 * const report = await exploreCancels(tickets, async (runtime) => {
 *   const ticket = await runtime.trigger('tickets', { id: 1 })
 *   await ticket.send({ type: 'APPROVE' })
 * })
 * console.log(report.failures.length) // prints 0
 * ```
 */
export async function exploreCancels<TExplored extends Explored>(
  explored: TExplored,
  scenario: Scenario<TExplored>,
  options: ExplorationOptions = {},
): Promise<ExplorationReport> {
  const exploration = new Exploration({
    what: 'cancels',
    explored,
    scenario: scenario as never,
    options,
    compare: (expected, actual) => broken(expected, actual, options.inlineActions),
  })
  const undisturbed = await exploration.begin()
  for (const { n: at } of undisturbed.points) await exploration.disturb([{ at, what: 'cancel' }])
  for (const at of pointsOfChildren(undisturbed)) await exploration.disturb([{ at, what: 'cancel of the parent' }])
  return exploration.end()
}

function broken(expected: Run, actual: Run, inlineActions: ExplorationOptions['inlineActions']): Difference[] {
  const cancelled = new Set(Object.keys(actual.executions).filter((name) => actual.executions[name]?.status === 'cancelled'))
  if (cancelled.size === 0) return differences(expected, actual, inlineActions)
  const concerned = new Set([...cancelled].flatMap((name) => relatives(name, actual)))
  const found: Difference[] = []
  if (actual.failure) found.push({ execution: null, path: 'failure', expected: null, actual: actual.failure })
  for (const [name, { status, ends }] of Object.entries(actual.executions)) {
    const wanted = expected.executions[name]?.status
    const mustEnd = cancelled.has(name) || (wanted !== undefined && isTerminal(wanted as ExecutionStatus))
    if (mustEnd && !isTerminal(status as ExecutionStatus))
      found.push({ execution: name, path: 'status', expected: 'an end', actual: status })
    if (isTerminal(status as ExecutionStatus) && ends !== 1)
      found.push({ execution: name, path: 'ends', expected: 1, actual: ends })
  }
  for (const name of cancelled) {
    const late = beginsAfterItsEnd(actual, name)
    if (late !== undefined) found.push({ execution: name, path: 'steps', expected: 'none after the end', actual: late })
    const where = uncompensated(actual, name)
    if (where !== undefined) found.push({ execution: name, path: 'compensation', expected: 'begins', actual: where })
    for (const child of outlives(actual, name))
      found.push({ execution: child, path: 'end', expected: `with its parent ${name}`, actual: 'after it' })
  }
  const others = differences(expected, actual, 'ignore').filter(
    ({ execution }) => execution !== null && !concerned.has(execution) && actual.executions[execution] !== undefined,
  )
  return [...found, ...others]
}

/** The state in which a machine that had done something did not take its cancel event. */
function uncompensated({ executions, calls }: Run, name: string): string | undefined {
  const untakenIn = executions[name]?.cancelUntakenIn
  const didSomething = calls.some(({ execution, status }) => execution === name && status === 'done')
  return untakenIn === undefined || !didSomething ? undefined : stateText(untakenIn)
}

/** An execution, those that started it, and those that it started. */
function relatives(name: string, { executions }: Run): string[] {
  const own = executions[name]
  const isAbove = (other: string) => name.startsWith(`${other}/`)
  return Object.keys(executions).filter(
    (other) =>
      other === name ||
      isAbove(other) ||
      other.startsWith(`${name}/`) ||
      executions[other]?.parentId === own?.id ||
      other === own?.parentId,
  )
}

/** Executions that it had started before it was cancelled, and that ended only after it: a cancel goes to the leaves first. */
function outlives({ executions, history: { entries } }: Run, name: string): string[] {
  const cancel = entries.findIndex(({ execution, text }) => execution === name && text === 'cancel')
  const end = endOf(entries, name)
  if (cancel < 0 || end < 0) return []
  return Object.keys(executions).filter((child) => {
    const began = entries.findIndex(({ execution }) => execution === child)
    const isBelow = executions[child]?.parentId === executions[name]?.id
    const last = endOf(entries, child)
    const isWithIt = executions[child]?.status === 'cancelled' && entries[last]?.at === entries[end]?.at
    return isBelow && began >= 0 && began < cancel && last > end && !isWithIt
  })
}

const endOf = (entries: Run['history']['entries'], name: string) =>
  entries.findIndex(({ execution, text }) => execution === name && /^is (?:completed|failed|cancelled|timed_out)\b/.test(text))

function beginsAfterItsEnd({ history: { entries } }: Run, name: string): string | undefined {
  const end = entries.findIndex(({ execution, text }) => execution === name && text.startsWith('is cancelled'))
  return end < 0
    ? undefined
    : entries.slice(end).find(({ execution, text }) => execution === name && /^step .* begins/.test(text))?.text
}
