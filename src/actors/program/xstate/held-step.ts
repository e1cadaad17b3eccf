/**
 * Holds back the start of a step: a promise, callback or observable actor, or logic of the user's own that has a `start`.
 *
 * Owns: it starts once, when its host says so; events that are sent to it before that are kept for it; the end of its promise
 * is known whether or not its result is still wanted; and its cleanup runs however it ends. A machine wrapped in the
 * user's own logic is no step: its snapshot shows that it is a machine, and it starts like any machine.
 */
import type { AnyActorLogic, AnyEventObject } from 'xstate'
import type { StatewardError } from '../../../errors.js'
import { creatorOf, isMachineSnapshot } from './program-logic.js'
import type { ProgramSystemHost, StepEnd, StepOutput } from '../program-output.js'
import type { InnerActor } from './xstate-internals.js'
import { hosted } from './hosted-actor.js'
import { guardedStart, type Started } from './step-start.js'
import { stopEvent } from './xstate-events.js'

/** The parts of its program that a held step uses. */
export interface StepSurroundings {
  readonly host: ProgramSystemHost
  isMuted(): boolean
  /** Why the step at that path stops. */
  stopReason(path: string): StatewardError
  /** Fails an actor as XState would. */
  fail(ref: InnerActor, error: unknown): void
  /** Sends an actor an event from itself. */
  relay(ref: InnerActor, event: AnyEventObject): void
}

/** Replaces an actor's logic, before it has a state, by logic that waits for its host. */
export function holdStep(ref: InnerActor, path: string, program: StepSurroundings): void {
  const inner = ref.logic as AnyActorLogic & { config?: (args: object) => unknown }
  const isPromise = creatorOf(inner) === 'promise'
  const buffered: AnyEventObject[] = []
  let begun = false
  /** Set while the host may start the step within XState's own start, which then handles its errors. */
  let starting: { error?: { readonly thrown: unknown } } | undefined
  let controller: AbortController | undefined
  let started: Started | undefined
  const isActive = () => !program.isMuted() && ref.getSnapshot().status === 'active'

  const begin = (extras?: object) => {
    if (!isActive()) return
    begun = true
    attempt(() => {
      if (isPromise) beginPromise(extras)
      else {
        started = guardedStart(inner, {
          failed: (error) => (isActive() ? program.fail(ref, error) : program.host.failedAside(path, error)),
          failedAfterwards: (error) => program.host.failedAside(path, error),
        })
        started.start(ref._snapshot, ref._actorScope)
      }
    })
    for (const event of buffered.splice(0)) if (isActive()) ref._send(event)
  }
  const beginPromise = (extras?: object) => {
    controller = new AbortController()
    const scope = ref._actorScope
    const { self, emit } = scope
    const answer = (type: string) => (data: unknown) => {
      step.hasSettled = true
      try {
        if (isActive()) program.relay(ref, { type, data })
      } finally {
        // after its result, so that whoever waits for the last step finds it taken in
        program.host.stepGone(step)
      }
    }
    const given = { ...extras, input: ref._snapshot.input, system: scope.system, self, signal: controller.signal, emit }
    let running: unknown
    try {
      running = inner.config?.(given)
    } catch (error) {
      program.host.stepGone(step)
      throw error
    }
    Promise.resolve(running).then(answer('xstate.promise.resolve'), answer('xstate.promise.reject'))
  }
  const attempt = (run: () => void) => {
    try {
      run()
    } catch (thrown) {
      if (starting) starting.error = { thrown }
      else program.fail(ref, thrown)
    }
  }
  const step: StepOutput = {
    kind: 'step',
    actor: ref,
    path,
    name: nameOf(ref),
    restored: ref.options.snapshot !== undefined,
    ends: isPromise,
    hasSettled: false,
    logic: inner,
    isActive,
    run: begin,
    fail: (error) =>
      attempt(() => {
        throw error
      }),
  }
  const notes = hosted(ref)
  if (notes)
    notes.letGo = () => {
      program.host.stepLeft(step, { status: 'left' })
      started?.cleanUp()
    }

  const start = (snapshot: { status: string }, scope: never) => {
    if (isMachineSnapshot(snapshot)) return inner.start?.(snapshot as never, scope)
    if (snapshot.status !== 'active') return
    const asked: NonNullable<typeof starting> = (starting = {})
    program.host.output(step)
    starting = undefined
    if (asked.error) throw asked.error.thrown
  }
  const transition = (snapshot: { status: string }, event: AnyEventObject, scope: never) => {
    if (isMachineSnapshot(snapshot)) return inner.transition(snapshot, event, scope)
    const next = move(snapshot, event, scope)
    if (next.status !== 'active') program.host.stepLeft(step, endOf(next))
    return next
  }
  const move = (snapshot: { status: string }, event: AnyEventObject, scope: never): { status: string } => {
    if (event.type === stopEvent) {
      controller?.abort(program.stopReason(path))
      if (!begun) return { ...snapshot, status: 'stopped' }
    } else if (!begun && !isPromise) {
      buffered.push(event)
      return snapshot
    }
    return inner.transition(snapshot, event, scope)
  }
  ref.logic = Object.assign(Object.create(inner) as AnyActorLogic, {
    start,
    transition,
    // called on the logic itself: one that is an object of a class may have private members
    getInitialSnapshot: inner.getInitialSnapshot.bind(inner),
    getPersistedSnapshot: inner.getPersistedSnapshot.bind(inner),
    ...(inner.restoreSnapshot ? { restoreSnapshot: inner.restoreSnapshot.bind(inner) } : {}),
  })
}

function endOf({ status, error }: { readonly status: string; readonly error?: unknown }): StepEnd {
  if (status === 'error') return { status, error }
  return { status: status === 'done' ? 'done' : 'left' }
}

/** XState makes a name up for logic that has none. */
function nameOf({ src }: InnerActor): string | undefined {
  return typeof src === 'string' && !src.startsWith('xstate.') ? src : undefined
}
