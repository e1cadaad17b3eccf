/** Checks events that are sent to a program from outside. Owns the refusal of XState's own events, with which a sender could forge a step's result. */
import type { AnyEventObject } from 'xstate'
import { StatewardError } from '../../errors.js'
import { isXStateEvent } from '../program/xstate/xstate-events.js'

/** A checked event: as it is stored, and as the program gets it. */
export interface SentEvent {
  readonly payload: string
  readonly event: AnyEventObject
}

/** Throws `invalid_event` unless the event may be sent to that execution; without an `id`, to many. */
export function refuseInvalid(id: string | undefined, event: unknown): void {
  let type: unknown
  let cause: unknown
  try {
    type = (event as { type?: unknown } | null | undefined)?.type
  } catch (error) {
    cause = error
  }
  const problem = cause === undefined ? eventProblem(event, type) : 'an event whose `type` can not be read'
  if (problem === undefined) return
  throw new StatewardError('invalid_event', `${id === undefined ? 'Executions' : `Execution ${id}`} can't be sent ${problem}.`, {
    details: {
      ...(id === undefined ? {} : { id }),
      event: typeof type === 'symbol' ? type.toString() : typeof type === 'string' ? type : typeof type,
    },
    ...(cause === undefined ? {} : { cause }),
  })
}

/** What is wrong with an event of that type, as the end of a sentence; undefined: nothing is wrong. */
export function eventProblem(event: unknown, type: unknown = (event as { type?: unknown } | null)?.type): string | undefined {
  if (typeof event !== 'object' || event === null)
    return `${event === null ? 'null' : event === undefined ? 'nothing' : `a ${typeof event}`}; send an object with a \`type\``
  if (typeof type !== 'string' || type === '') return 'an event without a `type`'
  if (type === '*') return 'the wildcard'
  if (isXStateEvent(type)) return `'${type}': XState's own events come from the program alone`
  return undefined
}
