/**
 * Absolute times on a clock that may be set, and on a machine that may sleep.
 *
 * Owns: when an alarm fires: as soon as the wall clock reads its time, also after a jump, and at the latest when as much time has
 * passed as was left when the alarm was set. So a clock that is set back delays nothing. Alarms that are late, because the
 * process stood still, fire in the order in which they were due. The runtime's own timers go
 * by `monotonic`.
 */
import { LEAST_JUMP, nextTurn, type Clock, type TimerOptions } from './clock.js'

/** After so many ms of alarms in one turn, the rest of the event loop gets its turn: a lease must be renewed, for example. */
const STRETCH = 50

/** A timer that is later than this, in ms, counts as late: timers that were due before it may not have fired. */
const LATE = 5

/** An alarm for a time of the wall clock. */
export interface Alarm {
  /** By the wall clock. */
  at: number
  /** By the monotonic clock, at the latest. */
  readonly by: number
}

/** A time between two jumps that is over. */
interface Past {
  /** What the wall clock read last, at most. */
  readonly end: number
  /** How far it was set back since, in ms, less what it was set forward again. */
  readonly back: number
}

interface Armed extends Alarm {
  readonly options: TimerOptions | undefined
  /** When its timer fires, by the monotonic clock. */
  due: number
  /** Its time has come. */
  readonly fire: () => void
  /** True once it is among the alarms whose time has come. */
  hasCome: boolean
  readonly fn: () => void
  handle: unknown
}

/** The clock of one runtime. */
export class WallClock implements Clock {
  readonly #clock: Clock
  readonly #alarms = new Set<Armed>()
  /** The alarms whose time has come, in order; alarms that were cleared since are skipped. */
  readonly #come: Armed[] = []
  /** When what comes now began to, by the monotonic clock; undefined: nothing has come in this turn. */
  #since: number | undefined
  readonly #listeners = new Set<(by: number) => void>()
  #unwatch: (() => void) | undefined
  #setBack = 0
  /** Oldest first; one that ended before a later one did is not among them, as its readings came again. */
  #past: readonly Past[] = []
  /** How far it was ahead of the monotonic one when that was looked at last. */
  #ahead = 0
  /** How far it was ahead when alarms and listeners were told last; undefined: it has not been set since. */
  #announcedAhead: number | undefined

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** True if this wall clock goes by that clock. */
  isOf(clock: Clock): boolean {
    return this.#clock === clock
  }

