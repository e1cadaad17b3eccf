/**
 * Requests to a supervisor that come as events, and their answers.
 *
 * Owns: which call a request stands for, and what its answer says. What each call does, and what it refuses, is that call's own matter.
 */
import type { AnyActorRef } from 'xstate'
import { accept } from '../actors/commands/acceptance.js'
import { accepted } from '../actors/commands/accepted.js'
import { cancelCommand, pauseCommand, resume } from '../actors/commands/command.js'
import type { StreamDefinition } from '../actors/stream/stream-definition.js'
import { namedBy } from '../actors/supervisor/entry-point-set.js'
import { toErrorRecord, StatewardError } from '../errors.js'
import {
  checkCommand,
  checkRemove,
  checkScope,
  type ManyRequest,
  type RemoveTarget,
  type ScheduleRequest,
  type SupervisorReply,
  type SupervisorRequest,
} from '../events/requests.js'
import { checkTrigger } from '../events/trigger-check.js'
import { isWholeText } from '../ids.js'
import type { CommandScope } from './command-scope.js'
import { ownSource, RuntimeCalls } from './runtime-calls.js'
import { partsOf, type SupervisorParts } from './supervisor-parts.js'

type Reply = (answer: SupervisorReply) => void

/** True while an actor takes events. */
export const isActive = (ref: AnyActorRef) => (ref.getSnapshot() as { status: string }).status === 'active'

/** Carries out a request and answers it; one that comes while the streams are starting waits for them. */
export async function handleRequest(self: AnyActorRef, request: SupervisorRequest): Promise<void> {
  const parts = partsOf(self)
  const { supervisor } = parts
  const { replyTo, requestId } = request
  const reply: Reply = (answer) => {
    if (replyTo && isActive(replyTo)) replyTo.send(requestId === undefined ? answer : { ...answer, requestId })
  }
  try {
    await supervisor.start(self)
    await answerTo(parts, request, reply)
  } catch (error) {
    if (!replyTo) supervisor.settings.logger('a request failed', request.type, error)
    reply({ type: 'execution.refused', request: request.type, error: toErrorRecord(error) })
  }
}

async function answerTo(parts: SupervisorParts, request: SupervisorRequest, reply: Reply): Promise<void> {
  const { supervisor, router } = parts
  switch (request.type) {
    case 'execution.trigger': {
      supervisor.checkAccepting(request.entryPoint)
      const asked = checkTrigger(request.entryPoint, request.options)
      const { id, created, joined } = accepted(await accept(supervisor, request.entryPoint, { ...asked, input: request.input }))
      reply({ type: 'execution.accepted', id, created, ...(joined ? { joined } : {}) })
      return settled(parts, id, request, reply)
    }
    case 'supervisor.add': {
      const outcome = await supervisor.changes.add(request.entryPoints as readonly StreamDefinition[])
      return reply({ type: 'supervisor.added', outcome })
    }
    case 'supervisor.remove': {
      const { target, options = {} } = request
      const drain = checkRemove(target, options)
      return reply({ type: 'supervisor.removed', outcome: await supervisor.changes.remove(namedBy(target), drain) })
    }
    case 'execution.send': {
      const { id, event } = request
      checkWhole(id)
      return reply({ type: 'execution.answered', id, outcome: await router.send(id, event) })
    }
    case 'execution.pause':
    case 'execution.resume':
    case 'execution.cancel': {
      const { id, options = {} } = request
      checkWhole(id)
      checkCommand(request.type.slice('execution.'.length) as 'pause', id, request.options)
      const now = () => supervisor.settings.clock.now()
      const outcome =
        request.type === 'execution.resume'
          ? await resume(router, id, options, now)
          : await router.command(id, (request.type === 'execution.pause' ? pauseCommand : cancelCommand)(options, { at: now() }))
      return reply({ type: 'execution.answered', id, outcome })
    }
    case 'supervisor.count':
      return reply({ type: 'supervisor.counted', count: await callsOf(parts).count(request.where) })
    case 'supervisor.pause':
    case 'supervisor.resume':
    case 'supervisor.cancel':
    case 'supervisor.send':
      return reply({ type: 'supervisor.answered', request: request.type, outcome: await toMany(callsOf(parts), request) })
    default:
      return aboutSchedule(parts, request, reply)
  }
}

function toMany(calls: RuntimeCalls, request: Exclude<ManyRequest, { readonly type: 'supervisor.count' }>) {
  if (request.type === 'supervisor.send') return calls.send(request.to, request.event)
  const scope = scopeOf(calls, request.type, request.target)
  switch (request.type) {
    case 'supervisor.pause':
      return scope.pause(request.options)
    case 'supervisor.resume':
      return scope.resume(request.options)
    case 'supervisor.cancel':
      return scope.cancel(request.options)
  }
}

function scopeOf(calls: RuntimeCalls, type: string, target: RemoveTarget | undefined): CommandScope {
  if (target === undefined) return calls
  checkScope(`The request ${type}`, target)
  return typeof target === 'string' ? calls.stream(target) : calls.group(target.group)
}

async function aboutSchedule(parts: SupervisorParts, request: ScheduleRequest & { replyTo?: AnyActorRef }, reply: Reply) {
  const { schedules } = callsOf(parts)
  switch (request.type) {
    case 'schedule.set': {
      const outcome = await schedules.set(request.id, request.options)
      return reply({ type: 'schedule.answered', request: request.type, outcome })
    }
    case 'schedule.get':
      return reply({ type: 'schedule.answered', request: request.type, outcome: await schedules.get(request.id) })
    case 'schedule.list':
      return reply({ type: 'schedule.answered', request: request.type, outcome: await schedules.list(request.options) })
    case 'schedule.pause': {
      const outcome = await schedules.pause(request.id, request.options)
      return reply({ type: 'schedule.answered', request: request.type, outcome })
    }
    case 'schedule.resume': {
      const outcome = await schedules.resume(request.id, request.options)
      return reply({ type: 'schedule.answered', request: request.type, outcome })
    }
    case 'schedule.remove':
      return reply({ type: 'schedule.answered', request: request.type, outcome: await schedules.remove(request.id) })
    case 'schedule.upcoming': {
      const outcome = await schedules.upcoming(request.id, request.count)
      return reply({ type: 'schedule.answered', request: request.type, outcome })
    }
    case 'schedule.fire': {
      const fired = await schedules.fire(request.id, request.options)
      if (fired.status === 'not_found') return reply({ type: 'schedule.answered', request: request.type, outcome: fired })
      const { id } = fired.execution
      reply({ type: 'schedule.answered', request: request.type, outcome: { status: 'fired', id } })
      return settled(parts, id, request, reply)
    }
  }
}

/** Tells the end of an execution to who has started it. */
async function settled({ router }: SupervisorParts, id: string, { replyTo }: { replyTo?: AnyActorRef }, reply: Reply) {
  if (replyTo) reply({ type: 'execution.settled', id, outcome: await router.result(id) })
}

/** The calls of the runtime that these parts make. */
const callsOf = (parts: SupervisorParts) => new RuntimeCalls(ownSource(() => parts))

/** Refuses an id that some stores would confuse with another one. */
function checkWhole(id: unknown): void {
  if (typeof id !== 'string' || isWholeText(id)) return
  const shown = JSON.stringify(id)
  throw new StatewardError('invalid_id', `${shown} is no execution id.`, { details: { id: shown } })
}
