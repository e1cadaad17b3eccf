/**
 * Values with types that JSON lacks, as readable JSON.
 *
 * Owns: a form for expectations that owes nothing to the codec that is tested by them.
 */

/** The same value in JSON; anything that it has no word for is refused. */
export function plainForm(value: unknown): unknown {
  if (value === undefined) return { $undefined: true }
  if (typeof value === 'bigint') return { $bigint: String(value) }
  if (value === null || typeof value === 'string' || typeof value === 'boolean' || Number.isFinite(value)) return value
  if (Array.isArray(value)) return value.map(plainForm)
  if (value instanceof Date) return { $date: value.toISOString() }
  if (value instanceof Map) return { $map: [...value].map(([key, item]) => [plainForm(key), plainForm(item)]) }
  if (value instanceof Set) return { $set: [...value].map(plainForm) }
  if (Object.prototype.toString.call(value) !== '[object Object]' || typeof value !== 'object')
    throw new TypeError(`no form for a ${typeof value}`)
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plainForm(item)]))
}
