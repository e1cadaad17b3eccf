/**
 * What is under way where a machine stands: its timers that are set and its steps in flight.
 *
 * Owns: the form in which those of a walk and those that are stored can be compared, by their names alone.
 */
import type { ExecutionRecord } from '../../actors/execution/execution-record.js'
import { isTerminal } from '../../events/execution-status.js'
import type { Place } from './program-walk.js'

/** What is under way. Timers are told by their events, steps by their ids, each as often as there are. */
export interface Pending {
  readonly timers: readonly string[]
  readonly steps: readonly string[]
}

const nothing: Pending = { timers: [], steps: [] }

/** What is under way at a place of a walk; `steps`: the ids of those in flight there. */
export function pendingAt({ snapshot, timers }: Place, steps: readonly string[]): Pending {
  if (snapshot.status !== 'active') return nothing
  const set = timers.filter(({ dueAt }) => dueAt < Infinity).map(({ event }) => event.type)
  return { timers: set.toSorted(), steps: steps.toSorted() }
}

/** What is stored as under way of the machine itself; what it has spawned without an id has another one in each run. */
export function pendingIn({ status, timers, steps }: ExecutionRecord): Pending {
  if (isTerminal(status)) return nothing
  const own = timers.filter(({ source, target, dueAt }) => source === '' && target === '' && dueAt < Infinity)
  const ids = Object.keys(steps).filter((path) => path !== '' && !path.includes('/'))
  return {
    timers: own.map(({ event }) => event.type).toSorted(),
    steps: ids
      .map((id) => decodeURIComponent(id))
      .filter((id) => !/^[xp]:\d+$/.test(id))
      .toSorted(),
  }
}
