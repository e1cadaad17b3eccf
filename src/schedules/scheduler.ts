/**
 * Runs the schedules of a store in one process.
 *
 * Owns: which schedules run here: those that are active, and whose entry point this process has and admits executions to; and how the
 * changes of other processes are noticed. A schedule that runs here is looked at again before each of its ticks. All others: once in a
 * `pollInterval` it is asked whether anything has changed, which is one small read; and everything is read once in a minute, because a
 * process may die between a change and its notice.
 */
import { inBackground } from '../clock.js'
import type { Service } from '../actors/supervisor/service.js'
import type { SupervisorHost } from '../actors/supervisor/supervisor-host.js'
import { ScheduleRun, type ScheduleRunPort } from './schedule-run.js'
import { ScheduleStore, type StoredSchedule } from './stored-schedule.js'

const PAGE = 500
/** Everything is read so often, in ms. */
const READ_ALL = 60_000
/** A schedule that has ended is kept for so many ms. */
const ENDED_KEPT = 7 * 24 * 60 * 60 * 1_000

/** The events of schedules. */
type ScheduleEventType = `schedule.${'set' | 'paused' | 'resumed' | 'removed' | 'ended' | 'skipped' | 'failed'}`

/** The schedules of one process. */
export class Scheduler implements Service {
  readonly schedules: ScheduleStore
  readonly #supervisor: SupervisorHost
  readonly #runs = new Map<string, ScheduleRun>()
  /** As they were read last. */
  #known = new Map<string, StoredSchedule>()
  readonly #admitting = new Set<string>()
  /** Schedules whose entry point this process does not have, and that it has told of. */
  readonly #strange = new Set<string>()
  readonly #runPort: ScheduleRunPort
  #isRunning = false
  #timer: unknown
  /** As of the last time that everything was read. */
  #notices = 0
  #readAt = 0
  #reading: Promise<void> | undefined

