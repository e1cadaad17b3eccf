/** What a supervisor is given, with its defaults. Owns the options and their checks. */
import { systemClock, type Clock } from '../../clock.js'
import { StatewardError } from '../../errors.js'
import { isId, randomIds, type IdSource } from '../../ids.js'
import { refuseUnknown, type OptionNames } from '../../known-options.js'
import { guardedLogger, isLogger, type LevelLogger, type Log, type LogFunction } from '../../logger.js'
import type { SnapshotStore } from '../../persistence/snapshot-store.js'
import { typedStore } from '../../persistence/typed-store.js'
import { checkBackoff, type Backoff } from '../../backoff.js'
import type { StreamDefinition } from '../stream/stream-definition.js'
import { pathProblem } from '../trigger/route-table.js'
import { WallClock } from '../../wall-clock.js'
import { checkDefinitions, EntryPointSet } from './entry-point-set.js'

/** How failed streams are restarted, in OTP's words. */
export interface Supervision {
  /** Which streams restart when one fails: it alone, all, or it and those defined after it. Default `one_for_one`. */
  readonly strategy?: 'one_for_one' | 'one_for_all' | 'rest_for_one' | undefined
  /** So many restarts within `period`; one more and the supervisor stops, saying why. Default 3. */
  readonly intensity?: number | undefined
  /** In ms; default 5,000. */
  readonly period?: number | undefined
  /** Between restarts; default 100 ms at first. */
  readonly backoff?: Backoff | undefined
}

/** Which events that the application has published are kept. In the place of those that go stands one `journal.gap`. */
export interface PublishedRetention {
  /** In ms; default seven days. */
  readonly maxAge?: number | undefined
  /** Those that came last; default 100,000. */
  readonly keep?: number | undefined
}

/** The options of a supervisor. Times are milliseconds. */
export interface SupervisorOptions {
  readonly store: SnapshotStore
  readonly entryPoints: readonly StreamDefinition[]
  /** The name of this instance among those on the same store; default a fresh one. Two that live at the same time may not share it. */
  readonly id?: string | undefined
  /** How many executions may run at the same time over all streams; default no limit but theirs. */
  readonly maxConcurrent?: number | undefined
  readonly supervision?: Supervision | undefined
  /** How long others wait before they take over what a frozen or remote instance holds; default 15,000. A dead process on this machine is noticed at once. */
  readonly lease?: number | undefined
  /** How often the work of other processes is looked for; default 500. */
  readonly pollInterval?: number | undefined
  /** How long `stop` may take; default 10,000. */
  readonly shutdownTimeout?: number | undefined
  /** How long the events are kept that the application has published itself; those of executions go with their execution. */
  readonly events?: PublishedRetention | undefined
  /** How often retention is applied; default 60,000. */
  readonly retentionInterval?: number | undefined
  /** The path at which `runtime.fetch` says whether this process accepts work: 200 or 503, with a word in JSON. Default `/healthz`; false: nowhere. */
  readonly healthPath?: string | false | undefined
  /**
   * Where programs' `log` actions and what an operator must know go: a function, or a logger of levels such as `console`
   * or one of pino's. Default nowhere. One that throws harms nobody.
   */
  readonly logger?: LogFunction | LevelLogger | undefined
  readonly clock?: Clock | undefined
  readonly ids?: IdSource | undefined
}

type Complete<T> = { readonly [TKey in keyof T]-?: Exclude<T[TKey], undefined> }

/** The same, complete. */
export type SupervisorSettings = Complete<
  Omit<SupervisorOptions, 'entryPoints' | 'supervision' | 'logger' | 'clock' | 'events'>
> & {
  /** They come and go: see `entry-point-set.ts`. */
  readonly entryPoints: EntryPointSet
  readonly events: Complete<PublishedRetention>
  readonly clock: WallClock
  readonly supervision: Complete<Supervision>
  readonly logger: Log
}

const optionNames: OptionNames<SupervisorOptions> = {
  store: true,
  entryPoints: true,
  id: true,
  maxConcurrent: true,
  supervision: true,
  lease: true,
  pollInterval: true,
  shutdownTimeout: true,
  events: true,
  retentionInterval: true,
  healthPath: true,
  logger: true,
  clock: true,
  ids: true,
}
const supervisionNames: OptionNames<Supervision> = { strategy: true, intensity: true, period: true, backoff: true }
const eventsNames: OptionNames<PublishedRetention> = { maxAge: true, keep: true }
const strategies = ['one_for_one', 'one_for_all', 'rest_for_one'] as const

