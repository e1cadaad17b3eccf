/**
 * The calls on schedules that are made at run time: those of a runtime, and of a client.
 *
 * Owns: what each call answers. A call changes the document of its schedule and nothing else; the processes that run the schedule notice
 * (`scheduler.ts`). Every call may be made again.
 */
import { isDeepStrictEqual } from 'node:util'
import { decode } from '../codec/snapshot-codec.js'
import { StatewardError } from '../errors.js'
import type { Intervention } from '../events/execution-events.js'
import { checkCommand, commandNames, type By } from '../events/requests.js'
import { refuseUnknown, type OptionNames } from '../known-options.js'
import { placeOf, placeText } from '../triggers/tick-place.js'
import type { Timing } from '../triggers/ticking.js'
import type { SupervisorHost } from '../actors/supervisor/supervisor-host.js'
import type {
  NoSchedule,
  ScheduleFilter,
  ScheduleList,
  ScheduleOptions,
  SchedulePauseOutcome,
  ScheduleRecord,
  ScheduleRemoveOutcome,
  ScheduleResumeOutcome,
  SetOutcome,
} from '../events/schedule.js'
import { checkScheduleId, definitionOf, refuseReplacing } from './schedule-options.js'
import { timingOf } from './schedule-timing.js'
import { aboutOf, eventId, type Scheduler } from './scheduler.js'
import type { ScheduleDefinition, ScheduleStore, StoredSchedule } from './stored-schedule.js'

const filterNames: OptionNames<ScheduleFilter> = { entryPoint: true, status: true, limit: true, cursor: true }
const statuses: readonly unknown[] = ['active', 'paused', 'ended']
/** A call that finds its work done makes sure of the event if the change was made in the last so many ms. */
const RECENT = 60 * 60 * 1_000
const missing: NoSchedule = { status: 'not_found' }

/** The schedules of one store. Calls may reject with `store_failed`. */
export class ScheduleCalls {
  readonly #supervisor: SupervisorHost
  readonly #scheduler: Scheduler

  constructor(supervisor: SupervisorHost, scheduler: Scheduler) {
    this.#supervisor = supervisor
    this.#scheduler = scheduler
  }

  /** See `Schedules.set`. */
  async set(id: string, options: ScheduleOptions): Promise<SetOutcome> {
    checkScheduleId(id)
    const { definition, timing } = await definitionOf(id, options)
    refuseReplacing(id, definition, this.#supervisor.definitionOf(definition.entryPoint))
    await this.#open()
    const uid = this.#supervisor.settings.ids.key()
    const { before, after } = await this.#schedules.change(id, (current) => this.#setTo(id, uid, definition, timing, current))
    const now = after ?? (before as StoredSchedule)
    await this.#changed(now, after !== undefined)
    const status = after === undefined ? 'unchanged' : before ? 'updated' : 'created'
    return { status, id, next: nextOf(now) }
  }

  /** The schedule as it is stored. Errors: `invalid_id`, `corrupt`, `unknown_format`. */
  async get(id: string): Promise<ScheduleRecord | NoSchedule> {
    checkScheduleId(id)
    await this.#open()
    const read = await this.#schedules.read(id)
    return read ? this.#record(read.schedule) : missing
  }

  /** Lists schedules by the order of their ids, a page at a time. What can't be read is left out, and the logger says so. Error: `invalid_option`. */
  async list(filter: ScheduleFilter = {}): Promise<ScheduleList> {
    const { entryPoint, status, limit, cursor } = checkedFilter(filter)
    await this.#open()
    const unreadable = (id: string, error: unknown) =>
      this.#supervisor.settings.logger('the schedule', id, 'could not be read', error)
    const found: ScheduleRecord[] = []
    for (let after = cursor; ;) {
      const { schedules, last } = await this.#schedules.page(after, limit, unreadable)
      for (const schedule of schedules) {
        if (entryPoint !== undefined && schedule.definition.entryPoint !== entryPoint) continue
        if (status !== undefined && statusOf(schedule) !== status) continue
        const previous = found.at(-1)
        if (previous && found.length === limit) return { schedules: found, cursor: previous.id }
        found.push(this.#record(schedule))
      }
      if (last === undefined) return { schedules: found }
      after = last
    }
  }

  /**
   * Starts none of its ticks until `resume`; what is under way goes on. Ticks that come meanwhile count as missed. In every process, from
   * the next tick on. Errors: `invalid_id`, `invalid_option`.
   */
  async pause(id: string, by: By = {}): Promise<SchedulePauseOutcome> {
    const pause = this.#intervention('pause', id, by)
    await this.#open()
    const { before, after } = await this.#schedules.change(id, (now) =>
      now && now.endedAt === null && now.pause === null ? this.#next(now, { pause, event: 'schedule.paused' }) : undefined,
    )
    const now = after ?? before
    if (!now) return missing
    if (now.endedAt !== null) return { status: 'already_ended' }
    await this.#changed(now, after !== undefined)
    return { status: after ? 'paused' : 'already_paused' }
  }

  /** Undoes a pause; ticks that came meanwhile were missed, and `missed` says what becomes of them. Errors: `invalid_id`, `invalid_option`. */
  async resume(id: string, by: By = {}): Promise<ScheduleResumeOutcome> {
    this.#intervention('resume', id, by)
    await this.#open()
    const { before, after } = await this.#schedules.change(id, (now) =>
      now && now.endedAt === null && now.pause !== null ? this.#next(now, { pause: null, event: 'schedule.resumed' }) : undefined,
    )
    const now = after ?? before
    if (!now) return missing
    if (now.endedAt !== null) return { status: 'already_ended' }
    await this.#changed(now, after !== undefined)
    return { status: after ? 'resumed' : 'already_active' }
  }

