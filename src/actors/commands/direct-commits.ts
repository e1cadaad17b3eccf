/**
 * Commits that no execution in memory makes: acceptances of a client, and commands to executions that nobody runs.
 *
 * Owns: they are written in batches like others, and fail with the same typed errors. Only revision and epoch fence them:
 * if a process has taken the execution up meanwhile, that process wins.
 */
import { GroupCommit, type JournalWatch } from '../../persistence/group-commit.js'
import type { Commit, CommitVerdict, SnapshotStore } from '../../persistence/snapshot-store.js'

/** Writes single commits. */
export class DirectCommits {
  readonly #commits: GroupCommit

  constructor(store: SnapshotStore, journal: JournalWatch) {
    this.#commits = new GroupCommit(store, undefined, undefined, journal)
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
