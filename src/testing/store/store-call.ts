/** The calls of the store contract, by name. Owns: the lists of them, those that write and those that only read. */
import type { SnapshotStore } from '../../persistence/snapshot-store.js'

/** A call of the contract. */
export type StoreCall = Exclude<keyof SnapshotStore, 'name' | 'location'>

/** The calls that write. */
export const storeWrites = [
  'commit',
  'enqueue',
  'register',
  'heartbeat',
  'retire',
  'claim',
  'admit',
  'setControl',
  'putDocument',
  'publish',
  'pruneEvents',
  'appendChunks',
  'prune',
] as const satisfies readonly StoreCall[]

/** The calls that only read. */
export const storeReads = [
  'load',
  'absence',
  'query',
  'joined',
  'counts',
  'places',
  'chunks',
  'events',
  'lastSeq',
  'checkpoints',
  'checkpoint',
  'inbox',
  'answer',
  'owners',
  'orphans',
  'nextDue',
  'control',
  'document',
  'documents',
] as const satisfies readonly StoreCall[]

/** A call that only reads. */
export type StoreRead = (typeof storeReads)[number]

/** Every call: those that read and write, and `open` and `close`. */
export const storeCalls: readonly StoreCall[] = ['open', 'close', ...storeWrites, ...storeReads]
