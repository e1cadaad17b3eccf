/**
 * Takes what is more than plain JSON out of a value, so that only that is written by superjson, which is slow.
 *
 * Owns: the copy with holes; objects that have no such part below them are not copied. Talks to nobody.
 */
import type { RichPart } from './storable-check.js'

type Holder = Record<string | number, unknown>

/** `value` with null in the place of each part; what is returned shares the rest with it. */
export function withoutParts(value: unknown, parts: readonly RichPart[]): unknown {
  const copies = new Map<unknown, Holder>()
  const copyOf = (original: unknown): Holder => {
    const known = copies.get(original)
    if (known) return known
    const copy = (Array.isArray(original) ? [...(original as unknown[])] : { ...(original as object) }) as Holder
    copies.set(original, copy)
    return copy
  }
  for (const { path } of parts) {
    let original = value as Holder
    let holder = copyOf(value)
    for (const key of path.slice(0, -1)) {
      original = original[key] as Holder
      const copy = copyOf(original)
      holder[key] = copy
      holder = copy
    }
    holder[path.at(-1) as string | number] = null
  }
  return copies.get(value)
}

/** Whether a text holds a key that superjson refuses, or what looks like one. */
export const hasReservedKey = (json: string): boolean => /"(?:__proto__|constructor|prototype)":/.test(json)
