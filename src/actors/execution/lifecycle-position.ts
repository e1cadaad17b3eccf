/** What the present state of a lifecycle means for its execution. Owns the meaning of each state of the machine. */
import type { SnapshotFrom } from 'xstate'
import type { ExecutionStatus } from '../../events/execution-status.js'
import { statusOf, type executionMachine } from '../../machines/execution-machine.js'
import { isHeldBack } from './stored-state.js'

/** The meaning of one state of the lifecycle. */
export interface LifecyclePosition {
  readonly status: ExecutionStatus
  /** False once it is certain that the program never goes on. */
  readonly goesOn: boolean
  readonly isBackingOff: boolean
  readonly wantsSlot: boolean
  /** True while a compensation is due, and held back because the execution is a suspect. */
  readonly isHeldBack: boolean
  readonly isCompensating: boolean
  /** True if an event may reach the program. */
  readonly takesEvents: boolean
}

/** By state value, since it is asked at every step of every execution: there are about twenty. */
const known = new Map<string, LifecyclePosition>()

/** The position of a lifecycle with this snapshot. */
export function positionOf(snapshot: SnapshotFrom<typeof executionMachine>): LifecyclePosition {
  const { value, status } = snapshot
  const key = typeof value === 'string' ? value : JSON.stringify(value)
  let position = known.get(key)
  if (!position) {
    const { cancelling } = value as { cancelling?: string }
    const isCompensating = cancelling === 'compensating'
    position = {
      status: statusOf(snapshot),
      goesOn: status === 'active' && cancelling !== 'stopping' && cancelling !== 'draining',
      isBackingOff: value === 'backingOff',
      wantsSlot: value === 'queued' || value === 'running',
      isHeldBack: isHeldBack(value),
      isCompensating,
      takesEvents: value === 'running' || value === 'waiting' || isCompensating,
    }
    known.set(key, position)
  }
  return position
}
