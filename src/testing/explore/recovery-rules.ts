/**
 * Causes that lie in what is begun again after a crash: steps, callbacks, and how often that may be.
 *
 * Owns: one rule a cause, as `cause-rules.ts`, which says when each is asked. Goes by the calls and points of both runs.
 */
import { isDeepStrictEqual } from 'node:util'
import type { StepCall } from '../world/step-calls.js'
import { shortText, stateText } from '../world/readable.js'
import type { Cause, Comparison } from './cause.js'
import { failedActorOf } from '../../actors/program/xstate/xstate-events.js'
import type { Disturbance, Run } from './run.js'

/** What the run did to a step in flight, for people. */
export function whenDisturbed({ plan }: Run): string {
  const did = (disturbance: Disturbance['what']) => plan.some(({ what }) => what === disturbance)
  if (did('crash')) return 'when the process died'
  return did('restart') ? 'when the process stopped' : did('passivation') ? 'when it left memory' : 'when it was paused'
}

/** A step that was told not to run again. */
export function stepInterrupted({ expected, actual }: Comparison): Cause | undefined {
  const cause = (execution: string, where: string, what: string): Cause => ({
    code: 'step_interrupted',
    execution,
    where,
    message: `Step ${where} may have been in flight ${whenDisturbed(actual)}, and its \`onRecovery\` does not let it run again: ${what}. If that is how it is to be, accept this cause; else leave it at 'rerun' and pass its idempotency key on.`,
  })
  for (const [name, { error, paused }] of Object.entries(actual.executions)) {
    const path = error?.code === 'step_interrupted' ? error.details?.['path'] : undefined
    if (typeof path === 'string') return cause(name, path, 'it failed, and nothing handled that')
    if (paused?.startsWith('step_in_doubt: ')) return cause(name, paused.slice('step_in_doubt: '.length), 'it waits for a person')
  }
  for (const { execution, transition } of actual.history.entries) {
    const id = failedActorOf(transition?.on ?? '')
    if (execution === null || !transition || id === undefined) continue
    const path = transition.path === '' ? id : `${transition.path}/${id}`
    const isIt = (call: StepCall) => call.execution === execution && call.path === path
    if (!expected.calls.some(isIt) || actual.calls.some((call) => isIt(call) && call.status === 'failed')) continue
    return cause(execution, path, `it failed, and led to ${stateText(transition.to)}`)
  }
  return undefined
}

/** An execution that was killed more often than it may be. */
export function recoveryLimit({ actual }: Comparison): Cause | undefined {
  for (const [execution, { error, value }] of Object.entries(actual.executions)) {
    if (error?.code !== 'recovery_limit') continue
    return {
      code: 'recovery_limit',
      execution,
      where: stateText(value),
      message: `${error.message} That is the entry point's \`maxRecoveries\`: raise it, or accept this cause.`,
    }
  }
  return undefined
}

/** A step that comes to something else when it runs again under the same key. */
export function stepEndedOtherwise({ expected, actual }: Comparison): Cause | undefined {
  const keyOf = ({ idempotencyKey, attempt }: StepCall) => `${attempt} ${idempotencyKey}`
  const seen = new Set<string>()
  const repeated = new Map<string, StepCall>()
  for (const call of actual.calls) {
    if (seen.has(keyOf(call))) repeated.set(keyOf(call), call)
    seen.add(keyOf(call))
  }
  for (const [key, call] of repeated) {
    const wanted = expected.calls.find((each) => keyOf(each) === key)
    if (!wanted || !hasEnded(wanted) || !hasEnded(call) || isDeepStrictEqual(endOf(wanted), endOf(call))) continue
    return {
      code: 'step_repeated',
      execution: call.execution,
      where: call.step,
      message: `Step ${call.step} was in flight ${whenDisturbed(actual)} and ran again, under the same key ${call.idempotencyKey}, and came to something else: it ${endText(call)}; undisturbed it ${endText(wanted)}. Let the receiver answer a key that it knows as it did the first time.`,
    }
  }
  return undefined
}

const hasEnded = ({ status }: StepCall) => status === 'done' || status === 'failed'
const endOf = ({ status, output, error }: StepCall) =>
  status === 'done' ? { output } : { error: error instanceof Error ? `${error.name}: ${error.message}` : error }
const endText = ({ status, output, error }: StepCall) =>
  status === 'done' ? `ended with ${shortText(output)}` : `failed with ${shortText(error)}`

/** A callback or an observable that began from zero. */
export function callbackRestarted({ expected, actual }: Comparison): Cause | undefined {
  const before = callbacks(expected)
  for (const [name, times] of callbacks(actual)) {
    if (times <= (before.get(name) ?? 0)) continue
    const [execution, path] = name.split('\n') as [string, string]
    return {
      code: 'callback_restarted',
      execution,
      where: path,
      message: `${path} is a callback or an observable, was active ${whenDisturbed(actual)} and began from zero: what it had been sent, or was about to say, no commit owes; it comes again, or never. Let it ask for what it missed as it begins, let the machine send again, or make it a step.`,
    }
  }
  return undefined
}

/** How often each was begun: steps that never come to be a call. */
function callbacks({ points, calls }: Run): Map<string, number> {
  const steps = new Set(calls.map(({ execution, path }) => `${execution}\n${path}`))
  const begun = new Map<string, number>()
  for (const { kind, side, execution, what } of points) {
    const name = `${execution}\n${what}`
    if (kind === 'step' && side === 'after' && !steps.has(name)) begun.set(name, (begun.get(name) ?? 0) + 1)
  }
  return begun
}
