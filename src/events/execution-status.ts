/** The statuses of an execution, and what kinds of them there are. Owns the spelling. */

/** The terminal statuses, in no order. */
export const terminalStatuses = ['completed', 'failed', 'cancelled', 'timed_out', 'rejected'] as const

/** The statuses of an execution that has not ended, in the order of a life. */
export const liveStatuses = ['queued', 'running', 'waiting', 'pausing', 'paused', 'cancelling'] as const

/** The status of an execution. `waiting`: nothing is in flight, only an event or a timer can move it. */
export type ExecutionStatus = (typeof liveStatuses)[number] | TerminalStatus

/** How an execution ended; it ends once. */
export type TerminalStatus = (typeof terminalStatuses)[number]

/** Every status, in the order of a life. */
export const executionStatuses: readonly ExecutionStatus[] = [...liveStatuses, ...terminalStatuses]

const terminal: ReadonlySet<string> = new Set(terminalStatuses)

/** True once an execution has ended. */
export function isTerminal(status: ExecutionStatus): status is TerminalStatus {
  return terminal.has(status)
}

/** What commands tell apart: `going` stands for every status in which it goes on by itself. */
export type Stage = 'going' | 'pausing' | 'paused' | 'cancelling' | TerminalStatus

/** What a status means to those who deal with an execution of it. */
interface Traits {
  readonly stage: Stage
  /** Steps may run. */
  readonly holdsSlot: boolean
  /** An event reaches the program at once; under another live status it waits in the durable inbox. */
  readonly takesEvents: boolean
  /** What is in flight may be what brought its process down. */
  readonly mayBeInFlight: boolean
}

const ended = (stage: TerminalStatus): Traits => ({ stage, holdsSlot: false, takesEvents: false, mayBeInFlight: true })

/** A new status needs a row here first; the types ask for it. */
const traits: Readonly<Record<ExecutionStatus, Traits>> = {
  queued: { stage: 'going', holdsSlot: false, takesEvents: false, mayBeInFlight: false },
  running: { stage: 'going', holdsSlot: true, takesEvents: true, mayBeInFlight: true },
  waiting: { stage: 'going', holdsSlot: false, takesEvents: true, mayBeInFlight: false },
  pausing: { stage: 'pausing', holdsSlot: true, takesEvents: false, mayBeInFlight: true },
  paused: { stage: 'paused', holdsSlot: false, takesEvents: false, mayBeInFlight: true },
  cancelling: { stage: 'cancelling', holdsSlot: true, takesEvents: false, mayBeInFlight: true },
  completed: ended('completed'),
  failed: ended('failed'),
  cancelled: ended('cancelled'),
  timed_out: ended('timed_out'),
  rejected: ended('rejected'),
}

/** The statuses that have a trait, in the order of a life. */
export const statusesThat = (trait: 'holdsSlot' | 'takesEvents' | 'mayBeInFlight'): readonly ExecutionStatus[] =>
  executionStatuses.filter((status) => traits[status][trait])

/** The stage of a life that a status belongs to. */
export function stageOf(status: ExecutionStatus): Stage {
  return traits[status].stage
}

/** True for a status under which steps may run. */
export function holdsSlot(status: ExecutionStatus): boolean {
  return traits[status].holdsSlot
}

/** True for a status under which something may be in flight that brings its process down. */
export function mayBeInFlight(status: ExecutionStatus): boolean {
  return traits[status].mayBeInFlight
}
