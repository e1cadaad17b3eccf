/** Which executions somebody looks for. Owns: what may be said of them, and its check. */
import type { StateValue } from 'xstate'
import { StatewardError } from '../errors.js'
import { executionStatuses, type ExecutionStatus } from './execution-status.js'
import { isFilledText, isWholeText, wholeTextWanted } from '../ids.js'
import { refuseUnknown, type OptionNames } from '../known-options.js'
import { waitsForWords, type WaitsFor } from './waits-for.js'

/** Which executions. All that is given must hold, as of the last commit of each. */
export interface ExecutionWhere {
  readonly entryPoint?: string | undefined
  /** Of the entry points of this group. */
  readonly group?: string | undefined
  readonly status?: ExecutionStatus | readonly ExecutionStatus[] | undefined
  readonly sessionId?: string | undefined
  readonly correlationId?: string | undefined
  readonly parentId?: string | undefined
  readonly idempotencyKey?: string | undefined
  /**
   * The state in which its machine stands, or one above that, as for XState's `matches`: `'approval'`, `'payment.waiting'`,
   * `{ payment: 'waiting' }`. Finds executions that have not ended, unless `status` names an end.
   */
  readonly state?: StateValue | undefined
  /** A tag that it was triggered with, also once it has ended; or one of the states in which its machine stands, while it has not. */
  readonly tag?: string | undefined
  /** A time in ms since the epoch: it has stood in that `state`, and under that `tag`, since then or longer; without them, in all of its states. */
  readonly since?: number | undefined
  /** The same by a duration, in ms: for so long or longer. */
  readonly for?: number | undefined
  /** What it waits for, or one of several: see `waitsFor` of its record. */
  readonly waitsFor?: WaitsFor | readonly WaitsFor[] | undefined
}

/** Which executions to list; the newest come first. */
export interface ExecutionFilter extends ExecutionWhere {
  /** Default 50, at most 1,000. */
  readonly limit?: number | undefined
  /** Of the page before. */
  readonly cursor?: string | undefined
}

const whereNames: OptionNames<ExecutionWhere> = {
  entryPoint: true,
  group: true,
  status: true,
  sessionId: true,
  correlationId: true,
  parentId: true,
  idempotencyKey: true,
  state: true,
  tag: true,
  since: true,
  for: true,
  waitsFor: true,
}
const filterNames: OptionNames<ExecutionFilter> = { ...whereNames, limit: true, cursor: true }
const texts = ['entryPoint', 'group', 'sessionId', 'correlationId', 'parentId', 'idempotencyKey', 'tag', 'cursor'] as const
/** No system had this time, in ms since the epoch, when this was written: whoever says less means a duration. */
const tooLongAgo = 100_000_000_000

/** Throws `invalid_option`, naming the option, for a filter that no execution could fit. `subject`: the call, for the message. */
export function checkFilter(subject: string, filter: ExecutionFilter, isPage = true): void {
  const refuse = (option: string, value: unknown, wanted: string): never => {
    const shown = typeof value === 'object' ? (JSON.stringify(value) ?? 'null') : String(value as string)
    throw new StatewardError('invalid_option', `${subject}: \`${option}\` is ${shown}; it must be ${wanted}.`, {
      details: { option, value: shown },
    })
  }
  if (typeof filter !== 'object' || filter === null) refuse('where', filter, 'an object')
  refuseUnknown('invalid_option', subject, filter, isPage ? filterNames : whereNames)
  for (const option of texts) {
    const value: unknown = filter[option]
    if (value !== undefined && !isFilledText(value))
      refuse(option, JSON.stringify(value), `a text, not empty, ${wholeTextWanted}`)
  }
  const { status, state, since, waitsFor, limit } = filter
  const isOneOf = (value: unknown, known: readonly unknown[]) =>
    value === undefined || (Array.isArray(value) ? value.every((each) => known.includes(each)) : known.includes(value))
  if (!isOneOf(status, executionStatuses)) refuse('status', status, `one of ${executionStatuses.join(', ')}, or a list of such`)
  if (!isOneOf(waitsFor, waitsForWords)) refuse('waitsFor', waitsFor, `one of ${waitsForWords.join(', ')}, or a list of such`)
  if (state !== undefined && !isState(state)) refuse('state', state, 'a state value of XState')
  if (since !== undefined && !(typeof since === 'number' && since >= tooLongAgo && since < Infinity))
    refuse('since', since, 'a time in ms since the epoch; for a duration take `for`')
  const duration = filter.for
  if (duration !== undefined && !(typeof duration === 'number' && duration >= 0)) refuse('for', duration, 'a number of ms from 0')
  if (limit !== undefined && !(Number.isInteger(limit) && limit >= 1 && limit <= 1_000))
    refuse('limit', limit, 'a whole number from 1 to 1,000')
}

/**
 * The same for a `where` by which something is done. A condition that is undefined is refused as well: it would do it to all that the
 * others find, where somebody meant few.
 */
export function checkWhere(subject: string, where: ExecutionWhere): void {
  checkFilter(subject, where, false)
  for (const [option, value] of Object.entries(where))
    if (value === undefined)
      throw new StatewardError(
        'invalid_option',
        `${subject}: \`${option}\` is undefined; it must be said, or left out of \`where\`, which then finds more.`,
        { details: { option, value: 'undefined' } },
      )
}

function isState(value: unknown): boolean {
  if (typeof value === 'string') return value !== '' && isWholeText(value)
  return typeof value === 'object' && value !== null && !Array.isArray(value) && Object.values(value).every(isState)
}
