/**
 * The parts behind the ref of a supervisor.
 *
 * Owns: how they are made, and how they are found by the ref. Does not know: the machine, nor its requests.
 */
import type { AnyActorRef } from 'xstate'
import { StatewardError } from '../errors.js'
import { CommandRouter } from '../actors/commands/command-router.js'
import { SupervisorHost } from '../actors/supervisor/supervisor-host.js'
import type { SupervisorOptions } from '../actors/supervisor/supervisor-options.js'
import { Scheduler } from '../schedules/scheduler.js'

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
/** The parts on a ref or an input; undefined: it has none. */
export const partsAt = (holder: object): SupervisorParts | undefined => (holder as { [partsKey]?: SupervisorParts })[partsKey]

/** Puts the parts on a ref. */
export const setParts = (ref: AnyActorRef, parts: SupervisorParts) =>
  void Object.defineProperty(ref, partsKey, { value: parts, configurable: true })

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
