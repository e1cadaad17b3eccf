/**
 * Commits that no execution in memory makes: what a client accepts, and commands to what nobody runs.
 *
 * Owns: that they travel in batches like others, and fail with the same typed errors. Fenced by revision and epoch alone:
 * whoever has taken the execution up meanwhile wins.
 */
import { GroupCommit } from '../../persistence/group-commit.js'
import type { Commit, CommitVerdict, SnapshotStore } from '../../persistence/snapshot-store.js'

/** Writes single commits. */
export class DirectCommits {
  readonly #commits: GroupCommit

  constructor(store: SnapshotStore) {
    this.#commits = new GroupCommit(store)
  }

  /** The verdict on a commit. Throws `store_failed`, `store_closed`. */
  write(commit: Commit): Promise<CommitVerdict> {
    return new Promise((resolve, reject) => {
      this.#commits.request({
        id: commit.id,
        collect: () => commit,
        judged: (verdict) => resolve(verdict),
        refused: (error) => reject(error as Error),
        crashed: (error) => reject(error as Error),
      })
    })
  }
}
