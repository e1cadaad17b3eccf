/**
 * The order of events that one process sends to one execution without awaiting each other.
 *
 * Owns: no event is routed before earlier events have their place, also if one has to be routed again; and
 * no call waits behind others for longer than a call may wait. Does not know: what a place is, or who owns the execution;
 * `command-router.ts` does.
 */
import { isHeldUp } from '../../errors.js'

/** An event that has no place yet. */
interface Waiting {
  readonly n: number
  /** Finds the event a place. If it returns a promise, the next event waits for it. */
  readonly route: (hasWaited: boolean) => unknown
  /** True once the event has waited behind another one. */
  hasWaited: boolean
  readonly resolve: (placed: never) => void
  readonly reject: (error: unknown) => void
}

/** The events of one process that have no place yet. */
export class SendingOrder {
  /** By execution, in the order of sending. An empty lane is removed. */
  readonly #lanes = new Map<string, Waiting[]>()
  #last = 0

  /** The number of an event that is sent now. */
  next(): number {
    return ++this.#last
  }

  /** Calls `route` once no event to that execution with a smaller number waits; resolves with what it returns, which must not be a promise of an answer. `hasWaited`: behind one that took its time. */
  inTurn<T>(id: string, n: number, route: (hasWaited: boolean) => T | Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const waiting: Waiting = { n, route, hasWaited: false, resolve: resolve as (placed: never) => void, reject }
      const lane = this.#lanes.get(id)
      if (!lane) return void this.#run(id, [waiting])
      const later = lane.findIndex((other) => other.n > n)
      lane.splice(later < 0 ? lane.length : later, 0, waiting)
    })
  }

  async #run(id: string, lane: Waiting[]): Promise<void> {
    this.#lanes.set(id, lane)
    // no program gets an event within the caller's own code
    await Promise.resolve()
    for (let next = lane.shift(); next; next = lane.shift()) {
      try {
        const placed = next.route(next.hasWaited)
        if (placed instanceof Promise) next.resolve((await placed.finally(() => late(lane))) as never)
        else next.resolve(placed as never)
      } catch (error) {
        // the same lock would delay each of the others for as long, one after the other
        const alike = isHeldUp(error) ? lane.splice(0) : []
        for (const waiting of [next, ...alike]) waiting.reject(error)
      }
    }
    this.#lanes.delete(id)
  }
}

function late(lane: readonly Waiting[]): void {
  for (const waiting of lane) waiting.hasWaited = true
}
