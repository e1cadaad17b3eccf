/**
 * The machines of a restored program, and where each of them stands.
 *
 * Owns: walking them, and which of their state nodes are active. Judges nothing.
 */
import type { AnyActorRef, AnyMachineSnapshot } from 'xstate'
import type { MachineNode } from '../../actors/program/xstate/program-logic.js'
import type { PersistedProgram } from '../../actors/program/program-record.js'
import { pathOf, type InnerActor } from '../../actors/program/xstate/xstate-internals.js'

/** A machine of a restored program beside what was stored of it. */
export interface MachineActor {
  /** As steps and timers name it; the root's is empty. */
  readonly path: string
  /** Where its snapshot is stored: the root's is empty, a child's `children.parcel.snapshot.`. */
  readonly place: string
  readonly stored: PersistedProgram
  readonly snapshot: AnyMachineSnapshot
}

/** The root, if it is a machine, and every machine below it that was stored. */
export function* machineActors(actor: AnyActorRef, stored: PersistedProgram, place = ''): Generator<MachineActor, void> {
  const snapshot = actor.getSnapshot() as AnyMachineSnapshot | undefined
  if (stored.value === undefined || !snapshot?.machine) return
  yield { path: pathOf(actor as unknown as InnerActor), place, stored, snapshot }
  const refs = snapshot.children as Readonly<Record<string, AnyActorRef | undefined>>
  for (const [name, child] of Object.entries(stored.children ?? {})) {
    const ref = refs[name]
    if (ref) yield* machineActors(ref, child.snapshot, `${place}children.${name}.snapshot.`)
  }
}

/** Every state node, from the root down. */
export const allNodes = (node: MachineNode): MachineNode[] => [
  node,
  ...Object.values(node.states).flatMap((child) => allNodes(child)),
]

/** The state nodes in which a machine stands, from its root down. */
export function* activeNodes(node: MachineNode, value: unknown): Generator<MachineNode, void> {
  yield node
  const inner: Record<string, unknown> = typeof value === 'string' ? { [value]: {} } : ((value ?? {}) as Record<string, unknown>)
  for (const [key, deeper] of Object.entries(inner)) {
    const child = node.states[key]
    if (child) yield* activeNodes(child, deeper)
  }
}
