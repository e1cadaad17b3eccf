/**
 * Where a machine stands once it is making good what it did.
 *
 * Owns: which states its cancel event leads to, at once or in the end. A machine that has come to one of them by itself (a step
 * failed, a time limit passed) need not take a cancel there: it is on that way already. A state that such a one may lead back to
 * counts as well.
 */
import type { AnyMachineSnapshot, AnyStateNode } from 'xstate'
import { doneStateEvent } from '../../actors/program/xstate/xstate-events.js'

const known = new WeakMap<AnyStateNode, Map<string, ReadonlySet<AnyStateNode>>>()

/** True for a machine in a state to which a cancel event may lead it. */
export function isCompensating({ machine, value }: AnyMachineSnapshot, cancel: string): boolean {
  const root = machine.root as AnyStateNode
  const byEvent = known.get(root) ?? new Map<string, ReadonlySet<AnyStateNode>>()
  known.set(root, byEvent)
  const led = byEvent.get(cancel) ?? ledTo(root, cancel)
  byEvent.set(cancel, led)
  return [...led].some(({ path }) => isActive(path, value))
}

function ledTo(root: AnyStateNode, cancel: string): ReadonlySet<AnyStateNode> {
  const found = new Set<AnyStateNode>()
  const left: AnyStateNode[] = withInner(root).flatMap((node) => targets(node, [cancel]))
  for (let node = left.pop(); node; node = left.pop()) {
    if (node === root || found.has(node)) continue
    found.add(node)
    const { parent } = node
    left.push(...Object.values(node.states), ...targets(node, [...node.transitions.keys()]))
    for (const { target = [] } of node.always ?? []) left.push(...target)
    if (parent && node.type === 'final') left.push(...targets(parent, [doneStateEvent(parent.id)]))
  }
  return found
}

const withInner = (node: AnyStateNode): AnyStateNode[] => [node, ...Object.values(node.states).flatMap(withInner)]

const targets = ({ transitions }: AnyStateNode, events: readonly string[]): AnyStateNode[] =>
  events.flatMap((event) => transitions.get(event) ?? []).flatMap(({ target = [] }) => target)

/** True if a path of keys leads to a state that is part of a state value. */
function isActive(path: readonly string[], value: unknown): boolean {
  const [key, ...deeper] = path
  if (key === undefined) return true
  if (typeof value === 'string') return value === key && deeper.length === 0
  const inner = (value as Readonly<Record<string, unknown>>)[key]
  return inner !== undefined && isActive(deeper, inner)
}
