/**
 * Holds back the start of a step: a promise, callback or observable actor, or logic of the user's own that has a `start`.
 *
 * Owns: that it starts once, when its host says so; that what is sent to it before is kept for it; that a promise's end
 * is known whether or not anybody still wants its result.
 */
import type { AnyActorLogic, AnyEventObject } from 'xstate'
import { isPromiseLogic } from '../program-logic.js'
import type { ProgramSystemHost, StepOutput } from '../program-output.js'
import type { InnerActor } from './hidden-members.js'

/** What a held step needs of the program that it belongs to. */
export interface StepSurroundings {
  readonly host: ProgramSystemHost
  isMuted(): boolean
  /** Runs something, and fails the actor as XState would; `failed` is the step that has ended with it. */
  attempt(ref: InnerActor, run: () => void, failed?: StepOutput): void
  /** Sends an actor an event from itself. */
  relay(ref: InnerActor, event: AnyEventObject): void
}

/** Replaces an actor's logic, before it is started, by one that waits for its host. */
export function holdStep(ref: InnerActor, path: string, program: StepSurroundings): void {
  const inner = ref.logic as AnyActorLogic & { config?: (args: object) => unknown }
  const isPromise = isPromiseLogic(inner)
  const buffered: AnyEventObject[] = []
  let begun = false
  let controller: AbortController | undefined
  const isActive = () => !program.isMuted() && ref.getSnapshot().status === 'active'

  const begin = (extras?: object) => {
    if (!isActive()) return
    begun = true
    program.attempt(
      ref,
      () => {
        if (isPromise) beginPromise(extras)
        else inner.start?.(ref._snapshot, ref._actorScope as never)
      },
      step,
    )
    for (const event of buffered.splice(0)) if (isActive()) ref._send(event)
  }
  const beginPromise = (extras?: object) => {
    controller = new AbortController()
    const scope = ref._actorScope
    const { self, emit } = scope
    const answer = (type: string) => (data: unknown) => {
      if (isActive()) program.relay(ref, { type, data })
      // after its result, so that whoever waits for the last step finds it taken in
      program.host.stepGone(step)
    }
    const given = { ...extras, input: ref._snapshot.input, system: scope.system, self, signal: controller.signal, emit }
    Promise.resolve(inner.config?.(given)).then(answer('xstate.promise.resolve'), answer('xstate.promise.reject'))
  }
  const step: StepOutput = {
    kind: 'step',
    path,
    restored: ref.options.snapshot !== undefined,
    ends: isPromise,
    logic: inner,
    isActive,
    run: begin,
    fail: (error) =>
      program.attempt(
        ref,
        () => {
          throw error
        },
        step,
      ),
  }
  ref.logic = {
    ...inner,
    start: (snapshot: { status: string }) => {
      if (snapshot.status === 'active') program.host.output(step)
    },
    transition: (snapshot: { status: string }, event: AnyEventObject, scope: never) => {
      const next = move(snapshot, event, scope)
      if (next.status !== 'active') program.host.stepLeft(step)
      return next
    },
  } as unknown as AnyActorLogic

  function move(snapshot: { status: string }, event: AnyEventObject, scope: never): { status: string } {
    if (event.type === 'xstate.stop') {
      controller?.abort()
      if (!begun) return { ...snapshot, status: 'stopped' }
    } else if (!begun && !isPromise) {
      buffered.push(event)
      return snapshot
    }
    return inner.transition(snapshot, event, scope)
  }
}
