/**
 * Finds the cause of what differs in two runs.
 *
 * Owns: one rule a cause, how it shows, and what to do about it. The first that fits is named, the surest first; where none does,
 * that is said, and the stories have to tell.
 */
import { isDeepStrictEqual } from 'node:util'
import type { HistoryEntry, Transition } from '../world/history.js'
import { durationText, eventText, stateText, shortText } from '../world/readable.js'
import { capital, times, transitionText, type Cause, type Comparison, type Rule } from './cause.js'
import { callbackRestarted, recoveryLimit, stepEndedOtherwise, stepInterrupted } from './recovery-rules.js'
import { actionRepeated, commitsCounted, orderOfCompletion, stepRepeated } from './returned-rules.js'
import { delayOf, endOf, isTimerEvent, isXStateEvent } from '../../actors/program/xstate/xstate-events.js'

type TransitionEntry = HistoryEntry & { readonly execution: string; readonly transition: Transition }

const transitions = (entries: readonly HistoryEntry[]) =>
  entries.filter((entry): entry is TransitionEntry => entry.transition !== undefined && entry.execution !== null)

/** The first state, of the program or of an actor below it, that the run stands in for good though the other one left it; how it did. */
function stuckAt({ expected, actual, differences }: Comparison): TransitionEntry | undefined {
  const names = new Set(differences.map(({ execution }) => execution))
  for (const name of names) {
    const observed = name === null ? undefined : actual.executions[name]
    if (!observed || observed.status === expected.executions[name as string]?.status) continue
    const own = (run: Comparison['expected']) =>
      transitions(run.history.entries).filter(({ execution }) => execution === observed.id)
    const stands = new Map(own(actual).map(({ transition: { path, to } }) => [path, to]))
    stands.set('', observed.value)
    // one that waits for an actor below it is not what is stuck
    const deepest = [...stands].toSorted(([one], [other]) => other.length - one.length)
    for (const [path, value] of deepest) {
      const left = own(expected).find(
        ({ transition }) =>
          transition.path === path && transition.from !== undefined && isDeepStrictEqual(transition.from, value),
      )
      if (left) return left
    }
  }
  return undefined
}

const cancelRace: Rule = ({ differences, actual }) => {
  const raced = differences.find(({ path, actual: what }) => path === 'outcome' && typeof what === 'string')
  const name = raced?.execution
  if (!raced || name === null || name === undefined) return undefined
  return {
    code: 'cancel_race',
    execution: name,
    where: stateText(actual.executions[name]?.value),
    message: `A cancel came as the program of ${name} ended in ${stateText(actual.executions[name]?.value)}: ${String(raced.actual)}. No machine can cause that: it is the host.`,
  }
}

const compensationMissing: Rule = ({ differences, actual }) => {
  const missing = differences.find(({ path }) => path === 'compensation')
  if (!missing || missing.execution === null) return undefined
  const where = String(missing.actual)
  return {
    code: 'compensation_missing',
    execution: missing.execution,
    where,
    message: `${missing.execution} was cancelled in ${where}, where its machine does not take its \`cancelEvent\`; it had done steps by then, went on to ${stateText(actual.executions[missing.execution]?.value)}, and made nothing good. Take the event wherever there is something to make good; at the root, for all states.`,
  }
}

const lawBroken: Rule = ({ differences }) => {
  const broken = differences.find(({ path }) => path === 'breach' || path.startsWith('ends, '))
  if (!broken) return undefined
  const { execution, path, actual } = broken
  const what = path === 'breach' ? String(actual) : `it ended ${times(actual)} (${path.slice('ends, '.length)})`
  return {
    code: 'law_broken',
    execution,
    where: path,
    message: `In ${execution}, ${what}. No machine can cause that: it is the host, or its store.`,
  }
}

