/** The tags of the states in which a stored machine stands. Owns reading them off the machine: XState does not store them. */
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