  constructor(supervisor: SupervisorHost) {
    const { store, clock, ids, logger } = supervisor.settings
    this.#supervisor = supervisor
    this.schedules = new ScheduleStore(store)
    this.#runPort = {
      schedules: this.schedules,
      clock,
      random: () => ids.random(),
      logger,
      definitionOf: (entryPoint) => supervisor.definitionOf(entryPoint),
      calls: () => supervisor.triggers,
      publish: (...event) => this.publish(...event),
      superseded: (id) =>
        void this.look(id).catch((error: unknown) => logger('the schedule', id, 'could not be read again', error)),
      ended: (schedule) => this.#ended(schedule),
    }
  }

  async start(): Promise<void> {
    const notices = await this.schedules.notices()
    this.#isRunning = true
    await this.#readAll(notices)
    await Promise.all([...this.#runs.values()].map(({ ready }) => ready))
    this.#pollLater()
  }

  admits(entryPoint: string, isAdmitting: boolean): void {
    if (isAdmitting) this.#admitting.add(entryPoint)
    else this.#admitting.delete(entryPoint)
    if (!this.#isRunning) return
    for (const schedule of this.#known.values()) if (schedule.definition.entryPoint === entryPoint) this.#apply(schedule)
  }

  stop(): void {
    this.#isRunning = false
    this.#clock.clearTimeout(this.#timer)
    for (const run of this.#runs.values()) run.stop()
    this.#runs.clear()
    this.#known.clear()
  }

  /** A schedule was changed here, or may have been elsewhere. Resolves once it runs here, if it is to. */
  async look(id: string): Promise<void> {
    if (!this.#isRunning) return
    const read = await this.schedules.read(id)
    if (!this.#isRunning) return
    if (read) this.#apply(read.schedule)
    else this.#drop(id)
    await this.#runs.get(id)?.ready
  }

  /** Puts an event into the journal, once under one id; what keeps it out is logged. */
  async publish(type: ScheduleEventType, data: Readonly<Record<string, unknown>>, id?: string): Promise<void> {
    try {
      await this.#supervisor.publications.publish(type, data, id === undefined ? {} : { id })
    } catch (error) {
      this.#logger.error('the event', type, 'could not be published', error)
    }
  }

  get #clock() {
    return this.#supervisor.settings.clock
  }

  get #logger() {
    return this.#supervisor.settings.logger
  }

  #pollLater(): void {
    if (!this.#isRunning) return
    const { pollInterval } = this.#supervisor.settings
    this.#timer = this.#clock.setTimeout(() => void this.#poll().finally(() => this.#pollLater()), pollInterval, inBackground)
  }

  async #poll(): Promise<void> {
    try {
      const notices = await this.schedules.notices()
      const isOld = this.#clock.monotonic() - this.#readAt >= READ_ALL
      if (this.#isRunning && (notices !== this.#notices || isOld)) await this.#readAll(notices)
    } catch (error) {
      this.#logger('looking for changed schedules failed', error)
    }
  }

  /** `notices`: as they were before. */
  async #readAll(notices: number): Promise<void> {
    while (this.#reading) await this.#reading
    this.#reading = this.#readPages(notices).finally(() => (this.#reading = undefined))
    await this.#reading
  }

  async #readPages(notices: number): Promise<void> {
    const startedAt = this.#clock.monotonic()
    const unreadable = (id: string, error: unknown) => {
      // it is kept as it is, and what runs here of it goes on until its next tick
      found.add(id)
      this.#logger('the schedule', id, 'could not be read', error)
    }
    const found = new Set<string>()
    for (let after: string | undefined; ;) {
      const { schedules, last } = await this.schedules.page(after, PAGE, unreadable)
      if (!this.#isRunning) return
      for (const schedule of schedules) {
        found.add(schedule.id)
        this.#apply(schedule)
        await this.#forget(schedule)
      }
      if (last === undefined) break
      after = last
    }
    for (const id of [...this.#known.keys()]) if (!found.has(id)) await this.look(id)
    this.#notices = notices
    this.#readAt = startedAt
  }

  /** What has ended long ago goes. */
  async #forget({ id, uid, endedAt }: StoredSchedule): Promise<void> {
    if (endedAt === null || this.#clock.now() - endedAt < ENDED_KEPT) return
    const { after } = await this.schedules.change(id, (now) => (now?.uid === uid && now.endedAt === endedAt ? null : undefined))
    if (after === null) this.#drop(id)
  }

  /** Runs it, or does not: as it is stored, and as its stream stands. */
  #apply(schedule: StoredSchedule): void {
    const { id, definition, pause, endedAt } = schedule
    const known = this.#known.get(id)
    // an answer that is older than what is known
    if (known?.uid === schedule.uid && known.version > schedule.version) return
    this.#known.set(id, schedule)
    const { entryPoint } = definition
    if (endedAt === null) this.#tellStranger(id, entryPoint)
    const isWanted = pause === null && endedAt === null && this.#admitting.has(entryPoint)
    const run = this.#runs.get(id)
    if (run && (!isWanted || !run.isOf(schedule))) {
      run.stop()
      this.#runs.delete(id)
    }
    if (isWanted && !this.#runs.has(id)) this.#runs.set(id, new ScheduleRun(schedule, this.#runPort))
  }

  #drop(id: string): void {
    this.#runs.get(id)?.stop()
    this.#runs.delete(id)
    this.#known.delete(id)
    this.#strange.delete(id)
  }

  #tellStranger(id: string, entryPoint: string): void {
    if (this.#supervisor.entryPointIds.includes(entryPoint)) this.#strange.delete(id)
    else if (!this.#strange.has(id)) {
      this.#strange.add(id)
      this.#logger.warn(`the schedule ${id} does not fire in this process, which has no entry point ${entryPoint}; it is kept`)
    }
  }

  async #ended({ id, uid, version }: StoredSchedule): Promise<void> {
    const at = this.#clock.now()
    const { after } = await this.schedules.change(id, (now) =>
      now?.uid === uid && now.version === version
        ? { ...now, endedAt: at, updatedAt: at, version: version + 1, event: 'schedule.ended' as const }
        : undefined,
    )
    if (!after) return this.look(id)
    this.#apply(after)
    await this.publish('schedule.ended', aboutOf(after), eventId(after))
  }
}

/** What every event of a schedule says. */
export const aboutOf = ({ id, definition }: StoredSchedule) => ({ schedule: id, entryPoint: definition.entryPoint })

/** The id of the event that tells of the change to this version: a call that is made again publishes it once. */
export const eventId = ({ id, uid, version }: StoredSchedule) => `schedule ${id} ${uid} ${version}`
