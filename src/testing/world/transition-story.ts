/**
 * Tells of each transition of each machine of a program.
 *
 * Owns: what XState's inspection events come to in words: from where, on what, to where, and what it changed in the context.
 */
import type { InspectionEvent } from 'xstate'
import { placeOf, type Place } from '../../actors/program/xstate/inspection.js'
import type { Transition } from './history.js'
import { eventText, stateText, shortText } from './readable.js'
import { takesTransition } from '../../actors/program/xstate/xstate-internals.js'
import { endOf, isXStateEvent, stopEvent } from '../../actors/program/xstate/xstate-events.js'

interface MachineLike {
  readonly status: string
  readonly value?: unknown
  readonly context?: unknown
}

/** What XState tells of each microstep. */
interface Microstep {
  readonly actorRef: object
  readonly event: { readonly type: string }
  readonly snapshot: unknown
}

interface NamedRef {
  readonly id: string
  readonly src: unknown
}

/** Puts transitions into words, for one process. */
export class TransitionStory {
  readonly #last = new WeakMap<object, MachineLike>()
  /** Machines that have taken a transition of which nothing was told yet. */
  readonly #moved = new WeakSet<object>()
  /** Where a machine's last microstep has led, on the event that began it; until that is told. */
  readonly #reached = new WeakMap<object, { readonly on: string; readonly after: MachineLike }>()
  /** Machines whose transition was told ahead of its inspection event. */
  readonly #announced = new WeakSet<object>()
  /** The actors that have been in memory. */
  readonly #seen = new Set<string>()
  /** Actor ids that XState makes, such as `0.order.charging`, and the names that their authors gave. */
  readonly #names = new Map<string, string>()
  readonly #tell: (execution: string, text: string, transition: Transition) => void
  readonly #placeOf: (event: InspectionEvent) => Place | undefined

  /** `place`: whose actor an event is about; undefined for those that are not told of. */
  constructor(
    tell: (execution: string, text: string, transition: Transition) => void,
    place: (event: InspectionEvent) => Place | undefined = ({ actorRef }) => placeOf(actorRef),
  ) {
    this.#tell = tell
    this.#placeOf = place
  }

  /** Takes an inspection event of the runtime's; those of programs' machines are told. */
  take(event: InspectionEvent): void {
    if (event.type === '@xstate.actor') return this.#name(event.actorRef as unknown as NamedRef)
    if (event.type === '@xstate.microstep') return this.#step(event as unknown as Microstep)
    if (event.type === '@xstate.event') return event.sourceRef && this.#speaks({ ...event, actorRef: event.sourceRef })
    if (event.type !== '@xstate.snapshot' || event.event.type === stopEvent) return
    this.#reached.delete(event.actorRef)
    if (!this.#announced.delete(event.actorRef))
      this.#transition(event, event.event.type, event.snapshot as unknown as MachineLike)
  }

  #step(microstep: Microstep): void {
    const { actorRef, event, snapshot } = microstep
    if (event.type === stopEvent) return
    if (takesTransition(microstep)) this.#moved.add(actorRef)
    this.#reached.set(actorRef, { on: this.#reached.get(actorRef)?.on ?? event.type, after: snapshot as MachineLike })
  }

  /** What a machine starts, sends to, or ends for, hears of it before the inspector does: its transition is told now. */
  #speaks(event: InspectionEvent): void {
    const reached = this.#reached.get(event.actorRef)
    if (!reached) return
    this.#reached.delete(event.actorRef)
    this.#announced.add(event.actorRef)
    this.#transition(event, reached.on, reached.after)
  }

  #transition(event: InspectionEvent, on: string, after: MachineLike): void {
    const place = this.#placeOf(event)
    if (!place || after.value === undefined) return
    const before = this.#last.get(event.actorRef)
    this.#last.set(event.actorRef, after)
    const transition: Transition = {
      path: place.path,
      ...(before ? { from: before.value } : {}),
      on,
      to: after.value,
      status: after.status,
      changes: before ? changed(before.context, after.context) : {},
    }
    const hasMoved = this.#moved.delete(event.actorRef)
    const text = before ? this.#text(before, transition, hasMoved) : this.#beginning(place, after)
    if (text !== undefined) this.#tell(place.execution, place.path === '' ? text : `${place.path}: ${text}`, transition)
  }

  /** One that only comes back into memory has gone nowhere. */
  #beginning({ execution, path, isRestored }: Place, { value }: MachineLike): string | undefined {
    const actor = `${execution}/${path}`
    if (isRestored && this.#seen.has(actor)) return undefined
    this.#seen.add(actor)
    return `${isRestored ? 'stands' : 'starts'} in ${stateText(value)}`
  }

  /** What takes an event and stays as it is has done something: it acts, sends or raises. */
  #text(before: MachineLike, { on, to, status, changes }: Transition, hasMoved: boolean): string | undefined {
    const [from, into] = [stateText(before.value), stateText(to)]
    const isSame = from === into && before.status === status && Object.keys(changes).length === 0
    if (isSame && !hasMoved) return isXStateEvent(on) ? undefined : `${from} ignores ${on}`
    const end = endOf(on)
    const name = end && this.#names.get(end.id)
    const why = eventText(end && name !== undefined ? on.slice(0, -end.id.length) + name : on)
    const what = Object.keys(changes).length === 0 ? '' : `  ${shortText(changes)}`
    return `${from} —${why}→ ${into}${status === 'error' ? ' ✗' : ''}${what}`
  }

  #name({ id, src }: NamedRef): void {
    if (typeof src === 'string' && /^\d+\./.test(id) && !isXStateEvent(src)) this.#names.set(id, src)
  }
}

function changed(before: unknown, after: unknown): Readonly<Record<string, unknown>> {
  if (before === after || typeof after !== 'object' || after === null) return {}
  const old = (before ?? {}) as Readonly<Record<string, unknown>>
  return Object.fromEntries(Object.entries(after).filter(([key, value]) => value !== old[key]))
}
