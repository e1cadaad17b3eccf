/**
 * A clock that stands still until it is told to go on.
 *
 * Owns: simulated time, and the order in which timers fire: by due time, then by when they were set.
 */
import type { Clock } from '../../src/clock.js'

interface Timer {
  readonly due: number
  readonly seq: number
  readonly fire: () => void
  cancelled: boolean
}

/** A `Clock` whose time moves by `advance` alone. */
export class SimulatedClock implements Clock {
  #now: number
  #seq = 0
  /** A binary heap; cancelled timers stay until they come up. */
  readonly #heap: Timer[] = []

  constructor(start = Date.UTC(2026, 0, 1)) {
    this.#now = start
  }

  now(): number {
    return this.#now
  }

  setTimeout(fire: () => void, ms: number): unknown {
    const timer: Timer = { due: this.#now + Math.max(0, ms || 0), seq: ++this.#seq, fire, cancelled: false }
    this.#push(timer)
    return timer
  }

  clearTimeout(handle: unknown): void {
    if (handle !== undefined) (handle as Timer).cancelled = true
  }

  /** When the next timer is due; undefined if none is set. */
  get next(): number | undefined {
    while (this.#heap[0]?.cancelled) this.#pop()
    return this.#heap[0]?.due
  }

  /** Lets `ms` pass: each timer fires at its own time, and `between` is awaited after each. */
  async advance(ms: number, between: () => Promise<void> = () => Promise.resolve()): Promise<void> {
    const until = this.#now + ms
    for (let due = this.next; due !== undefined && due <= until; due = this.next) {
      this.#now = Math.max(this.#now, due)
      const timer = this.#pop()
      timer?.fire()
      await between()
    }
    this.#now = until
  }

  #push(timer: Timer): void {
    const heap = this.#heap
    let index = heap.push(timer) - 1
    for (let up = (index - 1) >> 1; index > 0 && isBefore(timer, heap[up] as Timer); up = (index - 1) >> 1) {
      heap[index] = heap[up] as Timer
      index = up
    }
    heap[index] = timer
  }

  #pop(): Timer | undefined {
    const heap = this.#heap
    const first = heap[0]
    const last = heap.pop()
    if (last === undefined || heap.length === 0) return first
    let index = 0
    for (let child = 1; child < heap.length; child = 2 * index + 1) {
      if (child + 1 < heap.length && isBefore(heap[child + 1] as Timer, heap[child] as Timer)) child++
      if (!isBefore(heap[child] as Timer, last)) break
      heap[index] = heap[child] as Timer
      index = child
    }
    heap[index] = last
    return first
  }
}

const isBefore = (a: Timer, b: Timer) => a.due < b.due || (a.due === b.due && a.seq < b.seq)
