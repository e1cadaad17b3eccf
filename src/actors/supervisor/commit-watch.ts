/** Tells who waits for an execution of each commit of it that this process makes. Owns who they are. */
import type { LastCommit } from '../execution/commit-draft.js'

/** Somebody who waits. */
export interface CommitWatcher {
  committed(this: void, commit: LastCommit): void
  /** No more commits will be told. */
  fail(this: void, error: unknown): void
}

/** Those who wait, by execution. */
export class CommitWatch {
  readonly #watchers = new Map<string, Set<CommitWatcher>>()

  /** Returns what takes it away again. */
  add(id: string, watcher: CommitWatcher): () => void {
    const all = this.#watchers.get(id) ?? new Set()
    this.#watchers.set(id, all.add(watcher))
    return () => {
      all.delete(watcher)
      if (all.size === 0 && this.#watchers.get(id) === all) this.#watchers.delete(id)
    }
  }

  committed(commit: LastCommit): void {
    for (const { committed } of [...(this.#watchers.get(commit.id) ?? [])]) committed(commit)
  }

  /** The runtime stops. */
  failAll(error: unknown): void {
    for (const all of [...this.#watchers.values()]) for (const { fail } of [...all]) fail(error)
  }
}
