/**
 * What a machine says of the states in which it stands: their tags, and whether they take events from outside.
 *
 * Owns: reading that off the machine, since XState does not store it.
 */
import type { AnyActorLogic, StateValue } from 'xstate'
import { machineIn, type MachineNode } from './program-logic.js'

/** The tags of all active states; none for logic that is no machine, or whose states are not those of the value. */
export function tagsOf(logic: AnyActorLogic, value: StateValue | undefined): ReadonlySet<string> {
  const root = machineIn(logic)?.root
  const tags = new Set<string>()
  if (root && value !== undefined) collect(root, value, tags)
  return tags
}

function collect(node: MachineNode | undefined, value: StateValue, into: Set<string>): void {
  if (!node) return
  for (const tag of node.tags ?? []) into.add(tag)
  if (typeof value === 'string') return collect(node.states[value], {}, into)
  for (const [state, below] of Object.entries(value)) if (below !== undefined) collect(node.states[state], below, into)
}

/** True if an event from outside could move a machine that stands there; of other logic that is not known, and taken for true. */
export function takesEvents(logic: AnyActorLogic, value: StateValue | undefined): boolean {
  const root = machineIn(logic)?.root
  return root === undefined || value === undefined || hasTransition(root, value)
}

function hasTransition(node: MachineNode | undefined, value: StateValue): boolean {
  if (!node) return false
  if (Object.keys(node.on).some((type) => !type.startsWith('xstate.'))) return true
  if (typeof value === 'string') return hasTransition(node.states[value], {})
  return Object.entries(value).some(([state, below]) => below !== undefined && hasTransition(node.states[state], below))
}