  now(): number {
    const now = this.#clock.now()
    // times that are written from now on are of another period than those before
    if (this.#unwatch && this.#clock.monotonic) this.#heed(now, this.#clock.monotonic(), LEAST_JUMP)
    return now
  }

  monotonic(): number {
    return this.#clock.monotonic ? this.#clock.monotonic() : this.#clock.now()
  }

  setTimeout(fn: () => void, ms: number, options?: TimerOptions): unknown {
    return this.#clock.setTimeout(fn, ms, options)
  }

  clearTimeout(handle: unknown): void {
    this.#clock.clearTimeout(handle)
  }

  /** By how many ms it is behind where it was before it was set back, as far as that was seen here. */
  get setBack(): number {
    return this.#setBack
  }

  /** By how many ms the clock was set back since it read `at` last: a time that was written then and is ahead of the clock now is too late by so much. */
  setBackSince(at: number): number {
    return this.#past.findLast(({ end }) => end >= at)?.back ?? this.#setBack
  }

  /** Fires once, at a time of the wall clock. */
  alarm(at: number, fn: () => void, options?: TimerOptions): Alarm {
    const left = at - this.now()
    const by = this.monotonic() + left
    const armed: Armed = {
      at,
      by,
      due: by,
      options,
      handle: undefined,
      fn,
      hasCome: false,
      fire: () => {
        this.#comes(armed)
        this.#carryOn()
      },
    }
    this.#alarms.add(armed)
    armed.handle = this.#clock.setTimeout(armed.fire, left, options)
    return armed
  }

  clearAlarm(alarm: Alarm | undefined): void {
    if (alarm && this.#alarms.delete(alarm as Armed)) this.#clock.clearTimeout((alarm as Armed).handle)
  }

  /** The time of the wall clock at which an alarm comes: an earlier one than was promised, once the clock was set back. */
  dueAt({ at, by }: Alarm): number {
    const now = this.now()
    return now + Math.min(at - now, by - this.monotonic())
  }

  /** Notices jumps from now on, until `close`. */
  watch(): void {
    if (this.#unwatch) return
    this.#ahead = this.now() - this.monotonic()
    this.#unwatch = this.#clock.onJump?.((by) => {
      if (this.#clock.monotonic) return this.#compare(1)
      this.#note(by, this.#clock.now())
      this.#announce(by)
    })
  }

  /** Notices a jump now that would be reported a moment later; called before the time that is left is computed. */
  glance(): void {
    if (this.#unwatch) this.#compare(LEAST_JUMP)
  }

  /** Calls back with the ms by which the wall clock was set, after the alarms were set anew; until the returned function is called. */
  onJump(listener: (by: number) => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  close(): void {
    this.#unwatch?.()
    this.#unwatch = undefined
  }

  /**
   * Node fires all timers of one delay together: after a standstill, one of them may fire before what another delay had due
   * earlier. So whatever is due comes with the first that is late, in its order.
   */
  #comes(armed: Armed): void {
    const now = this.monotonic()
    const due = [armed]
    if (this.#since === undefined && now - armed.due >= LATE) {
      due.length = 0
      for (const each of this.#alarms) if (each.due <= now && !each.hasCome) due.push(each)
      due.sort((one, other) => one.due - other.due)
    }
    for (const each of due) {
      if (each !== armed) this.#clock.clearTimeout(each.handle)
      each.hasCome = true
      this.#come.push(each)
    }
  }

  /** Fires due alarms one after the other, for as long as a turn may take. */
  #carryOn(): void {
    if (this.#since === undefined) {
      this.#since = this.monotonic()
      nextTurn(() => {
        this.#since = undefined
        if (this.#come.length > 0) this.#carryOn()
      })
    }
    while (this.#come.length > 0 && this.monotonic() - this.#since < STRETCH) {
      const armed = this.#come.shift() as Armed
      if (this.#alarms.delete(armed)) armed.fn()
    }
  }

  #compare(least: number): void {
    this.#heed(this.#clock.now(), this.monotonic(), least)
    if (this.#announcedAhead === undefined) return
    const by = this.#ahead - this.#announcedAhead
    this.#announcedAhead = undefined
    this.#announce(by)
  }

  /** Keeps jumps apart that come between two looks: what was written between them is of a time of its own. */
  #heed(now: number, monotonic: number, least: number): void {
    const by = now - monotonic - this.#ahead
    if (Math.abs(by) < least) return
    this.#announcedAhead ??= this.#ahead
    this.#note(by, now)
  }

  #note(by: number, now: number): void {
    this.#ahead += by
    this.#setBack = Math.max(0, this.#setBack - by)
    const end = now - by
    const past = [...this.#past.filter((earlier) => earlier.end > end), { end, back: 0 }]
    this.#past = past.map((earlier) => ({ ...earlier, back: Math.max(0, earlier.back - by) }))
  }

  #announce(by: number): void {
    this.#armAnew()
    for (const listener of [...this.#listeners]) listener(by)
  }

  /** What is due sooner now, or not so soon any more; in the order in which they were to come. */
  #armAnew(): void {
    const ahead = this.monotonic() - this.now()
    const moved = [...this.#alarms].filter(({ at, by, due }) => Math.abs(Math.min(at + ahead, by) - due) >= 1)
    for (const armed of moved.toSorted((a, b) => a.at - b.at)) {
      this.#clock.clearTimeout(armed.handle)
      armed.due = Math.min(armed.at + ahead, armed.by)
      armed.handle = this.#clock.setTimeout(armed.fire, armed.due - this.monotonic(), armed.options)
    }
  }
}
