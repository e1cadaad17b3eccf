/** How an execution of a memory store stands under its keys. Owns no behaviour. */
import type { FlowKeys } from '../snapshot-store.js'

/** `outside`: it neither waits nor has a permit, since it has not arrived yet or is paused. `given`: it has a permit, and has not started yet. */
export type PermitState = 'outside' | 'waits' | 'given' | 'started'

/** How one execution stands under its keys. */
export interface MemoryPermit {
  readonly keys: FlowKeys
  state: PermitState
}
