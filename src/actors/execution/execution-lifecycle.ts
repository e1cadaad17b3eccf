/**
 * Gives the execution machine its effects, and starts it in any state.
 *
 * Owns: the one provided machine that all executions share, and that effects run after the transition that asked for
 * them: XState takes whatever is started inside an action for a part of that action.
 */
import { createActor, type Actor, type AnyActorRef } from 'xstate'
import type { ExecutionContext, ExecutionEvent } from '../../events/execution-events.js'
import type { ProgramMode } from '../../events/program-mode.js'
import { executionMachine, type CommitReason } from '../../machines/execution-machine.js'
import type { Lifecycle } from './stored-state.js'
import { deafParent } from '../program/xstate/xstate-internals.js'

/** What the machine asks of the actor that hosts it. */
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

/** On the ref itself: a WeakMap of all executions costs the garbage collector more than all of these calls. */
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
  { value, context }: Lifecycle,
  parent: AnyActorRef,
  host: ExecutionEffects,
): ExecutionMachineRef {
  const at = typeof value === 'string' ? value : JSON.stringify(value)
  let snapshot = resolved.get(at)
  if (!snapshot) resolved.set(at, (snapshot = hostedMachine.resolveState({ value: value, context })))
  // the stream is told of an end when it is durable, not when the machine comes to it
  const options = { id, snapshot: { ...snapshot, context }, parent: deafParent(parent) }
  const ref = createActor(hostedMachine, options as never)
  const bound: Bound = { host, due: [], applying: false }
  return Object.assign(ref, { [key]: bound })
}

/** Sends an event and carries out what the machine asks for; one that has ended is told nothing. */
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
