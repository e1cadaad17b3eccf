/**
 * The durable timers of one program: `after`, delayed `raise`, delayed `sendTo`.
 *
 * Owns: which are set and when each is due. They are part of every commit; XState's own scheduler forgets them.
 */
import type { Clock } from '../clock.js'
import type { TimerRecord } from './program-record.js'

interface Armed {
  readonly record: TimerRecord
  handle: unknown
}

/** Holds the timers of one program and fires each once. */
export class ProgramTimers {
  /** Source path → timer id → timer; indexed by source because every actor that stops cancels all of its own. */
  #bySource: Map<string, Map<string, Armed>> | undefined
  readonly #clock: Clock
  readonly #fire: (timer: TimerRecord) => void
  #running = true

  constructor(clock: Clock, fire: (timer: TimerRecord) => void) {
    this.#clock = clock
    this.#fire = fire
  }

  set(record: TimerRecord): void {
    this.cancel(record.source, record.id)
    const bySource = (this.#bySource ??= new Map())
    let timers = bySource.get(record.source)
    if (!timers) bySource.set(record.source, (timers = new Map<string, Armed>()))
    const armed: Armed = { record, handle: undefined }
    timers.set(record.id, armed)
    if (this.#running) this.#arm(armed)
  }

  cancel(source: string, id: string): boolean {
    const timers = this.#bySource?.get(source)
    const armed = timers?.get(id)
    if (!timers || !armed) return false
    this.#clock.clearTimeout(armed.handle)
    timers.delete(id)
    if (timers.size === 0) this.#bySource?.delete(source)
    return true
  }

  cancelAll(source: string): boolean {
    const timers = this.#bySource?.get(source)
    if (!timers) return false
    for (const armed of timers.values()) this.#clock.clearTimeout(armed.handle)
    return this.#bySource?.delete(source) ?? false
  }

  /** No timer fires any more; what is set stays in the records. */
  halt(): void {
    this.#running = false
    for (const armed of this.#all()) this.#clock.clearTimeout(armed.handle)
  }

  /** Undoes `halt`; what fell due fires. */
  run(): void {
    if (this.#running) return
    this.#running = true
    for (const armed of [...this.#all()].toSorted((a, b) => a.record.dueAt - b.record.dueAt)) this.#arm(armed)
  }

  /** In the order in which they are due. */
  records(): TimerRecord[] | undefined {
    if (!this.#bySource || this.#bySource.size === 0) return undefined
    return [...this.#all()].map(({ record }) => record).toSorted((a, b) => a.dueAt - b.dueAt)
  }

  /** When the next one is due. */
  next(): number | undefined {
    let next: number | undefined
    for (const { record } of this.#all()) if (next === undefined || record.dueAt < next) next = record.dueAt
    return next
  }

  *#all(): Iterable<Armed> {
    for (const timers of this.#bySource?.values() ?? []) yield* timers.values()
  }

  #arm(armed: Armed): void {
    const { record } = armed
    armed.handle = this.#clock.setTimeout(() => {
      this.cancel(record.source, record.id)
      this.#fire(record)
    }, record.dueAt - this.#clock.now())
  }
}
