/** The limit on executions that run at the same time over all streams. Owns the count, and which stream gets the next slot. */
import { isBefore } from './admission-queue.js'

/** So many executions may stand in the queue of a stream for slots that others use now, although they have their permits under their keys. */
const AHEAD = 4

/** For how many executions a stream with so many free slots of its own has use: a few more than there are shared slots, so that it has its turn when one gets free. */
export function roomIn({ limit, used }: Pick<ConcurrencySlots, 'limit' | 'used'>, own: number): number {
  return Math.max(0, Math.min(own, Math.max(limit - used, AHEAD)))
}

/** A stream that wants slots. */
export interface SlotSeeker {
  /** The place of its next execution, if it has one and a free slot of its own. */
  wanting(): { started: boolean; key: number } | undefined
  /** Takes one slot for its next execution. */
  next(): void
}

/** Shared slots. Invariant: `used` ≤ `limit`. */
export class ConcurrencySlots {
  readonly limit: number
  used = 0
  readonly #seekers = new Set<SlotSeeker>()

  constructor(limit: number) {
    this.limit = limit
  }

  join(seeker: SlotSeeker): void {
    this.#seekers.add(seeker)
  }

  leave(seeker: SlotSeeker): void {
    this.#seekers.delete(seeker)
  }

  get hasFree(): boolean {
    return this.used < this.limit
  }

  take(): boolean {
    if (this.used >= this.limit) return false
    this.used++
    return true
  }

  /** Gives a slot back; the stream that has waited longest gets it. */
  free(): void {
    this.used--
    this.offer()
  }

  /** Hands out the free slots. */
  offer(): void {
    while (this.used < this.limit) {
      const next = this.#next()
      if (!next) return
      next.next()
    }
  }

  #next(): SlotSeeker | undefined {
    let best: SlotSeeker | undefined
    let bestKey: { started: boolean; key: number } | undefined
    for (const seeker of this.#seekers) {
      const key = seeker.wanting()
      if (key && (!bestKey || isBefore(key, bestKey))) [best, bestKey] = [seeker, key]
    }
    return best
  }
}
