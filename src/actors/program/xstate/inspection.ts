/**
 * Inspection: programs stand under their executions in one tree, and an inspector's errors are its own.
 *
 * Owns: the guards around observers. Does not know: what is inspected.
 */
import type { AnyActorRef, AnyEventObject, InspectionEvent, Observer } from 'xstate'
import { pathOf, placeKey, type InnerActor, type InnerSystem } from './xstate-internals.js'

/** What XState takes for an inspector. */
export type Inspect = Observer<InspectionEvent> | ((event: InspectionEvent) => void)

/** The same observer, whose errors are logged: they are never those of whom it watches. */
export function guardedObserver(observer: Inspect, logger: (...args: unknown[]) => void): Observer<InspectionEvent> {
  const next = typeof observer === 'function' ? observer : (event: InspectionEvent) => observer.next?.(event)
  const failed = (error: unknown) => logger('an inspector has failed', error)
  return {
    next(event) {
      try {
        const answer = next(event) as unknown
        // an async one, which its type does not forbid
        if (answer instanceof Promise) answer.catch(failed)
      } catch (error) {
        failed(error)
      }
    },
  }
}

/** A parent whose children are inspected like its own, by observers whose errors are logged and never the children's. */
export function guardedParent(parent: AnyActorRef, logger: (...args: unknown[]) => void): AnyActorRef {
  const { system } = parent as unknown as { system: InnerSystem }
  const { next } = guardedObserver((event) => system._sendInspectionEvent(event), logger) as { next(event: object): void }
  const guarded = Object.create(system, {
    _sendInspectionEvent: { value: next },
    _relay: {
      value(sourceRef: InnerActor | undefined, target: InnerActor & { ref?: InnerActor }, event: AnyEventObject) {
        next({ type: '@xstate.event', sourceRef, actorRef: target.ref ?? target, event })
        target._send(event)
      },
    },
  }) as InnerSystem
  const above = parent as unknown as InnerActor
  const send = (event: AnyEventObject) => above.getSnapshot().status === 'active' && above._send(event)
  return Object.create(parent, { system: { value: guarded }, _send: { value: send }, ref: { value: parent } }) as AnyActorRef
}

/** Where an actor stands: in which execution's program, at which path. */
export interface Place {
  readonly execution: string
  readonly path: string
  readonly isRestored: boolean
}

/** The place of an inspected actor; undefined for actors of the runtime's own. */
export function placeOf(actorRef: unknown): Place | undefined {
  const ref = actorRef as InnerActor
  const place = ref[placeKey]
  if (!place) return undefined
  let root = ref
  while (pathOf(root) !== '' && root._parent) root = root._parent
  return { execution: root.id, path: place.path, isRestored: ref.options.snapshot !== undefined }
}
