/**
 * Runs one schedule in one process: fires its ticks until it is stopped, changed or has no ticks any more.
 *
 * Owns: what a trigger's port is to a schedule; and that a run which fails is reported and begins again with back-off. The ticks are
 * handled as those of `cron` and `every` are (`triggers/ticking.ts`): every process fires, and one wins.
 */
import { backoffDelay } from '../backoff.js'
import { inBackground } from '../clock.js'
import { decode } from '../codec/snapshot-codec.js'
import { StatewardError, toErrorRecord } from '../errors.js'
import type { LevelLogger } from '../logger.js'
import type { StreamDefinition } from '../actors/stream/stream-definition.js'
import type { TriggerCalls } from '../actors/trigger/trigger-calls.js'
import type { TriggerPort } from '../actors/trigger/trigger.js'
import { TickRun } from '../triggers/ticking.js'
import type { Alarm, WallClock } from '../wall-clock.js'
import { refuseReplacing } from './schedule-options.js'
import { scheduleCursor } from './schedule-cursor.js'
import { timingOf } from './schedule-timing.js'
import type { ScheduleStore, StoredSchedule } from './stored-schedule.js'

/** What runs of schedules use of their runtime. */
export interface ScheduleRunPort {
  readonly schedules: ScheduleStore
  readonly clock: WallClock
  readonly random: () => number
  readonly logger: LevelLogger
  /** Throws `unknown_entry_point`. */
  definitionOf(entryPoint: string): StreamDefinition
  /** Those of the runtime's triggers; asked at each call. */
  calls(): TriggerCalls
  publish(type: 'schedule.failed' | 'schedule.skipped', data: Readonly<Record<string, unknown>>, id?: string): Promise<void>
  /** The schedule is another one by now, or is gone. */
  superseded(id: string): void
  /** There are no ticks any more. */
  ended(schedule: StoredSchedule): Promise<void>
}

/** One run. */
export class ScheduleRun {
  readonly schedule: StoredSchedule
  /** Resolves once it waits for its next tick, or has begun to handle those that are due; or never will. */
  readonly ready: Promise<void>
  readonly #setReady: () => void
  readonly #port: ScheduleRunPort
  readonly #controller = new AbortController()
  readonly #alarms = new Set<Alarm>()
  #restart: unknown
  #failures = 0

  constructor(schedule: StoredSchedule, port: ScheduleRunPort) {
    this.schedule = schedule
    this.#port = port
    let setReady = () => undefined as void
    this.ready = new Promise((resolve) => (setReady = resolve))
    this.#setReady = setReady
    this.#begin()
  }

  /** True if the run is of the schedule as it is there now. */
  isOf({ uid, version }: StoredSchedule): boolean {
    return this.schedule.uid === uid && this.schedule.version === version
  }

  /** Fires nothing more. */
  stop(): void {
    const { id } = this.schedule
    this.#controller.abort(new StatewardError('stopping', `The schedule ${id} was stopped.`, { details: { schedule: id } }))
    for (const alarm of this.#alarms) this.#port.clock.clearAlarm(alarm)
    this.#alarms.clear()
    this.#port.clock.clearTimeout(this.#restart)
    this.#setReady()
  }

  #begin(): void {
    this.#run().catch((error: unknown) => this.#failed(error))
  }

  async #run(): Promise<void> {
    const { id, definition } = this.schedule
    const { overlap, missed, maxMissed, jitter } = definition
    const timing = await timingOf(definition.timing)
    const input = () =>
      definition.input === null ? undefined : decode(definition.input, { id: `schedule ${id}`, what: 'input' })
    const of = {
      ...timing,
      type: `schedule:${id}:${this.#series}`,
      name: `schedule ${id}`,
      settings: { input, overlap, missed, maxMissed, jitter },
    }
    if (this.#controller.signal.aborted) return
    await new TickRun<unknown>(this.#makePort(), of).run()
    this.#setReady()
    if (!this.#controller.signal.aborted) await this.#port.ended(this.schedule)
  }

  #failed(error: unknown): void {
    this.#setReady()
    if (this.#controller.signal.aborted) return
    const { clock, random, logger } = this.#port
    const wait = backoffDelay(undefined, ++this.#failures, random)
    logger.error('the schedule', this.schedule.id, `has failed, and goes on in ${wait} ms`, error)
    void this.#publishFailure(error)
    this.#restart = clock.setTimeout(() => this.#begin(), wait, inBackground)
  }

  #publishFailure(error: unknown): Promise<void> {
    return this.#port.publish('schedule.failed', { ...this.#about, error: toErrorRecord(error) })
  }

  get #series() {
    return this.schedule.series ?? this.schedule.uid
  }

  get #about() {
    return { schedule: this.schedule.id, entryPoint: this.schedule.definition.entryPoint }
  }

  /** The execution that a tick has started at an entry point which the schedule had before. */
  async #firedBefore(idempotencyKey: string | undefined): Promise<string | undefined> {
    for (const entryPoint of this.schedule.former ?? []) {
      const id = idempotencyKey && (await this.#port.calls().firedBefore(entryPoint, idempotencyKey))
      if (id) return id
    }
    return undefined
  }

  #makePort(): TriggerPort<unknown> {
    const { schedules, clock, logger, publish, superseded } = this.#port
    const calls = this.#port.calls()
    const { id, definition } = this.schedule
    const { signal } = this.#controller
    const changed = () => {
      this.stop()
      superseded(id)
      return signal.reason as Error
    }
    const alarm = (at: number, ring: () => void) => {
      const armed: Alarm = clock.alarm(
        at,
        () => {
          this.#alarms.delete(armed)
          ring()
        },
        inBackground,
      )
      this.#alarms.add(armed)
      return () => {
        this.#alarms.delete(armed)
        clock.clearAlarm(armed)
      }
    }
    return {
      entryPoint: definition.entryPoint,
      signal,
      logger,
      clock: { now: () => clock.now(), alarm },
      cursor: scheduleCursor(schedules, this.schedule, changed),
      fire: async (input, options) => {
        this.#setReady()
        if (signal.aborted) throw signal.reason
        const before = await this.#firedBefore(options?.idempotencyKey)
        if (before !== undefined) return { status: 'duplicate', id: before, differs: false }
        const fired = await calls.fire(definition.entryPoint, input, { causationId: `schedule:${id}`, ...options })
        this.#failures = 0
        return fired
      },
      events: (filter = {}) => calls.follow({ ...filter, signal }),
      lastSeq: () => calls.lastSeq(),
      causeOf: (execution) => calls.causeOf(execution),
      status: (execution) => {
        this.#setReady()
        return calls.status(execution)
      },
      cancel: async (execution, reason) => {
        // the entry point may be another one than when the schedule was set
        refuseReplacing(id, definition, this.#port.definitionOf(definition.entryPoint))
        await calls.cancel(execution, reason)
      },
      upcoming: () => this.#setReady(),
      skipped: ({ reason, from, to }) => {
        this.#setReady()
        const span = from === to ? text(from) : `${text(from)} to ${text(to)}`
        logger.warn('the schedule', id, `has left out ${span}: ${reason}`)
        // every process may leave it out
        const once = `schedule ${id} ${this.#series} skipped ${from} ${to} ${reason}`
        return publish('schedule.skipped', { ...this.#about, reason, from, to }, once)
      },
      failed: (error) => {
        logger.error('the schedule', id, 'could not fire', error)
        return this.#publishFailure(error)
      },
    }
  }
}

const text = (at: number) => new Date(at).toISOString()
