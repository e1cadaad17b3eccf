/** Builders of executions that are counted under keys, for the promises of a store about permits. Owns: how they come into its queue. */
import type { Acceptance, AdmitRequest, Admittance, Commit, FlowKeys, SnapshotStore } from '../../persistence/snapshot-store.js'
import { aCommit, anAccepted, anAdmission } from './store-builders.js'

/** Keys of an execution. */
export const under = (concurrency: string | null, rate: string | null = null): FlowKeys => ({ concurrency, rate })
/** One permit a key. */
export const oneEach = { concurrency: { limit: 1, skip: false } } as const

/** A queued execution under these keys. */
export const aCounted = (id: string, keys: FlowKeys, accept: Partial<Acceptance> = {}, given: Partial<Commit> = {}): Commit =>
  anAccepted(id, accept, { keys, ...given })

/** The commit that starts it. */
export const aStart = (id: string, revision: number, keys: FlowKeys, at = 5_000, given: Partial<Commit> = {}): Commit =>
  aCommit({ id, revision, keys, startedAt: at, ...given })

/** Asks for permits as `owner-1`, unless told otherwise. */
export const admit = (store: SnapshotStore, given: Partial<AdmitRequest> = {}): Promise<Admittance> =>
  store.admit(anAdmission(given))

/** Accepts executions under keys, in this order and a ms apart, and tells the store that they have arrived. */
export async function queue(store: SnapshotStore, all: readonly (readonly [id: string, keys: FlowKeys, priority?: number])[]) {
  await store.commit(all.map(([id, keys, priority = 0], index) => aCounted(id, keys, { acceptedAt: 1_000 + index, priority })))
  await admit(store, { limit: 0, arrived: all.map(([id]) => id) })
}
