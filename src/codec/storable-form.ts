/**
 * The form in which a value that is more than plain JSON can be written, or the reason why it can't be.
 *
 * Owns: the exact walk. It copies the value into local, acyclic, plain objects and rich values that superjson carries
 * without loss, and refuses the rest with the path of the culprit. Talks to: `stored-error.ts` for the parts of errors,
 * `not-storable.ts` for the words of a refusal. It writes no text: the codec does.
 */
import { types } from 'node:util'
import { isStatewardError, StatewardError } from '../errors.js'
import { isPlainNumber, maxDepth, maxParts, maxRichDepth } from './storable-check.js'
import { partsOf, StoredError } from './stored-error.js'
import { regExpFrom } from './stored-regexp.js'
import { kindOf, pathOf, refusal, type PathStep, type Place, type RefusedKind } from './not-storable.js'

/** What the exact walk gives: a copy of local, acyclic, plain objects and rich values, and whether there are rich ones. */
export interface StorableForm {
  readonly form: unknown
  readonly rich: boolean
}

/** What is written for an object that can't be; undefined: nothing is. */
export type Naming = (value: object) => object | undefined

const root = { path: [], parts: 0 }

/** The form of `value` that can be written, which may stand `from` a place inside something greater; throws `not_storable` with the path of what can't be. */
export function toStorable(
  value: unknown,
  at: Place,
  named?: Naming,
  from: { path: readonly PathStep[]; parts: number } = root,
): StorableForm {
  const walk = new Walk(at, named, from)
  try {
    const form = walk.form(value)
    if (walk.rich && walk.ifRich) throw refusal(walk.ifRich.kind, at, walk.ifRich.path)
    return { form, rich: walk.rich }
  } catch (error) {
    if (error instanceof StatewardError) throw error
    throw refusal('unreadable', at, walk.path, { cause: error })
  }
}

const reservedKeys = new Set(['__proto__', 'constructor', 'prototype'])

class Walk {
  readonly path: PathStep[]
  rich = false
  /** The first thing that plain JSON can have and superjson can't; matters only if there is a rich value. */
  ifRich: { readonly kind: RefusedKind; readonly path: readonly PathStep[] } | undefined
  #ancestors = new Map<object, number>()
  readonly #done = new Map<object, { form: unknown; parts: number; height: number }>()
  readonly #at: Place
  readonly #named: Naming
  #parts: number
  /** The greatest depth seen below the object at hand. */
  #deepest = 0
  #inError = false

  constructor(
    at: Place,
    named: Naming = () => undefined,
    from: { readonly path: readonly PathStep[]; readonly parts: number } = root,
  ) {
    this.#at = at
    this.#named = named
    this.path = [...from.path]
    this.#parts = from.parts
  }

  form(value: unknown): unknown {
    if (typeof value === 'function') throw this.#refuse('function', value)
    if (typeof value === 'symbol') throw this.#refuse('symbol', value)
    if (typeof value === 'bigint' || (typeof value === 'number' && !isPlainNumber(value))) this.rich = true
    if (typeof value !== 'object' || value === null) return value
    const known = this.#done.get(value)
    if (known) {
      this.#count(known.parts)
      this.#reach(this.path.length + known.height)
      return known.form
    }
    const opened = this.#ancestors.get(value)
    if (opened !== undefined) throw this.#refuse('cycle', value, pathOf(this.path.slice(0, opened)))
    const before = this.#parts
    const outside = this.#deepest
    const depth = this.path.length
    this.#deepest = 0
    this.#reach(depth + 1)
    this.#count(1)
    this.#ancestors.set(value, depth)
    const form = this.#formOf(value)
    this.#ancestors.delete(value)
    this.#done.set(value, { form, parts: this.#parts - before, height: this.#deepest - depth })
    this.#deepest = Math.max(outside, this.#deepest)
    return form
  }

  #formOf(value: object): unknown {
    if (Array.isArray(value)) return this.#array(value)
    if (isPlainObject(value)) return this.#record(value)
    const named = this.#named(value)
    if (named) return this.#record(named)
    this.rich = true
    if (types.isNativeError(value) || value instanceof Error) return this.#error(value)
    if (types.isMap(value)) return this.#map(this.#bare(value))
    if (types.isSet(value)) return this.#set(this.#bare(value))
    if (types.isDate(value)) {
      if (Number.isNaN(this.#bare(value).getTime())) throw this.#refuse('invalid_date', value)
      return new Date(value.getTime())
    }
    if (types.isRegExp(value)) return regExpFrom(this.#bare(value))
    if (value instanceof URL) return new URL(this.#bare(value).href)
    if (types.isTypedArray(value)) return this.#typedArray(value)
    throw this.#refuse(kindOf(value), value)
  }

  #array(value: readonly unknown[]): unknown[] {
    if (!standsOn(value, 2)) throw this.#refuse('class_instance', value)
    const copy: unknown[] = []
    for (let index = 0; index < value.length; index++) copy.push(this.#property(value, index))
    const extra = Object.keys(value)[value.length]
    if (extra !== undefined) throw this.#refuseAt(extra, 'array_property', value)
    this.#noSymbols(value)
    return copy
  }

  #record(value: object): Record<string, unknown> {
    this.#noSymbols(value)
    const copy: Record<string, unknown> = {}
    for (const key of Object.keys(value)) {
      if (reservedKeys.has(key)) {
        this.path.push(key)
        this.#unlessPlain('reserved_key')
        this.path.pop()
      }
      const item = this.#property(value, key)
      if (key === '__proto__') Object.defineProperty(copy, key, { value: item, enumerable: true, writable: true })
      else copy[key] = item
    }
    return copy
  }

  #property(holder: object, key: string | number): unknown {
    this.path.push(key)
    const descriptor = Object.getOwnPropertyDescriptor(holder, key)
    if (descriptor === undefined) throw this.#refuse('sparse_array', holder)
    if (!('value' in descriptor)) throw this.#refuse('accessor', holder)
    const form = this.form(descriptor.value)
    this.path.pop()
    return form
  }

  #map(value: ReadonlyMap<unknown, unknown>): Map<unknown, unknown> {
    const copy = new Map<unknown, unknown>()
    let entry = 0
    for (const [key, item] of value) {
      const keyForm = this.#step({ in: 'Map', entry, side: 'key' }, key)
      copy.set(keyForm, this.#step({ in: 'Map', entry, side: 'value', key }, item))
      entry++
    }
    return copy
  }

  #set(value: ReadonlySet<unknown>): Set<unknown> {
    const copy = new Set<unknown>()
    for (const item of value) copy.add(this.#step({ in: 'Set', entry: copy.size }, item))
    return copy
  }

  #step(step: PathStep, value: unknown): unknown {
    this.path.push(step)
    const form = this.form(value)
    this.path.pop()
    return form
  }

