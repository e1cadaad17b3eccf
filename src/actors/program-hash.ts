/** A hash of a machine's structure: what a stored snapshot must fit. Owns what counts as structure. */
import { createHash } from 'node:crypto'
import type { AnyActorLogic } from 'xstate'
import { isProgramMachine, type MachineNode } from './program-logic.js'

const known = new WeakMap<object, string>()

/** 16 hex digits over states, events, invoked actors and child machines; code (actions, guards) does not count. */
export function structureHash(logic: AnyActorLogic): string {
  let hash = known.get(logic)
  if (hash === undefined) {
    hash = createHash('sha256')
      .update(JSON.stringify(structure(logic, new Set())))
      .digest('hex')
      .slice(0, 16)
    known.set(logic, hash)
  }
  return hash
}

function structure(logic: AnyActorLogic, seen: Set<unknown>): unknown {
  if (!isProgramMachine(logic)) return 'logic'
  if (seen.has(logic)) return logic.id
  seen.add(logic)
  const actors = Object.entries(logic.implementations.actors).toSorted(([a], [b]) => (a < b ? -1 : 1))
  return { id: logic.id, root: node(logic.root), actors: actors.map(([name, actor]) => [name, structure(actor, seen)]) }
}

function node(at: MachineNode): unknown {
  const states = Object.entries(at.states).map(([name, child]) => [name, node(child)])
  const invoked = at.invoke.map(({ id, src }) => [id, typeof src === 'string' ? src : 'inline'])
  return [at.type, Object.keys(at.on).toSorted(), invoked, states]
}
