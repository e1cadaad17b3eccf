/**
 * The stored form of where an execution stands: a text by which it is found, and since when.
 *
 * Owns: that form, and that a state keeps its time while it is not left. Does not know: which executions are looked for
 * (`commands/finding.ts`).
 */
import type { StateValue } from 'xstate'
import type { ExecutionStatus } from '../../events/execution-status.js'
import { waitsFor, type WaitsFor } from '../../events/waits-for.js'
import type { StoredExecution, StoredPlace } from '../../persistence/snapshot-store.js'
import { keysOf, stateKeys, tagKey, valueNamed, type Stand } from '../program/stand.js'

/** A place, decoded. */
export interface Place {
  readonly value: StateValue | undefined
  readonly tags: readonly string[]
  /** What it waits for, where its status alone does not tell. */
  readonly waitsFor: readonly WaitsFor[] | undefined
}

/** What decides where an execution stands with a commit. */
export interface Standing {
  /** Undefined: the program is not in memory, and stands where it stood. */
  readonly stand: Stand | undefined
  readonly isBackingOff: boolean
  /** True if a timer of the program is set. */
  readonly hasTimer: boolean
  /** What keeps a queued one from its start, if that is not a slot. */
  readonly queuedFor?: readonly WaitsFor[] | undefined
}

/** The same value with the names of its states in order, so that one place has one text. */
function ordered(value: StateValue): StateValue {
  if (typeof value === 'string') return value
  const names = Object.keys(value).toSorted()
  return Object.fromEntries(names.map((name) => [name, ordered(value[name] as StateValue)]))
}

/** As short as it may be, since most commits write one: the value alone, if it is a name and there is nothing else to say. */
function textOf({ value, tags }: Pick<Place, 'value' | 'tags'>, words: readonly WaitsFor[] | undefined): string {
  if (typeof value === 'string' && tags.length === 0 && words === undefined) return JSON.stringify(value)
  return JSON.stringify({
    ...(value === undefined ? {} : { v: ordered(value) }),
    ...(tags.length === 0 ? {} : { t: tags }),
    ...(words === undefined ? {} : { w: words }),
  })
}

/** A place of which the text is given. */
export function placeOf(text: string): Place {
  const parsed = JSON.parse(text) as string | { v?: StateValue; t?: string[]; w?: WaitsFor[] }
  if (typeof parsed === 'string') return { value: parsed, tags: [], waitsFor: undefined }
  return { value: parsed.v, tags: parsed.t ?? [], waitsFor: parsed.w }
}

/** One time for all keys, or one for each in their order. */
const enteredOf = (times: readonly number[]) =>
  (times.every((time) => time === times[0]) ? times.slice(0, 1) : times).map((time) => time.toString(36)).join(',')

function timesOf(entered: string, keys: readonly string[]): Map<string, number> {
  const times = entered.split(',').map((time) => parseInt(time, 36))
  return new Map(keys.map((key, at) => [key, times[times.length === 1 ? 0 : at] ?? 0]))
}

/** Most programs have few states, and leave one for another: then nothing keeps its time. */
const few = 8
const isNew = (keys: readonly string[], before: readonly string[]) =>
  before.length <= few && keys.length <= few && !keys.some((key) => before.includes(key))

/** The times of these keys with those that had a time before. */
function enteredFrom({ entered }: StoredPlace, before: readonly string[], keys: readonly string[], now: number): string {
  if (keys === before) return entered
  if (isNew(keys, before)) return now.toString(36)
  const times = timesOf(entered, before)
  return enteredOf(keys.map((key) => times.get(key) ?? now))
}

const start: readonly WaitsFor[] = ['start']

/** What a stored execution waits for; undefined: its place does not tell. */
export function storedWaits(
  stored: Pick<StoredExecution, 'status' | 'place' | 'owner' | 'startAt' | 'heldBy'>,
): readonly WaitsFor[] | undefined {
  const { status, place, owner, startAt, heldBy } = stored
  // who has it in a queue has found that it is due
  const words = owner === null && startAt !== null ? start : place ? placeOf(place.text).waitsFor : undefined
  if (status === 'waiting') return words
  return waitsFor({ status, ...(status === 'queued' ? { queuedFor: heldBy ? [heldBy] : words } : {}) })
}

/** Since when it stands in all of these states and tags; all of its own if none are named. Undefined: not in all of them. */
export function standsSince(place: StoredPlace, of: { readonly state?: StateValue; readonly tag?: string }): number | undefined {
  const { value, tags } = placeOf(place.text)
  const times = timesOf(place.entered, keysOf(value, tags))
  const wanted = [
    ...(of.state === undefined ? [] : stateKeys(valueNamed(of.state))),
    ...(of.tag === undefined ? [] : [tagKey(of.tag)]),
  ]
  const keys = wanted.length > 0 ? wanted : stateKeys(value)
  let latest = 0
  for (const key of keys) {
    const time = times.get(key)
    if (time === undefined) return undefined
    latest = Math.max(latest, time)
  }
  return latest
}

/** Where one execution stands, from commit to commit. */
export class PlaceNotes {
  #last: StoredPlace | undefined
  /** Of which `#last` was made. */
  #stand: Pick<Stand, 'value' | 'tags' | 'keys'> | undefined
  #words: readonly WaitsFor[] | undefined

  constructor(stored: StoredPlace | null | undefined) {
    this.#last = stored ?? undefined
  }

  /** The place that the next commit says; undefined: as before. `now`: the time of that commit. */
  next({ stand, isBackingOff, hasTimer, queuedFor }: Standing, status: ExecutionStatus, now: number): StoredPlace | undefined {
    let words = status === 'queued' ? queuedFor : undefined
    if (!stand && !this.#last && !words) return undefined
    if (status === 'waiting') {
      // a program that is not in memory waits for what it waited for, or for its next attempt
      if (!stand && !isBackingOff) return undefined
      words = waitsFor({ status, isBackingOff, hasTimer, takesEvents: stand?.takesEvents ?? true })
    }
    if (this.#stand && (stand ?? this.#stand) === this.#stand && words === this.#words) return undefined
    return this.#moved(stand ?? this.#known(), words, now)
  }

  #known(): Pick<Stand, 'value' | 'tags' | 'keys'> {
    if (this.#stand) return this.#stand
    const { value, tags } = this.#last ? placeOf(this.#last.text) : { value: undefined, tags: [] }
    return { value, tags, keys: keysOf(value, tags) }
  }

  #moved(stand: Pick<Stand, 'value' | 'tags' | 'keys'>, words: readonly WaitsFor[] | undefined, now: number) {
    const last = this.#last
    const text = textOf(stand, words)
    const entered = last ? enteredFrom(last, this.#known().keys, stand.keys, now) : now.toString(36)
    this.#stand = stand
    this.#words = words
    this.#last = { text, entered }
    return last?.text === text && last.entered === entered ? undefined : this.#last
  }
}
