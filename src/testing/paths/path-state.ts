/**
 * What of a machine's state counts on a path, and how it reads.
 *
 * Owns: the form in which a state that was walked and a state that was stored can be compared, and the key by which a walk
 * knows a place again.
 */
import { isDeepStrictEqual } from 'node:util'
import type { AnyMachineSnapshot } from 'xstate'
import type { ExecutionRecord } from '../../actors/execution/execution-record.js'
import { isTerminal } from '../../events/execution-status.js'
import { isStoredRef, refOfChild, refsByName } from '../../actors/program/xstate/stored-refs.js'
import { clone, encode } from '../../codec/snapshot-codec.js'
import type { Place } from './program-walk.js'

/** Where a machine stands on a path. `value` and `context` are the last ones if it has ended. */
export interface PathState<TValue = unknown, TContext = unknown> {
  readonly status: 'active' | 'done' | 'error'
  readonly value: TValue
  /** As it is stored: actor refs by their ids. */
  readonly context: TContext
  /** If it is done. */
  readonly output?: unknown
  /** If it failed. */
  readonly error?: unknown
}

/** Which part of the context counts; undefined: all of it. */
export type ContextPart = ((context: unknown) => unknown) | undefined

/** The state at a place. Throws `not_storable` for a context that a runtime could not store either. */
export function pathState({ snapshot }: Place, id: string): PathState {
  const { status, value, output, error } = snapshot as AnyMachineSnapshot
  const context = storedForm(snapshot.context, { id, what: 'context' })
  if (status === 'error') return { status, value, context, error }
  return status === 'done'
    ? { status, value, context, output: storedForm(output, { id, what: 'output' }) }
    : { status: 'active', value, context }
}

type At = Parameters<typeof encode>[1]

/** A value as it comes back from a store. */
const storedForm = (value: unknown, at: At): unknown => withoutMadeIds(clone(refsByName(value), at))

/** The ids that XState makes for what is spawned without one are others in each system; so is the machine's own. */
function withoutMadeIds(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  const prototype: unknown = Object.getPrototypeOf(value)
  if (Array.isArray(value)) return value.map((part) => withoutMadeIds(part))
  if (prototype !== Object.prototype && prototype !== null) return value
  const part = value as Record<string, unknown>
  if (isStoredRef(part)) return refOfChild({ id: part.at === '' || /^[xp]:\d+$/.test(part.id) ? '(spawned)' : part.id })
  return Object.fromEntries(Object.entries(part).map(([key, each]) => [key, withoutMadeIds(each)]))
}

/** A state that was found in a store, and why it failed. */
export interface FoundState extends Omit<PathState, 'status'> {
  readonly status: PathState['status'] | 'cancelled' | 'timed_out' | 'rejected'
  readonly failure?: ExecutionRecord['error']
}

const statuses = { completed: 'done', failed: 'error' } as Readonly<Record<string, FoundState['status']>>

/** The state that is stored of an execution. */
export function recordState({ status, value, context, output, error }: ExecutionRecord): FoundState {
  const found = isTerminal(status) ? (statuses[status] ?? (status as FoundState['status'])) : 'active'
  const failure = error ? { failure: error } : {}
  return { status: found, value, context: withoutMadeIds(context), output, ...failure }
}

/** What tells two states apart; undefined if nothing does. Of a machine that failed nothing is stored of its last state. */
export function differenceOf(
  wanted: PathState,
  found: FoundState,
  part: ContextPart,
): 'status' | 'state' | 'context' | 'output' | undefined {
  if (wanted.status !== found.status) return 'status'
  if (wanted.status === 'error') return undefined
  if (!isDeepStrictEqual(wanted.value, found.value)) return 'state'
  const counted = (context: unknown) => (part ? part(context) : context)
  if (!isDeepStrictEqual(counted(wanted.context), counted(found.context))) return 'context'
  return isDeepStrictEqual(wanted.output, found.output) ? undefined : 'output'
}

/** By which a walk knows a place again. The times of timers don't count, only their order. */
export function placeKey(place: Place, part: ContextPart, id: string): string {
  const { status, value, context } = pathState(place, id)
  const counted = part ? part(context) : context
  const pending = [[...place.ended.keys()].toSorted(), place.timers.map((timer) => timer.id)]
  return encode(sorted([status, value, counted, pending, historyOf(place.snapshot)]), { id, what: 'context' })
}

/** What the machine remembers of states that it is not in; of the others it will remember something else. */
function historyOf({ historyValue, value, machine }: AnyMachineSnapshot): unknown {
  const isIn = (path: readonly string[]) => {
    let at: unknown = value
    return path.every((key) => (typeof at === 'string' ? at === key && (at = {}) : (at = (at as Record<string, unknown>)[key])))
  }
  const left = Object.entries(historyValue).filter(([id]) => !isIn(machine.getStateNodeById(id).parent?.path ?? []))
  return left.map(([id, nodes]) => [id, nodes.map((node) => node.id).toSorted()])
}

/** The same with its keys in order, so that two equal values have one text. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map((part) => sorted(part))
  if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype) return value
  const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries(entries.map(([key, part]) => [key, sorted(part)]))
}
