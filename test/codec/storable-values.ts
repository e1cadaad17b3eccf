/**
 * What the tests of the codec store: generators of storable and of unstorable values, and a reader of refusal paths
 * that is written independently of the codec.
 */
import * as fc from 'fast-check'
import { isStatewardError } from '../../src/errors.js'
import { encode } from '../../src/codec/snapshot-codec.js'

/** The place that every test of the codec names. */
export const at = { id: 'e1', what: 'snapshot' }

/** The details of the refusal that `value` must meet. */
export function refusalOf(value: unknown): { message: string; kind: unknown; path: string } {
  try {
    encode(value, at)
  } catch (error) {
    if (!isStatewardError(error, 'not_storable')) throw error
    if (error.details['id'] !== at.id || error.details['what'] !== at.what)
      throw new Error('It names another place', { cause: error })
    return { message: error.message, kind: error.details['kind'], path: String(error.details['path']) }
  }
  throw new Error('It was stored')
}

const reserved = ['__proto__', 'constructor', 'prototype']

const key = fc
  .oneof(fc.string(), fc.constantFrom('', 'a.b', '\\', 'a\\.b', '~', '/', '0', 'toString', 'json', 'name'))
  .filter((text) => !reserved.includes(text))

const leaf = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.integer(),
  fc.double(),
  fc.constantFrom(null, undefined, true, false, Number.NaN, -0, Infinity, -Infinity),
  fc.bigInt(),
  fc.date({ noInvalidDate: true }),
  fc.constantFrom(/a\/b/g, /[/\]\n]/u, /(?:)/, /^\\$/imsy),
  fc.webUrl().map((url) => new URL(url)),
  fc.uint8Array(),
  fc.int32Array(),
  fc.uint16Array(),
  fc.float64Array({ noNaN: true, noDefaultInfinity: true }).map((array) => array.map((number) => number + 0)),
)

/** Any value that the codec promises to bring back. */
export const storable = fc.letrec<{ value: unknown; object: object }>((tie) => ({
  object: fc.dictionary(key, tie('value'), { noNullPrototype: true, maxKeys: 4 }),
  value: fc.oneof(
    { maxDepth: 5, withCrossShrink: true },
    leaf,
    tie('object'),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.array(fc.tuple(tie('value'), tie('value')), { maxLength: 3 }).map((entries) => new Map(entries)),
    fc.array(tie('value'), { maxLength: 4 }).map((items) => new Set(items)),
    fc
      .tuple(tie('value'), tie('value'))
      .map(([cause, details]) => Object.assign(new TypeError('failed', { cause }), { details })),
    tie('value').map((value) => ({ one: value, other: [value] })),
  ),
})).value

/** Makers of values that are refused as they are, each with the kind that is reported. */
export const unstorable = fc.constantFrom<{ make: () => unknown; kind: string }>(
  { kind: 'function', make: () => () => 1 },
  { kind: 'symbol', make: () => Symbol('s') },
  { kind: 'promise', make: () => Promise.resolve() },
  {
    kind: 'class_instance',
    make: () =>
      new (class Thing {
        n = 1
      })(),
  },
  { kind: 'class_instance', make: () => new URLSearchParams() },
  { kind: 'weak_collection', make: () => new WeakMap() },
  { kind: 'buffer', make: () => Buffer.from('b') },
  { kind: 'array_buffer', make: () => new ArrayBuffer(1) },
  { kind: 'typed_array', make: () => new BigUint64Array(1) },
  { kind: 'abort_signal', make: () => new AbortController().signal },
  { kind: 'invalid_date', make: () => new Date(Number.NaN) },
)

/** The ways in which a value can lie in another one, innermost first. */
export const wrappings = fc.array(
  fc.oneof(
    fc.record({ in: fc.constant('object' as const), key, beside: storable }),
    fc.record({ in: fc.constantFrom('array' as const, 'set' as const, 'map key' as const), beside: storable }),
    fc.record({
      in: fc.constant('map' as const),
      key: fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.constantFrom(null, undefined)),
      beside: storable,
    }),
  ),
  { maxLength: 6 },
)

type Wrapping = typeof wrappings extends fc.Arbitrary<(infer W)[]> ? W : never

/** `culprit` inside of all these. */
export function wrap(culprit: unknown, steps: readonly Wrapping[]): unknown {
  let value = culprit
  for (const step of steps) {
    if (step.in === 'object') value = { [`_${step.key}`]: step.beside, [step.key]: value }
    else if (step.in === 'map')
      value = new Map([
        [`_${String(step.key)}`, step.beside],
        [step.key, value],
      ] as [unknown, unknown][])
    else if (step.in === 'map key')
      value = new Map([
        [{ first: 1 }, step.beside],
        [value, 1],
      ] as [unknown, unknown][])
    else value = step.in === 'array' ? [step.beside, value] : new Set([{ beside: step.beside }, value])
  }
  return value
}

const words: Record<string, unknown> = { true: true, false: false, null: null, undefined }
const stepPattern = /<Map>\{(\d+)\}\.(key|value)|<Set>\[(\d+)\]|(<Map>)?\[("(?:[^"\\]|\\.)*"|[^\]]*)\]|\.?([A-Za-z_$][\w$]*)/y

/** What lies at the end of a path as refusals write it. */
export function resolvePath(root: unknown, path: string): unknown {
  let value = root
  stepPattern.lastIndex = 0
  while (stepPattern.lastIndex < path.length) {
    const found = stepPattern.exec(path)
    if (!found) throw new Error(`Unreadable path ${path}`)
    const [, entry, side, item, inMap, quoted, name] = found
    if (entry !== undefined) value = [...(value as Map<unknown, unknown>)][Number(entry)]?.[side === 'key' ? 0 : 1]
    else if (item !== undefined) value = [...(value as Set<unknown>)][Number(item)]
    else {
      const word = name ?? (quoted !== undefined && quoted in words ? words[quoted] : JSON.parse(quoted ?? ''))
      value = inMap ? (value as Map<unknown, unknown>).get(word) : (value as Record<string, unknown>)[String(word)]
    }
  }
  return value
}
