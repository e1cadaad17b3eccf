/** What triggers ask of the runtime above their stream. Owns no behaviour: the command router implements it. */
import { StatewardError } from '../../errors.js'
import type { ExecutionStatus } from '../../events/execution-status.js'
import type { EventFilter } from '../../events/event-filter.js'
import type { RuntimeEvent } from '../../events/runtime-event.js'
import type { Fired, FireOptions } from './trigger.js'

/** The calls of the triggers of one runtime. */
export interface TriggerCalls {
  /** Accepts an execution; resolves once that is durable. Throws what keeps it from being accepted. */
  fire(entryPoint: string, input: unknown, options: FireOptions): Promise<Fired>
  /** The execution that has that key at an entry point, also one that this process does not have. */
  firedBefore(entryPoint: string, idempotencyKey: string): Promise<string | undefined>
  status(id: string): Promise<ExecutionStatus | undefined>
  causeOf(id: string): Promise<string | undefined>
  cancel(id: string, reason: string, actor?: string): Promise<void>
  /** Puts an event of a trigger into the journal, once under one id; resolves once it is durable. */
  publish(type: 'trigger.failed' | 'trigger.skipped', data: unknown, id?: string): Promise<unknown>
  follow(filter: EventFilter): AsyncGenerator<RuntimeEvent, void>
  /** Where the journal ends at the call. */
  lastSeq(): Promise<number>
}

const notStarted = () => new StatewardError('not_started', 'The runtime is not started.')
const unrouted = () => Promise.reject(notStarted())

/** Stands in until there is a router. */
export const unroutedTriggers: TriggerCalls = {
  fire: unrouted,
  firedBefore: unrouted,
  status: unrouted,
  causeOf: unrouted,
  lastSeq: unrouted,
  cancel: unrouted,
  publish: unrouted,
  follow: () => {
    throw notStarted()
  },
}
