/**
 * Values as a snapshot keeps them: the same in every run in which the program did the same.
 *
 * Owns: the deep, frozen copy with names replaced, keys in order and stacks left out. Dates, Maps, Sets, bigints, Errors
 * and the like stay what they are. Talks to: `stand-ins.ts` for the names. Does not know: executions.
 */
import { errorFrom, partsOf } from '../../codec/stored-error.js'
import { isStoredRef } from '../../actors/program/xstate/stored-refs.js'
import type { StandIns } from './stand-ins.js'

/** True for an object that has nothing but its properties. */
export function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false
  const proto: unknown = Object.getPrototypeOf(value)
  return proto === null || proto === Object.prototype
}

/** The copy of a value; an actor ref becomes `{ actor: name }`, and what is shaped like an error loses its stack. */
export function normalForm(value: unknown, standIns: StandIns, around: readonly object[] = []): unknown {
  if (typeof value === 'string') return standIns.in(value)
  if (typeof value !== 'object' || value === null) return value
  if (around.includes(value)) return '[Circular]'
  const within = [...around, value]
  const part = (inner: unknown) => normalForm(inner, standIns, within)
  if (Array.isArray(value)) return Object.freeze(value.map(part))
  if (value instanceof Date) return new Date(value)
  if (value instanceof Map) return new Map([...value].map(([key, inner]) => [part(key), part(inner)]))
  if (value instanceof Set) return new Set([...value].map(part))
  if (value instanceof Error) return withoutStack(value, part)
  if (value instanceof URL) return withNames(value, standIns)
  if (!isPlainObject(value)) return value
  if (isStoredRef(value)) return Object.freeze({ actor: standIns.in(value.id) })
  const isError = typeof value['name'] === 'string' && typeof value['message'] === 'string'
  const copy: Record<string, unknown> = {}
  for (const key of Object.keys(value).toSorted())
    if (!(isError && key === 'stack')) define(copy, standIns.in(key), part(value[key]))
  return Object.freeze(copy)
}

function withoutStack(error: Error, part: (inner: unknown) => unknown): Error {
  const { stack: _, message, ...parts } = partsOf(error, (_key, inner) => ({ form: part(inner) }))
  return errorFrom({ ...parts, message: part(message) as string })
}

/** As the text of a URL spells them: `<id>` becomes `%3Cid%3E`. */
function withNames(url: URL, standIns: StandIns): URL {
  const text = standIns.in(url.href)
  return text === url.href || !URL.canParse(text) ? url : new URL(text)
}

/** Also `__proto__` is a key like any other. */
function define(target: object, key: string, value: unknown): void {
  Object.defineProperty(target, key, { value, enumerable: true, configurable: true, writable: true })
}
