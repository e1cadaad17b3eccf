/** Waiting for a condition. Owns: turns of the event loop, and saying what was waited for in vain. */

const PATIENCE = 8_000

/** One turn of the event loop. */
export const turn = () => new Promise<void>((resolve) => setImmediate(resolve))

/** So many turns of the event loop: whatever needs no time has happened after them. */
export async function turns(count = 50): Promise<void> {
  for (let left = count; left > 0; left--) await turn()
}

/** Resolves once `condition` holds. */
export async function eventually(description: string, condition: () => boolean | Promise<boolean>): Promise<void> {
  const until = performance.now() + PATIENCE
  while (!(await condition())) {
    if (performance.now() > until) throw new Error(`waited in vain for ${description}`)
    await turn()
  }
}