  /** Takes a schedule away; what it has started goes on. Error: `invalid_id`. */
  async remove(id: string): Promise<ScheduleRemoveOutcome> {
    checkScheduleId(id)
    await this.#open()
    const { before, after } = await this.#schedules.change(id, (now) => (now ? null : undefined))
    await this.#scheduler.look(id)
    if (!before || after === undefined) return missing
    const gone = { ...before, version: before.version + 1 }
    await this.#scheduler.publish('schedule.removed', aboutOf(before), eventId(gone))
    return { status: 'removed' }
  }

  /**
   * The next instants of its ticks from now on, at most `count` (1 to 1,000), without the jitter; as if it were not paused. Errors:
   * `not_found`, `invalid_id`, `invalid_option`.
   */
  async upcoming(id: string, count = 5): Promise<readonly number[]> {
    if (!(Number.isInteger(count) && count >= 1 && count <= 1_000))
      throw new StatewardError('invalid_option', `\`count\` is ${String(count)}; it must be a whole number from 1 to 1,000.`, {
        details: { schedule: id, option: 'count', value: String(count) },
      })
    const { definition, place } = await this.existing(id)
    const { ticks } = await timingOf(definition.timing)
    const { at = 0 } = placeOf(place)
    // those of an interval are counted from the last one
    let from = ticks.between(at, this.#supervisor.settings.clock.now(), 1)[0] ?? at
    const found: number[] = []
    while (found.length < count) {
      const next = ticks.after(from)
      if (next === null) break
      found.push((from = next))
    }
    return found
  }

  /** What a schedule starts. Throws `not_found`. */
  async existing(id: string): Promise<StoredSchedule> {
    checkScheduleId(id)
    await this.#open()
    const read = await this.#schedules.read(id)
    if (read) return read.schedule
    throw new StatewardError('not_found', `There is no schedule ${id}.`, { details: { schedule: id } })
  }

  get #schedules(): ScheduleStore {
    return this.#scheduler.schedules
  }

