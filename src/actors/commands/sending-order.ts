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
  readonly #ahead: (id: string) => Promise<unknown> | undefined
  #last = 0

  /** `ahead`: resolves once earlier events, which somebody else places, have their places or are here again, with the error if a lock delayed one for its whole time; undefined: there are none. */
  constructor(ahead: (id: string) => Promise<unknown> | undefined = () => undefined) {
    this.#ahead = ahead
  }

  /** The number of an event that is sent now. */
  next(): number {
    return ++this.#last
  }

  /** Calls `route` once no event to that execution with a smaller number waits; resolves with what it returns, which must not be a promise of an answer. `hasWaited`: behind one that took its time. */
  inTurn<T>(id: string, n: number, route: (hasWaited: boolean) => T | Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const waiting: Waiting = { n, route, hasWaited: false, resolve: resolve as (placed: never) => void, reject }
      const lane = this.#lanes.get(id)
      if (lane) enter(lane, waiting)
      else void this.#run(id, [waiting])
    })
  }

  async #run(id: string, lane: Waiting[]): Promise<void> {
    this.#lanes.set(id, lane)
    // no program gets an event within the caller's own code
    await Promise.resolve()
    for (let next = lane.shift(); next; next = lane.shift()) {
      try {
        const ahead = this.#ahead(id)
        if (ahead) {
          const error = await ahead
          enter(lane, next)
          late(lane)
          if (isHeldUp(error)) rejectAll(lane.splice(0), error)
          continue
        }
        const placed = next.route(next.hasWaited)
        if (placed instanceof Promise) next.resolve((await placed.finally(() => late(lane))) as never)
        else next.resolve(placed as never)
      } catch (error) {
        // the same lock would delay each of the others for as long, one after the other
        rejectAll([next, ...(isHeldUp(error) ? lane.splice(0) : [])], error)
      }
    }
    this.#lanes.delete(id)
  }
}

/** Gives an event its place among those that wait. */
function enter(lane: Waiting[], waiting: Waiting): void {
  const later = lane.findIndex((other) => other.n > waiting.n)
  lane.splice(later < 0 ? lane.length : later, 0, waiting)
}

function rejectAll(each: readonly Waiting[], error: unknown): void {
  for (const waiting of each) waiting.reject(error)
}

function late(lane: readonly Waiting[]): void {
  for (const waiting of lane) waiting.hasWaited = true
}
