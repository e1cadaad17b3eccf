/**
 * Whether a value is plain JSON: the quick check that nearly every snapshot passes.
 *
 * Owns: the limits of depth and size, and the one strict look at every object that comes before `JSON.stringify`.
 * It says neither why a value failed nor where: `storable-form.ts` walks it again, exactly. It talks to nobody.
 */

/** How deep a value may be nested: well inside what `JSON.stringify` and superjson manage with a used stack. */
export const maxDepth = 1_000

/** How many objects and items a value may have, each counted as often as it would be written. */
export const maxParts = 10_000_000

/** What the quick check has found on its way: the places that hold undefined, as JSON pointers. */
export interface PlainCheck {
  parts: number
  readonly gaps: string[]
}

/** True if `value` is plain JSON but for undefined, whose places are noted; false: the exact walk has to look. */
export function isPlain(value: unknown, check: PlainCheck, depth = 0): boolean {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return true
    case 'number':
      return isPlainNumber(value)
    case 'undefined':
      check.gaps.push('')
      return true
    case 'object':
      break
    default:
      return false
  }
  if (value === null) return true
  if (depth >= maxDepth || ++check.parts > maxParts) return false
  return Array.isArray(value) ? isPlainArray(value, check, depth) : isPlainRecord(value, check, depth)
}

function isPlainArray(value: readonly unknown[], check: PlainCheck, depth: number): boolean {
  if (Object.getPrototypeOf(value) !== Array.prototype || Object.keys(value).length !== value.length) return false
  for (let index = 0; index < value.length; index++) {
    const item = value[index]
    if (typeof item === 'string') continue
    if (item === undefined && !(index in value)) return false
    const before = check.gaps.length
    if (!isPlain(item, check, depth + 1)) return false
    if (check.gaps.length > before) prefix(check.gaps, before, String(index))
  }
  return true
}

function isPlainRecord(value: object, check: PlainCheck, depth: number): boolean {
  if (Object.getPrototypeOf(value) !== Object.prototype || Object.getOwnPropertySymbols(value).length > 0) return false
  for (const key in value) {
    const property = Object.getOwnPropertyDescriptor(value, key)
    if (property === undefined) continue
    if (property.get !== undefined || property.set !== undefined) return false
    const item: unknown = property.value
    if (typeof item === 'string') continue
    const before = check.gaps.length
    if (!isPlain(item, check, depth + 1)) return false
    if (check.gaps.length > before) prefix(check.gaps, before, key)
  }
  return true
}

function prefix(gaps: string[], from: number, key: string): void {
  const step = '/' + (key.includes('~') || key.includes('/') ? key.replaceAll('~', '~0').replaceAll('/', '~1') : key)
  for (let index = from; index < gaps.length; index++) gaps[index] = step + gaps[index]
}

/** True for what JSON writes as it is: no NaN, no infinity, no minus zero. */
export const isPlainNumber = (value: number) => Number.isFinite(value) && (value !== 0 || 1 / value > 0)
