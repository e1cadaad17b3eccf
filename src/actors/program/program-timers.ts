/**
 * The durable timers of one program: `after`, delayed `raise`, delayed `sendTo`.
 *
 * Owns: which timers are set, for which actor, and when each is due. They are part of every commit; XState's own scheduler forgets
 * them. A timer belongs to the actor that set it, never to the actor's name, which a later actor may have. `timer-texts.ts` keeps
 * the stored form, so that one more timer costs the same among many as among few.
 */
import type { Alarm, WallClock } from '../../wall-clock.js'
import type { ActorNaming, ProgramActor, ProgramTimer } from './program-output.js'
import { thawedTimers, type PausedTimers, type TimerRecord } from './program-record.js'
import { TimerTexts, type StoredTimer, type TimersText } from './timer-texts.js'
import type { ProgramSystem } from './xstate/program-system.js'

/** A timer that is set. */
export interface DueTimer extends ProgramTimer {
  readonly dueAt: number
  /** True if `cancel` does not reach the timer, because another one was set under its id. */
  readonly loose?: boolean | undefined
}

interface Armed extends StoredTimer {
  alarm: Alarm | undefined
}

interface OfSource {
  readonly all: Set<Armed>
  /** The timers that `cancel` reaches: as in XState, the last one set under an id, until one of that id fires. */
  readonly named: Map<string, Armed>
}

/** Holds the timers of one program and fires each once. */
export class ProgramTimers {
  /** By source, because every actor that stops cancels all of its own. */
  #bySource: Map<ProgramActor, OfSource> | undefined
  readonly #texts: TimerTexts<Armed>
  readonly #clock: WallClock
  readonly #fire: (timer: DueTimer) => void
  #running = true
  #seq = 0

  constructor(execution: string, clock: WallClock, fire: (timer: DueTimer) => void) {
    this.#texts = new TimerTexts(execution)
    this.#clock = clock
    this.#fire = fire
  }

  set(timer: DueTimer): void {
    const armed: Armed = { ...timer, loose: timer.loose ?? false, seq: ++this.#seq, stored: undefined, alarm: undefined }
    const bySource = (this.#bySource ??= new Map<ProgramActor, OfSource>())
    let own = bySource.get(timer.source)
    if (!own) bySource.set(timer.source, (own = { all: new Set(), named: new Map() }))
    own.all.add(armed)
    if (!armed.loose) {
      this.#loosen(own.named.get(timer.id))
      own.named.set(timer.id, armed)
    }
    this.#texts.add(armed)
    if (this.#running) this.#arm(armed)
  }

  /** Sets the stored timers. A timer whose source or target no longer exists is dropped. */
  restore(records: readonly TimerRecord[], program: Pick<ProgramSystem, 'find' | 'found'>): void {
    for (const record of thawedTimers(records, this.#clock)) {
      const [source, target] = [program.find(record.source), program.find(record.target)]
      if (source && target) this.set({ ...record, source, target, event: program.found(record.event, record.source) })
    }
  }

  cancel(source: ProgramActor, id: string): void {
    const armed = this.#bySource?.get(source)?.named.get(id)
    if (armed) this.#remove(armed)
  }

  cancelAll(source: ProgramActor): void {
    for (const armed of this.#bySource?.get(source)?.all ?? []) this.#remove(armed)
  }

  /** No timer fires any more; the timers that are set stay in the stored form. */
  halt(): void {
    this.#running = false
    for (const armed of this.#texts.inOrder()) this.#clock.clearAlarm(armed.alarm)
  }

  /** Undoes `halt`; timers that fell due meanwhile fire. */
  run(): void {
    if (this.#running) return
    this.#running = true
    for (const armed of this.#texts.inOrder()) this.#arm(armed)
  }

  /** The clock was set back: no timer has more time left than before. True if that changes one. */
  retime(): boolean {
    const late = this.#texts.inOrder().flatMap((armed) => {
      const dueAt = armed.alarm ? Math.round(this.#clock.dueAt(armed.alarm)) : armed.dueAt
      return dueAt === armed.dueAt ? [] : [{ armed, dueAt }]
    })
    for (const { armed } of late) this.#texts.delete(armed)
    for (const { armed, dueAt } of late) this.#texts.add(Object.assign(armed, { dueAt, stored: undefined }))
    return late.length > 0
  }

  /** The stored form; see `timer-texts.ts`. `paused`: what timers do during the pause. Throws `not_storable`. */
  text(naming: ActorNaming, paused: PausedTimers | undefined): TimersText {
    // notice a clock that was set, so that the time left is right
    if (paused) this.retime()
    return this.#texts.text(naming, paused && { policy: paused, now: this.#clock.now() })
  }

  /** When the next one is due. */
  next(): number | undefined {
    return this.#texts.first?.dueAt
  }

  /** Another timer takes its id, or a timer of that id has fired. */
  #loosen(armed: Armed | undefined): void {
    if (!armed) return
    armed.loose = true
    this.#texts.changed(armed)
  }

  #remove(armed: Armed): void {
    this.#clock.clearAlarm(armed.alarm)
    this.#texts.delete(armed)
    const own = this.#bySource?.get(armed.source)
    own?.all.delete(armed)
    if (own?.named.get(armed.id) === armed) own.named.delete(armed.id)
    if (own?.all.size === 0) this.#bySource?.delete(armed.source)
  }

  #arm(armed: Armed): void {
    armed.alarm = this.#clock.alarm(armed.dueAt, () => {
      this.#remove(armed)
      const named = this.#bySource?.get(armed.source)?.named
      this.#loosen(named?.get(armed.id))
      named?.delete(armed.id)
      this.#fire(armed)
    })
  }
}