  #open(): Promise<void> {
    this.#supervisor.refuseStopped()
    return this.#supervisor.open()
  }

  #setTo(
    id: string,
    uid: string,
    definition: ScheduleDefinition,
    { schedule, ticks, begin }: Timing,
    current: StoredSchedule | undefined,
  ): StoredSchedule | undefined {
    if (current && isDeepStrictEqual(current.definition, definition)) return undefined
    const event = 'schedule.set'
    const now = this.#supervisor.settings.clock.now()
    const before = current ? placeOf(current.place) : {}
    if (current && before.schedule === schedule)
      return this.#next(current, { definition, ...formerOf(current, definition), event })
    const at = begin(now, current === undefined)
    const place = placeText(schedule, { at, resets: 0, last: before.last }, ticks.after(at))
    if (current) {
      // an instant at which it has fired may come again
      const { former: _, ...kept } = current
      return this.#next(kept, { definition, series: uid, place, endedAt: null, event })
    }
    const times = { createdAt: now, updatedAt: now, endedAt: null }
    return { id, definition, uid, version: 1, event, ...times, pause: null, place }
  }

  #next(schedule: StoredSchedule, change: Partial<StoredSchedule>): StoredSchedule {
    return { ...schedule, ...change, version: schedule.version + 1, updatedAt: this.#supervisor.settings.clock.now() }
  }

  /** It runs here, or no longer does; and the journal says so, also if a call before this one has died on its way to it. */
  async #changed(schedule: StoredSchedule, isNew: boolean): Promise<void> {
    await this.#scheduler.look(schedule.id)
    const isRecent = this.#supervisor.settings.clock.now() - schedule.updatedAt < RECENT
    if (isNew || isRecent) await this.#scheduler.publish(schedule.event, aboutOf(schedule), eventId(schedule))
  }

  #intervention(command: 'pause' | 'resume', id: string, by: By): Intervention {
    checkScheduleId(id)
    checkCommand(command, `schedule ${id}`, by, commandNames.retry)
    const { reason, actor } = by
    const at = this.#supervisor.settings.clock.now()
    return { at, ...(reason === undefined ? {} : { reason }), ...(actor === undefined ? {} : { actor }) }
  }

  #record(schedule: StoredSchedule): ScheduleRecord {
    const { id, definition, pause, createdAt, updatedAt, endedAt, place } = schedule
    const { entryPoint, timing, input, overlap, missed, maxMissed, jitter } = definition
    const times = 'cron' in timing ? timing : 'every' in timing ? { every: timing.every } : timing
    return {
      id,
      entryPoint,
      status: statusOf(schedule),
      ...times,
      input: input === null ? undefined : decode(input, { id: `schedule ${id}`, what: 'input' }),
      overlap,
      missed,
      maxMissed,
      jitter,
      next: nextOf(schedule),
      last: placeOf(place).last ?? null,
      pause,
      createdAt,
      updatedAt,
      endedAt,
      isKnown: this.#supervisor.entryPointIds.includes(entryPoint),
    }
  }
}

/** A process may have died after a tick of the entry point that it had until now, and before it could write that down. */
function formerOf({ definition: { entryPoint }, former = [] }: StoredSchedule, next: ScheduleDefinition) {
  if (entryPoint === next.entryPoint) return {}
  return { former: [...new Set([...former, entryPoint])].filter((each) => each !== next.entryPoint) }
}

function statusOf({ endedAt, pause }: StoredSchedule): ScheduleRecord['status'] {
  if (endedAt !== null) return 'ended'
  return pause === null ? 'active' : 'paused'
}

const nextOf = (schedule: StoredSchedule) => (statusOf(schedule) === 'active' ? (placeOf(schedule.place).next ?? null) : null)

function checkedFilter(filter: ScheduleFilter) {
  refuseUnknown('invalid_option', 'A list of schedules', filter, filterNames)
  const { entryPoint, status, limit = 50, cursor } = filter
  const refuse = (option: string, value: unknown, wanted: string): never => {
    throw new StatewardError('invalid_option', `A list of schedules: \`${option}\` is ${String(value)}; it must be ${wanted}.`, {
      details: { option, value: String(value) },
    })
  }
  if (!Number.isInteger(limit) || limit < 1 || limit > 1_000) refuse('limit', limit, 'a whole number from 1 to 1,000')
  if (status !== undefined && !statuses.includes(status)) refuse('status', status, 'one of active, paused, ended')
  if (entryPoint !== undefined && (typeof entryPoint !== 'string' || entryPoint === ''))
    refuse('entryPoint', entryPoint, 'the id of an entry point')
  if (cursor !== undefined && (typeof cursor !== 'string' || cursor === '')) refuse('cursor', cursor, 'that of the page before')
  return { entryPoint, status, limit, cursor }
}
