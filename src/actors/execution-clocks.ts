/**
 * The clock limits of one execution, and when it leaves memory.
 *
 * Owns: which limit is reached first, and the time at which a store must wake an execution that nobody holds.
 */
import type { Clock } from '../clock.js'
import type { LimitName, Limits } from '../events/execution-events.js'
import type { ExecutionStatus } from '../events/execution-status.js'

/** What the clocks tell. */
export interface ClockPort {
  /** A limit has passed, or a retry is due. */
  reached(what: LimitName | 'retry'): void
  /** It has waited long enough in memory. */
  idle(): void
}

/** Arms one timer for the next limit and one for leaving memory. */
export class ExecutionClocks {
  readonly #clock: Clock
  readonly #port: ClockPort
  #limits: Limits = {}
  #armed: unknown
  #idle: unknown

  constructor(clock: Clock, port: ClockPort) {
    this.#clock = clock
    this.#port = port
  }

  /** The limits as they are now; the same object again costs nothing. */
  set(limits: Limits): void {
    if (limits === this.#limits) return
    this.#limits = limits
    this.#arm(-Infinity)
  }

  /** Asks again for every limit, also for those that are past. */
  again(): void {
    this.#arm(-Infinity)
  }

  /** Leaves memory after `ms` without a further word; Infinity: never. */
  leaveAfter(ms: number): void {
    this.stay()
    if (ms !== Infinity) this.#idle = this.#clock.setTimeout(() => this.#port.idle(), ms, true)
  }

  /** Does not leave memory. */
  stay(): void {
    if (this.#idle === undefined) return
    this.#clock.clearTimeout(this.#idle)
    this.#idle = undefined
  }

  clear(): void {
    this.stay()
    this.#clock.clearTimeout(this.#armed)
    this.#armed = undefined
  }

  /** Limits that lie after `past`; one that was reached is not asked again. */
  #arm(past: number): void {
    this.#clock.clearTimeout(this.#armed)
    this.#armed = undefined
    let next = Infinity
    for (const at of Object.values(this.#limits) as number[]) if (at > past && at < next) next = at
    if (next !== Infinity) this.#armed = this.#clock.setTimeout(() => this.#fire(next), next - this.#clock.now())
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
  if (limits.stopBy === at) return 'stop'
  if (limits.queueUntil === at) return 'queueTimeout'
  return limits.retryAt === at ? 'retry' : undefined
}

/** When an execution of such a status must be woken, were nobody to hold it; `nextTimer` is its program's. */
export function dueAt(status: ExecutionStatus, limits: Limits, nextTimer: number | undefined): number | null {
  const { retryAt, deadlineAt, timeoutAt, queueUntil } = limits
  let due = Math.min(retryAt ?? Infinity, deadlineAt ?? Infinity)
  if (status === 'queued') due = Math.min(due, queueUntil ?? Infinity)
  if (status !== 'paused') due = Math.min(due, timeoutAt ?? Infinity)
  if (status === 'waiting') due = Math.min(due, nextTimer ?? Infinity)
  return due === Infinity ? null : due
}
