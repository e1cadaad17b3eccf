/**
 * The texts in which snapshots, inputs, outputs and events are stored.
 *
 * Owns: the envelope with its format number, and the two forms in it. Plain JSON is `{"f":1,"v":…}`, with `"u"` for the
 * places that hold undefined, as JSON pointers (every XState snapshot has some); a value with a Date, a Map, an Error or the
 * like is `{"f":1,"v":…,"p":[…],"s":{"json":[…],"meta":…}}`: plain JSON, the pointers to the places of such parts, and these
 * parts, made by superjson; or, where all of it goes through superjson, `{"f":1,"s":{"json":…,"meta":…}}`. Talks to: `storable-check.ts` and `storable-form.ts`, which
 * decide what may be written. It knows neither stores nor actors. `test/golden/codec` holds texts that stay readable for ever.
 */
import { SuperJSON, type SuperJSONResult } from 'superjson'
import { StatewardError } from '../errors.js'
import { hasReservedKey, withoutParts } from './rich-parts.js'
import { isPlain, maxDepth, pointerTo, type PlainCheck, type RichPart } from './storable-check.js'
import { toStorable, type Naming } from './storable-form.js'
import { errorFrom, StoredError, type ErrorParts } from './stored-error.js'
import { regExpFrom, type RegExpParts } from './stored-regexp.js'
import { fillGaps, fillPlaces } from './undefined-gaps.js'
import { refusal, type Place } from './not-storable.js'

export type { Naming }

const format = 1

/** Deeper than this, the exact walk looks for a cycle first: the quick check would go round it. */
const usualDepth = 64

/** Private, so that nothing registered on superjson's global instance changes what a stored text means. */
const rich = new SuperJSON()
rich.registerCustom<Error, never>(
  {
    isApplicable: (value): value is StoredError => value instanceof StoredError,
    serialize: (error) => (error as StoredError).parts as never,
    deserialize: (parts: ErrorParts) => errorFrom(parts),
  },
  'error',
)

// superjson keeps source and flags, which is enough for all but one that is in the middle of a text
rich.registerCustom<RegExp, never>(
  {
    isApplicable: (value): value is RegExp => value instanceof RegExp && value.lastIndex !== 0,
    serialize: ({ source, flags, lastIndex }) => ({ source, flags, lastIndex }) as never,
    deserialize: (parts: RegExpParts) => regExpFrom(parts),
  },
  'regexp',
)

/**
 * The text that `decode` reads back as an equal value; throws `not_storable` with the path of what can't be stored.
 *
 * Stored: plain JSON, undefined, NaN, the infinities, -0, bigint, Date, RegExp, Map, Set, URL, Error and typed arrays, at any
 * depth. Gotchas: an object that is reachable twice comes back as two (a graph of shared objects grows as it is written; past
 * two million parts it is refused); non-enumerable properties and the class of an Error that is not built in are
 * not kept; a part of an Error that can't be stored is left out, so that a failure can always be recorded; a cause that can't is
 * replaced by an error that says so.
 *
 * `named` gives what is stored for an object that can't be stored itself, such as a living actor; undefined: it is refused.
 */
export function encode(value: unknown, at: Place, named?: Naming): string {
  try {
    const quick = encodeQuick(value, at, named)
    if (quick !== undefined) return quick
    const storable = toStorable(value, at, named)
    if (storable.rich) return encodeRich(storable.form)
    // a null-prototype object, one of another realm, or a deep one
    const copied = encodePlain(storable.form, maxDepth)
    if (copied !== undefined) return copied
  } catch (error) {
    if (error instanceof StatewardError) throw error
    // "Invalid string length" is a RangeError like an overflowing stack
    const long = error instanceof RangeError && error.message.includes('length')
    throw refusal(long ? 'too_large' : error instanceof RangeError ? 'too_deep' : 'unreadable', at, [], { cause: error })
  }
  throw refusal('too_deep', at, [])
}

function encodePlain(value: unknown, depth: number): string | undefined {
  const check: PlainCheck = { depth, parts: 0, path: [], gaps: '' }
  return isPlain(value, check) ? plainText(value, check) : undefined
}