  /** superjson writes the numbers of these as JSON, so only what JSON and its nine constructors know comes back. */
  #typedArray(value: NodeJS.TypedArray): unknown {
    const Type = typedArrays.get(value[Symbol.toStringTag])
    if (!Type || !standsOn(value, 3)) throw this.#refuse(kindOf(value), value)
    if (Object.keys(value).length !== value.length) throw this.#refuse('extra_property', value)
    this.#count(value.length)
    const numbers = value as Float64Array
    const lost = numbers.findIndex((number) => !isPlainNumber(number))
    if (lost >= 0) throw this.#refuseAt(lost, 'typed_array_number', numbers[lost])
    return value instanceof Type ? value : new Type(numbers)
  }

  #error(value: Error): StoredError {
    const inError = this.#inError
    this.#inError = true
    const parts = partsOf(value, (key, part) => {
      const ancestors = this.#ancestors
      const before = this.#parts
      const deepest = this.#deepest
      const depth = this.path.length
      this.#ancestors = new Map(ancestors)
      try {
        if (reservedKeys.has(key)) return undefined
        return { form: this.#step(key, part) }
      } catch (error) {
        this.path.length = depth
        this.#parts = before
        this.#deepest = deepest
        // the stored chain says that it was longer
        return key === 'cause' && part instanceof Error ? { form: causeLeftOut(error) } : undefined
      } finally {
        this.#inError = true
        this.#ancestors = ancestors
      }
    })
    this.#inError = inError
    return new StoredError(parts)
  }

  /** The value, if it is of the very type and carries nothing else: a subclass or an added property would be lost. */
  #bare<T extends object>(value: T): T {
    if (!standsOn(value, 2)) throw this.#refuse('class_instance', value)
    const extra = Object.keys(value)[0]
    if (extra !== undefined) throw this.#refuseAt(extra, 'extra_property', value)
    return value
  }

  #noSymbols(value: object): void {
    const symbol = Object.getOwnPropertySymbols(value)[0]
    if (symbol !== undefined) throw this.#refuseAt({ symbol }, 'symbol_key', value)
  }

  #reach(depth: number): void {
    this.#deepest = Math.max(this.#deepest, depth)
    if (depth > maxDepth) throw this.#refuse('too_deep', undefined)
    if (depth > maxRichDepth) this.#unlessPlain('too_deep')
  }

  #unlessPlain(kind: RefusedKind): void {
    if (this.#inError) throw this.#refuse(kind, undefined)
    this.ifRich ??= { kind, path: [...this.path] }
  }

  #count(parts: number): void {
    this.#parts += parts
    if (this.#parts > maxParts) throw this.#refuse('too_large', undefined)
  }

  #refuseAt(step: PathStep, kind: RefusedKind, value: unknown): StatewardError {
    this.path.push(step)
    return this.#refuse(kind, value)
  }

  #refuse(kind: RefusedKind, value: unknown, opened?: string): StatewardError {
    return refusal(kind, this.#at, this.path, { value, ...(opened === undefined ? {} : { opened }) })
  }
}

const typedArrays = new Map(
  [Int8Array, Uint8Array, Uint8ClampedArray, Int16Array, Uint16Array, Int32Array, Uint32Array, Float32Array, Float64Array].map(
    (Type) => [Type.name, Type],
  ),
)

const objectSource = Function.prototype.toString.call(Object)

/** True for `{}` and null-prototype objects, also of another realm; false for instances, of `class extends null` too. */
function isPlainObject(value: object): boolean {
  const proto: object | null = Object.getPrototypeOf(value)
  if (proto === null || proto === Object.prototype) return true
  if (Object.getPrototypeOf(proto) !== null || !Object.hasOwn(proto, 'constructor')) return false
  const { constructor } = proto
  return typeof constructor === 'function' && Function.prototype.toString.call(constructor) === objectSource
}

/** True if the chain above `value` has exactly this many prototypes: then it is the built-in type, and no subclass. */
function standsOn(value: object, prototypes: number): boolean {
  let above = 0
  for (let proto = Object.getPrototypeOf(value); proto !== null; proto = Object.getPrototypeOf(proto)) above++
  return above === prototypes
}

/** Stands for a cause that can't be stored, and for those behind it. */
function causeLeftOut(refused: unknown): StoredError {
  const isCircle = isStatewardError(refused, 'not_storable') && refused.details['kind'] === 'cycle'
  const message = isCircle ? '… the causes go round in a circle' : '… a further cause can not be stored'
  return new StoredError({ type: 'Error', name: 'Error', message })
}
