/**
 * The supervisor as XState logic: start it with `createActor`, or spawn it in a machine of your own.
 *
 * Owns: giving the supervisor machine its effects, and the answers to requests that come as events.
 */
import type { AnyActorRef } from 'xstate'
import { fromCallback } from 'xstate'
import { toErrorRecord, StatewardError } from '../errors.js'
import type { Intervention } from '../events/execution-events.js'
import { supervisorChart, type RequestEvent, type SupervisorEvent } from '../machines/supervisor-machine.js'
import { CommandRouter } from './command-router.js'
import { SupervisorActor } from './supervisor-actor.js'
import type { SupervisorOptions } from './supervisor-options.js'

/** What stands behind a supervisor's ref. */
export interface SupervisorParts {
  readonly supervisor: SupervisorActor
  readonly router: CommandRouter
}

const byOptions = new WeakMap<object, SupervisorParts>()
const byRef = new WeakMap<object, SupervisorParts>()

/** The parts made from these options; the same for the same object. Throws on bad options. */
export function supervisorParts(options: SupervisorOptions): SupervisorParts {
  let parts = byOptions.get(options)
  if (!parts) {
    const supervisor = new SupervisorActor(options)
    byOptions.set(options, (parts = { supervisor, router: new CommandRouter(supervisor) }))
  }
  return parts
}

/** The parts of a running supervisor actor. Throws `not_started` for any other ref. */
export function partsOf(ref: AnyActorRef): SupervisorParts {
  const parts = byRef.get(ref)
  if (!parts)
    throw new StatewardError('not_started', `Actor ${ref.id} is no supervisor that was started.`, { details: { id: ref.id } })
  return parts
}

type Self = AnyActorRef

function boot(self: Self, options: SupervisorOptions): void {
  const parts = supervisorParts(options)
  byRef.set(self, parts)
  parts.supervisor.start(self).then(
    () => self.send({ type: 'supervisor.started' }),
    (error: unknown) => self.send({ type: 'supervisor.failed', error: toErrorRecord(error) }),
  )
}

function told(self: Self, work: Promise<unknown>, done: SupervisorEvent): void {
  work.then(
    () => self.send(done),
    (error: unknown) => self.send({ type: 'supervisor.failed', error: toErrorRecord(error) }),
  )
}

/** Carries out a request event and answers it. */
async function obey(self: Self, event: SupervisorEvent): Promise<void> {
  const { supervisor, router } = partsOf(self)
  const { replyTo, requestId } = event as RequestEvent
  const reply = (answer: { readonly type: string; readonly [key: string]: unknown }) => replyTo?.send({ ...answer, requestId })
  try {
    switch (event.type) {
      case 'execution.trigger': {
        const stream = supervisor.streamFor(event.entryPoint, true)
        const { id } = await stream.admit({ ...event.options, input: event.input })
        reply({ type: 'execution.accepted', id })
        if (replyTo) reply({ type: 'execution.settled', id, outcome: await router.result(id) })
        return
      }
      case 'execution.send':
        return void reply({ type: 'execution.answered', id: event.id, outcome: await router.send(event.id, event.event) })
      case 'execution.pause':
      case 'execution.resume':
      case 'execution.cancel':
        return void reply({
          type: 'execution.answered',
          id: event.id,
          outcome: await router.command(event.id, command(event, supervisor.settings.clock.now())),
        })
      default:
        return
    }
  } catch (error) {
    if (!replyTo) supervisor.settings.logger('a request failed', event.type, error)
    reply({ type: 'execution.refused', request: event.type, error: toErrorRecord(error) })
  }
}

function command(event: { type: string; options?: object }, at: number) {
  const {
    mode = 'boundary',
    retry = false,
    wait,
    ...rest
  } = (event.options ?? {}) as { mode?: 'boundary' | 'now'; retry?: boolean; wait?: number } & Partial<Intervention>
  const intervention: Intervention = { ...rest, at }
  const within = wait === undefined ? {} : { wait }
  if (event.type === 'execution.pause') return { type: 'pause', mode, intervention, ...within } as const
  if (event.type === 'execution.resume') return { type: 'resume', intervention, retry } as const
  return { type: 'cancel', intervention, ...within } as const
}

/**
 * The runtime as actor logic. Its input is `{ store, entryPoints, … }` (`SupervisorOptions`).
 *
 * Answers the events `execution.trigger`, `.send`, `.pause`, `.resume` and `.cancel`: with a `replyTo` it sends back
 * `execution.accepted`, `.settled`, `.answered` or `.refused`, with the same `requestId`. `runtimeOf(ref)` gives the calls.
 * When it is stopped, or the machine that spawned it is, its executions are given back to the store.
 *
 * @example
 * ```ts
 * const app = setup({ actors: { stateward: supervisorMachine } }).createMachine({
 *   invoke: { src: 'stateward', systemId: 'stateward', input: { store: sqliteStore('app.db'), entryPoints: [tickets] } },
 * })
 * ```
 */
export const supervisorMachine = supervisorChart.provide({
  actors: {
    lifeline: fromCallback(({ self }) => {
      const supervisor = (self as unknown as { _parent?: Self })._parent
      return () => {
        const parts = supervisor && byRef.get(supervisor)
        parts?.supervisor.stop().catch((error: unknown) => parts.supervisor.settings.logger('stopping failed', error))
      }
    }),
  },
  actions: {
    start: ({ self, event }) => boot(self as Self, (event as unknown as { input: SupervisorOptions }).input),
    drain: ({ self }) => void partsOf(self as Self).supervisor.drain(),
    stop: ({ self }) => told(self as Self, partsOf(self as Self).supervisor.stop(), { type: 'supervisor.stopped' }),
    obey: ({ self, event }) => void obey(self as Self, event),
    restartStream: ({ self, event }) => {
      if (!('error' in event) || !event.type.startsWith('xstate.error.actor.')) return
      const id = event.type.slice('xstate.error.actor.'.length)
      const { supervisor } = partsOf(self as Self)
      supervisor
        .streamFailed(id, event.error)
        .catch((error: unknown) => (self as Self).send({ type: 'supervisor.failed', error: toErrorRecord(error) }))
    },
  },
})
