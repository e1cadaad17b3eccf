/**
 * Shares an open store between its users: two runtimes in one process may be given the same store object.
 *
 * Owns: the first user opens the store and the last one closes it, whichever copy of the package they belong to.
 */
import type { SnapshotStore } from './snapshot-store.js'

interface Holding {
  readonly holders: Set<object>
  /** The last opening or closing: each begins when the one before has ended. */
  turn: Promise<unknown>
}

const key = Symbol.for('stateward.store-holders')
const shared = globalThis as { [key]?: WeakMap<object, Holding> }

function holdingOf(store: SnapshotStore): Holding {
  const all = (shared[key] ??= new WeakMap<object, Holding>())
  let holding = all.get(store)
  if (!holding) all.set(store, (holding = { holders: new Set(), turn: Promise.resolve() }))
  return holding
}

/** Opens the store for `holder`. */
export async function holdStore(store: SnapshotStore, holder: object): Promise<void> {
  const holding = holdingOf(store)
  holding.holders.add(holder)
  const opened = holding.turn.then(() => store.open())
  holding.turn = opened.catch(() => undefined)
  try {
    await opened
  } catch (error) {
    holding.holders.delete(holder)
    throw error
  }
}

/** `holder` no longer needs the store: closes it, unless another holder still does. */
export async function letStoreGo(store: SnapshotStore, holder: object): Promise<void> {
  const holding = holdingOf(store)
  holding.holders.delete(holder)
  const closed = holding.turn.then(() => (holding.holders.size === 0 ? store.close() : undefined))
  holding.turn = closed.catch(() => undefined)
  await closed
}
