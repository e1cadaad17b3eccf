/**
 * A store whose calls arrive late.
 *
 * Owns: which calls are held back, and letting them go in order. A call that is held has had no effect yet.
 */
import type { SnapshotStore } from '../../src/index.js'
import type { StoreCall } from './ailing-store.js'

/** A store over another one. */
export interface HeldStore extends SnapshotStore {
  /** From now on these calls wait: before they have their effect, or with their answer. */
  hold(calls: readonly StoreCall[], when?: 'before' | 'after'): void
  /** Lets everything go, and holds nothing any more. */
  letGo(): void
  /** Lets the call go that came last. */
  letLastGo(): void
  /** How many calls wait. */
  readonly waiting: number
}

/** Wraps a store, which answers at once until it is told otherwise. */
export function heldStore(store: SnapshotStore): HeldStore {
  const held = new Map<string, 'before' | 'after'>()
  const gates: (() => void)[] = []
  const gate = () => new Promise<void>((resolve) => gates.push(resolve))
  const late =
    (name: string, member: (...args: unknown[]) => Promise<unknown>) =>
    async (...args: unknown[]) => {
      if (held.get(name) === 'before') await gate()
      const result = await member(...args)
      if (held.get(name) === 'after') await gate()
      return result
    }
  const calls = Object.entries(store).map(([name, member]: [string, unknown]) => [
    name,
    typeof member === 'function' ? late(name, member as (...args: unknown[]) => Promise<unknown>) : member,
  ])
  return {
    ...(Object.fromEntries(calls) as SnapshotStore),
    hold: (names: readonly StoreCall[], when = 'before' as const) => names.forEach((name) => held.set(name, when)),
    letGo() {
      held.clear()
      for (const open of gates.splice(0)) open()
    },
    letLastGo: () => gates.pop()?.(),
    get waiting() {
      return gates.length
    },
  }
}
