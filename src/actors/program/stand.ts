/**
 * Where a program stands: the value of its states, with what its machine says of them.
 *
 * Owns: that, once for each machine and value; the states and tags in it that have a time of their own. Does not know: how it is
 * stored (`execution/places.ts`).
 */
import { pathToStateValue, type AnyActorLogic, type StateValue } from 'xstate'
import { tagsOf, takesEvents } from './xstate/state-tags.js'

/** Where a program stands. The same object for the same machine and value. */
export interface Stand {
  /** Undefined for logic that is no machine. */
  readonly value: StateValue | undefined
  /** The tags of these states, sorted. */
  readonly tags: readonly string[]
  /** False if no event from outside could move it. */
  readonly takesEvents: boolean
  /** Its states and tags, each by a key: see `keysOf`. */
  readonly keys: readonly string[]
}

/** Between the names of states in a key, and before a tag: no state has such a name. */
const separator = '\u0000'

/** The key of a tag. */
export const tagKey = (tag: string): string => `${separator}${tag}`

/** A state as somebody names it, as a value: `'payment.waiting'` is `{ payment: 'waiting' }`, and `\\.` is a dot in a name, as for XState. */
export function valueNamed(state: StateValue): StateValue {
  if (typeof state !== 'string')
    return Object.fromEntries(
      Object.entries(state).flatMap(([name, below]) => (below === undefined ? [] : [[name, valueNamed(below)]])),
    )
  const names = [...state.matchAll(/(?:\\.|[^.\\])+/gs)].map(([name]) => name.replaceAll(/\\(.)/gs, '$1'))
  return pathToStateValue(names)
}

/** The keys of the states of a value, each behind those above it; one empty key for no value. */
export function stateKeys(value: StateValue | undefined, above = ''): string[] {
  if (value === undefined) return ['']
  if (typeof value === 'string') return [above + value]
  const names = Object.keys(value).toSorted()
  return names.flatMap((name) => [above + name, ...below(value[name], above + name + separator)])
}

const below = (value: StateValue | undefined, above: string) => (value === undefined ? [] : stateKeys(value, above))

/** The keys of a place: of its states, then of its tags. */
export const keysOf = (value: StateValue | undefined, tags: readonly string[]): string[] => [
  ...stateKeys(value),
  ...tags.map(tagKey),
]

/** A machine with more values than these has them looked up anew. */
const remembered = 1_000
const known = new WeakMap<AnyActorLogic, Map<string, Stand>>()

/** Where a program of that logic stands if its states are these. */
export function standOf(logic: AnyActorLogic, value: StateValue | undefined): Stand {
  const stands = known.get(logic) ?? new Map<string, Stand>()
  if (stands.size === 0) known.set(logic, stands)
  const name = typeof value === 'string' ? value : (JSON.stringify(value) ?? '')
  const before = stands.get(name)
  if (before) return before
  const tags = [...tagsOf(logic, value)].toSorted()
  const stand = { value, tags, takesEvents: takesEvents(logic, value), keys: keysOf(value, tags) }
  if (stands.size >= remembered) stands.clear()
  stands.set(name, stand)
  return stand
}
