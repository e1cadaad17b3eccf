/** Random numbers that come again with the same seed. Owns: the generator (mulberry32). */

/** Numbers in [0, 1). */
export function seeded(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** The seed of this run: `STATEWARD_SEED`, else a fresh one; printed, to run it again. */
export function printedSeed(what: string): number {
  const seed = Number(process.env['STATEWARD_SEED'] ?? Date.now() % 2 ** 31)
  process.stdout.write(`${what}: STATEWARD_SEED=${seed}\n`)
  return seed
}
