/** Ids and random numbers that come again with the same seed. Owns: the generator (mulberry32, by Tommy Ettinger, public domain). */
import type { ChildName, IdSource } from '../../ids.js'

/** Numbers in [0, 1), the same ones for the same seed. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** Counts over the whole process, which is what `ownerKey` promises. */
let owners = 0

/**
 * A key that no other owner in this process has: worlds may meet in one file without knowing of each other, and two owners
 * of one key would take each other's executions for their own. Nothing that a test sees depends on it.
 */
export const ownerKey = (): string => `owner-${++owners}`

/** How far the ids of a store have been counted. */
interface Counts {
  executions: number
  keys: number
  /** The ids of what steps have started, by its name. */
  readonly children: Map<string, string>
}

const counts = new WeakMap<object, Counts>()

/**
 * Ids that count, `execution-1`, `key-1`, …, and seeded jitter: for one world, over all its processes. Worlds on one store
 * (`of`) count on where the others are, so that no two of them give out the same id.
 */
export function seededIds(seed = 1, of: object = {}): IdSource {
  const random = seeded(seed)
  const counted = counts.get(of) ?? { executions: 0, keys: 0, children: new Map() }
  counts.set(of, counted)
  const execution = () => `execution-${++counted.executions}`
  const child = (named: ChildName) => {
    const name = JSON.stringify(named)
    const id = counted.children.get(name) ?? execution()
    counted.children.set(name, id)
    return id
  }
  return { execution, child, key: () => `key-${++counted.keys}`, random }
}
