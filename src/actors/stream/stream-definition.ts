/** What the actors know of an entry point: its program and its limits, with every default filled in. Owns no behaviour. */
import type { AnyActorLogic, AnyEventObject } from 'xstate'
import type { Backoff } from '../../backoff.js'
import type { Interposition } from '../program/program-interceptor.js'
import type { KnownStructures } from './known-structures.js'
import type { PausedTimers, PersistedProgram } from '../program/program-record.js'

/** Under which every copy of the package finds the format of a definition. */
export const formatKey: unique symbol = Symbol.for('stateward.entry-point')

/** Another one whenever a definition means something else to those who run it. */
export const definitionFormat = 1

/** The settings of one stream. Times are milliseconds. */
export interface StreamDefinition {
  readonly [formatKey]: number
  readonly id: string
  readonly program: AnyActorLogic
  readonly programId: string
  readonly version: string
  readonly hash: string
  readonly maxConcurrent: number
  readonly maxQueued: number
  readonly overflow: 'reject' | 'drop_oldest'
  readonly priority: number
  readonly ageing: number
  readonly durability: 'strict' | 'relaxed'
  readonly retry:
    | {
        readonly maxAttempts: number
        readonly backoff?: Backoff | undefined
        readonly onExhausted?: 'fail' | 'pause' | undefined
      }
    | undefined
  readonly timeout: number | undefined
  readonly queueTimeout: number | undefined
  readonly cancelEvent: AnyEventObject | undefined
  readonly cancelTimeout: number
  readonly pausedTimers: PausedTimers
  readonly passivateAfter: number
  readonly maxRecoveries: number
  readonly checkpoints: number
  /** How many events of an execution are kept; undefined: all, as long as it is. */
  readonly journal: number | undefined
  readonly retention: { readonly maxAge: number; readonly keep: number }
  readonly maxIterations: number
  readonly versions: Readonly<Record<string, AnyActorLogic>>
  readonly migrate:
    | ((snapshot: PersistedProgram, from: { readonly version: string; readonly hash: string }) => PersistedProgram)
    | undefined
  readonly restart: 'permanent' | 'transient' | 'temporary'
  /** What its program was like before, by hash; set when its stream is made. */
  readonly structures?: KnownStructures
  /** Set by the testing kit alone. */
  readonly interposition?: Interposition
}
