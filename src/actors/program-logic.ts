/**
 * Tells the kinds of actor logic apart: machines, promises, and the rest.
 *
 * Owns: the questions that XState's public types leave open. `test/actors/program-logic.test.ts` holds the answers
 * for each of XState's creators, under both of its builds.
 */
import type { AnyActorLogic } from 'xstate'

/** The part of a state machine that a host reads. */
export interface ProgramMachine {
  readonly id: string
  readonly version?: string
  readonly config: Readonly<Record<string, unknown>>
  readonly options?: { readonly maxIterations?: number }
  readonly implementations: {
    readonly actions: Readonly<Record<string, unknown>>
    readonly actors: Readonly<Record<string, AnyActorLogic>>
  }
  readonly root: MachineNode
}

/** A state node, as far as its structure is concerned. */
export interface MachineNode {
  readonly id: string
  readonly type: string
  readonly path: readonly string[]
  readonly states: Readonly<Record<string, MachineNode>>
  readonly on: Readonly<Record<string, unknown>>
  readonly invoke: readonly { readonly id: string; readonly src: unknown }[]
}

/** True for a state machine, also one that a second copy of XState made. */
export function isProgramMachine(logic: AnyActorLogic): logic is AnyActorLogic & ProgramMachine {
  return 'getStateNodeById' in logic && 'implementations' in logic
}

const asked = new WeakMap<object, boolean>()
const probe = { status: 'active', output: undefined, error: undefined, input: undefined }

/** True for what `fromPromise` made: it alone takes a resolution for its end. Asked once per logic. */
export function isPromiseLogic(logic: AnyActorLogic & { config?: unknown }): boolean {
  let answer = asked.get(logic)
  if (answer === undefined) {
    answer = typeof logic.config === 'function' && 'start' in logic && takesResolution(logic)
    asked.set(logic, answer)
  }
  return answer
}

function takesResolution(logic: AnyActorLogic): boolean {
  try {
    const next = logic.transition(probe, { type: 'xstate.promise.resolve', data: probe }, { self: {} } as never) as {
      status: string
      output: unknown
    }
    return next.status === 'done' && next.output === probe
  } catch {
    // a callback's transition needs the actor that it runs for
    return false
  }
}
