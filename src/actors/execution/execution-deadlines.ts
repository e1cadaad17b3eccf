/**
 * The time limits of one execution, and when it leaves memory.
 *
 * Owns: which limit is reached first, and the time at which an execution that nobody owns must be woken. The time that steps have to
 * end is measured by the monotonic clock alone, however far the wall clock is set.
 */
import { inBackground } from '../../clock.js'
import type { LimitName, Limits } from '../../events/execution-events.js'
import type { ExecutionStatus } from '../../events/execution-status.js'
import type { Alarm, WallClock } from '../../wall-clock.js'

/** Is notified when a time has come. */
export interface ClockPort {
  /** A limit has passed, or a retry is due. */
  reached(what: LimitName | 'retry'): void
  /** The execution has waited long enough in memory. */
  idle(): void
}

const none: ReadonlyMap<keyof Limits, Alarm> = new Map()

/** Arms one timer for the next limit, one for the end of the steps and one for leaving memory. */
export class ExecutionDeadlines {
  readonly #clock: WallClock
  readonly #port: ClockPort
  #limits: Limits = {}
  /** The same limits, each with the latest time at which it is reached by the monotonic clock. */
  #due = none
  #armed: Alarm | undefined
  /** The timer of `stopBy`. */
  #stop: unknown
  #idle: unknown

  constructor(clock: WallClock, port: ClockPort) {
    this.#clock = clock
    this.#port = port
  }

  /** The limits as they are now; the same object again costs nothing. */
  set(limits: Limits): void {
    if (limits === this.#limits) return
    this.#limits = limits
    this.#due = this.#dated(limits)
    this.again()
  }

  /** Arms the timers again for every limit, also for limits that are past. */
  again(): void {
    this.#arm(-Infinity)
    this.#armStop()
  }

  /** The limits after the clock was set back: none has more time left than before. Undefined: they do not change. */
  retimed(): Limits | undefined {
    let isSame = true
    const limits: Record<string, number> = {}
    for (const [name, alarm] of this.#due) {
      limits[name] = Math.round(this.#clock.dueAt(alarm))
      if (limits[name] !== alarm.at) isSame = false
    }
    return isSame ? undefined : limits
  }

  /** Leaves memory after `ms`, unless `stay` is called before; Infinity: never. */
  leaveAfter(ms: number): void {
    this.stay()
    if (ms !== Infinity) this.#idle = this.#clock.setTimeout(() => this.#port.idle(), ms, inBackground)
  }

  /** Undoes `leaveAfter`. */
  stay(): void {
    if (this.#idle === undefined) return
    this.#clock.clearTimeout(this.#idle)
    this.#idle = undefined
  }

  clear(): void {
    this.stay()
    this.#clock.clearAlarm(this.#armed)
    this.#armed = undefined
    this.#clearStop()
  }

  #clearStop(): void {
    if (this.#stop === undefined) return
    this.#clock.clearTimeout(this.#stop)
    this.#stop = undefined
  }

  #armStop(): void {
    this.#clearStop()
    const due = this.#due.get('stopBy')
    if (due) this.#stop = this.#clock.setTimeout(() => this.#port.reached('stop'), due.by - this.#clock.monotonic())
  }

  #dated(limits: Limits): ReadonlyMap<keyof Limits, Alarm> {
    const names = Object.keys(limits) as (keyof Limits)[]
    if (names.length === 0) return none
    const ahead = this.#clock.monotonic() - this.#clock.now()
    return new Map(
      names.map((name) => {
        const at = limits[name] as number
        const known = this.#due.get(name)
        return [name, known?.at === at ? known : { at, by: at + ahead }]
      }),
    )
  }

  /** Arms the timer for the first limit after `past`: a limit that was reached is not reported again. */
  #arm(past: number): void {
    this.#clock.clearAlarm(this.#armed)
    this.#armed = undefined
    let next = Infinity
    for (const [name, { at }] of this.#due) if (name !== 'stopBy' && at > past && at < next) next = at
    if (next !== Infinity) this.#armed = this.#clock.alarm(next, () => this.#fire(next))
  }

  #fire(at: number): void {
    const before = this.#limits
    const name = nameOf(before, at)
    if (name) this.#port.reached(name)
    if (this.#limits === before && this.#armed !== undefined) this.#arm(at)
  }
}

function nameOf(limits: Limits, at: number): LimitName | 'retry' | undefined {
  if (limits.deadlineAt === at) return 'deadline'
  if (limits.timeoutAt === at) return 'timeout'
  if (limits.queueUntil === at) return 'queueTimeout'
  return limits.retryAt === at ? 'retry' : undefined
}

/** Moves limits by the ms that the clock was set back since they were written. */
export function setBackBy(limits: Limits, by: number): Limits {
  if (by === 0) return limits
  return Object.fromEntries(Object.entries(limits).map(([name, at]: [string, number]) => [name, at - by]))
}

/** When an execution of such a status must be woken if nobody owns it; `nextTimer` is the program's, `startAt` the time before which it must not start. */
export function dueAt(status: ExecutionStatus, limits: Limits, nextTimer: number | undefined, startAt?: number): number | null {
  const { retryAt, deadlineAt, timeoutAt, queueUntil } = limits
  let due = Math.min(retryAt ?? Infinity, deadlineAt ?? Infinity)
  if (status === 'queued') due = Math.min(due, queueUntil ?? Infinity, startAt ?? Infinity)
  if (status !== 'paused') due = Math.min(due, timeoutAt ?? Infinity)
  if (status === 'waiting') due = Math.min(due, nextTimer ?? Infinity)
  return due === Infinity ? null : due
}
