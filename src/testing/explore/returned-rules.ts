/**
 * Finds the cause where what a scenario returned, or a list, is another one.
 *
 * Owns: the rules for what runs again, for what ends in another order, and for what counts commits. Repetition is told from loss:
 * where less is shown than undisturbed, nothing that ran twice is the cause.
 */
import { isDeepStrictEqual } from 'node:util'
import { isTerminal, type ExecutionStatus } from '../../events/execution-status.js'
import { fullText, shortText } from '../world/readable.js'
import { times, type Comparison, type Rule } from './cause.js'
import { whenDisturbed } from './recovery-rules.js'
import type { Difference } from './differences.js'

/** True if what was returned may come from something that ran once more. */
function showsRepetition(differences: readonly Difference[]): boolean {
  const isStuck = ({ path, expected, actual }: Difference) =>
    path === 'status' && isTerminal(expected as ExecutionStatus) && !isTerminal(actual as ExecutionStatus)
  const returned = differences.filter(({ path }) => path.startsWith('returned'))
  return returned.length > 0 && !differences.some(isStuck) && !returned.every(isLess)
}

/** True where parts are missing and none is new. */
function isLess({ expected, actual }: Difference): boolean {
  if (typeof expected === 'number' && typeof actual === 'number') return actual < expected
  if (actual === undefined) return true
  const [before, after] = [parts(expected), parts(actual)]
  if (!before || !after || after.length >= before.length) return false
  const left = [...before]
  return after.every((part) => left.includes(part) && left.splice(left.indexOf(part), 1).length > 0)
}

function parts(value: unknown): string[] | undefined {
  if (Array.isArray(value) || value instanceof Set || value instanceof Map) return [...(value as Iterable<unknown>)].map(fullText)
  return undefined
}

/** A named action ran once more. */
export const actionRepeated: Rule = ({ expected, actual, differences }) => {
  if (!showsRepetition(differences)) return undefined
  const ran = ({ points }: Comparison['expected']) => {
    const counts = new Map<string, number>()
    for (const { kind, side, execution, what } of points)
      if (kind === 'action' && side === 'after')
        counts.set(`${execution}\n${what}`, (counts.get(`${execution}\n${what}`) ?? 0) + 1)
    return counts
  }
  const before = ran(expected)
  for (const [name, count] of ran(actual)) {
    const wanted = before.get(name) ?? 0
    if (count <= wanted) continue
    const [execution, what] = name.split('\n') as [string, string]
    return {
      code: 'action_repeated',
      execution,
      where: what,
      message: `The action ${what} ran ${times(count)} instead of ${times(wanted)}, and what the scenario returned shows it: a named action runs at least once. Let it bear repetition, or make it a step and pass its idempotency key on.`,
    }
  }
  return undefined
}

/** A step was in flight and ran again. */
export const stepRepeated: Rule = ({ actual, differences }) => {
  if (!showsRepetition(differences)) return undefined
  const keys = new Map<string, number>()
  for (const { execution, step, idempotencyKey, attempt } of actual.calls) {
    const key = `${idempotencyKey} ${attempt}`
    const count = (keys.get(key) ?? 0) + 1
    keys.set(key, count)
    if (count < 2) continue
    return {
      code: 'step_repeated',
      execution,
      where: step,
      message: `Step ${step} was in flight ${whenDisturbed(actual)} and ran again, under the same key ${idempotencyKey}; what the scenario returned shows both. Pass the key on to whoever has the effect, and let that drop a repetition.`,
    }
  }
  return undefined
}

/** A list holds the same in another order. */
export const orderOfCompletion: Rule = ({ differences }) => {
  for (const { execution, path, expected, actual } of differences) {
    if (!Array.isArray(expected) || !Array.isArray(actual)) continue
    const [a, b] = [expected, actual].map((list) => (list as unknown[]).map(fullText).toSorted())
    if (!isDeepStrictEqual(a, b)) continue
    return {
      code: 'order_of_completion',
      execution,
      where: path,
      message: `${path} holds the same in another order: what runs at the same time may end in another order when it is disturbed. Keep such results under a name each.`,
    }
  }
  return undefined
}

const counting = /^returned\b.*\b(?:revision|seq|updatedAt|recoveries)$/

/** What was returned counts commits: a restart makes one more. */
export const commitsCounted: Rule = ({ differences }) => {
  const [first] = differences
  if (!first || !differences.every(({ path }) => counting.test(path))) return undefined
  return {
    code: 'commits_counted',
    execution: null,
    where: first.path,
    message: `${first.path} is ${shortText(first.actual)} instead of ${shortText(first.expected)}: it counts commits, and a restart makes more of them. Return what the outside world sees, and no revisions.`,
  }
}
