/**
 * Accepts executions for a process that runs none: they are stored as queued, without an owner, for a worker to claim.
 *
 * Owns: the stored form is the same as if the worker had accepted the execution. The limit of a worker's queue does
 * not apply here.
 */
import type { WallClock } from '../../wall-clock.js'
import type { IdSource } from '../../ids.js'
import type { SnapshotStore } from '../../persistence/snapshot-store.js'
import { refuseOtherInput, type Admitted } from '../stream/accepted-before.js'
import { admission, type AdmissionRequest } from '../stream/admission.js'
import type { DirectCommits } from './direct-commits.js'
import { dueAt } from '../execution/execution-deadlines.js'
import { opening } from '../execution/execution-origin.js'
import type { StreamDefinition } from '../stream/stream-definition.js'

/** What an acceptance is made with. */
export interface DirectAcceptancePort {
  readonly store: SnapshotStore
  readonly commits: DirectCommits
  readonly clock: WallClock
  readonly ids: IdSource
}

/** Accepts an execution; resolves once that is durable. Throws `not_storable`, `idempotency_conflict`, `store_failed`. */
export async function acceptDirectly(
  { store, commits, clock, ids }: DirectAcceptancePort,
  definition: StreamDefinition,
  request: AdmissionRequest,
): Promise<Admitted> {
  const now = clock.now()
  const id = request.id ?? ids.execution(now)
  request.named?.(id)
  const { row, lifecycle, program } = opening(admission(definition, request, id, now), id, clock, undefined)
  const { value, context } = lifecycle
  row.publish('execution.accepted', context.startAt === undefined ? undefined : { startAt: context.startAt }, now)
  const commit = row.commit({
    owner: null,
    status: 'queued',
    value,
    context,
    program,
    now,
    dueAt: dueAt('queued', context.limits, undefined, row.heldUntil(context)),
    owed: false,
    consumed: [],
    checkpoints: definition.checkpoints,
    journal: definition.journal,
  })
  const verdict = await commits.write(commit)
  if (verdict.status !== 'duplicate') return { status: 'accepted', id }
  // a fresh id can only be taken if the driver wrote twice
  if (request.id === undefined && verdict.id === id) return { status: 'accepted', id }
  const of = verdict.of === 'idempotency_key' ? verdict.of : 'id'
  if (of === 'idempotency_key') await refuseOtherInput(store, verdict, request)
  return { status: 'duplicate', of, id: verdict.id }
}
