/**
 * Accepts the executions of one stream.
 *
 * Owns: that a key or an id is taken once, also by one that is on its way to the store, and that the queue's limit is exact
 * however many come at once: a request that was accepted before is no new one, and never refused for want of room.
 */
import type { Clock } from '../../clock.js'
import { isStatewardError } from '../../errors.js'
import type { IdSource } from '../../ids.js'
import type { SnapshotStore } from '../../persistence/snapshot-store.js'
import { acceptedBefore, refuseOtherInput, type Admitted } from './accepted-before.js'
import { admission, type AdmissionRequest } from './admission.js'
import type { ExecutionHost } from '../execution/execution-host.js'
import type { ExecutionOrigin } from '../execution/execution-origin.js'
import type { StreamDefinition } from './stream-definition.js'

/** What it asks of its stream. */
export interface StreamAdmissionPort {
  readonly definition: StreamDefinition
  readonly store: SnapshotStore
  readonly clock: Clock
  readonly ids: IdSource
  readonly executions: ReadonlyMap<string, ExecutionHost>
  isFull(): boolean
  /** Lets go of what other processes have taken out of the queue. */
  checkQueue(): Promise<void>
  /** Throws `queue_full`, unless another one makes room. */
  refuseOverflow(): void
  dropOldest(): void
  make(id: string, origin: ExecutionOrigin): ExecutionHost
}

/** Accepts an execution; resolves once that is durable. Throws `queue_full`, `not_storable`, `idempotency_conflict`. */
export async function admit(port: StreamAdmissionPort, request: AdmissionRequest): Promise<Admitted> {
  const admitted = await accepted(port, request)
  // the key of a step that starts an execution is its own, and what it is given may have been migrated
  const isAgain = admitted.status === 'duplicate' && admitted.of === 'idempotency_key' && request.parentId === undefined
  if (isAgain) await refuseOtherInput(port.store, admitted, request)
  return admitted
}

async function accepted(port: StreamAdmissionPort, request: AdmissionRequest): Promise<Admitted> {
  const { definition, clock, ids, executions, store } = port
  const now = clock.now()
  const id = request.id ?? ids.execution(now)
  request.named?.(id)
  const origin = admission(definition, request, id, now)
  const known = executions.get(id) ?? (port.isFull() ? keyed(port, request) : undefined)
  if (known) return again(port, known, request)
  if (port.isFull()) {
    const before = await acceptedBefore(store, definition.id, request)
    if (before) return before
    await port.checkQueue()
    // while the store was asked it may have come by another way
    const since = executions.get(id) ?? keyed(port, request)
    if (since) return again(port, since, request)
  }
  const isFull = port.isFull()
  if (isFull) port.refuseOverflow()
  const outcome = await port
    .make(id, origin)
    .accept()
    .catch((error: unknown) => {
      // nothing of it was written: the one that has its id was taken up here meanwhile, and answers
      if (isStatewardError(error, 'stale_owner') && executions.has(id)) return undefined
      throw error
    })
  if (outcome === undefined) return accepted(port, request)
  // only now: a trigger that comes to nothing, as its key is taken, drops nobody
  if (isFull && outcome.status === 'accepted') port.dropOldest()
  return outcome.status === 'accepted' ? { status: 'accepted', id } : outcome
}

/** An id that is taken: by the same execution, if the key is the same; then it is accepted once that is durable. */
async function again(port: StreamAdmissionPort, known: ExecutionHost, request: AdmissionRequest): Promise<Admitted> {
  const { id } = known
  const { idempotencyKey: key } = request
  if (key === undefined || known.idempotencyKey !== key) return { status: 'duplicate', of: 'id', id }
  try {
    if (known.revision === 0) await known.until(() => true)
  } catch (error) {
    // another one has its key: that is the answer
    if (isStatewardError(error, 'stale_owner')) return accepted(port, request)
    throw error
  }
  return { status: 'duplicate', of: 'idempotency_key', id }
}

function keyed({ executions }: StreamAdmissionPort, { idempotencyKey: key }: AdmissionRequest): ExecutionHost | undefined {
  return key === undefined ? undefined : [...executions.values()].find(({ idempotencyKey }) => idempotencyKey === key)
}
