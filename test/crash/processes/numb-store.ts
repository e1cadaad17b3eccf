/** A store that tells its process that the lease is prolonged, and asks nobody. Owns: nothing else. */
import type { SnapshotStore } from '../../../src/index.js'

/** The same store, but for the heartbeat. */
export function numbStore(store: SnapshotStore): SnapshotStore {
  return { ...store, heartbeat: () => Promise.resolve(true) }
}
