/** Waiting until an execution stands somewhere. Owns: where that may be, the check of it, and the answers. */
import type { StateValue } from 'xstate'
import { StatewardError } from '../errors.js'
import { executionStatuses, type ExecutionStatus } from './execution-status.js'
import { refuseUnknown, type OptionNames } from '../known-options.js'
import type { Absent, AlreadyFinished } from './outcomes.js'

/** Where an execution is to stand, as of its last commit. All that is given must hold. */
export interface ExecutionGoal {
  readonly status?: ExecutionStatus | readonly ExecutionStatus[] | undefined
  /** The state of its machine, or a state above that, as for XState's `matches`. */
  readonly state?: StateValue | undefined
  /** A tag of the machine's states, or one that it was triggered with. */
  readonly tag?: string | undefined
}

/** How long to wait for it: `timeout` in ms; 0 asks and does not wait, absent waits for ever. `signal`: the call rejects with its reason. */
export interface GoalOptions {
  readonly timeout?: number | undefined
  readonly signal?: AbortSignal | undefined
}

/** `reached`: with the revision at which it stood there. `already_finished`: it has ended without, and never will stand there. */
export type GoalOutcome =
  | { readonly status: 'reached'; readonly revision: number }
  | { readonly status: 'timeout' }
  | AlreadyFinished
  | Absent

const goalNames: OptionNames<ExecutionGoal> = { status: true, state: true, tag: true }
const optionNames: OptionNames<GoalOptions> = { timeout: true, signal: true }
const known: ReadonlySet<unknown> = new Set(executionStatuses)

/** Throws `invalid_option`, naming the option, for a goal that no execution could reach. */
export function checkGoal(id: string, goal: ExecutionGoal, options: GoalOptions): void {
  const subject = `Waiting for ${id}`
  const refuse = (option: string, value: unknown, wanted: string) => {
    const message = `${subject}: \`${option}\` is ${JSON.stringify(value) ?? String(value)}; it must be ${wanted}.`
    throw new StatewardError('invalid_option', message, { details: { option, value: String(value) } })
  }
  if (typeof goal !== 'object' || goal === null) refuse('goal', goal, 'an object with a `status`, a `state` or a `tag`')
  refuseUnknown('invalid_option', subject, goal, goalNames)
  refuseUnknown('invalid_option', subject, options, optionNames)
  const { status, state, tag } = goal
  if (status === undefined && state === undefined && tag === undefined)
    refuse('status', undefined, 'given, unless there is a `state` or a `tag`')
  const statuses: readonly unknown[] = Array.isArray(status) ? status : status === undefined ? [...known] : [status]
  if (statuses.length === 0 || !statuses.every((each) => known.has(each))) refuse('status', status, 'a status, or a list of such')
  if (state !== undefined && typeof state !== 'string' && (typeof state !== 'object' || state === null))
    refuse('state', state, 'a state value of XState')
  if (tag !== undefined && typeof tag !== 'string') refuse('tag', tag, 'a text')
  const { timeout } = options
  if (timeout !== undefined && !(typeof timeout === 'number' && timeout >= 0)) refuse('timeout', timeout, 'a number of ms from 0')
}
