/** A digest of an encoded value. Owns: two texts that differ in the order of plain fields alone have the same one. */
import { createHash } from 'node:crypto'

/** 64 hex digits of a text that `encode` has made. */
export function digestOf(text: string): string {
  const envelope = JSON.parse(text) as { readonly u?: readonly string[] }
  // the places of undefined stand there in the order of the fields
  const ordered = envelope.u ? { ...envelope, u: envelope.u.toSorted() } : envelope
  return createHash('sha256')
    .update(JSON.stringify(sorted(ordered)))
    .digest('hex')
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  // pairs, since a field may be named like a number, or `__proto__`
  const fields = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1))
  return { fields: fields.map(([name, each]) => [name, sorted(each)]) }
}
