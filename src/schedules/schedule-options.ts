/**
 * Checks what a schedule is set to.
 *
 * Owns: the defaults, and the refusals, which name the schedule and the option. Whether there is such an entry point is for the caller.
 */
import { gatheringKind, type GatheringLimits } from '../actors/flow/gathering-limits.js'
import { encode } from '../codec/snapshot-codec.js'
import { isStatewardError, StatewardError } from '../errors.js'
import { isId } from '../ids.js'
import { refuseUnknown, type OptionNames } from '../known-options.js'
import { tickSettings } from '../triggers/tick-options.js'
import type { Timing } from '../triggers/ticking.js'
import type { ScheduleOptions } from '../events/schedule.js'
import { timingOf, type StoredTiming } from './schedule-timing.js'
import type { ScheduleDefinition } from './stored-schedule.js'

const names: OptionNames<ScheduleOptions> = {
  entryPoint: true,
  cron: true,
  timeZone: true,
  every: true,
  immediately: true,
  at: true,
  input: true,
  overlap: true,
  missed: true,
  maxMissed: true,
  jitter: true,
}
const kinds = ['cron', 'every', 'at'] as const
/** The latest time that a date can be. */
const latest = 8.64e15
const idWanted = '1 to 128 letters, digits, or . _ : - inside, never two dots in a row'

/** Throws `invalid_id` for what is no id of a schedule. */
export function checkScheduleId(id: unknown): asserts id is string {
  if (isId(id)) return
  const shown = typeof id === 'string' ? JSON.stringify(id) : typeof id
  throw new StatewardError('invalid_id', `${shown} is no id of a schedule; use ${idWanted}.`, {
    details: { option: 'id', value: shown },
  })
}

/** What the options say, complete, and the ticks. Throws `invalid_option`, `not_storable`, naming the schedule. */
export async function definitionOf(
  id: string,
  options: ScheduleOptions,
): Promise<{ readonly definition: ScheduleDefinition; readonly timing: Timing }> {
  const subject = `The schedule ${id}`
  if (options === undefined) refuse(id, 'entryPoint', undefined, 'the id of an entry point')
  refuseUnknown('invalid_option', subject, options, names, { schedule: id })
  const { entryPoint, input } = options
  if (typeof entryPoint !== 'string' || entryPoint === '') refuse(id, 'entryPoint', entryPoint, 'the id of an entry point')
  // encoded first: later changes by the caller have no effect
  const text = input === undefined ? null : encode(input, { id: `schedule ${id}`, what: 'input' })
  const stored = storedTiming(id, options)
  try {
    const { jitter, overlap, missed, maxMissed } = tickSettings('schedule', { ...options, input: undefined })
    const timing = await timingOf(stored)
    return { definition: { entryPoint, timing: stored, input: text, overlap, missed, maxMissed, jitter }, timing }
  } catch (error) {
    throw named(id, error)
  }
}

/** Throws `invalid_option` for a schedule whose ticks would cancel what other callers have given to an execution that gathers. */
export function refuseReplacing(id: string, { entryPoint, overlap }: ScheduleDefinition, gathers: GatheringLimits): void {
  const kind = gatheringKind(gathers)
  if (overlap !== 'replace' || kind === undefined) return
  refuse(id, 'overlap', overlap, `queue or skip, since ${entryPoint} puts triggers into one execution (\`${kind}\`)`)
}

function storedTiming(id: string, { cron, timeZone, every, immediately, at }: ScheduleOptions): StoredTiming {
  const given = kinds.filter((kind) => ({ cron, every, at })[kind] !== undefined)
  if (given.length !== 1) {
    const value = given.length === 0 ? 'none' : given.join(' and ')
    throw new StatewardError(
      'invalid_option',
      `The schedule ${id}: exactly one of \`cron\`, \`every\` and \`at\` is given; it has ${value}.`,
      {
        details: { schedule: id, option: given[1] ?? 'cron', value },
      },
    )
  }
  if (cron === undefined && timeZone !== undefined) refuse(id, 'timeZone', timeZone, 'left out without `cron`')
  if (every === undefined && immediately !== undefined) refuse(id, 'immediately', immediately, 'left out without `every`')
  if (cron !== undefined) return { cron, timeZone: timeZone === undefined ? 'UTC' : timeZone }
  if (every !== undefined) return { every, immediately: immediately === undefined ? false : immediately }
  const time = at instanceof Date ? at.getTime() : at
  if (!(typeof time === 'number' && Math.abs(time) <= latest))
    return refuse(id, 'at', at instanceof Date ? 'an invalid date' : at, 'a time in ms since the epoch, or a date')
  return { at: Math.ceil(time) }
}

/** What the triggers say of their options, as said of those of a schedule. */
function named(id: string, error: unknown): unknown {
  if (!isStatewardError(error, 'invalid_definition')) return error
  const { option, value } = error.details
  const own = option === 'expression' ? 'cron' : option === 'ms' ? 'every' : option
  const wanted = error.message.slice(error.message.indexOf('` is ') + '` is '.length)
  return new StatewardError('invalid_option', `The schedule ${id}: \`${String(own)}\` is ${wanted}`, {
    details: { schedule: id, option: own, value },
    cause: error,
  })
}

function refuse(id: string, option: string, value: unknown, wanted: string): never {
  const shown =
    typeof value === 'string'
      ? JSON.stringify(value)
      : typeof value === 'object' && value !== null
        ? 'an object'
        : String(value as number)
  throw new StatewardError('invalid_option', `The schedule ${id}: \`${option}\` is ${shown}; it must be ${wanted}.`, {
    details: { schedule: id, option, value: shown },
  })
}
