/**
 * Whether a value is plain JSON: the quick check that nearly every snapshot passes.
 *
 * Owns: the limits of depth and size, and the one strict look at every object that comes before `JSON.stringify`. It notes
 * where something stands that is more than plain JSON.
 * It says neither why a value failed nor where: `storable-form.ts` walks it again, exactly. It talks to nobody.
 */

import { types } from 'node:util'

/** How deep plain JSON may be nested: well inside what `JSON.stringify` manages with a used stack. */
export const maxDepth = 1_000

/** The same for a value that superjson writes and reads: its recursion takes some fifteen times the stack. */
export const maxRichDepth = 250

/** How many objects and items a value may have, each counted as often as it would be written. */
export const maxParts = 2_000_000

/** How far the quick check may go, and what it has found on its way. */
export interface PlainCheck {
  readonly depth: number
  parts: number
  /** The keys on the way to where the check is; what lies past its depth is left over and means nothing. */
  readonly path: (string | number)[]
  /** The places that hold undefined: JSON pointers, as JSON strings with commas between them. */
  gaps: string
  /** Where what is more than plain JSON is put, to be written apart; absent: there may be none. */
  readonly rich?: RichPart[]
}

/** Something that is more than plain JSON, and where it stands. */
export interface RichPart {
  readonly path: readonly (string | number)[]
  readonly value: unknown
}

/** True if `value` is plain JSON but for undefined, whose places are noted; false: the exact walk has to look. */
export function isPlain(value: unknown, check: PlainCheck, depth = 0): boolean {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return true
    case 'number':
      return isPlainNumber(value) || isNoted(value, check, depth)
    case 'bigint':
      return isNoted(value, check, depth)
    case 'undefined':
      noteGap(check, depth)
      return true
    case 'object':
      break
    default:
      return false
  }
  if (value === null) return true
  if (depth >= check.depth || ++check.parts > maxParts) return false
  return Array.isArray(value) ? isPlainArray(value, check, depth) : isPlainRecord(value, check, depth)
}

function isPlainArray(value: readonly unknown[], check: PlainCheck, depth: number): boolean {
  if (Object.getPrototypeOf(value) !== Array.prototype || Object.keys(value).length !== value.length) return false
  if (Object.getOwnPropertySymbols(value).length > 0) return false
  for (let index = 0; index < value.length; index++) {
    const item = value[index]
    if (typeof item === 'string') continue
    if (item === undefined && !(index in value)) return false
    check.path[depth] = index
    if (!isPlain(item, check, depth + 1)) return false
  }
  return true
}

function isPlainRecord(value: object, check: PlainCheck, depth: number): boolean {
  if (Object.getPrototypeOf(value) !== Object.prototype) return isBuiltIn(value) && isNoted(value, check, depth)
  if (Object.getOwnPropertySymbols(value).length > 0) return false
  for (const key in value) {
    const property = Object.getOwnPropertyDescriptor(value, key)
    // inherited, from a polluted prototype: JSON.stringify passes it by, too
    if (property === undefined) continue
    const item: unknown = property.value
    if (typeof item === 'string') continue
    if (item === undefined && !('value' in property)) return false
    check.path[depth] = key
    if (!isPlain(item, check, depth + 1)) return false
  }
  return true
}

/** Of a type that superjson writes; a subclass of one is refused by the exact walk. */
const isBuiltIn = (value: object) =>
  types.isDate(value) ||
  types.isMap(value) ||
  types.isSet(value) ||
  types.isRegExp(value) ||
  types.isNativeError(value) ||
  types.isTypedArray(value) ||
  value instanceof Error ||
  value instanceof URL

function isNoted(value: unknown, check: PlainCheck, depth: number): boolean {
  check.rich?.push({ path: check.path.slice(0, depth), value })
  return check.rich !== undefined
}

/** A JSON pointer (RFC 6901), as a JSON string. */
export function pointerTo(path: readonly (string | number)[], depth = path.length): string {
  let pointer = ''
  for (let index = 0; index < depth; index++) {
    const key = path[index]
    pointer += typeof key === 'string' && /[~/]/.test(key) ? `/${key.replaceAll('~', '~0').replaceAll('/', '~1')}` : `/${key}`
  }
  return /^[\w/]*$/.test(pointer) ? `"${pointer}"` : JSON.stringify(pointer)
}

function noteGap(check: PlainCheck, depth: number): void {
  const text = pointerTo(check.path, depth)
  check.gaps = check.gaps === '' ? text : `${check.gaps},${text}`
}

/** True for what JSON writes as it is: no NaN, no infinity, no minus zero. */
export const isPlainNumber = (value: number) => Number.isFinite(value) && (value !== 0 || 1 / value > 0)
