/**
 * A schedule that is made at run time, as users see it.
 *
 * Owns: the options, the records and the answers. Times are milliseconds since the epoch, or spans of milliseconds. No behaviour.
 */
import type { Intervention } from './execution-events.js'

/** The execution of a tick. */
export interface TickExecution {
  readonly id: string
  /** The instant of its tick. */
  readonly at: number
}

/** When a schedule fires: exactly one of `cron`, `every` and `at`. */
export interface ScheduleTimes {
  /** A cron expression, as that of `cron` in `stateward/triggers`. */
  readonly cron?: string | undefined
  /** With `cron`: an IANA name, such as `Europe/Berlin`. Default `UTC`. */
  readonly timeZone?: string | undefined
  /** An interval in ms, a whole number from 1: counted from when the schedule was set. */
  readonly every?: number | undefined
  /** With `every`: true makes the first tick now. Default false: after one interval. */
  readonly immediately?: boolean | undefined
  /** Once, at that time; then the schedule has ended. A time that is past fires at once, unless `missed` is `none`. */
  readonly at?: number | Date | undefined
}

/** What a schedule is set to. `TInput`: what the program of its entry point takes. */
export interface ScheduleOptions<TEntryPoint extends string = string, TInput = unknown> extends ScheduleTimes {
  readonly entryPoint: TEntryPoint
  /** The input of each of its executions; stored with the schedule. Default none. Error: `not_storable`. */
  readonly input?: TInput | undefined
  /** What happens to a tick while the execution of the one before it has not ended; default `queue`. See `TickOptions`. */
  readonly overlap?: 'queue' | 'skip' | 'replace' | undefined
  /** What happens to ticks that could not fire within 10 seconds, also because the schedule was paused; default `once`. See `TickOptions`. */
  readonly missed?: 'once' | 'none' | 'all' | undefined
  /** With `missed: 'all'`: of more than so many, those before are left out. From 1 to 10,000; default 100. */
  readonly maxMissed?: number | undefined
  /** Each tick fires later by up to so many ms: always the same for one tick of one schedule. Default 0. */
  readonly jitter?: number | undefined
}

/** A schedule as it is stored. */
export interface ScheduleRecord {
  readonly id: string
  readonly entryPoint: string
  /** `ended`: it has no more ticks. It is kept for seven days, unless it is removed or set anew before. */
  readonly status: 'active' | 'paused' | 'ended'
  readonly cron?: string
  readonly timeZone?: string
  readonly every?: number
  readonly at?: number
  readonly input: unknown
  readonly overlap: 'queue' | 'skip' | 'replace'
  readonly missed: 'once' | 'none' | 'all'
  readonly maxMissed: number
  readonly jitter: number
  /** The next tick that was not handled yet, without the jitter; null unless it is active. */
  readonly next: number | null
  /** The execution of the last tick that has one, with the instant of that tick. */
  readonly last: TickExecution | null
  readonly pause: Intervention | null
  readonly createdAt: number
  readonly updatedAt: number
  readonly endedAt: number | null
  /** False if this process has no entry point of that id: another process may fire it, this one does not. */
  readonly isKnown: boolean
}

/** There is no schedule with that id. */
export interface NoSchedule {
  readonly status: 'not_found'
}

/** The answer to `set`. `unchanged`: it was set to the same before. `next`: its next tick. */
export interface SetOutcome {
  readonly status: 'created' | 'updated' | 'unchanged'
  readonly id: string
  readonly next: number | null
}

/** The answer to `pause`. */
export interface SchedulePauseOutcome {
  readonly status: 'paused' | 'already_paused' | 'already_ended' | 'not_found'
}

/** The answer to `resume`. */
export interface ScheduleResumeOutcome {
  readonly status: 'resumed' | 'already_active' | 'already_ended' | 'not_found'
}

/** The answer to `remove`. */
export interface ScheduleRemoveOutcome {
  readonly status: 'removed' | 'not_found'
}

/** Which schedules to list, by the order of their ids. */
export interface ScheduleFilter {
  readonly entryPoint?: string | undefined
  readonly status?: ScheduleRecord['status'] | undefined
  /** Default 50, at most 1,000. */
  readonly limit?: number | undefined
  /** Of the page before. */
  readonly cursor?: string | undefined
}

/** One page of schedules; `cursor` is absent on the last. */
export interface ScheduleList {
  readonly schedules: readonly ScheduleRecord[]
  readonly cursor?: string
}
