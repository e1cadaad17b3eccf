/**
 * What can be said of a stored snapshot before it is restored.
 *
 * Owns: history values, and inline invokes that are found again by their position alone. What a snapshot needs to be
 * restored at all is said by the runtime's own rules.
 */
import type { AnyActorLogic } from 'xstate'
import { misfits } from '../../actors/program/snapshot-compatibility.js'
import { isProgramMachine, type MachineNode, type ProgramMachine } from '../../actors/program/xstate/program-logic.js'
import type { PersistedProgram } from '../../actors/program/program-record.js'
import { actorsOf, childLogic } from '../../actors/program/xstate/implementations.js'
import { inlineSourceOf } from '../../actors/program/xstate/xstate-events.js'
import type { MisfitReason } from './misfit.js'

/** A break without the name of its snapshot and without a remedy. */
export interface Finding {
  readonly reason: MisfitReason
  readonly path: string
  readonly what: string
}

/** Everything that keeps a snapshot from being restored as it was. */
export function* storedFindings(logic: AnyActorLogic, snapshot: PersistedProgram): Generator<Finding, void> {
  for (const { reason, path, message } of misfits(logic, snapshot)) yield { reason, path, what: message }
  yield* ofMachine(logic, snapshot, '')
}

function* ofMachine(logic: AnyActorLogic, snapshot: PersistedProgram, place: string): Generator<Finding, void> {
  if (!isProgramMachine(logic)) return
  yield* lostHistory(logic, (snapshot as { historyValue?: unknown }).historyValue, `${place}historyValue`)
  for (const [name, child] of Object.entries(snapshot.children ?? {})) {
    const at = `${place}children.${name}`
    yield* movedInvoke(logic, name, String(child.src), at)
    const inner = childLogic(logic, String(child.src))
    if (inner) yield* ofMachine(inner, child.snapshot, `${at}.snapshot.`)
  }
}

/** XState drops what it does not find of a history, with a warning at most. */
function* lostHistory(machine: ProgramMachine, stored: unknown, place: string): Generator<Finding, void> {
  const ids = new Set(nodeIds(machine.root))
  for (const [history, remembered] of Object.entries((stored ?? {}) as Record<string, readonly { readonly id: string }[]>)) {
    const lost = ids.has(history) ? remembered.map(({ id }) => id).filter((id) => !ids.has(id)) : [history]
    for (const id of lost)
      yield {
        reason: 'history_gone',
        path: `${place}.${history}`,
        what: `there is no state '${id}' any more, which its history names`,
      }
  }
}

/** An invoke with inline logic is stored by its place: another one there would be taken for it. */
function* movedInvoke(machine: ProgramMachine, name: string, src: string, place: string): Generator<Finding, void> {
  const inline = inlineSourceOf(src)
  if (actorsOf(machine)[src] || !inline) return
  const invoked = [...nodes(machine.root)].find((node) => node.id === inline.state)?.invoke[inline.index]
  if (invoked && invoked.id !== name)
    yield {
      reason: 'child_moved',
      path: `${place}.src`,
      what: `the inline invoke '${name}' would be restored as '${invoked.id}', which stands in its place now`,
    }
}

function* nodes(node: MachineNode): Generator<MachineNode, void> {
  yield node
  for (const child of Object.values(node.states)) yield* nodes(child)
}

const nodeIds = (root: MachineNode) => [...nodes(root)].map(({ id }) => id)
