/**
 * A machine whose steps have nothing of their own: they start, and end when they are told.
 *
 * Owns: which actors of a machine are steps of it. What is pure (`fromTransition`, a store) stays as it is.
 */
import { fromPromise, type AnyActorLogic, type AnyStateMachine } from 'xstate'
import type { MachineNode, ProgramMachine } from '../../actors/program/xstate/program-logic.js'
import { actorsOf, childLogic } from '../../actors/program/xstate/implementations.js'
import { isInlineSource } from '../../actors/program/xstate/xstate-events.js'

/** Any machine, as a host reads it and as XState takes it. */
export type Machine = AnyActorLogic & ProgramMachine

/** True for logic that does something outside of transitions, a child machine included: it is a step. */
export const isStep = (logic: AnyActorLogic | undefined): boolean => logic !== undefined && 'start' in logic

const stub = fromPromise(() => new Promise<never>(() => undefined))

const stepNames = (machine: Machine) =>
  Object.entries(actorsOf(machine)).flatMap(([name, logic]) => (isStep(logic) ? [name] : []))

/** The same machine with every named step replaced; those that are written inline can't be. */
export function stubbedMachine(machine: Machine): Machine {
  const actors = Object.fromEntries(stepNames(machine).map((name) => [name, stub]))
  return (machine as unknown as AnyStateMachine).provide({ actors }) as unknown as Machine
}

/** The names of all steps, as a test runtime knows them: of named ones their `src`, of inline ones the id of their invoke. */
export function stepsOf(machine: Machine): string[] {
  const inline = (node: MachineNode): string[] => [
    ...node.invoke.flatMap(({ id, src }) => {
      const isInline = typeof src === 'string' && isInlineSource(src) && isStep(childLogic(machine, src))
      return isInline ? [id] : []
    }),
    ...Object.values(node.states).flatMap(inline),
  ]
  return [...new Set([...stepNames(machine), ...inline(machine.root)])]
}
