/**
 * The envelope of the journal: the one form in which every durable event is read.
 *
 * Owns: its fields, and what each of them means for an event that belongs to an execution.
 */
import type { JournalEventType } from './execution-events.js'

/** An event of the journal. */
export interface RuntimeEvent {
  /** Its place: grows over all executions, in the order in which events became durable. */
  readonly seq: number
  /** When it happened, in ms since the epoch. */
  readonly at: number
  readonly type: JournalEventType
  readonly executionId: string
  readonly entryPoint: string
  /** The session of its execution, if that has one. */
  readonly sessionId?: string
  /** The correlation id of its execution: the execution's own id, unless the trigger named another one. */
  readonly correlationId: string
  /** What started its execution, if that is known: the id of the parent, `#` and the `seq` of an event, or what the trigger named. */
  readonly causationId?: string
  /** The revision of the commit that holds the event. */
  readonly revision: number
  readonly data: unknown
}

/** Which events to follow. */
export interface EventFilter {
  readonly execution?: string | undefined
  readonly entryPoint?: string | undefined
  /** Events with a greater `seq` come; 0 is the beginning, and absent means from now on. */
  readonly since?: number | undefined
  /** Ends the iteration. */
  readonly signal?: AbortSignal | undefined
}
