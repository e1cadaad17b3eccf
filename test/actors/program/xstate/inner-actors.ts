/** XState's actors, seen as the program system sees them. Owns: the look behind XState's types, for tests. */
import { createActor, type AnyActorLogic, type AnyActorRef } from 'xstate'
import type { InnerActor } from '../../../../src/actors/program/xstate/xstate-internals.js'

/** An actor with the members that XState's types hide. */
export const inner = (ref: unknown) => ref as InnerActor

/** A message that XState passed on through a system. */
export interface Relayed {
  readonly source: unknown
  readonly target: unknown
  readonly type: string
}

/** An actor of XState's own making, not started; `born` sees each actor of its system before it has a state. */
export function actorOf(logic: AnyActorLogic, born: (ref: InnerActor) => void = () => undefined, options: object = {}) {
  return createActor(logic, {
    ...options,
    inspect: (event: { type: string; actorRef: unknown }) => {
      if (event.type === '@xstate.actor') born(inner(event.actorRef))
    },
  } as never) as unknown as InnerActor
}

/** Writes down each message that is relayed in an actor's system, and passes it on. */
export function relayedIn(ref: InnerActor): Relayed[] {
  const relayed: Relayed[] = []
  const system = (ref as unknown as AnyActorRef).system as unknown as {
    _relay(source: unknown, target: unknown, event: { type: string }): void
  }
  const relay = system._relay
  system._relay = (source, target, event) => {
    relayed.push({ source, target, type: event.type })
    relay(source, target, event)
  }
  return relayed
}
