/** The seed of a run with random instants. Owns: that it is printed, so that the run can be had again. */

/** `STATEWARD_SEED`, else a fresh one. */
export function printedSeed(what: string): number {
  const seed = Number(process.env['STATEWARD_SEED'] ?? Date.now() % 2 ** 31)
  process.stdout.write(`${what}: STATEWARD_SEED=${seed}\n`)
  return seed
}