function plainText(value: unknown, check: PlainCheck): string {
  const json = value === undefined ? 'null' : JSON.stringify(value)
  return check.gaps === '' ? `{"f":1,"v":${json}}` : `{"f":1,"v":${json},"u":[${check.gaps}]}`
}

/** Plain JSON, and what in it is more, which alone goes through superjson. Undefined: the exact walk has to look at all of it. */
function encodeQuick(value: unknown, at: Place, named?: Naming): string | undefined {
  const parts: RichPart[] = []
  const check: PlainCheck = { depth: usualDepth, parts: 0, path: [], gaps: '', rich: parts }
  if (!isPlain(value, check)) return undefined
  if (parts.length === 0) return plainText(value, check)
  // what is rich as a whole has no plain rest
  if (parts[0]?.path.length === 0) return undefined
  try {
    const forms = parts.map((part) => toStorable(part.value, at, named, { path: part.path, parts: check.parts }).form)
    const json = JSON.stringify(withoutParts(value, parts))
    if (hasReservedKey(json)) return undefined
    const { json: list, meta } = rich.serialize(forms)
    const stored = JSON.stringify({ json: list, meta: { values: meta?.values, v: 1 } })
    const gaps = check.gaps === '' ? '' : `,"u":[${check.gaps}]`
    return `{"f":${format},"v":${json}${gaps},"p":[${parts.map(({ path }) => pointerTo(path)).join(',')}],"s":${stored}}`
  } catch {
    // the exact walk says what is wrong, and where
    return undefined
  }
}

/** Without superjson's list of shared objects: restoring it moves the items of Sets and Maps, and so mixes them up. */
function encodeRich(form: unknown): string {
  const { json, meta } = rich.serialize(form)
  return JSON.stringify({ f: format, s: { json, meta: { values: meta?.values, v: 1 } } })
}

/**
 * The value that was encoded, as a fresh object graph that the caller may change.
 *
 * Throws `unknown_format` for a text of a newer version, `corrupt` for anything else that `encode` did not write.
 */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the caller knows what it had encoded
export function decode<T = unknown>(text: string, at: Place): T {
  try {
    return read(JSON.parse(text), at) as T
  } catch (error) {
    if (error instanceof StatewardError) throw error
    throw new StatewardError('corrupt', `The stored ${at.what} of ${at.id} is unreadable`, { details: { ...at }, cause: error })
  }
}

/** A deep copy that shares nothing with `value`, exactly as it would come back from a store. */
export function clone<T>(value: T, at: Place, named?: Naming): T {
  return decode<T>(encode(value, at, named), at)
}

function read(envelope: unknown, { id, what }: Place): unknown {
  if (!isRecord(envelope) || typeof envelope['f'] !== 'number') throw new TypeError('no envelope')
  const { f: found, v, u = [], p, s } = envelope
  if (found !== format) {
    const message = `The stored ${what} of ${id} has format ${found}; this version reads format ${format}`
    throw new StatewardError('unknown_format', message, { details: { id, what, format: found } })
  }
  const isMixed = Object.hasOwn(envelope, 'p')
  if ((Object.hasOwn(envelope, 'v') && Object.hasOwn(envelope, 's')) !== isMixed) throw new TypeError('not one value')
  if (isMixed) return fillPlaces(fillGaps(v, u), p, readRich(s))
  if (!Object.hasOwn(envelope, 'v') && !Object.hasOwn(envelope, 's')) throw new TypeError('no value')
  return Object.hasOwn(envelope, 'v') ? fillGaps(v, u) : readRich(s)
}

function readRich(stored: unknown): unknown {
  if (!isRecord(stored) || !isRecord(stored['meta']) || stored['meta']['v'] !== 1) throw new TypeError('no superjson')
  const { json, meta } = stored as { json: SuperJSONResult['json']; meta: NonNullable<SuperJSONResult['meta']> }
  return rich.deserialize({ json, meta: { ...(meta.values ? { values: meta.values } : {}), v: 1 } }, { inPlace: true })
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
