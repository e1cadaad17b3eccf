/** How an execution of a memory store stands under its keys. Owns no behaviour. */
import type { FlowKeys } from '../snapshot-store.js'

/** `outside`: it neither waits nor has a place, since it has not arrived yet or is paused. `given`: it has a place, and has not started yet. */
export type PlaceState = 'outside' | 'waits' | 'given' | 'started'

/** How one execution stands under its keys. */
export interface MemoryPlace {
  readonly keys: FlowKeys
  state: PlaceState
}
