/** How long the store calls of a run take. Owns the two paces: all about the same, and some much longer than others. */
import type { Script } from './script.js'

/** For how many turns of the event loop a call is held, each way. */
export type Pace = (operation: string) => number

/** The greatest number of turns of an operation, if they are uneven. */
const lengths = [0, 2, 5, 12]

/** The pace of a script. `random`: from 0 to 1. */
export function paceOf({ isUneven }: Pick<Script, 'isUneven'>, random: () => number): Pace {
  if (!isUneven) return () => Math.floor(random() * 3)
  const longest = new Map<string, number>()
  return (operation) => {
    let most = longest.get(operation)
    if (most === undefined) longest.set(operation, (most = lengths[Math.floor(random() * lengths.length)] as number))
    return Math.floor(random() * (most + 1))
  }
}
