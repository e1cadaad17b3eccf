/**
 * The supervisor as XState logic: start it with `createActor`, or spawn it in a machine of your own.
 *
 * Owns: giving the supervisor machine its effects. The answers to requests that come as events are those of `requests-by-event.ts`.
 */
import type { AnyActorRef } from 'xstate'
import { fromCallback } from 'xstate'
import { failedActorOf } from '../actors/program/xstate/xstate-events.js'
import type { SupervisorOptions } from '../actors/supervisor/supervisor-options.js'
import { toErrorRecord } from '../errors.js'
import type { SupervisorRequest } from '../events/requests.js'
import { supervisorChart, type SupervisorEvent } from '../machines/supervisor-machine.js'
import { handleRequest, isActive } from './requests-by-event.js'
import { makeParts, partsAt, partsOf, setParts } from './supervisor-parts.js'

type Self = AnyActorRef

function boot(self: Self, options: SupervisorOptions): void {
  const parts = partsAt(options) ?? makeParts(options)
  setParts(self, parts)
  report(self, parts.supervisor.start(self), { type: 'supervisor.started' })
}

/** Tells the machine how a piece of its work ended, unless it was stopped in the meantime. */
function report(self: Self, work: Promise<unknown>, done: SupervisorEvent): void {
  const tell = (event: SupervisorEvent) => isActive(self) && self.send(event)
  work.then(
    () => tell(done),
    (error: unknown) => {
      partsOf(self).failure = error
      tell({ type: 'supervisor.failed', error: toErrorRecord(error) })
    },
  )
}

/**
 * The runtime as actor logic. Its input is `{ store, entryPoints, … }` (`SupervisorOptions`).
 *
 * Answers requests that come as events (`SupervisorRequest`): `execution.trigger`, `.send`, `.pause`, …, those to many such as
 * `supervisor.cancel`, and those about schedules such as `schedule.set`. With a `replyTo` it sends the answer back (`SupervisorReply`), with
 * the same `requestId`. `runtimeOf(ref)` gives the calls.
 * When it is stopped, or the machine that spawned it is, its executions are given back to the store. If it can't start,
 * or its streams fail too often, it ends as an error, like any actor that throws: `onError` of an `invoke` gets it.
 *
 * @example
 * ```ts
 * const app = setup({ actors: { stateward: supervisorMachine } }).createMachine({
 *   invoke: { src: 'stateward', systemId: 'stateward', input: { store: sqliteStore('app.db'), entryPoints: [tickets] } },
 * })
 * ```
 */
export const supervisorMachine = supervisorChart<SupervisorOptions>().provide({
  actors: {
    lifeline: fromCallback(({ input: supervisor }: { input: AnyActorRef }) => {
      return () => {
        const parts = partsAt(supervisor)
        parts?.supervisor.stop().catch((error: unknown) => parts.supervisor.settings.logger('stopping failed', error))
      }
    }),
  },
  actions: {
    start: ({ self, event }) => boot(self as Self, (event as unknown as { input: SupervisorOptions }).input),
    drain: ({ self }) => void partsOf(self as Self).supervisor.drain(),
    stop: ({ self, event }) => {
      const grace = event.type === 'supervisor.stop' ? event.grace : undefined
      report(self as Self, partsOf(self as Self).supervisor.stop(grace), { type: 'supervisor.stopped' })
    },
    handleRequest: ({ self, event }) => void handleRequest(self as Self, event as SupervisorRequest),
    fail: ({ self, context }) => {
      const parts = partsOf(self as Self)
      throw parts.failure ?? parts.supervisor.failure ?? context.error
    },
    restartStream: ({ self, event }) => {
      const id = failedActorOf(event.type)
      if (id === undefined || !('error' in event)) return
      const { supervisor } = partsOf(self as Self)
      supervisor
        .streamFailed(id, event.error)
        .catch((error: unknown) => (self as Self).send({ type: 'supervisor.failed', error: toErrorRecord(error) }))
    },
  },
})
