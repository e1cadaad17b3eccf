/** What a supervisor is given, with its defaults. Owns the options and their checks. */
import { systemClock, type Clock } from '../clock.js'
import { StatewardError } from '../errors.js'
import { isId, randomIds, type IdSource } from '../ids.js'
import type { SnapshotStore } from '../persistence/snapshot-store.js'
import { typedStore } from '../persistence/typed-store.js'
import type { Backoff } from './backoff.js'
import type { StreamDefinition } from './stream-definition.js'

/** How failed streams are restarted, in OTP's words. */
export interface Supervision {
  /** Which streams restart when one fails: it alone, all, or it and those defined after it. Default `one_for_one`. */
  readonly strategy?: 'one_for_one' | 'one_for_all' | 'rest_for_one'
  /** So many restarts within `period`; one more and the supervisor stops, saying why. Default 3. */
  readonly intensity?: number
  /** In ms; default 5,000. */
  readonly period?: number
  /** Between restarts; default 100 ms at first. */
  readonly backoff?: Backoff
}

/** The options of a supervisor. Times are milliseconds. */
export interface SupervisorOptions {
  readonly store: SnapshotStore
  readonly entryPoints: readonly StreamDefinition[]
  /** The name of this instance among those on the same store; default a fresh one. Two that live at the same time may not share it. */
  readonly id?: string
  /** How many executions may run at the same time over all streams; default no limit but theirs. */
  readonly maxConcurrent?: number
  readonly supervision?: Supervision
  /** How long others wait before they take over what a frozen or remote instance holds; default 15,000. A dead process on this machine is noticed at once. */
  readonly lease?: number
  /** How often the work of other processes is looked for; default 500. */
  readonly pollInterval?: number
  /** How long `stop` may take; default 10,000. */
  readonly shutdownTimeout?: number
  /** How often retention is applied; default 60,000. */
  readonly retentionInterval?: number
  /** Where programs' `log` actions and the runtime's own warnings go; default nowhere. */
  readonly logger?: (...args: unknown[]) => void
  readonly clock?: Clock
  readonly ids?: IdSource
}

/** The same, complete. */
export type SupervisorSettings = Required<Omit<SupervisorOptions, 'supervision'>> & {
  readonly supervision: Required<Supervision>
}

/** Fills in the defaults. Throws `invalid_definition`, `duplicate_entry_point`, `invalid_id`. */
export function supervisorSettings(options: SupervisorOptions): SupervisorSettings {
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
  refuseDuplicates(options.entryPoints)
  const { supervision } = options
  return {
    id,
    ids,
    store: typedStore(options.store),
    entryPoints: options.entryPoints,
    maxConcurrent:
      options.maxConcurrent === undefined || options.maxConcurrent === Infinity
        ? Infinity
        : whole('maxConcurrent', options.maxConcurrent),
    lease: atLeast('lease', options.lease ?? 15_000, 100),
    pollInterval: atLeast('pollInterval', options.pollInterval ?? 500, 1),
    shutdownTimeout: atLeast('shutdownTimeout', options.shutdownTimeout ?? 10_000, 0),
    retentionInterval: atLeast('retentionInterval', options.retentionInterval ?? 60_000, 1),
    logger: options.logger ?? (() => undefined),
    clock: options.clock ?? systemClock,
    supervision: {
      strategy: supervision?.strategy ?? 'one_for_one',
      intensity: atLeast('supervision.intensity', supervision?.intensity ?? 3, 0),
      period: atLeast('supervision.period', supervision?.period ?? 5_000, 1),
      backoff: supervision?.backoff ?? { initial: 100, max: 5_000 },
    },
  }
}

function refuseDuplicates(entryPoints: readonly StreamDefinition[]): void {
  if (!Array.isArray(entryPoints)) throw invalid('entryPoints', entryPoints, 'a list made with defineEntryPoint')
  const seen = new Set<string>()
  for (const entryPoint of entryPoints as readonly StreamDefinition[]) {
    if (typeof entryPoint?.hash !== 'string') throw invalid('entryPoints', entryPoint, 'made with defineEntryPoint')
    if (seen.has(entryPoint.id)) {
      throw new StatewardError('duplicate_entry_point', `There are two entry points with the id ${entryPoint.id}.`, {
        details: { entryPoint: entryPoint.id },
      })
    }
    seen.add(entryPoint.id)
  }
}

function whole(option: string, value: number): number {
  if (!Number.isInteger(value) || value < 1) throw invalid(option, value, 'a whole number from 1, or Infinity')
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
