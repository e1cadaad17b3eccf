/**
 * A store whose calls come back, one way or the other.
 *
 * Owns: how long a call may take before it counts as one that never comes back. Does not know: what is asked of the store.
 */
import { realTime } from '../../clock.js'
import type { SnapshotStore } from '../../persistence/snapshot-store.js'
import { storeCalls, type StoreCall } from './store-call.js'

/** A call that did not come back. */
export class LostCall extends Error {
  constructor(call: StoreCall, patience: number) {
    super(`${call} did not come back within ${patience} ms`)
  }
}

/** The same store; a call rejects with a `LostCall` after `patience` ms of real time, and so does each one after it. */
export function boundedStore(store: SnapshotStore, patience: number): SnapshotStore {
  let lost: LostCall | undefined
  const bounded =
    (call: StoreCall) =>
    async (...args: unknown[]) => {
      if (lost) throw lost
      let timer: unknown
      const late = new Promise<never>((_, reject) => {
        timer = realTime.setTimeout(() => reject((lost = new LostCall(call, patience))), patience)
      })
      try {
        return await Promise.race([(store[call] as (...given: unknown[]) => Promise<unknown>).apply(store, args), late])
      } finally {
        realTime.clearTimeout(timer)
      }
    }
  return {
    ...(Object.fromEntries(storeCalls.map((call) => [call, bounded(call)])) as Pick<SnapshotStore, StoreCall>),
    name: store.name,
    location: store.location,
  }
}
