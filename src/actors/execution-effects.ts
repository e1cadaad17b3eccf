/** Gives the execution machine its effects, and starts it in any state. Owns the one provided machine that all executions share. */
import { createActor, type Actor, type AnyActorRef } from 'xstate'
import type { ExecutionContext } from '../events/execution-events.js'
import { executionMachine, type CommitReason } from '../machines/execution-machine.js'
import type { Lifecycle } from './execution-state.js'
import { deafParent } from './program-system.js'

/** What the machine asks of the actor that hosts it. */
export interface ExecutionEffects {
  enter(as: CommitReason, context: ExecutionContext): void
  runProgram(): void
  startSteps(): void
  holdProgram(): void
  quietProgram(): void
  stopProgram(): void
  dropProgram(): void
  compensate(): void
}

/** The ref of an execution's lifecycle. */
export type ExecutionMachineRef = Actor<typeof executionMachine>

/** On the ref itself: a WeakMap of all executions costs the garbage collector more than all of these calls. */
const host = Symbol('stateward.execution')
const of = (self: object) => (self as { [host]: ExecutionEffects })[host]

const providedMachine = executionMachine.provide({
  actions: {
    commit: ({ self, context }, as) => of(self).enter(as, context),
    runProgram: ({ self }) => of(self).runProgram(),
    startSteps: ({ self }) => of(self).startSteps(),
    holdProgram: ({ self }) => of(self).holdProgram(),
    quietProgram: ({ self }) => of(self).quietProgram(),
    stopProgram: ({ self }) => of(self).stopProgram(),
    dropProgram: ({ self }) => of(self).dropProgram(),
    compensate: ({ self }) => of(self).compensate(),
  },
})

/** Takes a snapshot that was resolved already as it is. */
const hostedMachine = Object.create(providedMachine, {
  restoreSnapshot: { value: (snapshot: unknown) => snapshot },
}) as typeof providedMachine

type MachineSnapshot = ReturnType<typeof hostedMachine.resolveState>

/** Snapshots by state value: resolving one anew for each execution costs more than all that follows. */
const resolved = new Map<string, MachineSnapshot>()

/** A ref that stands in the given state, not started; its entry actions do not run. */
export function executionRef(
  id: string,
  value: Lifecycle['value'],
  context: ExecutionContext,
  parent: AnyActorRef,
): ExecutionMachineRef {
  const key = typeof value === 'string' ? value : JSON.stringify(value)
  let snapshot = resolved.get(key)
  if (!snapshot) resolved.set(key, (snapshot = hostedMachine.resolveState({ value: value as never, context })))
  // the stream is told of an end when it is durable, not when the machine comes to it
  const options = { id, snapshot: { ...snapshot, context }, parent: deafParent(parent) }
  return createActor(hostedMachine, options as never)
}

/** From now on the machine's effects are these. */
export function bindEffects(ref: ExecutionMachineRef, effects: ExecutionEffects): void {
  Object.assign(ref, { [host]: effects })
}
