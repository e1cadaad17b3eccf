/**
 * What a machine has under a name: the logic of its children and its actions, inline ones included.
 *
 * Owns: how XState names an inline invoke, and where a machine keeps its implementations.
 */
import type { AnyActorLogic, AnyActorRef } from 'xstate'
import { inlineSourceOf } from './xstate-events.js'
import { isMachineSnapshot, machineIn, type ProgramMachine } from './program-logic.js'

/** The logic that a machine has under its names. */
export const actorsOf = (machine: ProgramMachine): Readonly<Record<string, AnyActorLogic>> => machine.implementations.actors

/** The actions that a machine has under its names. */
export const actionsOf = (machine: ProgramMachine): Readonly<Record<string, unknown>> => machine.implementations.actions

/** What `fromPromise`, `fromCallback` and `fromObservable` were given; undefined for other logic. */
export function creatorOf(logic: object): ((...args: never[]) => unknown) | undefined {
  const { config } = logic as { config?: unknown }
  return typeof config === 'function' ? (config as (...args: never[]) => unknown) : undefined
}

/** The same logic as `logic`, whatever its user has put around it included, that begins as `made` does. */
export function withCreatorOf<T extends object>(logic: T, made: object): T {
  const { config, start = () => undefined } = made as { config?: unknown; start?: unknown }
  return Object.assign(Object.create(logic) as T, { config, start })
}

/** The logic behind a `src` name, an inline invoke's included. */
export function childLogic(machine: ProgramMachine, src: string): AnyActorLogic | undefined {
  const named = actorsOf(machine)[src]
  if (named) return named
  const inline = inlineSourceOf(src)
  if (!inline) return undefined
  const node = nodeById(machine.root, inline.state)
  const invoked = (node as { config?: { invoke?: unknown } } | undefined)?.config?.invoke
  const entry = (Array.isArray(invoked) ? invoked[inline.index] : invoked) as { src?: unknown } | undefined
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
  return machine ? (actionsOf(machine)[name] as ActionFunction | undefined) : hidden
}

/** The action that the machine of a live actor has, whatever logic is around it. */
export function actionOf(actor: AnyActorRef | undefined, name: string): ActionFunction | undefined {
  const snapshot = actor?.getSnapshot() as object | undefined
  if (!snapshot || !isMachineSnapshot(snapshot)) return undefined
  return actionsOf(snapshot.machine)[name] as ActionFunction | undefined
}
