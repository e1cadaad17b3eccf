/**
 * The calls that add entry points to a runtime or a client, and remove them.
 *
 * Owns: what `add` gives back, and how entry points are listed. The supervisor's
 * `entry-point-changes.ts` does the work.
 */
import type { EntryPointSet } from '../actors/supervisor/entry-point-set.js'
import type { AddOutcome, RemoveOutcome } from '../events/outcomes.js'
import type { By, CancelOptions, PauseOptions, RemoveOptions } from '../events/requests.js'
import { groupOf } from '../ids.js'
import type { CommandScope } from './command-scope.js'
import type { EntryPoint } from './entry-point.js'
import type { ExecutionHandle } from './execution-handle.js'
import type { ProgramOf, TriggerArguments } from './known-programs.js'

/** An entry point of a runtime, for a list. */
export interface EntryPointSummary {
  readonly id: string
  /** The group that it is in, or null. */
  readonly group: string | null
  /** Of its program. */
  readonly version: string
  /** The type of its trigger. */
  readonly trigger: string
  /** `leaving`: it is being removed, and accepts nothing more. */
  readonly status: 'serving' | 'leaving'
}

/** The list of entry points. */
export function summaries(entryPoints: EntryPointSet): readonly EntryPointSummary[] {
  return entryPoints.all.map(({ id, version, trigger }) => ({
    id,
    group: groupOf(id) ?? null,
    version,
    trigger: trigger.type,
    status: entryPoints.isLeaving(id) ? 'leaving' : 'serving',
  }))
}

/** What `add` gives a single entry point or a list as. */
export type Listed<T extends EntryPoint | readonly EntryPoint[]> = T extends readonly EntryPoint[]
  ? T
  : T extends EntryPoint
    ? readonly [T]
    : never

/** The calls of the runtime that what was added stands on. */
export interface AddedPort {
  trigger(entryPoint: string, input: unknown, options: unknown): Promise<ExecutionHandle>
  readonly scope: CommandScope
  remove(ids: readonly string[], options: RemoveOptions): Promise<RemoveOutcome>
}

/**
 * Entry points that were added to a runtime: its calls for these alone, with the types of their programs, which the runtime's own type
 * does not know.
 */
export class AddedEntryPoints<TEntryPoints extends readonly EntryPoint[] = readonly EntryPoint[]> implements CommandScope {
  /** `already_added`: all of them were there, with the same definitions. */
  readonly status: AddOutcome['status']
  readonly ids: readonly TEntryPoints[number]['id'][]
  readonly #port: AddedPort

  constructor({ status, entryPoints }: AddOutcome, port: AddedPort) {
    this.status = status
    this.ids = entryPoints
    this.#port = port
  }

  /** As `runtime.trigger`. Errors: the same; `unknown_entry_point` once it was removed. */
  trigger<const TId extends TEntryPoints[number]['id']>(
    entryPoint: TId,
    ...[input, options]: TriggerArguments<TEntryPoints, TId>
  ): Promise<ExecutionHandle<ProgramOf<TEntryPoints, TId>>> {
    return this.#port.trigger(entryPoint, input, options) as never
  }

  pause(options?: PauseOptions) {
    return this.#port.scope.pause(options)
  }

  resume(options?: By) {
    return this.#port.scope.resume(options)
  }

  cancel(options?: CancelOptions) {
    return this.#port.scope.cancel(options)
  }

  /** Removes them again: see `runtime.remove`. */
  remove(options: RemoveOptions = {}): Promise<RemoveOutcome> {
    return this.#port.remove(this.ids, options)
  }
}
