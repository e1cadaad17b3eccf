/** A hash of a machine's structure: what a stored snapshot must fit. Owns what counts as structure. */
import { createHash } from 'node:crypto'
import type { AnyActorLogic } from 'xstate'
import { isProgramMachine, type MachineNode } from './xstate/program-logic.js'
import { actorsOf } from './xstate/implementations.js'

/** A state: its type, its events, what it invokes (id and source), and the states in it. */
export type NodeStructure = readonly [
  type: string,
  on: readonly string[],
  invoked: readonly (readonly [id: string, src: string])[],
  states: readonly (readonly [name: string, state: NodeStructure])[],
]

/** A machine, with the actors that it names. */
export interface MachineStructure {
  readonly id: string
  readonly root: NodeStructure
  readonly actors: readonly (readonly [name: string, structure: MachineStructure | string])[]
}

const known = new WeakMap<object, string>()

/** 16 hex digits over states, events, invoked actors and child machines; code (actions, guards) does not count. */
export function structureHash(logic: AnyActorLogic): string {
  let hash = known.get(logic)
  if (hash === undefined) {
    hash = createHash('sha256')
      .update(JSON.stringify(structureOf(logic)))
      .digest('hex')
      .slice(0, 16)
    known.set(logic, hash)
  }
  return hash
}

/** What the hash is made of, as JSON: a machine, `logic`, or the id of a machine that stands further up. */
export function structureOf(logic: AnyActorLogic): MachineStructure | string {
  return structure(logic, new Set())
}

function structure(logic: AnyActorLogic, seen: Set<unknown>): MachineStructure | string {
  if (!isProgramMachine(logic)) return 'logic'
  if (seen.has(logic)) return logic.id
  seen.add(logic)
  const actors = Object.entries(actorsOf(logic)).toSorted(([a], [b]) => (a < b ? -1 : 1))
  return { id: logic.id, root: node(logic.root), actors: actors.map(([name, actor]) => [name, structure(actor, seen)] as const) }
}

function node(at: MachineNode): NodeStructure {
  const states = Object.entries(at.states).map(([name, child]) => [name, node(child)] as const)
  const invoked = at.invoke.map(({ id, src }) => [id, typeof src === 'string' ? src : 'inline'] as const)
  return [at.type, Object.keys(at.on).toSorted(), invoked, states]
}
