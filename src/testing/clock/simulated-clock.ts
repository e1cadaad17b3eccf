/**
 * A simulated clock: its time passes only when a test lets it pass.
 *
 * Owns: simulated time, by the wall and as it passes, and the order in which timers fire: by due time, then by when they were set. A binary heap, so
 * that a timer costs the same among many as among few. Does not know: what the timers are for, and when all is quiet.
 */
import { Heap } from '../../heap.js'
import type { Clock, TimerOptions } from '../../clock.js'
import { StatewardError } from '../../errors.js'

interface Timer {
  readonly due: number
  readonly seq: number
  fire: () => void
  readonly background: boolean
  state: 'set' | 'fired' | 'cancelled'
}

/** Fewer cancelled timers than this are left in the heap until they come up. */
const FEW = 64

/**
 * A `Clock` whose time moves by `advance` alone.
 *
 * Times are milliseconds since the epoch; it starts at 2026-01-01T00:00:00Z unless told otherwise. Whoever sets it
 * forward waits for what the timers caused by what is given as `between`.
 *
 * @example
 * ```ts
 * const clock = new SimulatedClock(0)
 * clock.setTimeout(() => console.log('an hour later'), 3_600_000) // prints an hour later
 * await clock.advance(3_600_000)
 * ```
 */
export class SimulatedClock implements Clock {
  /** What has passed; the wall clock differs from it by what it was set. */
  #passed: number
  #set = 0
  readonly #listeners = new Set<(by: number) => void>()
  #seq = 0
  readonly #heap = new Heap<Timer>(isBefore)
  /** Of those in the heap. */
  #cancelled = 0
  #wanted = 0

  constructor(start: number | Date = Date.UTC(2026, 0, 1)) {
    this.#passed = msOf(start)
    if (!Number.isFinite(this.#passed)) throw notATime(start)
  }

  now(): number {
    return this.#passed + this.#set
  }

  /** What has passed, without what the clock was set. */
  monotonic(): number {
    return this.#passed
  }

  onJump(listener: (by: number) => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  /**
   * Sets the clock forward, or back (less than 0), while no time passes: as a machine does that wakes from its sleep, or that
   * is corrected. What that makes due comes with the next `advance`, also of 0 ms.
   */
  jump(ms: number): void {
    if (!(typeof ms === 'number' && Number.isFinite(ms)))
      throw notATime(ms, this.now(), 'a number of ms, less than 0 to set it back')
    this.#set += ms
    for (const listener of [...this.#listeners]) listener(ms)
  }

  setTimeout(fire: () => void, ms: number, { background = false }: TimerOptions = {}): unknown {
    const timer: Timer = { due: this.#passed + Math.max(0, ms || 0), seq: ++this.#seq, fire, background, state: 'set' }
    if (!background) this.#wanted++
    this.#heap.push(timer)
    return timer
  }

  clearTimeout(handle: unknown): void {
    const timer = handle as Timer | undefined
    if (timer?.state !== 'set') return
    timer.state = 'cancelled'
    // it stays in the heap for a while, and whoever set it does not
    timer.fire = nothing
    if (!timer.background) this.#wanted--
    if (++this.#cancelled > FEW && this.#cancelled * 2 > this.#heap.size) this.#compact()
  }

  /** When the next timer is due; undefined if none is set. */
  get next(): number | undefined {
    while (this.#heap.first?.state === 'cancelled') {
      this.#heap.pop()
      this.#cancelled--
    }
    const due = this.#heap.first?.due
    return due === undefined || due === Infinity ? undefined : due + this.#set
  }

  /** How many timers are set that somebody waits for: without those in the background. */
  get wanted(): number {
    return this.#wanted
  }

  /** Goes on to the time when the next timer is due, and fires all that are due at that time. */
  fireNext(): void {
    const due = this.next
    if (due === undefined) return
    this.#passed = Math.max(this.#passed, due - this.#set)
    // what these set for the same instant comes after them
    const last = this.#seq
    while (this.next === due && (this.#heap.first as Timer).seq <= last) this.#fire()
  }

  /** When `ms` have passed. Throws `invalid_option` for what is no number of ms. */
  in(ms: number): number {
    if (!(typeof ms === 'number' && ms >= 0 && ms < Infinity)) throw notATime(ms, this.now(), 'a number of ms from 0')
    return this.now() + ms
  }

  /** Lets `ms` pass: each timer fires at its own time, and `between` is awaited after each. Throws `invalid_option`. */
  async advance(ms: number, between?: () => Promise<void>): Promise<void> {
    await this.advanceTo(this.in(ms), between)
  }

  /** The time as a number. Throws `invalid_option` for one that has passed already, or is none. */
  later(time: number | Date): number {
    const until = msOf(time)
    if (!(until >= this.now()) || until === Infinity) throw notATime(time, this.now())
    return until
  }

  /** Lets time pass until then. Throws `invalid_option` for a time that has passed already, or is none. */
  async advanceTo(time: number | Date, between: () => Promise<void> = () => Promise.resolve()): Promise<void> {
    const until = this.later(time) - this.#set
    for (let due = this.next; due !== undefined && due - this.#set <= until; due = this.next) {
      this.#passed = Math.max(this.#passed, due - this.#set)
      this.#fire()
      await between()
    }
    // somebody else may have let more of it pass meanwhile
    this.#passed = Math.max(this.#passed, until)
  }

  #fire(): void {
    const timer = this.#heap.pop() as Timer
    timer.state = 'fired'
    if (!timer.background) this.#wanted--
    timer.fire()
  }

  #compact(): void {
    this.#cancelled = 0
    this.#heap.keep(({ state }) => state === 'set')
  }
}

const nothing = () => undefined

const msOf = (time: unknown) => (typeof time === 'number' ? time : time instanceof Date ? time.getTime() : Number.NaN)

function isBefore(a: Timer, b: Timer): boolean {
  return a.due < b.due || (a.due === b.due && a.seq < b.seq)
}

function notATime(time: unknown, now?: number, span?: string): StatewardError {
  const shown = time instanceof Date ? `Date ${Number(time)}` : typeof time === 'string' ? JSON.stringify(time) : String(time)
  const wanted =
    span ?? (now === undefined ? 'a time, in ms since the epoch or as a Date' : `a time that is not before ${now} (now)`)
  return new StatewardError('invalid_option', `A simulated clock was given ${shown}; it must be ${wanted}.`, {
    details: { option: 'time', value: shown },
  })
}
