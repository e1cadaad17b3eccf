/**
 * Gives executions back to the store that this process owns and has not in memory.
 *
 * Owns: that the stored state stays as it is, whatever it says, also where it can't be read here; and that nobody who has moved on is
 * overwritten. Those in memory give themselves back.
 */
import { splitState } from '../execution/stored-state.js'
import type { Commit, FlowKeys, SnapshotStore, StoredExecution } from '../../persistence/snapshot-store.js'

/** The parts of the supervisor that are used. */
export interface GivenBackPort {
  readonly store: SnapshotStore
  /** The key under which this process owns executions. */
  owner(): string
  /** The unfinished executions of an owner. */
  held(owner: string, entryPoint: string): AsyncIterable<StoredExecution>
}

/** Gives back all of one entry point. `asOf`: the key of an owner that is not there, if the next owner is to take them for those of a dead process. */
export async function giveBackStored(port: GivenBackPort, entryPoint: string, asOf: string | null): Promise<void> {
  for (let isAny = true; isAny;) {
    isAny = false
    for await (const stored of port.held(port.owner(), entryPoint)) {
      isAny = true
      await giveBackOne(port.store, stored, asOf)
    }
  }
}

function keysOf({ state, id }: StoredExecution): FlowKeys | undefined {
  try {
    return splitState(state, id).lifecycle.context.keys
  } catch {
    return undefined // who has the program is told why it can't be read
  }
}

/** Gives back one, unless it has moved since it was read. */
export async function giveBackOne(store: SnapshotStore, stored: StoredExecution, owner: string | null): Promise<void> {
  const { id, revision, epoch, status, startedAt, endedAt, updatedAt, dueAt, startAt, owed, recoveries, state, output, error } =
    stored
  const commit: Commit = {
    ...{ id, revision: revision + 1, epoch, owner, status, startedAt, endedAt, updatedAt, dueAt, startAt, owed, recoveries },
    ...{ state, output, error, events: [], consumed: [], keys: keysOf(stored) },
  }
  await store.commit([commit])
}
