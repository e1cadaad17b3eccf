/**
 * The order in which executions get slots.
 *
 * Owns: priority, FIFO within a priority, and ageing. One level of priority is worth `ageing` ms of waiting, so an entry's
 * place is fixed when it arrives (arrival − priority × ageing), and an entry that waits long enough is first: nothing starves.
 * Arrival is the acceptance, or the time before which it must not start; by the monotonic clock, so that a wall clock that is set back
 * changes no order.
 * Executions that had started before (resumed, woken, recovered) go ahead of executions that had not.
 * Removed entries are skipped when they reach the front.
 */

import { Heap } from '../../heap.js'
import type { WallClock } from '../../wall-clock.js'
import type { Admissible } from '../execution/execution-port.js'

/** A difference of less than this, in ms, does not count as a clock that was set. */
const JUMP = 1_000

interface Entry<T> {
  readonly item: T
  readonly started: boolean
  /** When it arrived, by the monotonic clock. */
  readonly since: number
  readonly key: number
  readonly seq: number
}

/** A priority queue with ageing. Each item stands in it at most once. */
export class AdmissionQueue<T extends Admissible> {
  readonly #ageing: number
  readonly #heap = new Heap<Entry<T>>(before)
  readonly #clock: Pick<WallClock, 'now' | 'monotonic'>
  readonly #entries = new Map<T, Entry<T>>()
  #seq = 0
  /** By how much the monotonic clock is ahead of the wall clock. */
  #ahead = 0

  /** `ageing`: how many ms of waiting outweigh one level of priority. */
  constructor(ageing: number, clock: Pick<WallClock, 'now' | 'monotonic'>) {
    this.#ageing = ageing
    this.#clock = clock
  }

  get size(): number {
    return this.#entries.size
  }

  add(item: T): void {
    if (this.#entries.has(item)) return
    const since = this.#arrival(item.queuedSince)
    const entry = { item, started: item.hasStarted, since, key: since - item.priority * this.#ageing, seq: ++this.#seq }
    this.#entries.set(item, entry)
    this.#heap.push(entry)
  }

  /** By the monotonic clock. The two clocks are compared only when one was set, so that entries accepted in the same ms keep their order. */
  #arrival(queuedSince: number): number {
    const now = this.#clock.monotonic()
    const ahead = now - this.#clock.now()
    if (Math.abs(ahead - this.#ahead) >= JUMP) this.#ahead = ahead
    const since = queuedSince + this.#ahead
    return since > now + JUMP ? now : since
  }

  remove(item: T): boolean {
    return this.#entries.delete(item)
  }

  has(item: T): boolean {
    return this.#entries.has(item)
  }

  /** The next item, which stays in the queue. */
  peek(): T | undefined {
    this.#skipRemoved()
    return this.#heap.first?.item
  }

  /** The place of the next item, comparable between queues; undefined if the queue is empty. */
  headKey(): { started: boolean; key: number } | undefined {
    this.#skipRemoved()
    return this.#heap.first
  }

  take(): T | undefined {
    this.#skipRemoved()
    const item = this.#heap.first?.item
    if (item === undefined) return undefined
    this.#heap.pop()
    this.#entries.delete(item)
    return item
  }

  /** The first accepted item among those that never started. */
  oldest(): T | undefined {
    let oldest: Entry<T> | undefined
    for (const entry of this.#entries.values()) {
      if (!entry.item.hasStarted && (oldest === undefined || entry.since < oldest.since)) oldest = entry
    }
    return oldest?.item
  }

  *[Symbol.iterator](): Iterator<T> {
    yield* this.#entries.keys()
  }

  #skipRemoved(): void {
    for (let entry = this.#heap.first; entry && this.#entries.get(entry.item) !== entry; entry = this.#heap.first)
      this.#heap.pop()
  }
}

/** True if `a` goes ahead of `b`. */
export function isBefore(a: { started: boolean; key: number }, b: { started: boolean; key: number }): boolean {
  return a.started === b.started ? a.key < b.key : a.started
}

function before<T>(a: Entry<T>, b: Entry<T>): boolean {
  return isBefore(a, b) || (!isBefore(b, a) && a.seq < b.seq)
}
