/**
 * Scripts close to one. What a script meets depends on how many turns of the event loop each call takes, and any change of the
 * sources shifts those: one of its neighbours meets the same moment again.
 *
 * Owns: how they differ, which is how long the calls of the store take, and how close the commands follow each other.
 */
import { seeded } from '../../src/testing/world/seeded-ids.js'
import type { Line, Script } from './script.js'

const turns: readonly Line['turns'][] = [0, 1, 2, 3, 4, 5, 6, 'same', 'microtask', undefined]

/** That script, then others with the same commands. Half of them keep its turns, and a quarter has its store's other pace. */
export function* neighbours(script: Script, count: number): Generator<Script> {
  yield script
  const random = seeded(script.seed)
  const oneOf = () => turns[Math.floor(random() * turns.length)]
  const close = (line: Line): Line => (random() < 0.2 ? { ...line, turns: oneOf() } : line)
  for (let n = 1; n <= count; n++)
    yield {
      ...script,
      seed: script.seed + n,
      isUneven: n % 4 === 0 ? !script.isUneven : script.isUneven === true,
      lines: n % 2 === 0 ? script.lines.map(close) : script.lines,
    }
}
