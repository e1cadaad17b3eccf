/**
 * Tells of each transition of each machine of a program.
 *
 * Owns: what XState's inspection events come to in words: from where, on what, to where, and what it changed in the context.
 */
import type { InspectionEvent } from 'xstate'
import { placeOf, type Place } from '../../actors/xstate/inspection.js'
import type { Transition } from './history.js'
import { eventText, stateText, shortText } from './readable.js'

interface MachineLike {
  readonly status: string
  readonly value?: unknown
  readonly context?: unknown
}

interface NamedRef {
  readonly id: string
  readonly src: unknown
}

/** Puts transitions into words, for one process. */
export class TransitionStory {
  readonly #last = new WeakMap<object, MachineLike>()
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
    if (event.type !== '@xstate.snapshot' || event.event.type === 'xstate.stop') return
    const place = this.#placeOf(event)
    const after = event.snapshot as unknown as MachineLike
    if (!place || after.value === undefined) return
    const before = this.#last.get(event.actorRef)
    this.#last.set(event.actorRef, after)
    const transition: Transition = {
      path: place.path,
      ...(before ? { from: before.value } : {}),
      on: event.event.type,
      to: after.value,
      status: after.status,
      changes: before ? changed(before.context, after.context) : {},
    }
    const text = before ? this.#text(before, transition) : this.#beginning(place, after)
    if (text !== undefined) this.#tell(place.execution, place.path === '' ? text : `${place.path}: ${text}`, transition)
  }

  /** One that only comes back into memory has gone nowhere. */
  #beginning({ execution, path, isRestored }: Place, { value }: MachineLike): string | undefined {
    const actor = `${execution}/${path}`
    if (isRestored && this.#seen.has(actor)) return undefined
    this.#seen.add(actor)
    return `${isRestored ? 'stands' : 'starts'} in ${stateText(value)}`
  }

  #text(before: MachineLike, { on, to, status, changes }: Transition): string | undefined {
    const [from, into] = [stateText(before.value), stateText(to)]
    const isSame = from === into && before.status === status && Object.keys(changes).length === 0
    if (isSame) return on.startsWith('xstate.') ? undefined : `${from} ignores ${on}`
    const why = eventText(on.replace(delivered, (_, kind: string, id: string) => kind + (this.#names.get(id) ?? id)))
    const what = Object.keys(changes).length === 0 ? '' : `  ${shortText(changes)}`
    return `${from} —${why}→ ${into}${status === 'error' ? ' ✗' : ''}${what}`
  }

  #name({ id, src }: NamedRef): void {
    if (typeof src === 'string' && /^\d+\./.test(id) && !src.startsWith('xstate.')) this.#names.set(id, src)
  }
}

const delivered = /^(xstate\.(?:done|error)\.actor\.)(.*)$/

function changed(before: unknown, after: unknown): Readonly<Record<string, unknown>> {
  if (before === after || typeof after !== 'object' || after === null) return {}
  const old = (before ?? {}) as Readonly<Record<string, unknown>>
  return Object.fromEntries(Object.entries(after).filter(([key, value]) => value !== old[key]))
}
