/**
 * The lifecycle of a runtime: start, run, drain, stop; all or nothing.
 *
 * Owns: which requests are allowed when. Streams are its children in the actor system.
 * Its effects are named and not implemented: the supervisor logic implements them (`runtime/supervisor-logic.ts`).
 */
import { assign, fromCallback, sendTo, setup, type AnyActorRef, type EventObject } from 'xstate'
import type { ErrorRecord } from '../errors.js'
import type { SupervisorRequest } from '../events/requests.js'

/** What the machine keeps; plain data. */
export interface SupervisorContext {
  readonly entryPoints: readonly string[]
  readonly store: string
  readonly error?: ErrorRecord
}

/** What the machine reads of its input; the rest is for its actor. */
export interface SupervisorInput {
  readonly entryPoints: readonly { readonly id: string }[]
  readonly store: { readonly name: string; readonly location: string }
}

/** The events of a supervisor. */
export type SupervisorEvent =
  | { readonly type: 'supervisor.started' }
  | { readonly type: 'supervisor.failed'; readonly error: ErrorRecord }
  | { readonly type: 'supervisor.drain' }
  /** `grace`: how long what is in flight may take to end, in ms; nothing more starts meanwhile. Default 0: it is aborted at once. */
  | { readonly type: 'supervisor.stop'; readonly grace?: number | undefined }
  | { readonly type: 'supervisor.stopped' }
  | { readonly type: 'supervisor.end' }
  /** Entry points were added or removed: these are there now. */
  | { readonly type: 'supervisor.entry_points'; readonly entryPoints: readonly string[] }
  | { readonly type: `xstate.error.actor.${string}`; readonly error: unknown; readonly actorId: string }
  | { readonly type: `xstate.done.actor.${string}`; readonly output: unknown; readonly actorId: string }
  | SupervisorRequest

/** The lifecycle of a supervisor, without its effects. `TInput` is what its actor is given. */
export const supervisorChart = <TInput extends SupervisorInput>() =>
  setup({
    types: {
      context: {} as SupervisorContext,
      events: {} as SupervisorEvent,
      input: {} as TInput,
    },
    actors: {
      /** Ends with the supervisor, whoever stops it. */
      lifeline: fromCallback<EventObject, AnyActorRef>(() => () => undefined),
    },
    actions: {
      start: () => undefined,
      drain: () => undefined,
      stop: () => undefined,
      handleRequest: () => undefined,
      restartStream: () => undefined,
      keepError: assign({
        error: ({ event, context }) => (event.type === 'supervisor.failed' ? event.error : context.error) as never,
      }),
      noteEntryPoints: assign({
        entryPoints: ({ event, context }) => (event.type === 'supervisor.entry_points' ? event.entryPoints : context.entryPoints),
      }),
      /** Ends the supervisor as an error, which whoever invoked it hears. */
      fail: ({ context }) => {
        throw context.error
      },
    },
  }).createMachine({
    id: 'supervisor',
    context: ({ input }) => ({
      entryPoints: input.entryPoints.map(({ id }) => id),
      store: `${input.store.name} ${input.store.location}`,
    }),
    initial: 'starting',
    invoke: { src: 'lifeline', id: 'lifeline', input: ({ self }) => self },
    on: {
      // in every state: a request that can't be carried out is refused, never ignored
      'execution.trigger': { actions: 'handleRequest' },
      'execution.send': { actions: 'handleRequest' },
      'execution.pause': { actions: 'handleRequest' },
      'execution.resume': { actions: 'handleRequest' },
      'execution.cancel': { actions: 'handleRequest' },
      'supervisor.add': { actions: 'handleRequest' },
      'supervisor.remove': { actions: 'handleRequest' },
      'supervisor.pause': { actions: 'handleRequest' },
      'supervisor.resume': { actions: 'handleRequest' },
      'supervisor.cancel': { actions: 'handleRequest' },
      'supervisor.send': { actions: 'handleRequest' },
      'supervisor.count': { actions: 'handleRequest' },
      'schedule.set': { actions: 'handleRequest' },
      'schedule.get': { actions: 'handleRequest' },
      'schedule.list': { actions: 'handleRequest' },
      'schedule.pause': { actions: 'handleRequest' },
      'schedule.resume': { actions: 'handleRequest' },
      'schedule.remove': { actions: 'handleRequest' },
      'schedule.fire': { actions: 'handleRequest' },
      'schedule.upcoming': { actions: 'handleRequest' },
      'supervisor.entry_points': { actions: 'noteEntryPoints' },
      'xstate.error.actor.*': { actions: 'restartStream' },
      'xstate.done.actor.*': {},
    },
    states: {
      starting: {
        entry: 'start',
        on: {
          'supervisor.started': 'running',
          'supervisor.failed': { target: 'failed', actions: 'keepError' },
          'supervisor.stop': 'stopping',
        },
      },
      running: {
        on: {
          'supervisor.drain': 'draining',
          'supervisor.stop': 'stopping',
          'supervisor.failed': { target: 'stopping', actions: 'keepError' },
        },
      },
      draining: {
        entry: 'drain',
        on: { 'supervisor.stop': 'stopping', 'supervisor.failed': { target: 'stopping', actions: 'keepError' } },
      },
      stopping: {
        entry: 'stop',
        on: {
          'supervisor.stopped': [
            { guard: ({ context }) => context.error !== undefined, target: 'failed' },
            { target: 'stopped' },
          ],
          'supervisor.failed': { target: 'failed', actions: 'keepError' },
        },
      },
      stopped: { type: 'final' },
      // a step of its own, so that an inspector sees the state before the actor ends as an error
      failed: { entry: sendTo(({ self }) => self, { type: 'supervisor.end' }), on: { 'supervisor.end': { actions: 'fail' } } },
    },
  })
