/**
 * A machine's transitions without their effects, and what the machine asked for in them.
 *
 * Owns: the scope in which XState computes a transition for nobody. Each gets a system of its own, so that a `systemId` may
 * be used again. Runs no action, starts no actor, arms no timer; calls assignments, guards, delays and mappers, as XState
 * does. `test/actors/program/xstate/pure-transition.test.ts` holds what it knows of XState beyond its types.
 */
import {
  createEmptyActor,
  type ActorScope,
  type AnyActorRef,
  type AnyEventObject,
  type AnyMachineSnapshot,
  type AnyStateMachine,
} from 'xstate'
import type { SystemEvent } from './xstate-internals.js'
import { countMicrostep, namedError } from './microstep-limit.js'

/** What a machine asked for that will come back to it: an event later or at once, or not to get one any more. */
export type Asked =
  | { readonly kind: 'timer'; readonly id: string | undefined; readonly event: AnyEventObject; readonly delay: number }
  | { readonly kind: 'cancel'; readonly id: string }
  | { readonly kind: 'self'; readonly event: AnyEventObject }

/** A snapshot, and what was asked for on the way to it, oldest first. */
export interface PureTransition {
  readonly snapshot: AnyMachineSnapshot
  readonly asked: readonly Asked[]
}

/** Every actor that stood for a machine: a context may have kept one. */
const selves = new WeakSet<object>()

/** Enters the machine, in at most so many microsteps. What its context or its first actions throw is the `error` of the snapshot. */
export function pureInitial(machine: AnyStateMachine, input: unknown, most = Infinity): PureTransition {
  const asked: Asked[] = []
  const snapshot = machine.getInitialSnapshot(scopeFor(asked, most), input)
  if (snapshot.status !== 'error') return { snapshot, asked }
  return { snapshot: { ...snapshot, error: namedError(snapshot.error, { machine }) }, asked }
}

/** Takes one event, in at most so many microsteps. Throws what a guard, an assignment or a mapper throws. */
export function pureNext(
  machine: AnyStateMachine,
  from: AnyMachineSnapshot,
  event: AnyEventObject,
  most = Infinity,
): PureTransition {
  const asked: Asked[] = []
  try {
    return { snapshot: machine.transition(from, event, scopeFor(asked, most)) as AnyMachineSnapshot, asked }
  } catch (error) {
    throw namedError(error, { machine })
  }
}

function scopeFor(asked: Asked[], most: number): ActorScope<AnyMachineSnapshot, AnyEventObject> {
  const self: AnyActorRef = createEmptyActor()
  selves.add(self)
  const nothing = () => undefined
  const taken = { microsteps: 0 }
  const observe = ({ type, snapshot }: SystemEvent) => {
    if (type === '@xstate.microstep') countMicrostep(taken, snapshot as object, most)
  }
  return {
    self,
    id: self.id,
    sessionId: self.sessionId,
    system: Object.create(self.system, { _sendInspectionEvent: { value: observe } }) as typeof self.system,
    logger: nothing,
    defer: nothing,
    emit: nothing,
    stopChild: nothing,
    actionExecutor: ({ type, params }) => {
      const asking = askedBy(type, params as Params)
      if (asking) asked.push(asking)
    },
  }
}

interface Params {
  readonly id?: string
  readonly sendId?: string
  readonly to?: unknown
  readonly event: AnyEventObject
  readonly delay?: number
}

/** An immediate `raise` is not among them: the transition that asked for it has already taken it. */
function askedBy(type: string, params: Params): Asked | undefined {
  if (type === 'xstate.cancel') return { kind: 'cancel', id: String(params.sendId) }
  if (type !== 'xstate.raise' && !(type === 'xstate.sendTo' && isSelf(params.to))) return undefined
  const { id, event, delay } = params
  if (typeof delay === 'number') return { kind: 'timer', id, event, delay }
  return type === 'xstate.sendTo' ? { kind: 'self', event } : undefined
}

const isSelf = (to: unknown) => typeof to === 'object' && to !== null && selves.has(to)