const notStorable: Rule = ({ expected, actual }) => {
  for (const run of [expected, actual]) {
    for (const [execution, { error }] of Object.entries(run.executions)) {
      if (error?.code !== 'not_storable') continue
      const path = error.details?.['path']
      const where = typeof path === 'string' ? path : ''
      return {
        code: 'not_storable',
        execution,
        where,
        message: `${error.message} Keep plain data, or a Date, Map, Set and the like, there.`,
      }
    }
  }
  return undefined
}

const programMismatch: Rule = ({ actual }) => {
  for (const [execution, { paused, value }] of Object.entries(actual.executions)) {
    if (!paused?.startsWith('program_mismatch')) continue
    return {
      code: 'program_mismatch',
      execution,
      where: stateText(value),
      message: `After a restart its snapshot did not fit its own program (${paused}): the machine is not made the same each time, or holds what can't be found again by name.`,
    }
  }
  return undefined
}

const valueLost: Rule = ({ actual, differences }) => {
  const [lost] = actual.lossy
  if (!lost || differences.length === 0) return undefined
  return {
    code: 'value_lost',
    execution: lost.execution,
    where: lost.path,
    message: `${lost.path} was ${lost.was} and came back from the store as ${lost.is}: the host's JSON can't carry it. A host with a codec keeps it; else store plain data.`,
  }
}

const inlineAction: Rule = ({ actual, differences }) => {
  const found = differences.find(({ path }) => path.includes('an inline action on '))
  if (!found) return undefined
  const repeated = Number(found.actual) > Number(found.expected)
  const on = /an inline action on (.*)$/.exec(found.path)?.[1] ?? ''
  const around = transitions(actual.history.entries).find(
    ({ execution, transition }) => execution === found.execution && eventText(transition.on) === on,
  )
  const where = around ? transitionText(around.transition) : on
  return {
    code: repeated ? 'inline_action_repeated' : 'inline_action_lost',
    execution: found.execution,
    where,
    message: `${capital(found.path)} (${where}) ran ${times(found.actual)} instead of ${times(found.expected)}: an inline action is not owed by any commit, and has no key. Make it a step, with an idempotency key, or name it in setup({ actions }) and let it bear repetition.`,
  }
}

const randomness: Rule = (comparison) => {
  const { expected, actual, differences } = comparison
  for (const { execution, path, expected: a, actual: b } of differences) {
    if (execution === null || !/^(context|output)\b/.test(path)) continue
    const made = (run: Comparison['expected'], value: unknown) =>
      lasting(run.history.entries).filter((entry) => entry.execution === execution && changesTo(entry.transition, value))
    const [first] = made(expected, a)
    const [other] = made(actual, b)
    // on the way to the other: then something did not happen, or once too often
    if (made(expected, b).length > 0 || made(actual, a).length > 0) continue
    const isSame =
      first &&
      other &&
      isDeepStrictEqual([first.transition.from, first.transition.on], [other.transition.from, other.transition.on])
    if (!first || !isSame) continue
    // an event that nobody sent from outside may carry what a callback no longer knew
    const isSaid = !isXStateEvent(first.transition.on) && !isSent(expected, first.transition.on)
    const restarted = isSaid ? callbackRestarted(comparison) : undefined
    if (restarted) return restarted
    const key = Object.entries(first.transition.changes).find(([, value]) => holds(value, a))?.[0] ?? path
    const where = `context.${key}, in ${transitionText(first.transition)}`
    return {
      code: 'randomness',
      execution,
      where,
      message: `The same transition made context.${key} ${shortText(a)} in one run and ${shortText(b)} in another: it is random, counts what is outside of the machine, or reads the clock. Make such values in a step, whose output is committed, or take them from the input or an event.`,
    }
  }
  return undefined
}

const isSent = ({ history: { entries } }: Comparison['expected'], type: string) =>
  entries.some(({ text }) => text.startsWith('send ') && text.includes(`type: "${type}"`))

/** Without those that were made, lost with their process, and made again. */
function lasting(entries: readonly HistoryEntry[]): TransitionEntry[] {
  const known = transitions(entries)
  return known.filter(({ execution, transition: { path, from, on, to } }, index) => {
    const further = known.slice(index + 1).filter((entry) => entry.execution === execution && entry.transition.path === path)
    const [restored, again] = further.map(({ transition }) => transition)
    const isLost = restored?.from === undefined && isDeepStrictEqual(restored?.to, from) && !isDeepStrictEqual(from, to)
    return !(isLost && again?.on === on)
  })
}

