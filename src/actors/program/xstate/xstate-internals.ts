/**
 * The members of XState's actors and systems that its types hide.
 *
 * Owns: their names, and nothing else in this project says them outside of this folder. `test/actors/` holds each of
 * them as a test, under both of XState's builds, that fails when a new version changes it.
 */
import type { AnyActorLogic, AnyActorRef, AnyEventObject } from 'xstate'
import type { ProgramSystemHost } from '../program-output.js'

/** The scope that XState gives to an actor's logic. */
export interface ActorScope {
  actionExecutor(action: {
    type: string
    info: { event: AnyEventObject; context: unknown }
    params: unknown
    exec?: (info: unknown, params: unknown) => void
  }): void
  emit(event: AnyEventObject): void
  logger(...args: unknown[]): void
  /** Runs something once the transition has its snapshot, before anybody else sees it. */
  defer(run: () => void): void
  /** The actor's. */
  id: string
  readonly self: InnerActor
  readonly system: unknown
}

/** The key of an actor's place in its program; Stateward's own, on the ref. */
export const placeKey: unique symbol = Symbol('stateward.place')

/** What is noted of an actor of a program when it is made. */
export interface ActorPlace {
  /** Whose actor it is. */
  readonly program: object
  /** Ids from the root down, each escaped, joined by `/`; the root's is empty. Two living siblings of one id have the same. */
  readonly path: string
  /** The children that were made last under each id and have not ended. */
  children?: Map<string, InnerActor>
  /** Tells it from others of its path, once its parent has lost sight of it. */
  stray?: number
  /** True once it has ended, or is about to. */
  hasEnded: boolean
  /** True once its parent has stopped it, although it had ended. */
  isDropped?: boolean
}

/** Where an actor's notes are; Stateward's own, on the ref. */
export const hostedKey: unique symbol = Symbol('stateward.hosted')

/** The notes on one actor. */
export interface Hosted {
  /** Of its program. */
  readonly host: ProgramSystemHost
  /** How many of its custom actions are asked for and have not run. */
  actionsAhead: number
  /** True once one of its outputs has thrown: what it asked for after that one is not to happen. */
  hasFailed: boolean
  /** True once one of its outputs has thrown while the program was silenced: it fails when that goes on, and not before. */
  failsLater: boolean
  /** True once it has ended and whoever is above it knows. */
  isNotified: boolean
  /** Microsteps that it took for the event at hand. */
  microsteps: number
  /** Those that it started and that have not ended, whatever its snapshot says. */
  below: Set<InnerActor> | undefined
  /** Lets go what an actor that fails holds besides actors: a callback's cleanup, a step's slot. */
  letGo: (() => void) | undefined
}

/** The path of an actor: ids from the root down, each escaped, joined by `/`; the root's is empty. */
export const pathOf = (ref: InnerActor) => ref[placeKey]?.path ?? ''

/** True once an actor takes no events any more, whatever its snapshot says. */
export const isStopped = (ref: InnerActor) => ref._processingStatus === 2

/** The members of XState's `Actor` that its types hide. */
export interface InnerActor {
  /** Fixed once the actor has a state; until then it may be given another one. */
  id: string
  readonly sessionId: string
  logic: AnyActorLogic
  readonly options: { readonly id?: string; readonly snapshot?: unknown }
  readonly src: unknown
  readonly systemId?: string
  /** True if its parent is notified of each of its snapshots. */
  readonly _syncSnapshot?: boolean
  readonly _parent?: InnerActor
  /** Where it stands in its program; Stateward's own. */
  [placeKey]?: ActorPlace
  /** What its program keeps of it; Stateward's own. */
  [hostedKey]?: Hosted
  readonly _actorScope: ActorScope
  /** 0: not started; 1: running; 2: stopped, ended or failed. */
  readonly _processingStatus: number
  /** The event by which its parent hears of its end, once it has ended. */
  readonly _doneEvent: AnyEventObject | undefined
  _snapshot: { status: string; input?: unknown; context?: unknown; children?: Record<string, InnerActor> }
  on(type: string, listener: unknown): object
  subscribe(...listeners: unknown[]): object
  start(): void
  send(event: AnyEventObject): void
  getSnapshot(): { status: string; error?: unknown; output?: unknown }
  getPersistedSnapshot(options?: object): unknown
  _send(event: AnyEventObject): void
  _stop(): void
  /** Ends the actor without notifying anybody: its timers, queued messages and `systemId` are given up. */
  _stopProcedure(): void
  _error(error: unknown): void
}

/** An inspection event before its system has completed it. */
export interface SystemEvent {
  readonly type: string
  readonly actorRef: InnerActor
  readonly snapshot?: unknown
  /** Of a machine's microstep: what it answers to. */
  readonly event?: AnyEventObject
}

/** True for an inspection event of a microstep in which the machine takes a transition. */
export function takesTransition(event: object): boolean {
  return ((event as { readonly _transitions?: readonly unknown[] })._transitions ?? []).length > 0
}

/** True for an inspection event of a microstep in which the machine takes a transition that leads to a state. */
export function leads(event: object): boolean {
  const { _transitions: taken = [] } = event as { readonly _transitions?: readonly { readonly target?: unknown }[] }
  return taken.some(({ target }) => target !== undefined)
}

/** What XState calls on a system, its hidden members included. */
export interface InnerSystem {
  _sendInspectionEvent(event: object): void
}

/** Stops an actor that has a parent: what is done with it is no longer its own. */
export function stopActor(ref: AnyActorRef): void {
  ;(ref as unknown as InnerActor)._stop()
}

const deafParents = new WeakMap<object, AnyActorRef>()

/** A parent under which an inspector shows a child, and which the child's end is not sent to. */
export function deafParent(parent: AnyActorRef): AnyActorRef {
  let deaf = deafParents.get(parent)
  if (!deaf) {
    const ignored = { value: () => undefined }
    deafParents.set(parent, (deaf = Object.create(parent, { _send: ignored, ref: { value: parent } }) as AnyActorRef))
  }
  return deaf
}