/** Fills in the defaults. Throws `invalid_definition`, `duplicate_entry_point`, `duplicate_route`, `invalid_id`. */
export function supervisorSettings(options: SupervisorOptions): SupervisorSettings {
  checkNames(options)
  const ids = options.ids ?? randomIds()
  const id = options.id ?? ids.key()
  if (!isId(id))
    throw new StatewardError(
      'invalid_id',
      `The runtime's id ${JSON.stringify(id)} is not one; use 1 to 128 letters, digits, or . _ : - inside.`,
      { details: { id } },
    )
  if (typeof options.store?.commit !== 'function')
    throw invalid('store', options.store, 'a SnapshotStore, such as sqliteStore(path)')
  checkDefinitions("The runtime's", options.entryPoints)
  const { supervision, healthPath = '/healthz' } = options
  if (healthPath !== false && pathProblem(healthPath) !== undefined)
    throw invalid('healthPath', healthPath, `${pathProblem(healthPath)}, or false`)
  return {
    id,
    ids,
    store: typedStore(options.store),
    entryPoints: new EntryPointSet(options.entryPoints, healthPath),
    maxConcurrent: whole('maxConcurrent', options.maxConcurrent ?? Infinity, 1),
    lease: atLeast('lease', options.lease ?? 15_000, 100),
    pollInterval: atLeast('pollInterval', options.pollInterval ?? 500, 1),
    shutdownTimeout: atLeast('shutdownTimeout', options.shutdownTimeout ?? 10_000, 0),
    events: {
      maxAge: atLeast('events.maxAge', options.events?.maxAge ?? 7 * 24 * 3_600_000, 0),
      keep: options.events?.keep === undefined ? 100_000 : whole('events.keep', options.events.keep, 0),
    },
    retentionInterval: atLeast('retentionInterval', options.retentionInterval ?? 60_000, 1),
    healthPath,
    logger: guardedLogger(options.logger),
    clock: new WallClock(options.clock ?? systemClock),
    supervision: {
      strategy: supervision?.strategy ?? 'one_for_one',
      intensity: atLeast('supervision.intensity', supervision?.intensity ?? 3, 0),
      period: atLeast('supervision.period', supervision?.period ?? 5_000, 1),
      backoff: supervision?.backoff ?? { initial: 100, max: 5_000 },
    },
  }
}

function checkNames(options: SupervisorOptions): void {
  if (typeof options !== 'object' || options === null) throw invalid('options', options, 'an object')
  refuseUnknown('invalid_definition', 'The runtime', options, { ...optionNames, toJSON: true, inspect: true })
  const { supervision, events, logger, clock, ids } = options
  refuseUnknown('invalid_definition', "The runtime's `events`", events, eventsNames)
  refuseUnknown('invalid_definition', "The runtime's `supervision`", supervision, supervisionNames)
  checkBackoff('invalid_definition', "The runtime's `supervision`", supervision?.backoff)
  if (supervision?.strategy !== undefined && !strategies.includes(supervision.strategy))
    throw invalid('supervision.strategy', supervision.strategy, `one of ${strategies.join(', ')}`)
  if (logger !== undefined && !isLogger(logger)) throw invalid('logger', logger, 'a function, or have info, warn and error')
  if (clock !== undefined && typeof clock?.setTimeout !== 'function') throw invalid('clock', clock, 'a Clock')
  if (ids !== undefined && typeof ids?.execution !== 'function') throw invalid('ids', ids, 'an IdSource')
}

function whole(option: string, value: number, from: number): number {
  if (value !== Infinity && (!Number.isInteger(value) || value < from))
    throw invalid(option, value, `a whole number from ${from}, or Infinity`)
  return value
}

function atLeast(option: string, value: number, least: number): number {
  if (typeof value !== 'number' || !(value >= least)) throw invalid(option, value, `a number from ${least}`)
  return value
}

function invalid(option: string, value: unknown, wanted: string): StatewardError {
  const shown = typeof value === 'object' || typeof value === 'function' ? typeof value : String(value as number)
  return new StatewardError('invalid_definition', `The runtime's \`${option}\` is ${shown}; it must be ${wanted}.`, {
    details: { option, value: shown },
  })
}
