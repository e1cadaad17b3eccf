/** A store whose commits are seen. Owns: that only what was written is told, after it was. */
import type { Commit, SnapshotStore } from '../../persistence/snapshot-store.js'

/** The same store; `committed` hears of each commit that took effect. */
export function observedCommits(store: SnapshotStore, committed: (commit: Commit) => unknown): SnapshotStore {
  return {
    ...store,
    async commit(batch) {
      const verdicts = await store.commit(batch)
      for (const [index, commit] of batch.entries()) if (verdicts[index]?.status === 'committed') committed(commit)
      return verdicts
    },
  }
}
