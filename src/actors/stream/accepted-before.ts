/**
 * Answers a trigger whose key or id is taken.
 *
 * Owns: finding the execution that has the key or id, in memory or in the store; and the difference between the same request,
 * delivered again, and another request under the same key.
 */
import { isDeepStrictEqual } from 'node:util'
import { StatewardError } from '../../errors.js'
import { digestOf } from '../../codec/digest.js'
import { decode, encode } from '../../codec/snapshot-codec.js'
import type { Joined, SnapshotStore, StoredExecution } from '../../persistence/snapshot-store.js'
import type { AdmissionRequest } from './admission.js'
import type { AcceptOutcome } from '../execution/execution-origin.js'

/** The verdict on a request, and the execution that answers it. `joined`: one that was there has taken it in. */
export type Admitted = (AcceptOutcome | { readonly status: 'joined' }) & { readonly id: string }

/** The execution that the store has under a request's key or id; writes nothing; undefined: the request is new. */
export async function acceptedBefore(
  store: SnapshotStore,
  entryPoint: string,
  { id, idempotencyKey }: Pick<AdmissionRequest, 'id' | 'idempotencyKey'>,
): Promise<Admitted | undefined> {
  if (idempotencyKey !== undefined) {
    const { executions } = await store.query({ entryPoint, idempotencyKey, limit: 1 })
    // a store may not know this filter
    const found = executions.find((each) => each.idempotencyKey === idempotencyKey && each.entryPoint === entryPoint)
    // a trigger may have it that an execution took in while its entry point gathered
    const owner = found?.id ?? (await store.joined(entryPoint, { idempotencyKey }))?.id
    if (owner !== undefined) return { status: 'duplicate', of: 'idempotency_key', id: owner }
  }
  const taken = id === undefined ? undefined : await store.load(id)
  return taken && { status: 'duplicate', of: 'id', id: taken.id }
}

/** Throws `idempotency_conflict` if the key was given with another input. For an execution that was forgotten since, nothing is compared. */
export async function refuseOtherInput(
  store: SnapshotStore,
  { id }: Pick<Admitted, 'id'>,
  { input, idempotencyKey }: Pick<AdmissionRequest, 'input' | 'idempotencyKey'>,
): Promise<void> {
  const stored = await store.load(id)
  if (!stored) return
  if (stored.idempotencyKey !== idempotencyKey && idempotencyKey !== undefined) {
    // a trigger that the execution took in has the key
    const joined = await store.joined(stored.entryPoint, { idempotencyKey })
    if (!joined || isOfInput(joined, digestOf(encode(input, { id, what: 'input' })))) return
    throw otherInput(stored, idempotencyKey)
  }
  const text = encode(input, { id, what: 'input' })
  if (stored.input === text) return
  // the same fields in another order are the same
  if (isDeepStrictEqual(decode(stored.input, { id, what: 'input' }), decode(text, { id, what: 'input' }))) return
  throw otherInput(stored, idempotencyKey)
}

/** True if a trigger has joined with the input of that digest; the calls may be others. */
export function isOfInput(joined: Joined, digest: string): boolean {
  const [own] = joined.digest.split('.')
  return own === digest.split('.')[0]
}

/** The error for a key that another input has. */
export function otherInput(
  { id, entryPoint }: Pick<StoredExecution, 'id' | 'entryPoint'>,
  idempotencyKey: string | undefined,
): StatewardError {
  return new StatewardError(
    'idempotency_conflict',
    `The idempotency key ${JSON.stringify(idempotencyKey)} was given with another input: execution ${id} has it.`,
    { details: { id, idempotencyKey, entryPoint } },
  )
}
