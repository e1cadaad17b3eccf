/**
 * Stores that several runtimes connect to, as processes to one database.
 *
 * Owns: making and removing them; those of `places` go away with their test.
 */
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { memoryStore } from '../../src/persistence/memory/memory-store.js'
import type { SnapshotStore } from '../../src/persistence/snapshot-store.js'
import { sqliteStore } from '../../src/persistence/sqlite/sqlite-store.js'
import { SharedStore } from '../../src/testing/world/shared-store.js'

/** Where the processes of one test, or of one run, connect to. */
export class StorePlace extends SharedStore {
  /** What a test runtime is given as its `store`: it opens a connection for each of its processes. */
  readonly open: () => SnapshotStore
  readonly #destroy: () => void

  constructor(open: () => SnapshotStore, destroy: () => void = () => undefined) {
    super(open)
    this.open = open
    this.#destroy = destroy
  }

  async remove(): Promise<void> {
    await this.close()
    this.#destroy()
  }
}

/** In memory where the platform has that: nobody pulls the plug in these tests, and a slow disk is no part of them. */
export const fastFolder = existsSync('/dev/shm') ? '/dev/shm' : tmpdir()

/** Makes a place; whoever does so removes it. */
export const makePlace = {
  memory(): StorePlace {
    const store = memoryStore()
    return new StorePlace(() => store)
  },
  /** A file of its own. */
  sqlite(): StorePlace {
    const folder = mkdtempSync(join(fastFolder, 'stateward-place-'))
    return new StorePlace(
      () => sqliteStore(join(folder, 'store.db')),
      () => rmSync(folder, { recursive: true, force: true }),
    )
  },
}

/** The same place, which goes away with the test. */
export function withTest(place: StorePlace): StorePlace {
  onTestFinished(() => place.remove())
  return place
}

export const memoryPlace = () => withTest(makePlace.memory())
export const sqlitePlace = () => withTest(makePlace.sqlite())

/** For `describe.each`. */
export const places = [
  ['memory', memoryPlace],
  ['sqlite', sqlitePlace],
] as const
