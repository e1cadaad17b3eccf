/**
 * Which executions get the next permits under their keys: the rules of `admit`, for every store.
 *
 * Owns: the order between levels of priority, the turns of keys within one level, and when a limit or a rate holds a key back.
 * Talks to: the lanes of a store, through `WaitingLanes`. Does not know: how lanes are kept, owners, slots.
 *
 * A lane is the executions of one entry point with the same keys and the same priority. Between levels counts what is oldest: its
 * acceptance less `ageing` ms for each level of priority, as in a queue without keys. Within a level the lanes take turns: one that
 * begins to wait stands last, and one that got a permit goes to the end (round robin). So an execution that is the first of its key waits for at most one
 * execution of each other key, however long their lanes are. A lane that can get nothing is set aside until that may have changed,
 * so that a call costs what it gives.
 *
 * A rate is counted exactly (a sliding log of starts): one more may start if fewer than `limit` started after `now − per`, and those
 * that have a permit and have not started yet count as started now. If the clock was set back, starts that lie ahead of it count as
 * started now (`setBackBefore`): nothing waits for longer than `per` and that much, and never do too many start.
 */
import type { AdmitRequest, FlowKeys } from './snapshot-store.js'

/** A start that lies so many ms ahead was made before the clock was set back; less, and another process made it while this one waited for a lock. */
const AHEAD = 10_000

/** What starts later than that time was started before the clock was set back. */
export const setBackBefore = (now: number) => now + AHEAD

/** Executions of one entry point with the same keys and priority, which start in the order of their acceptance. */
export interface Lane {
  readonly keys: FlowKeys
  readonly priority: number
}

/** The lanes of one entry point, as a store keeps them. */
export interface WaitingLanes<TLane extends Lane> {
  /** The priorities of the lanes that are not set aside. */
  levels(): readonly number[]
  /** The earliest acceptance in the lanes of a level that are not set aside; undefined: there are none. */
  oldest(priority: number): number | undefined
  /** The lane of that level whose turn it is. */
  next(priority: number): TLane | undefined
  /** How many executions have a permit under a key of the concurrency. */
  holders(key: string): number
  /** How many executions started under a key of the rate after that time, and how many have a permit there and have not started yet. */
  starts(rateKey: string, after: number): { readonly started: number; readonly pending: number }
  /** When the `nth` of those that started after that time did, from 0. */
  startOf(rateKey: string, after: number, nth: number): number
  /** Nothing of it can get a permit before one under its key is given back, or the limit is greater than that. */
  setAside(lane: TLane, limit: number): void
  /** Nothing of it can get a permit before that time. */
  delay(lane: TLane, until: number): void
  /** Gives its first execution a permit, and puts the lane behind the others of its level. False: nothing waits there any more, and the lane is gone. */
  give(lane: TLane): boolean
}

type Limits = Pick<AdmitRequest, 'limit' | 'ageing' | 'now' | 'concurrency' | 'rate'>

/** How many more may start under one key of a rate; and once that is none, when the next one may. */
interface Room {
  left: number
  readonly after: number
  readonly started: number
  readonly pending: number
}

/** Gives out permits until there are `limit`, or nothing can get one. Gives the time at which the rate of all executions together lets one more start, if they wait for it. */
export function admitFairly<TLane extends Lane>(lanes: WaitingLanes<TLane>, limits: Limits): number | null {
  const { ageing, now, concurrency, rate } = limits
  const ranks = new Map<number, number>()
  const levels = lanes.levels()
  const rank = (priority: number) => {
    // one level alone is the next one whatever is oldest in it
    if (levels.length === 1) return void ranks.set(priority, 0)
    const oldest = lanes.oldest(priority)
    if (oldest === undefined) ranks.delete(priority)
    else ranks.set(priority, oldest - priority * ageing)
  }
  for (const priority of levels) rank(priority)
  const free = new Map<string, number>()
  const rooms = new Map<string, Room>()

  /** How many more permits there are under a key. */
  const freeUnder = (key: string, limit: number) => {
    let known = free.get(key)
    if (known === undefined) free.set(key, (known = limit - lanes.holders(key)))
    return known
  }
  const roomUnder = (key: string, { limit, per }: NonNullable<Limits['rate']>) => {
    let room = rooms.get(key)
    if (!room) {
      const after = now - per
      const counted = lanes.starts(key, after)
      rooms.set(key, (room = { ...counted, after, left: limit - counted.started - counted.pending }))
    }
    return room
  }
  /** When one more may start under a key that has no room: once so many of the counted ones are over that it has. */
  const opensAt = (key: string, { started, after, left }: Room, per: number) => {
    // those without a start yet start now at the earliest
    const over = -left
    return (over < started ? lanes.startOf(key, after, over) : now) + per
  }

  for (let left = limits.limit; left > 0;) {
    const priority = first(ranks)
    if (priority === undefined) return null
    const lane = lanes.next(priority)
    if (!lane) {
      ranks.delete(priority)
      continue
    }
    const { concurrency: key, rate: rateKey } = lane.keys
    const room = rate && rateKey !== null ? roomUnder(rateKey, rate) : undefined
    if (concurrency && key !== null && freeUnder(key, concurrency.limit) <= 0) lanes.setAside(lane, concurrency.limit)
    else if (rate && rateKey !== null && room && room.left <= 0) {
      const at = opensAt(rateKey, room, rate.per)
      // all others wait for the same
      if (!rate.isKeyed && rateKey === '') return at
      lanes.delay(lane, at)
    } else if (lanes.give(lane)) {
      left--
      if (key !== null && free.has(key)) free.set(key, (free.get(key) as number) - 1)
      if (room) room.left--
    }
    rank(priority)
  }
  return null
}

/** The level whose oldest has the least rank; the greater priority, if two are the same. */
function first(ranks: ReadonlyMap<number, number>): number | undefined {
  let best: number | undefined
  let least = Infinity
  for (const [priority, rank] of ranks) {
    if (rank > least || (rank === least && best !== undefined && priority < best)) continue
    best = priority
    least = rank
  }
  return best
}
