/** Ids and random numbers that come again with the same seed. Owns: the generator (mulberry32, by Tommy Ettinger, public domain). */
import type { IdSource } from '../../ids.js'

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

/**
 * Ids that count, `execution-1`, `key-1`, …, and seeded jitter: for one world, over all its processes. Where several worlds
 * share a store, the ids of each begin with its own `prefix`, so that they are not one owner.
 */
export function seededIds(seed = 1, prefix?: string): IdSource {
  const own = prefix === undefined ? '' : `${prefix}-`
  const random = seeded(seed)
  let executions = 0
  let keys = 0
  return { execution: () => `${own}execution-${++executions}`, key: () => `${own}key-${++keys}`, random }
}
