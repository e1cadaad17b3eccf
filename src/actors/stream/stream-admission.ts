/**
 * Accepts the executions of one stream.
 *
 * Owns: a key or an id is taken only once, also by an execution that is on its way to the store; and the queue's limit is exact,
 * however many requests come at once. A request that was accepted before is not new, and never refused because the queue is full.
 */
import type { Clock } from '../../clock.js'
import { isStatewardError } from '../../errors.js'
import type { IdSource } from '../../ids.js'
import type { SnapshotStore } from '../../persistence/snapshot-store.js'
import { acceptedBefore, refuseOtherInput, type Admitted } from './accepted-before.js'
import { admission, type AdmissionRequest } from './admission.js'
import type { ExecutionHost } from '../execution/execution-host.js'
import type { ExecutionOrigin } from '../execution/execution-origin.js'
import { isLater } from '../execution/later-start.js'
import type { StreamDefinition } from './stream-definition.js'

/** The parts of the stream that are used. */
export interface StreamAdmissionPort {
  readonly definition: StreamDefinition
  readonly store: SnapshotStore
  readonly clock: Clock
  readonly ids: IdSource
  readonly executions: ReadonlyMap<string, ExecutionHost>
  isFull(): boolean
  /** Drops the executions that other processes have taken out of the queue. */
  checkQueue(): Promise<void>
  /** Throws `queue_full`, unless another execution makes room. */
  refuseOverflow(): void
  dropOldest(): void
  make(id: string, origin: ExecutionOrigin): ExecutionHost
}

/** Accepts an execution; resolves once that is durable. Throws `queue_full`, `not_storable`, `idempotency_conflict`. */
export async function admit(port: StreamAdmissionPort, request: AdmissionRequest): Promise<Admitted> {
  const admitted = await accepted(port, request)
  // the key of a child is its own, and the input that its step gives may have changed by a migration
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
  // what is to start later is not in the queue before
  const isFull = () => !isLater(request, now) && port.isFull()
  const known = executions.get(id) ?? (isFull() ? keyed(port, request) : undefined)
  if (known) return again(port, known, request)
  if (isFull()) {
    const before = await acceptedBefore(store, definition.id, request)
    if (before) return before
    await port.checkQueue()
    // while the store was asked, the execution may have been loaded in another way
    const since = executions.get(id) ?? keyed(port, request)
    if (since) return again(port, since, request)
  }
  const overflows = isFull()
  if (overflows) port.refuseOverflow()
  const outcome = await port
    .make(id, origin)
    .accept()
    .catch((error: unknown) => {
      // nothing was written: the execution with this id was taken up here meanwhile, and answers
      if (isStatewardError(error, 'stale_owner') && executions.has(id)) return undefined
      throw error
    })
  if (outcome === undefined) return accepted(port, request)
  // a fresh id can only be taken by this acceptance itself: it was written without being acknowledged, and another process has it now
  const isOwn = outcome.status === 'duplicate' && request.id === undefined && outcome.id === id
  const isAccepted = outcome.status === 'accepted' || isOwn
  // only now, because a trigger whose key is taken must not drop another execution
  if (overflows && isAccepted) port.dropOldest()
  return isAccepted ? { status: 'accepted', id } : (outcome as Admitted)
}

/** An id that is taken: by the same execution, if the key is the same; then it is accepted once that is durable. */
async function again(port: StreamAdmissionPort, known: ExecutionHost, request: AdmissionRequest): Promise<Admitted> {
  const { id } = known
  const { idempotencyKey: key } = request
  if (key === undefined || known.idempotencyKey !== key) return { status: 'duplicate', of: 'id', id }
  try {
    if (known.revision === 0) await known.nextCommit()
  } catch (error) {
    // another execution has the key: that one is the answer
    if (isStatewardError(error, 'stale_owner')) return accepted(port, request)
    throw error
  }
  return { status: 'duplicate', of: 'idempotency_key', id }
}

function keyed({ executions }: StreamAdmissionPort, { idempotencyKey: key }: AdmissionRequest): ExecutionHost | undefined {
  return key === undefined ? undefined : [...executions.values()].find(({ idempotencyKey }) => idempotencyKey === key)
}
