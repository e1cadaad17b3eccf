/**
 * The structures of the programs with which runtimes on this store have run an entry point.
 *
 * Owns: where they are kept (a small text beside the streams' pauses) and how many. A snapshot carries the hash of the
 * structure that it was taken from. With that hash the structure is found again, to decide whether the program has only grown since.
 */
import type { AnyActorLogic } from 'xstate'
import type { SnapshotStore } from '../../persistence/snapshot-store.js'
import { structureOf } from '../program/program-hash.js'

/** Structures by their hashes. */
export type KnownStructures = Readonly<Record<string, unknown>>

/** A program of an entry point. */
export interface StructuredProgram {
  /** The id of the entry point. */
  readonly id: string
  readonly hash: string
  readonly program: AnyActorLogic
}

const KEPT = 50

const controlName = (entryPoint: string) => `stream:${entryPoint}:structures`

/** The known structures of an entry point. */
export async function knownStructures(store: SnapshotStore, entryPoint: string): Promise<KnownStructures> {
  const text = await store.control(controlName(entryPoint))
  return text === null ? {} : (JSON.parse(text) as KnownStructures)
}

/** Stores the present structure, and gives all. */
export async function notedStructures(store: SnapshotStore, { id, hash, program }: StructuredProgram): Promise<KnownStructures> {
  const known = await knownStructures(store, id)
  if (known[hash] !== undefined) return known
  const all = [...Object.entries(known), [hash, structureOf(program)] as const]
  const kept = Object.fromEntries(all.slice(-KEPT))
  await store.setControl(controlName(id), JSON.stringify(kept))
  return kept
}
