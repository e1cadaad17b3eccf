/** The statuses of an execution, and what kinds of them there are. Owns the spelling. */

/** Where an execution stands. `waiting`: nothing is in flight, only an event or a timer can move it. */
export type ExecutionStatus = 'queued' | 'running' | 'waiting' | 'pausing' | 'paused' | 'cancelling' | TerminalStatus

/** How an execution ended; it ends once. */
export type TerminalStatus = 'completed' | 'failed' | 'cancelled' | 'timed_out' | 'rejected'

/** The terminal statuses, in no order. */
export const terminalStatuses: readonly TerminalStatus[] = ['completed', 'failed', 'cancelled', 'timed_out', 'rejected']

/** Those of an execution that has not ended, in the order of a life. */
export const liveStatuses: readonly ExecutionStatus[] = ['queued', 'running', 'waiting', 'pausing', 'paused', 'cancelling']

/** Every status, in the order of a life. */
export const executionStatuses: readonly ExecutionStatus[] = [...liveStatuses, ...terminalStatuses]

const terminal: ReadonlySet<string> = new Set(terminalStatuses)

/** True once an execution has ended. */
export function isTerminal(status: ExecutionStatus): status is TerminalStatus {
  return terminal.has(status)
}

/** What commands tell apart: `going` stands for every status in which it goes on by itself. */
export type Stage = 'going' | 'pausing' | 'paused' | 'cancelling' | TerminalStatus

/** The stage of a life that a status belongs to. */
export function stageOf(status: ExecutionStatus): Stage {
  return status === 'queued' || status === 'running' || status === 'waiting' ? 'going' : status
}

/** True for a status under which steps may run. */
export function holdsSlot(status: ExecutionStatus): boolean {
  return status === 'running' || status === 'pausing' || status === 'cancelling'
}
