/** Where a lifecycle stands, as those who deal with an execution ask it. Owns what each state of the machine means to them. */
import type { SnapshotFrom } from 'xstate'
import type { ExecutionStatus } from '../../events/execution-status.js'
import { statusOf, type executionMachine } from '../../machines/execution-machine.js'
import { isHeldBack } from './stored-state.js'

/** One state of the lifecycle. */
export interface LifecyclePosition {
  readonly status: ExecutionStatus
  /** False once it is settled that the program never goes on. */
  readonly goesOn: boolean
  readonly isBackingOff: boolean
  readonly wantsSlot: boolean
  /** True while it is to compensate, and is held back as a suspect. */
  readonly isHeldBack: boolean
  readonly isCompensating: boolean
  /** True if an event may reach the program. */
  readonly takesEvents: boolean
}

/** By state value: there are some twenty, and each is asked at every step of every execution. */
const known = new Map<string, LifecyclePosition>()

/** The position of a lifecycle with that snapshot. */
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
