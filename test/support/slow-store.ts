/** A store in memory whose calls take their time. Owns: how many turns of the event loop each one takes. */
import { memoryStore } from '../../src/persistence/memory/memory-store.js'
import type { SnapshotStore } from '../../src/persistence/snapshot-store.js'

/** The turns of calls, by name; of several, the first call takes the first, and so on, in a circle. `others`: of those not named. */
export type Turns = Readonly<Record<string, number | readonly number[]>>

/** Lets one turn of the event loop pass. */
export const turn = () => new Promise<void>((resolve) => setImmediate(resolve))

/** Each call takes so many turns on its way, and as many back; those that take fewer overtake the others. */
export function slowStore(turns: Turns): SnapshotStore {
  const slow = (name: string, call: (...args: unknown[]) => unknown) => {
    const given = turns[name] ?? turns['others'] ?? 0
    const all = typeof given === 'number' ? [given] : given
    let n = 0
    return async (...args: unknown[]) => {
      const mine = all[n++ % all.length] ?? 0
      for (let left = mine; left > 0; left--) await turn()
      const answer = await call(...args)
      for (let left = mine; left > 0; left--) await turn()
      return answer
    }
  }
  const members = Object.entries(memoryStore()).map(([name, member]: [string, unknown]) => [
    name,
    typeof member === 'function' ? slow(name, member as (...args: unknown[]) => unknown) : member,
  ])
  return Object.fromEntries(members) as SnapshotStore
}
