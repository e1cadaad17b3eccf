/**
 * What a refusal says: which value can't be stored, where it is, and what to do about it.
 *
 * Owns: the kinds of unstorable values, their words, and the spelling of paths. It talks to `errors.ts` alone
 * and decides nothing: `storable-form.ts` does.
 */
import { types } from 'node:util'
import { StatewardError } from '../errors.js'

/** Which value is written or read: the id of its execution and a word for what it is there. */
export interface Place {
  readonly id: string
  readonly what: string
}

/** One step of a path: a property, an index, a symbol, an entry of a Map, an item of a Set. */
export type PathStep =
  | string
  | number
  | { readonly symbol: symbol }
  | { readonly in: 'Map'; readonly entry: number; readonly side: 'key' }
  | { readonly in: 'Map'; readonly entry: number; readonly side: 'value'; readonly key: unknown }
  | { readonly in: 'Set'; readonly entry: number }

/** Each kind of unstorable value: what it is, and what to do. */
const kinds = {
  function: ['a function', 'store data, and find the function again by its name'],
  symbol: ['a symbol', 'use a string'],
  symbol_key: ['a property with a symbol as its key', 'use a string as the key'],
  promise: ['a promise', 'await it, and store what it gives'],
  class_instance: ['an instance of a class', 'store a plain object, and make the instance from it where it is used'],
  weak_collection: ['a weak reference', 'use a Map, a Set or a plain object'],
  buffer: ['a Buffer', 'store it as a base64 string, or as a Uint8Array'],
  array_buffer: ['raw memory', 'store a Uint8Array of it'],
  typed_array: ['a typed array that would not come back as it is', 'store an array of numbers, or of strings for big ones'],
  typed_array_number: ['a number of a typed array that JSON would lose', 'store a plain array of numbers'],
  stream: ['a stream', 'read it in a step, and store what it gave'],
  actor: ['a reference to an actor that is not of this program', 'store its id, and find it by that where it is used'],
  abort_signal: ['an AbortSignal', 'leave it out: a step gets its own'],
  invalid_date: ['an invalid Date', 'use null'],
  sparse_array: ['a hole in an array', 'use null or undefined'],
  array_property: ['a property of an array that is not an item', 'use a plain object'],
  extra_property: ['a property added to a built-in object', 'use a plain object'],
  accessor: ['a getter or a setter', 'use a plain property'],
  cycle: ['a cycle', 'refer to it by an id'],
  too_deep: ['nested too deeply', 'flatten it, or cut the cycle that it may be'],
  too_large: ['too large', 'keep it elsewhere, and store a reference to it'],
  reserved_key: ['a reserved key, beside values that are more than plain JSON', 'rename it, or store plain JSON only'],
  unreadable: ['unreadable', 'see the cause'],
} as const

/** Why a value can't be stored, as a word to switch on. */
export type RefusedKind = keyof typeof kinds

/** The `not_storable` error for the value at the end of `path`. */
export function refusal(
  kind: RefusedKind,
  { id, what }: Place,
  path: readonly PathStep[],
  { value, opened, cause }: { value?: unknown; opened?: string; cause?: unknown } = {},
): StatewardError {
  const written = pathOf(path)
  const [is, advice] = kinds[kind]
  const name = kind === 'class_instance' || kind === 'typed_array' ? ` (${classOf(value)})` : ''
  const closes = opened === undefined ? '' : ` back to ${shorten(opened) || 'its start'}`
  const message = `Cannot store the ${what} of ${id}: ${shorten(written) || 'it'} is ${is}${name}${closes}. Instead: ${advice}.`
  return new StatewardError('not_storable', message, { details: { id, what, path: written, kind }, cause })
}

/** The path as text, such as `context.items[3].handler` or `context.cache<Map>["k"]`; empty for the value itself. */
export function pathOf(path: readonly PathStep[]): string {
  const text = path.map(textOf).join('')
  return text.startsWith('.') ? text.slice(1) : text
}

function textOf(step: PathStep): string {
  if (typeof step === 'number') return `[${step}]`
  if (typeof step === 'string') return /^[A-Za-z_$][\w$]*$/.test(step) ? `.${step}` : `[${JSON.stringify(step)}]`
  if ('symbol' in step) return `[${String(step.symbol)}]`
  if (step.in === 'Set') return `<Set>[${step.entry}]`
  if (step.side === 'key') return `<Map>{${step.entry}}.key`
  if (typeof step.key === 'object' && step.key !== null) return `<Map>{${step.entry}}.value`
  return `<Map>[${typeof step.key === 'string' ? JSON.stringify(step.key) : String(step.key)}]`
}

const shorten = (path: string) => (path.length > 240 ? `${path.slice(0, 110)} … ${path.slice(-110)}` : path)

/** The kind of an object that is neither plain nor of a built-in type that is stored. */
export function kindOf(value: object): RefusedKind {
  if (types.isPromise(value)) return 'promise'
  if (types.isWeakMap(value) || types.isWeakSet(value) || value instanceof WeakRef) return 'weak_collection'
  if (Buffer.isBuffer(value)) return 'buffer'
  if (types.isTypedArray(value)) return 'typed_array'
  if (types.isAnyArrayBuffer(value) || types.isDataView(value)) return 'array_buffer'
  if (value instanceof AbortSignal) return 'abort_signal'
  if ('sessionId' in value && 'send' in value && 'ref' in value) return 'actor'
  const { pipe, getReader, getWriter } = value as { pipe?: unknown; getReader?: unknown; getWriter?: unknown }
  return [pipe, getReader, getWriter].some((method) => typeof method === 'function') ? 'stream' : 'class_instance'
}

function classOf(value: unknown): string {
  const name = (value as { constructor?: { name?: unknown } } | null | undefined)?.constructor?.name
  return typeof name === 'string' && name !== '' ? name : Object.prototype.toString.call(value).slice(8, -1)
}
