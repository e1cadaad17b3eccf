/**
 * What a machine has under a name: the logic of its children and its actions, inline ones included.
 *
 * Owns: how XState names an inline invoke, and where a machine keeps its implementations.
 */
import type { AnyActorLogic, AnyActorRef } from 'xstate'
import { isMachineSnapshot, machineIn, type ProgramMachine } from './program-logic.js'

/** The logic behind a `src` name, an inline invoke's included. */
export function childLogic(machine: ProgramMachine, src: string): AnyActorLogic | undefined {
  const named = machine.implementations.actors[src]
  if (named) return named
  const inline = /^xstate\.invoke\.(\d+)\.(.*)$/.exec(src)
  if (!inline) return undefined
  const node = nodeById(machine.root, inline[2] as string)
  const invoked = (node as { config?: { invoke?: unknown } } | undefined)?.config?.invoke
  const entry = (Array.isArray(invoked) ? invoked[Number(inline[1])] : invoked) as { src?: unknown } | undefined
  return typeof entry?.src === 'object' ? (entry.src as AnyActorLogic) : undefined
}

function nodeById(node: ProgramMachine['root'], id: string): ProgramMachine['root'] | undefined {
  if (node.id === id) return node
  for (const child of Object.values(node.states)) {
    const found = nodeById(child, id)
    if (found) return found
  }
  return undefined
}

type ActionFunction = (info: object, params: unknown) => unknown

/** Stands for an action of a machine that can't be seen: logic of the user's own is around it. */
export const hidden = Symbol('hidden')

/** The action that a machine has along a chain of `src` names; undefined: that machine, or one on the way, has no such thing any more. */
export function actionAt(logic: AnyActorLogic, via: readonly string[], name: string): ActionFunction | typeof hidden | undefined {
  let at = logic
  for (const src of via) {
    const machine = machineIn(at)
    if (!machine) return hidden
    const child = childLogic(machine, src)
    if (!child) return undefined
    at = child
  }
  const machine = machineIn(at)
  return machine ? (machine.implementations.actions[name] as ActionFunction | undefined) : hidden
}

/** The action that the machine of a live actor has, whatever logic is around it. */
export function actionOf(actor: AnyActorRef | undefined, name: string): ActionFunction | undefined {
  const snapshot = actor?.getSnapshot() as object | undefined
  if (!snapshot || !isMachineSnapshot(snapshot)) return undefined
  return snapshot.machine.implementations.actions[name] as ActionFunction | undefined
}
