/** The checkpoints of an execution as users see them. Owns their form. */
import { nextTurn } from '../../clock.js'
import { StatewardError } from '../../errors.js'
import type { CheckpointCause } from '../../events/execution-events.js'
import type { ExecutionStatus } from '../../events/execution-status.js'
import { decode } from '../../codec/snapshot-codec.js'
import type { SnapshotStore, StoredCheckpoint } from '../../persistence/snapshot-store.js'
import { splitState } from './stored-state.js'
import { programOf } from '../program/stored-program.js'

/** A kept commit, from which `fork({ revision })` starts another execution. */
export interface Checkpoint {
  readonly revision: number
  /** In ms since the epoch. */
  readonly at: number
  readonly status: ExecutionStatus
  /** The state value of a machine; undefined for other logic and before the start. */
  readonly value: unknown
  /** What moved the program there; undefined in what an earlier version stored. */
  readonly cause: CheckpointCause | undefined
}

/** The checkpoints of an execution, oldest first. Throws `not_found`, `corrupt`, `unknown_format`. */
export async function executionCheckpoints(store: SnapshotStore, id: string): Promise<Checkpoint[]> {
  const found: Checkpoint[] = []
  for (const stored of await store.checkpoints(id)) {
    found.push(checkpoint(stored))
    // a long checkpoint takes a while to decode
    await new Promise<void>(nextTurn)
  }
  if (found.length === 0 && !(await store.load(id)))
    throw new StatewardError('not_found', `There is no execution ${id}.`, { details: { id } })
  return found
}

function checkpoint({ executionId: id, revision, at, status, state, cause }: StoredCheckpoint): Checkpoint {
  const { program } = splitState(state, id)
  return {
    revision,
    at,
    status,
    value: program === undefined ? undefined : programOf(program, id).snapshot.value,
    cause: cause ? decode<CheckpointCause>(cause, { id, what: 'cause' }) : undefined,
  }
}
