/**
 * Actor refs in stored values: in contexts, in the inputs of children, in delayed events and in pending actions.
 *
 * Owns: their two forms, and finding both in a value. XState's form names a child of the actor that holds the ref, and XState
 * itself finds that again; ours names any actor of a program by its address, or says that it has ended. Which actor is where
 * is known to `xstate/actor-refs.ts`.
 */
import type { AnyActorRef } from 'xstate'

const mark = 'xstate$$type'

/** XState's form: of a child, by its id. */
const ofChild = 1

/** A ref to any actor of a program, as it is stored. */
export interface StoredRef {
  readonly [mark]: 'actor'
  /** The actor's own. */
  readonly id: string
  /** Where a restoration finds it; absent: it has ended. */
  readonly at?: string
  /** Where one stood that has ended. */
  readonly was?: string
}

/** A ref in either form. */
export type AnyStoredRef = Pick<StoredRef, 'id' | 'at' | 'was'>

/** True for either form. */
export const isStoredRef = (value: object): value is AnyStoredRef =>
  mark in value && (value[mark] === ofChild || value[mark] === 'actor')

/** True for what XState takes for a ref. */
export const isActorRef = (value: object): value is AnyActorRef => 'sessionId' in value && 'send' in value && 'ref' in value

/** A ref in our form. */
export const refAt = (id: string, at: string): StoredRef => ({ [mark]: 'actor', id, at })

/** A ref in our form to an actor that has ended. */
export const refThatWas = (id: string, was: string): StoredRef => ({ [mark]: 'actor', id, was })

/** A ref in XState's form. */
export const refOfChild = ({ id }: { readonly id: string }) => ({ [mark]: ofChild, id })

/** The same value with each actor ref that is in its plain objects and arrays as it is to be stored; copied only where it holds one. */
export function refsByName(value: unknown, named: (ref: AnyActorRef) => unknown = refOfChild): unknown {
  return replaced(value, (part) => (isActorRef(part) ? named(part) : part))
}

/** The value with actors in the places of their stored refs, at any depth. `child`: what is meant by XState's form. */
export function refsFound(
  value: unknown,
  found: (ref: StoredRef) => AnyActorRef,
  child?: (id: string) => AnyActorRef | undefined,
): unknown {
  if (typeof value !== 'object' || value === null) return value
  const of = (part: object): unknown => {
    if (!(mark in part)) return part
    if (part[mark] === 'actor') return found(part as StoredRef)
    return part[mark] === ofChild && child ? child(String((part as { id?: unknown }).id)) : part
  }
  return replaced(value, of, new Set())
}

/** `seen`: what was looked into; given if Maps and Sets are to be looked into as well. */
function replaced(part: unknown, of: (part: object) => unknown, seen?: Set<object>): unknown {
  if (typeof part !== 'object' || part === null || seen?.has(part)) return part
  const own = of(part)
  if (own !== part) return own
  seen?.add(part)
  if (seen && (part instanceof Map || part instanceof Set)) return replacedItems(part, of, seen)
  if (!isOpen(part)) return part
  let copy: Record<string, unknown> | undefined
  for (const [key, value] of Object.entries(part)) {
    const other = replaced(value, of, seen)
    if (other === value) continue
    copy ??= (Array.isArray(part) ? [...(part as unknown[])] : { ...part }) as Record<string, unknown>
    copy[key] = other
  }
  return copy ?? part
}

type Items = ReadonlyMap<unknown, unknown> | ReadonlySet<unknown>

function replacedItems(items: Items, of: (part: object) => unknown, seen: Set<object>): unknown {
  const item = (value: unknown) => replaced(value, of, seen)
  if (items instanceof Set) {
    const copy = new Set([...items].map(item))
    return [...items].every((value) => copy.has(value)) ? items : copy
  }
  const entries = [...(items as ReadonlyMap<unknown, unknown>)]
  const copy = entries.map(([key, value]) => [item(key), item(value)] as const)
  return copy.every(([key, value], at) => key === entries[at]?.[0] && value === entries[at]?.[1]) ? items : new Map(copy)
}

/** True for arrays and plain objects, of any realm. */
function isOpen(value: object): boolean {
  const proto: object | null = Object.getPrototypeOf(value)
  return Array.isArray(value) || proto === null || Object.getPrototypeOf(proto) === null
}
