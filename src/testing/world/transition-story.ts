/**
 * Tells of each transition of each machine of a program.
 *
 * Owns: what XState's inspection events come to in words: from where, on what, to where, and what it changed in the context.
 */
import type { InspectionEvent } from 'xstate'
import { placeOf } from '../../actors/xstate/inspection.js'
import { eventText, stateText, valueText } from './readable.js'

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
  readonly #last = new Map<object, MachineLike>()
  /** Actor ids that XState makes, such as `0.order.charging`, and the names that their authors gave. */
  readonly #names = new Map<string, string>()
  readonly #tell: (execution: string, text: string) => void

  constructor(tell: (execution: string, text: string) => void) {
    this.#tell = tell
  }

  /** Takes an inspection event of the runtime's; those of programs' machines are told. */
  take(event: InspectionEvent): void {
    if (event.type === '@xstate.actor') return this.#name(event.actorRef as unknown as NamedRef)
    if (event.type !== '@xstate.snapshot') return
    const place = placeOf(event.actorRef)
    const snapshot = event.snapshot as unknown as MachineLike
    if (!place || snapshot.value === undefined) return
    const type = event.event.type.replace(
      /^(xstate\.(?:done|error)\.actor\.)(.*)$/,
      (_, kind: string, id: string) => kind + (this.#names.get(id) ?? id),
    )
    const before = this.#last.get(event.actorRef)
    this.#last.set(event.actorRef, snapshot)
    const text = change(before, snapshot, type, place.isRestored)
    if (text !== undefined) this.#tell(place.execution, place.path === '' ? text : `${place.path}: ${text}`)
  }

  #name({ id, src }: NamedRef): void {
    if (typeof src === 'string' && /^\d+\./.test(id) && !src.startsWith('xstate.')) this.#names.set(id, src)
  }
}

function change(before: MachineLike | undefined, after: MachineLike, type: string, restored: boolean): string | undefined {
  const to = `${stateText(after.value)}${after.status === 'error' ? ' ✗' : ''}`
  if (!before) return restored ? `stands in ${to} again` : `starts in ${to}`
  const from = stateText(before.value)
  const changes = changed(before.context, after.context)
  const isSame = from === to && before.status === after.status
  if (isSame && changes === '') return type.startsWith('xstate.') ? undefined : `${from} ignores ${eventText(type)}`
  return `${from} —${eventText(type)}→ ${to}${changes}`
}

function changed(before: unknown, after: unknown): string {
  if (before === after || typeof after !== 'object' || after === null) return ''
  const old = (before ?? {}) as Readonly<Record<string, unknown>>
  const parts = Object.entries(after).filter(([key, value]) => value !== old[key])
  return parts.length === 0 ? '' : `  ${valueText(Object.fromEntries(parts))}`
}
