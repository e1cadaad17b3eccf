/**
 * `runtime.schedules`: schedules that are made at run time.
 *
 * Owns: the types of its calls by the entry points of the runtime, and starting an execution of a schedule by hand. Its other calls are
 * those of `schedules/schedule-calls.ts`.
 */
import type { SupervisorHost } from '../actors/supervisor/supervisor-host.js'
import type { TriggerOptions } from '../events/requests.js'
import { decode } from '../codec/snapshot-codec.js'
import type { NoSchedule, ScheduleOptions, SetOutcome } from '../events/schedule.js'
import { ScheduleCalls } from '../schedules/schedule-calls.js'
import type { Scheduler } from '../schedules/scheduler.js'
import type { EntryPoint } from './entry-point.js'
import type { ExecutionHandle } from './execution-handle.js'
import type { TriggerInput } from './known-programs.js'
import { isStatewardError } from '../errors.js'

/** The options of a schedule of that entry point: with the input that a trigger of it takes, if it takes one: that of its program, or one element of a batch. */
export type ScheduleOf<TEntryPoints extends readonly EntryPoint[], TId extends string> = Omit<ScheduleOptions<TId>, 'input'> &
  InputOption<TriggerInput<TEntryPoints[number], TId>>

type InputOption<TInput> = unknown extends TInput
  ? { readonly input?: unknown }
  : undefined extends TInput
    ? { readonly input?: TInput }
    : { readonly input: TInput }

/** The answer to `fire`: the handle of what it has started. */
export type ScheduleFireOutcome = { readonly status: 'fired'; readonly execution: ExecutionHandle } | NoSchedule

/** The schedules of the store of a runtime, or of a client. Calls may reject with `store_failed`. */
export class Schedules<TEntryPoints extends readonly EntryPoint[] = readonly EntryPoint[]> extends ScheduleCalls {
  readonly #fire: (entryPoint: string, input: unknown, options: TriggerOptions) => Promise<ExecutionHandle>

  constructor(
    supervisor: SupervisorHost,
    scheduler: Scheduler,
    fire: (entryPoint: string, input: unknown, options: TriggerOptions) => Promise<ExecutionHandle>,
  ) {
    super(supervisor, scheduler)
    this.#fire = fire
  }

  /**
   * Makes a schedule, or changes it: resolves once that is durable. It fires from then on, in every process on the store that runs its
   * entry point. The same again answers `unchanged`. Another `cron`, `every` or `at` begins anew from now on; a change of anything
   * else keeps its place. A schedule that is paused stays paused.
   *
   * Other processes notice at the latest after their `pollInterval`. Errors: `invalid_option`, `invalid_id`, `not_storable`,
   * `unknown_entry_point`, all of which name what is wrong.
   */
  override set<const TId extends TEntryPoints[number]['id']>(
    id: string,
    options: ScheduleOf<TEntryPoints, TId>,
  ): Promise<SetOutcome> {
    return super.set(id, options as unknown as ScheduleOptions)
  }

  /**
   * Starts one execution of a schedule now, whether it is paused or has ended; its ticks stay as they are. `options`: as those of
   * `trigger`. Errors: those of `trigger`.
   */
  async fire(id: string, options: TriggerOptions = {}): Promise<ScheduleFireOutcome> {
    try {
      const { definition } = await this.existing(id)
      const input = definition.input === null ? undefined : decode(definition.input, { id: `schedule ${id}`, what: 'input' })
      const execution = await this.#fire(definition.entryPoint, input, { causationId: `schedule:${id}`, ...options })
      return { status: 'fired', execution }
    } catch (error) {
      if (isStatewardError(error, 'not_found') && error.details['schedule'] === id) return { status: 'not_found' }
      throw error
    }
  }
}
