/**
 * The supervisor as XState logic: start it with `createActor`, or spawn it in a machine of your own.
 *
 * Owns: giving the supervisor machine its effects, and the answers to requests that come as events.
 */
import { accept } from '../actors/commands/acceptance.js'
import type { AnyActorRef } from 'xstate'
import { fromCallback } from 'xstate'
import { toErrorRecord, StatewardError } from '../errors.js'
import { checkCommand, checkRemove, type SupervisorReply, type SupervisorRequest } from '../events/requests.js'
import { supervisorChart, type SupervisorEvent } from '../machines/supervisor-machine.js'
import { cancelCommand, pauseCommand, resume } from '../actors/commands/command.js'
import { CommandRouter } from '../actors/commands/command-router.js'
import type { StreamDefinition } from '../actors/stream/stream-definition.js'
import { namedBy } from '../actors/supervisor/entry-point-set.js'
import { Scheduler } from '../schedules/scheduler.js'
import { SupervisorHost } from '../actors/supervisor/supervisor-host.js'
import type { SupervisorOptions } from '../actors/supervisor/supervisor-options.js'
import { isWholeText } from '../ids.js'
import { accepted } from '../actors/commands/accepted.js'
import { checkTrigger } from '../events/trigger-check.js'
import { failedActorOf } from '../actors/program/xstate/xstate-events.js'

/** The parts behind the ref of a supervisor. */
export interface SupervisorParts {
  readonly supervisor: SupervisorHost
  readonly router: CommandRouter
  readonly scheduler: Scheduler
  /** The error of its work, as it was thrown: the machine has only the record of it. */
  failure: unknown
}

/** The parts of each ref, on the ref itself, and on the input that stands for them: every copy of the package in the process finds them. */
const partsKey = Symbol.for('stateward.supervisor')
const partsAt = (holder: object): SupervisorParts | undefined => (holder as { [partsKey]?: SupervisorParts })[partsKey]

/** Makes the parts of one supervisor, which does nothing yet. Throws on bad options. */
export function makeParts(options: SupervisorOptions): SupervisorParts {
  const supervisor = new SupervisorHost(options)
  const scheduler = new Scheduler(supervisor)
  supervisor.services.push(scheduler)
  return { supervisor, router: new CommandRouter(supervisor), scheduler, failure: undefined }
}

/**
 * Parts that are there before their actor starts, and the input that stands for them; an inspector sees no more of
 * that than its ids, neither secrets nor stores. Throws on bad options.
 */
export function preparedInput(options: SupervisorOptions): { parts: SupervisorParts; input: SupervisorOptions } {
  const parts = makeParts(options)
  const { id, entryPoints } = parts.supervisor.settings
  const { name, location } = options.store
  const shown = { id, entryPoints: entryPoints.ids, store: { name, location } }
  const input = { ...options, toJSON: () => shown }
  Object.defineProperty(input, partsKey, { value: parts })
  return { parts, input }
}

/** The parts of a running supervisor actor. Throws `not_started` for any other ref. */
export function partsOf(ref: AnyActorRef): SupervisorParts {
  const parts = partsAt(ref)
  if (!parts)
    throw new StatewardError('not_started', `Actor ${ref.id} is no supervisor that was started.`, { details: { id: ref.id } })
  return parts
}

type Self = AnyActorRef

function boot(self: Self, options: SupervisorOptions): void {
  const parts = partsAt(options) ?? makeParts(options)
  Object.defineProperty(self, partsKey, { value: parts, configurable: true })
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

const isActive = (ref: AnyActorRef) => (ref.getSnapshot() as { status: string }).status === 'active'

/** Carries out a request event and answers it; one that comes while the streams are starting waits for them. */
async function handleRequest(self: Self, request: SupervisorRequest): Promise<void> {
  const { supervisor, router } = partsOf(self)
  const { replyTo, requestId } = request
  const reply = (answer: SupervisorReply) => {
    if (replyTo && isActive(replyTo)) replyTo.send(requestId === undefined ? answer : { ...answer, requestId })
  }
  try {
    await supervisor.start(self)
    if (request.type === 'execution.trigger') {
      supervisor.checkAccepting(request.entryPoint)
      const asked = checkTrigger(request.entryPoint, request.options)
      const { id, created, joined } = accepted(await accept(supervisor, request.entryPoint, { ...asked, input: request.input }))
      reply({ type: 'execution.accepted', id, created, ...(joined ? { joined } : {}) })
      if (replyTo) reply({ type: 'execution.settled', id, outcome: await router.result(id) })
      return
    }
    if (request.type === 'supervisor.add') {
      const outcome = await supervisor.changes.add(request.entryPoints as readonly StreamDefinition[])
      return reply({ type: 'supervisor.added', outcome })
    }
    if (request.type === 'supervisor.remove') {
      const { target, options = {} } = request
      const drain = checkRemove(target, options)
      const outcome = await supervisor.changes.remove(namedBy(target), drain)
      return reply({ type: 'supervisor.removed', outcome })
    }
    const { id } = request
    checkWhole(id)
    if (request.type === 'execution.pause' || request.type === 'execution.resume' || request.type === 'execution.cancel')
      checkCommand(request.type.slice('execution.'.length) as 'pause', id, request.options)
    if (request.type === 'execution.send')
      return reply({ type: 'execution.answered', id, outcome: await router.send(id, request.event) })
    const { options = {} } = request
    const now = () => supervisor.settings.clock.now()
    const outcome =
      request.type === 'execution.resume'
        ? await resume(router, id, options, now)
        : await router.command(id, (request.type === 'execution.pause' ? pauseCommand : cancelCommand)(options, { at: now() }))
    reply({ type: 'execution.answered', id, outcome })
  } catch (error) {
    if (!replyTo) supervisor.settings.logger('a request failed', request.type, error)
    reply({ type: 'execution.refused', request: request.type, error: toErrorRecord(error) })
  }
}

/** Refuses an id that some stores would confuse with another one. */
function checkWhole(id: unknown): void {
  if (typeof id !== 'string' || isWholeText(id)) return
  const shown = JSON.stringify(id)
  throw new StatewardError('invalid_id', `${shown} is no execution id.`, { details: { id: shown } })
}

/**
 * The runtime as actor logic. Its input is `{ store, entryPoints, … }` (`SupervisorOptions`).
 *
 * Answers the events `execution.trigger`, `.send`, `.pause`, `.resume` and `.cancel`, and `supervisor.add` and `.remove`: with a `replyTo`
 * it sends back `execution.accepted`, `.settled`, `.answered` or `.refused`, and `supervisor.added` or `.removed`, with the same `requestId`. `runtimeOf(ref)` gives the calls.
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
