/**
 * States that a machine would have left by itself, had it entered them.
 *
 * Owns: what XState does on the way into a state and at no other time: an `always` without a guard, the end of a state whose
 * inner ones are final, the end of the machine. A snapshot that is restored into such a state stands there.
 */
import type { AnyMachineSnapshot, AnyStateNode } from 'xstate'
import { activeNodes } from './machine-actors.js'
import type { Finding } from './stored-rules.js'
import { doneStateEvent } from '../../actors/program/xstate/xstate-events.js'

/** Those of a restored machine that is active; `path` is where its state is stored. */
export function* deadEnds({ machine, value }: AnyMachineSnapshot, path: string): Generator<Finding, void> {
  const active = new Set([...activeNodes(machine.root, value)] as unknown as AnyStateNode[])
  const found = (what: string): Finding => ({ reason: 'state_changed', path, what })
  for (const node of active) {
    const name = node.path.join('.')
    // a guard may well say no
    if (node.always?.some(({ guard, target }) => guard === undefined && target))
      yield found(`'${name}' is left at once by now (\`always\`), but only by who enters it`)
    if (node.type === 'final' || !isDone(node, active)) continue
    if (node === machine.root) yield found('the machine is at its end by now, and would never say so, since it enters no state')
    else if (node.transitions.get(doneStateEvent(node.id))?.some(({ guard, target }) => guard === undefined && target))
      yield found(`'${name}' is done by now, and its \`onDone\` would never be told, since no state is entered`)
  }
}

function isDone(node: AnyStateNode, active: ReadonlySet<AnyStateNode>): boolean {
  const inner = Object.values(node.states).filter(({ type }) => type !== 'history')
  if (node.type === 'compound') return inner.some((child) => child.type === 'final' && active.has(child))
  return node.type === 'parallel' && inner.every((child) => child.type === 'final' || isDone(child, active))
}
