/** An entry point as the hosts see it: its program and its limits, with every default filled in. Owns no behaviour. */
import type { FlowLimits } from '../flow/flow-limits.js'
import type { GatheringLimits } from '../flow/gathering-limits.js'
import type { ExecutionDefinition } from '../execution/execution-port.js'
import type { Trigger } from '../trigger/trigger.js'

/** The symbol under which every copy of the package finds the format of a definition. */
export const formatKey: unique symbol = Symbol.for('stateward.entry-point')

/** Changes whenever the meaning of a definition changes for the hosts. */
export const definitionFormat = 1

/** The settings of one stream. Times are milliseconds. */
export interface StreamDefinition extends ExecutionDefinition, GatheringLimits, FlowLimits {
  readonly [formatKey]: number
  readonly trigger: Trigger
  readonly maxConcurrent: number
  readonly maxQueued: number
  readonly overflow: 'reject' | 'drop_oldest'
  readonly priority: number
  readonly ageing: number
  readonly durability: 'strict' | 'relaxed'
  readonly timeout: number | undefined
  readonly queueTimeout: number | undefined
  readonly retention: { readonly maxAge: number; readonly keep: number }
  readonly maxIterations: number
  readonly restart: 'permanent' | 'transient' | 'temporary'
}
