/**
 * Gives the execution machine its effects, and makes its ref in any state.
 *
 * Owns: the one provided machine that all executions share; and that effects run after the transition that asked for
 * them, because XState treats whatever is started inside an action as a part of that action.
 */
import { createActor, type Actor, type AnyActorRef } from 'xstate'
import type { ExecutionContext, ExecutionEvent } from '../../events/execution-events.js'
import type { ProgramMode } from '../../events/program-mode.js'
import { executionMachine, type CommitReason } from '../../machines/execution-machine.js'
import type { Lifecycle } from './stored-state.js'
import { deafParent } from '../program/xstate/xstate-internals.js'

/** The effects that the machine asks its host for. */
export interface ExecutionEffects {
  enter(as: CommitReason, context: ExecutionContext): void
  runProgram(): void
  compensate(): void
  readonly program: {
    setMode(mode: ProgramMode): void
    drop(): void
  }
}

/** The ref of an execution's lifecycle. */
export type ExecutionMachineRef = Actor<typeof executionMachine>

type Effect = (host: ExecutionEffects) => void

interface Bound {
  readonly host: ExecutionEffects
  readonly due: Effect[]
  applying: boolean
}

/** Kept on the ref itself: a WeakMap of all executions costs the garbage collector more than all of these calls. */
const key = Symbol('stateward.execution')
const boundTo = (self: object) => (self as { [key]: Bound })[key]
const effect =
  (run: Effect) =>
  ({ self }: { self: object }) =>
    void boundTo(self).due.push(run)

const providedMachine = executionMachine.provide({
  actions: {
    commit: ({ self, context }, as) => void boundTo(self).due.push((host) => host.enter(as, context)),
    runProgram: effect((host) => host.runProgram()),
    compensate: effect((host) => host.compensate()),
    setMode: ({ self }, mode) => void boundTo(self).due.push(({ program }) => program.setMode(mode)),
    dropProgram: effect(({ program }) => program.drop()),
  },
})

/** Restores a snapshot as it is, since it was resolved before. */
const hostedMachine = Object.create(providedMachine, {
  restoreSnapshot: { value: (snapshot: unknown) => snapshot },
}) as typeof providedMachine

type MachineSnapshot = ReturnType<typeof hostedMachine.resolveState>

/** Resolved snapshots by state value: to resolve one for each execution costs more than everything after it. */
const resolved = new Map<string, MachineSnapshot>()

/** A ref in the given state, not started; entry actions do not run. */
export function executionRef(
  id: string,
  { value, context }: Lifecycle,
  parent: AnyActorRef,
  host: ExecutionEffects,
): ExecutionMachineRef {
  const at = typeof value === 'string' ? value : JSON.stringify(value)
  let snapshot = resolved.get(at)
  if (!snapshot) resolved.set(at, (snapshot = hostedMachine.resolveState({ value: value, context })))
  // the stream hears of an end when it is durable, not when the machine reaches it
  const options = { id, snapshot: { ...snapshot, context }, parent: deafParent(parent) }
  const ref = createActor(hostedMachine, options as never)
  const bound: Bound = { host, due: [], applying: false }
  return Object.assign(ref, { [key]: bound })
}

/** Sends an event to a machine that has not ended, and carries out the effects that the machine asks for. */
export function tell(ref: ExecutionMachineRef, event: ExecutionEvent): void {
  if (ref.getSnapshot().status !== 'active') return
  ref.send(event)
  const bound = boundTo(ref)
  if (bound.applying) return
  bound.applying = true
  try {
    for (let next = bound.due.shift(); next; next = bound.due.shift()) next(bound.host)
  } finally {
    bound.applying = false
  }
}
