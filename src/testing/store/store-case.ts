/**
 * One promise of the store contract, as data that any test runner can run.
 *
 * Owns: the life of the store under test. Each case gets a fresh, open store, which is destroyed afterwards.
 */
import type { SnapshotStore } from '../../persistence/snapshot-store.js'

/** Makes the stores under test. */
export interface StoreFactory {
  /** A new and empty store, not opened yet. */
  create(): Promise<{
    readonly store: SnapshotStore
    /** Closes the store and gives an unopened one on the same data, as a process that starts after a crash. */
    reopen?(): Promise<SnapshotStore>
    /** Another unopened store on the same data, while the first one stays open, as a second process. */
    second?(): Promise<SnapshotStore>
    /** Takes everything away; the suite has closed the stores before. */
    destroy(): Promise<void>
  }>
}

/** Why a case did not run, or undefined if it ran: to be passed on to the runner, so that nothing is skipped in silence. */
export type StoreCaseResult = { readonly skipped: string } | undefined

/** A promise that every store keeps; `run` rejects if this one does not. */
export interface StoreCase {
  readonly name: string
  run(make: StoreFactory): Promise<StoreCaseResult>
}

/** What the body of a case has at hand. */
export interface StoreCaseTools {
  readonly store: SnapshotStore
  /** The data after the store was closed and opened again. */
  reopen(): Promise<SnapshotStore>
  /** The data through a second connection. */
  second(): Promise<SnapshotStore>
}

/** A case that runs `body` on a fresh, open store; `needs` says what else the factory must offer. */
export function storeCase(name: string, body: (tools: StoreCaseTools) => Promise<void>, needs?: 'reopen' | 'second'): StoreCase {
  return {
    name,
    async run(make) {
      const made = await make.create()
      const opened = [made.store]
      const open = async (store: SnapshotStore | undefined) => {
        if (!store) throw new Error(`the case "${name}" must say that it needs more of the factory`)
        opened.push(store)
        await store.open()
        return store
      }
      try {
        if (needs && !made[needs]) return { skipped: `the factory of this store has no ${needs}()` }
        await made.store.open()
        await body({
          store: made.store,
          reopen: async () => open(await made.reopen?.()),
          second: async () => open(await made.second?.()),
        })
        return undefined
      } finally {
        await gone(opened, () => made.destroy())
      }
    },
  }
}

/** Closes all of them and destroys what they stood on, whatever each makes of it; then rejects as the first that did. */
export async function gone(stores: readonly SnapshotStore[], destroy: () => Promise<void>): Promise<void> {
  const errors: unknown[] = []
  for (const end of [...stores.map((store) => () => store.close()), destroy])
    try {
      await end()
    } catch (error) {
      errors.push(error)
    }
  if (errors.length > 0) throw errors[0]
}
