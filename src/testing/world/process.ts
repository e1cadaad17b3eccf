/**
 * One simulated process of a test runtime: a supervisor of its own, on a connection of its own.
 *
 * Owns: what a process is made of. Looks for the work of other processes monthly, in simulated time,
 * so that a long wait costs next to nothing: one process lives at a time. Its lease outlasts every test.
 */
import type { IdSource } from '../../ids.js'
import type { EntryPoint } from '../../runtime/entry-point.js'
import { supervised, type RuntimeOptions, type RuntimeSource } from '../../runtime/runtime.js'
import { DirectEvents } from './direct-events.js'
import { intercepted } from './intercepted.js'
import type { Life } from './process-life.js'
import type { Receipts } from './receipts.js'
import { ownerKey } from './seeded-ids.js'
import type { Connection, SharedStore } from './shared-store.js'
import { watchedConnection } from './watched-connection.js'
import type { World } from './world.js'

/** One process. */
export interface Process {
  readonly source: RuntimeSource
  readonly connection: Connection
  /** An entry point as this process has it. */
  entryPoint(this: void, given: EntryPoint): EntryPoint
}

/** What a process shares with those before and after it. */
export interface Surroundings {
  readonly life: Life
  readonly world: World
  readonly shared: SharedStore
  readonly receipts: Receipts
  readonly ids: IdSource
}

const DAY = 24 * 3_600_000
const MONTH = 30 * DAY
const DECADE = 3_652 * DAY

/** A process that has not started yet. */
export function beginProcess(
  options: Omit<RuntimeOptions, 'store' | 'clock' | 'ids'>,
  { life, world, shared, receipts, ids }: Surroundings,
): Process {
  const direct = new DirectEvents()
  const connection = shared.connect((store) => watchedConnection(store, { life, world, receipts, direct }))
  const known = new WeakMap<EntryPoint, EntryPoint>()
  const entryPoint = (given: EntryPoint) => {
    const own = known.get(given) ?? intercepted(given, life, world, direct)
    known.set(given, own)
    return own
  }
  const source = supervised({
    pollInterval: MONTH,
    lease: DECADE,
    ...options,
    entryPoints: options.entryPoints.map(entryPoint),
    store: connection,
    clock: life.clock,
    ids: { ...ids, key: ownerKey },
  })
  return { source, connection, entryPoint }
}
