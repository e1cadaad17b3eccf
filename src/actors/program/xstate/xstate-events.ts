/** What XState calls the events and sources that it makes itself. Owns: every text that begins with its name. */

/** True for an event that only XState makes: a start, an end, a timer. */
export const isXStateEvent = (type: string): boolean => type.startsWith('xstate.')

const timer = 'xstate.after.'

/** True for the event of an `after`. */
export const isTimerEvent = (type: string): boolean => type.startsWith(timer)

/** The delay and the state of an `after`: `1000.tickets.open`. */
export const timerOf = (type: string): string => type.slice(timer.length)

/** The delay of an `after`, in milliseconds or by its name; undefined for any other event. */
export const delayOf = (type: string): string | undefined =>
  isTimerEvent(type) ? /^[^.]*(?=\.)/.exec(timerOf(type))?.[0] : undefined

/** The state whose `after` it is; undefined if the event names none. */
export const timedStateOf = (type: string): string | undefined => /^[^.]*\.(.*)$/.exec(timerOf(type))?.[1]

/** True for the source of an actor that stands in the config itself, without a name among the implementations. */
export const isInlineSource = (src: string): boolean => src.startsWith('xstate.invoke.')

/** Of a source without a name: the state that invokes it, and the place among what that invokes; undefined for a name. */
export function inlineSourceOf(src: string): { readonly state: string; readonly index: number } | undefined {
  const [, index, state] = /^xstate\.invoke\.(\d+)\.(.*)$/.exec(src) ?? []
  return index === undefined ? undefined : { state: state as string, index: Number(index) }
}

/** The event with which an actor reports its output to its parent. */
export const doneActorEvent = (id: string) => `xstate.done.actor.${id}` as const

/** The event with which an actor reports its error to its parent. */
export const errorActorEvent = (id: string) => `xstate.error.actor.${id}` as const

/** For an event with which an actor reports its end to its parent: which actor, and how it has ended; undefined for any other event. */
export function endOf(type: string): { readonly id: string; readonly kind: 'done' | 'error' } | undefined {
  const [, kind, id] = /^xstate\.(done|error)\.actor\.(.*)$/s.exec(type) ?? []
  return kind === undefined ? undefined : { id: id as string, kind: kind as 'done' | 'error' }
}

/** The id of the actor that has failed; undefined for any other event. */
export function failedActorOf(type: string): string | undefined {
  const end = endOf(type)
  return end?.kind === 'error' ? end.id : undefined
}

/** The event of a compound or parallel state whose final state is reached. */
export const doneStateEvent = (id: string) => `xstate.done.state.${id}` as const

/** The event with which an actor starts. */
export const startEvent = 'xstate.init'

/** The event with which an actor is stopped. */
export const stopEvent = 'xstate.stop'
