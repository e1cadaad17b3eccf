/**
 * The durable timers of one program: `after`, delayed `raise`, delayed `sendTo`.
 *
 * Owns: which are set, for which actor, and when each is due. They are part of every commit; XState's own scheduler forgets
 * them. A timer belongs to the actor that set it, never to that actor's name: another one may come to bear it.
 */
import type { Alarm, WallClock } from './wall-clock.js'
import { actorOutside, thawedTimers, type TimerRecord } from './program-record.js'
import type { ActorNaming, ProgramActor, ProgramTimer } from './program-output.js'
import type { ProgramSystem } from './xstate/program-system.js'

/** A timer that is set. */
export interface DueTimer extends ProgramTimer {
  readonly dueAt: number
  /** True if `cancel` does not reach it: another one was set under its id. */
  readonly loose?: boolean | undefined
}

interface Armed extends Omit<DueTimer, 'dueAt'> {
  dueAt: number
  /** Tells two that are due at the same time apart. */
  readonly seq: number
  alarm: Alarm | undefined
}

interface OfSource {
  readonly all: Set<Armed>
  /** What `cancel` reaches: as in XState, the last that was set under an id, until one of that id fires. */
  readonly named: Map<string, Armed>
}

/** Holds the timers of one program and fires each once. */
export class ProgramTimers {
  /** By source, because every actor that stops cancels all of its own. */
  #bySource: Map<ProgramActor, OfSource> | undefined
  /** In the order in which they are due, and were set. */
  readonly #order: Armed[] = []
  readonly #clock: WallClock
  readonly #fire: (timer: DueTimer) => void
  #running = true
  #seq = 0

  constructor(clock: WallClock, fire: (timer: DueTimer) => void) {
    this.#clock = clock
    this.#fire = fire
  }

  set(timer: DueTimer): void {
    const armed: Armed = { ...timer, seq: ++this.#seq, alarm: undefined }
    const bySource = (this.#bySource ??= new Map<ProgramActor, OfSource>())
    let own = bySource.get(timer.source)
    if (!own) bySource.set(timer.source, (own = { all: new Set(), named: new Map() }))
    own.all.add(armed)
    if (!timer.loose) own.named.set(timer.id, armed)
    this.#order.splice(this.#placeOf(armed), 0, armed)
    if (this.#running) this.#arm(armed)
  }

  /** Sets what was stored. Of a timer that has lost one of its ends nothing is left. */
  restore(records: readonly TimerRecord[], { find, found }: Pick<ProgramSystem, 'find' | 'found'>): void {
    for (const record of thawedTimers(records, this.#clock.now(), this.#clock.setBack)) {
      const [source, target] = [find(record.source), find(record.target)]
      if (source && target) this.set({ ...record, source, target, event: found(record.event, record.source) })
    }
  }

  cancel(source: ProgramActor, id: string): boolean {
    const armed = this.#bySource?.get(source)?.named.get(id)
    if (armed) this.#remove(armed)
    return armed !== undefined
  }

  cancelAll(source: ProgramActor): boolean {
    const own = this.#bySource?.get(source)
    if (!own) return false
    for (const armed of own.all) this.#remove(armed)
    return true
  }

  /** No timer fires any more; what is set stays in the records. */
  halt(): void {
    this.#running = false
    for (const armed of this.#order) this.#clock.clearAlarm(armed.alarm)
  }

  /** Undoes `halt`; what fell due fires. */
  run(): void {
    if (this.#running) return
    this.#running = true
    for (const armed of this.#order) this.#arm(armed)
  }

  /** The clock was set back: none has more left than it had. True if that changes one. */
  retime(): boolean {
    let changed = false
    for (const armed of this.#order) {
      const dueAt = armed.alarm ? Math.round(this.#clock.dueAt(armed.alarm)) : armed.dueAt
      if (dueAt !== armed.dueAt) changed = true
      armed.dueAt = dueAt
    }
    if (changed) this.#order.sort((a, b) => a.dueAt - b.dueAt || a.seq - b.seq)
    return changed
  }

  /** In the order in which they are due; only those of which a restoration finds both ends. Throws `not_storable` for a target outside of the program. */
  records(execution: string, naming: ActorNaming): TimerRecord[] | undefined {
    const records: TimerRecord[] = []
    for (const armed of this.#order) {
      const { id, event, delay, dueAt } = armed
      if (!naming.owns(armed.target))
        throw actorOutside(execution, `timers[${records.length}].target`, `the delayed '${event.type}'`)
      const [source, target] = [naming.addressOf(armed.source), naming.addressOf(armed.target)]
      if (source === undefined || target === undefined) continue
      const loose = this.#bySource?.get(armed.source)?.named.get(id) !== armed
      records.push({ source, target, id, event, delay, dueAt, ...(loose ? { loose } : {}) })
    }
    return records.length > 0 ? records : undefined
  }

  /** When the next one is due. */
  next(): number | undefined {
    return this.#order[0]?.dueAt
  }

  #remove(armed: Armed): void {
    this.#clock.clearAlarm(armed.alarm)
    this.#order.splice(this.#placeOf(armed), 1)
    const own = this.#bySource?.get(armed.source)
    own?.all.delete(armed)
    if (own?.named.get(armed.id) === armed) own.named.delete(armed.id)
    if (own?.all.size === 0) this.#bySource?.delete(armed.source)
  }

  /** Where it stands in the order, or would. */
  #placeOf({ dueAt, seq }: Armed): number {
    let [from, to] = [0, this.#order.length]
    while (from < to) {
      const middle = (from + to) >> 1
      const other = this.#order[middle] as Armed
      if (other.dueAt < dueAt || (other.dueAt === dueAt && other.seq < seq)) from = middle + 1
      else to = middle
    }
    return from
  }

  #arm(armed: Armed): void {
    armed.alarm = this.#clock.alarm(armed.dueAt, () => {
      this.#remove(armed)
      this.#bySource?.get(armed.source)?.named.delete(armed.id)
      this.#fire(armed)
    })
  }
}