const changesTo = ({ changes }: Transition, value: unknown) => Object.values(changes).some((part) => holds(part, value))

function holds(part: unknown, value: unknown): boolean {
  if (isDeepStrictEqual(part, value)) return true
  if (typeof part === 'string' && typeof value === 'string') return part.length > 0 && value.includes(part)
  return typeof part === 'object' && part !== null && Object.values(part).some((inner) => holds(inner, value))
}

const childDoneUnheard: Rule = (comparison) => {
  const left = stuckAt(comparison)
  const child = left && endOf(left.transition.on)?.id
  if (!left || child === undefined) return undefined
  const observed = comparison.actual.executions[left.execution]
  const ended = observed?.endedChildren.find((path) => path === child || path.startsWith(`${child}/`))
  if (ended === undefined) return undefined
  return {
    code: 'child_done_untold',
    execution: left.execution,
    where: `${stateText(left.transition.from)}, child ${ended}`,
    message: `The child ${ended} had ended and its parent had not been told when the process died; restored, the program waits in ${stateText(left.transition.from)} for ever. A host must commit both together.`,
  }
}

const timerForgotten: Rule = (comparison) => {
  const left = stuckAt(comparison)
  if (!left || !isTimerEvent(left.transition.on)) return undefined
  const { from, on } = left.transition
  const ms = Number(delayOf(on))
  const length = Number.isNaN(ms) ? eventText(on) : `after ${durationText(ms)}`
  return {
    code: 'timer_forgotten',
    execution: left.execution,
    where: `${stateText(from)}, ${length}`,
    message: `The timer of ${stateText(from)} (${length}) was set when the process died, and nobody set it again: the execution waits there for ever. A host must keep timers with their absolute due times.`,
  }
}

const timerRace: Rule = ({ expected, actual, differences }) => {
  for (const { execution, path } of differences) {
    if (execution === null || path !== 'value') continue
    const leaving = (run: Comparison['expected']) =>
      transitions(run.history.entries).filter((entry) => entry.execution === execution)
    for (const { transition: ours } of leaving(expected)) {
      const theirs = leaving(actual).find(
        ({ transition: { path: at, from, on } }) => at === ours.path && isDeepStrictEqual(from, ours.from) && on !== ours.on,
      )?.transition
      if (!theirs || theirs.from === undefined || isTimerEvent(ours.on) === isTimerEvent(theirs.on)) continue
      return {
        code: 'timer_race',
        execution,
        where: stateText(ours.from),
        message: `${stateText(ours.from)} was left by ${eventText(ours.on)} undisturbed, and by ${eventText(theirs.on)} here: a timer and something else race there, and the disturbance held one of them up.`,
      }
    }
  }
  return undefined
}

/** In this order. */
const causeRules: readonly Rule[] = [
  cancelRace,
  compensationMissing,
  lawBroken,
  notStorable,
  programMismatch,
  stepInterrupted,
  recoveryLimit,
  valueLost,
  inlineAction,
  timerForgotten,
  childDoneUnheard,
  timerRace,
  stepEndedOtherwise,
  randomness,
  orderOfCompletion,
  commitsCounted,
  actionRepeated,
  stepRepeated,
  callbackRestarted,
]

/** The cause of the differences. */
export function causeOf(comparison: Comparison): Cause {
  for (const rule of causeRules) {
    const cause = rule(comparison)
    if (cause) return cause
  }
  const [first] = comparison.differences
  return {
    code: 'unknown',
    execution: first?.execution ?? null,
    where: first?.path ?? '',
    message: first
      ? `${first.path} is ${shortText(first.actual)} instead of ${shortText(first.expected)}; none of the known causes fits, the stories below tell where the runs part.`
      : 'The runs do not differ.',
  }
}
