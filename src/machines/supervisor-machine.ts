/**
 * The life of a runtime: start, run, drain, stop; all or nothing.
 *
 * Owns: what may be asked of it when. Streams are its children in the actor system.
 * Its effects are named and not implemented: the supervisor actor gives them (`actors/supervisor-actor.ts`).
 */
import { assign, fromCallback, setup, type AnyActorRef } from 'xstate'
import type { ErrorRecord } from '../errors.js'

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

/** A request by event: the answer goes to `replyTo`, with the same `requestId`. */
export interface RequestEvent {
  readonly replyTo?: AnyActorRef
  readonly requestId?: string
}

/** What a supervisor answers to. */
export type SupervisorEvent =
  | { readonly type: 'supervisor.started' }
  | { readonly type: 'supervisor.failed'; readonly error: ErrorRecord }
  | { readonly type: 'supervisor.drain' }
  | { readonly type: 'supervisor.stop' }
  | { readonly type: 'supervisor.stopped' }
  | { readonly type: `xstate.error.actor.${string}`; readonly error: unknown; readonly actorId: string }
  | { readonly type: `xstate.done.actor.${string}`; readonly output: unknown; readonly actorId: string }
  | ({
      readonly type: 'execution.trigger'
      readonly entryPoint: string
      readonly input?: unknown
      readonly options?: object
    } & RequestEvent)
  | ({ readonly type: 'execution.send'; readonly id: string; readonly event: { readonly type: string } } & RequestEvent)
  | ({ readonly type: 'execution.pause'; readonly id: string; readonly options?: object } & RequestEvent)
  | ({ readonly type: 'execution.resume'; readonly id: string; readonly options?: object } & RequestEvent)
  | ({ readonly type: 'execution.cancel'; readonly id: string; readonly options?: object } & RequestEvent)

const requests = {
  'execution.trigger': { actions: 'obey' },
  'execution.send': { actions: 'obey' },
  'execution.pause': { actions: 'obey' },
  'execution.resume': { actions: 'obey' },
  'execution.cancel': { actions: 'obey' },
} as const

/** The lifecycle of a supervisor, without its effects. */
export const supervisorChart = setup({
  types: {
    context: {} as SupervisorContext,
    events: {} as SupervisorEvent,
    input: {} as SupervisorInput,
    output: {} as { error?: ErrorRecord },
  },
  actors: {
    /** Ends with the supervisor, whoever stops it. */
    lifeline: fromCallback(() => () => undefined),
  },
  actions: {
    start: () => undefined,
    drain: () => undefined,
    stop: () => undefined,
    obey: () => undefined,
    restartStream: () => undefined,
    keepError: assign({
      error: ({ event, context }) => (event.type === 'supervisor.failed' ? event.error : context.error) as never,
    }),
  },
}).createMachine({
  id: 'supervisor',
  context: ({ input }) => ({
    entryPoints: input.entryPoints.map(({ id }) => id),
    store: `${input.store.name} ${input.store.location}`,
  }),
  initial: 'starting',
  invoke: { src: 'lifeline', id: 'lifeline' },
  on: {
    'xstate.error.actor.*': { actions: 'restartStream' },
    'xstate.done.actor.*': {},
  },
  output: ({ context }) => (context.error ? { error: context.error } : {}),
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
        ...requests,
        'supervisor.drain': 'draining',
        'supervisor.stop': 'stopping',
        'supervisor.failed': { target: 'stopping', actions: 'keepError' },
      },
    },
    draining: {
      entry: 'drain',
      on: { ...requests, 'supervisor.stop': 'stopping', 'supervisor.failed': { target: 'stopping', actions: 'keepError' } },
    },
    stopping: {
      entry: 'stop',
      on: {
        'supervisor.stopped': [{ guard: ({ context }) => context.error !== undefined, target: 'failed' }, { target: 'stopped' }],
      },
    },
    stopped: { type: 'final' },
    failed: { type: 'final' },
  },
})
