/**
 * A place that several runtimes connect to, as processes to one database.
 *
 * Owns: its connections; a connection that is cut behaves as that of a dead process, whose death others notice at once.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { StatewardError } from '../../src/errors.js'
import { memoryStore } from '../../src/persistence/memory-store.js'
import type { SnapshotStore } from '../../src/persistence/snapshot-store.js'
import { sqliteStore } from '../../src/persistence/sqlite-store.js'

/** A store as one process sees it. */
export interface Connection extends SnapshotStore {
  /** From now on nothing of it arrives, and no call comes back. */
  cut(): void
  readonly isCut: boolean
}

/** Makes connections to one store. */
export class StorePlace {
  readonly #open: () => SnapshotStore
  readonly #dead = new Set<string>()
  readonly #opened: SnapshotStore[] = []

  constructor(open: () => SnapshotStore, destroy: () => void) {
    this.#open = open
    onTestFinished(async () => {
      for (const store of this.#opened) await store.close()
      destroy()
    })
  }

  /** A connection; what is changed in `over` is called instead of the store's own. */
  connect(over: (store: SnapshotStore) => Partial<SnapshotStore> = () => ({})): Connection {
    const store = this.#open()
    this.#opened.push(store)
    const keys = new Set<string>()
    let cut = false
    let closed = true
    const own: SnapshotStore = {
      ...store,
      open: () => {
        closed = false
        return store.open()
      },
      // several connections may share one store in memory
      close: async () => {
        closed = true
      },
      register: (owner, dead) => {
        keys.add(owner.key)
        return store.register(owner, dead)
      },
      owners: async () =>
        (await store.owners()).map((owner) => (this.#dead.has(owner.key) ? { ...owner, leaseUntil: 0 } : owner)),
    }
    const whole: SnapshotStore = { ...own, ...over(own) }
    const never = new Promise<never>(() => undefined)
    const calls = Object.entries(whole).map(([name, member]) => {
      if (typeof member !== 'function') return [name, member]
      const call = (...args: unknown[]): unknown => {
        if (cut) return never
        if (closed && name !== 'open' && name !== 'close')
          return Promise.reject(new StatewardError('store_closed', `closed at ${name}`))
        return (member as (...all: unknown[]) => unknown)(...args)
      }
      return [name, call]
    })
    return {
      ...(Object.fromEntries(calls) as SnapshotStore),
      get isCut() {
        return cut
      },
      cut: () => {
        cut = true
        for (const key of keys) this.#dead.add(key)
      },
    }
  }
}

/** A place in memory, gone with the test. */
export function memoryPlace(): StorePlace {
  const store = memoryStore()
  return new StorePlace(
    () => store,
    () => undefined,
  )
}

/** A file of its own, gone with the test. */
export function sqlitePlace(): StorePlace {
  const folder = mkdtempSync(join(tmpdir(), 'stateward-place-'))
  return new StorePlace(
    () => sqliteStore(join(folder, 'store.db')),
    () => rmSync(folder, { recursive: true, force: true }),
  )
}

/** For `describe.each`. */
export const places = [
  ['memory', memoryPlace],
  ['sqlite', sqlitePlace],
] as const
