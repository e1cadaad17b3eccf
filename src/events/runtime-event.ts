/**
 * The envelope of the journal: the one form in which every durable event is read.
 *
 * Owns: its fields, and what each of them means for the event of an execution and for one that the application has published.
 */
import type { JournalEventType } from './execution-events.js'

/** The type of an event: one of the core's, or one of the application's. */
export type RuntimeEventType = JournalEventType | (string & {})

/** An event of the journal. Absent: it has none. */
export interface RuntimeEvent {
  /** Its place: grows over all events, in the order in which they became durable. */
  readonly seq: number
  /** When it happened, in ms since the epoch. */
  readonly at: number
  readonly type: RuntimeEventType
  /** Of an event that the application has published: its own id. The events of executions have none. */
  readonly id?: string
  /** Absent if the application has published the event: it belongs to no execution and to no entry point. */
  readonly executionId?: string
  readonly entryPoint?: string
  /** The session of its execution, or the one it was published with. */
  readonly sessionId?: string
  /** The correlation id of its execution, which is the execution's own id unless the trigger named another one; or the one it was published with. */
  readonly correlationId?: string
  /** What started its execution, if that is known: the id of the parent, `#` and the `seq` of an event, or what the trigger named; or what it was published with. */
  readonly causationId?: string
  /** The revision of the commit that holds the event; 0 if the application has published it. */
  readonly revision: number
  readonly data: unknown
}
