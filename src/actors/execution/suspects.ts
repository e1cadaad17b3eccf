/**
 * Executions that were in flight in several processes that died, one after the other: each may be what brought them down.
 *
 * Owns: when each of them goes on. All are put back, as queued or held, before one of them runs, and only what runs is counted at the
 * next death. Those with the lowest count go first; one that the next death would end as guilty runs without any other
 * suspect beside it, so that only the guilty one ever comes to its limit. One that has shown itself harmless, by coming on
 * or by having run for a while, lets two others in; of one that ran alone for longer a death is taken back first, so that it does
 * not come to its limit by one that is let in after it.
 */
import { isTerminal, type ExecutionStatus } from '../../events/execution-status.js'
import type { WallClock } from '../../wall-clock.js'

/** An execution under suspicion. */
export interface Suspect {
  readonly id: string
  /** How many processes died while it ran. */
  readonly recoveries: number
  /** False while that is not what is stored. */
  readonly isCounted: boolean
  /** When its last commit was made before it was taken up here. */
  readonly lastCommitAt: number
  readonly maxRecoveries: number
  /** It waits for its turn as of its last durable commit: it is not counted if the process dies. */
  readonly isPutBack: boolean
  /** As of its last commit. */
  readonly status: ExecutionStatus
  /** It is its turn. */
  takeTurn(): void
  /** It has shown itself harmless: one death is no longer held against it. */
  clear(): void
}

/** How long one runs before it is taken for harmless, in ms; and one that the next death would end. */
const TRIAL = 1_000
const LAST_TRIAL = 10_000

/** One that runs. */
interface Trial {
  /** Of one that the next death would end. */
  readonly isLast: boolean
  /** By the monotonic clock. Infinity: it is over once a commit says so. */
  until: number
}

/** The suspects of one runtime, over all its streams. */
export class Suspects {
  readonly #clock: WallClock
  /** Those that wait for their turn, with their streams. */
  readonly #waiting = new Map<Suspect, string>()
  /** Those of them that are not put back yet, as far as is durable. */
  readonly #unsettled = new Set<Suspect>()
  readonly #onTrial = new Map<Suspect, Trial>()
  #atOnce = 1
  /** While executions of the dead are being taken over. */
  #takingOver = 0
  #timer: unknown
  #isDue = false

  constructor(clock: WallClock) {
    this.#clock = clock
  }

  /** How many wait for their turn in a stream. */
  waitingIn(stream: string): number {
    let count = 0
    for (const each of this.#waiting.values()) if (each === stream) count++
    return count
  }

  /** Nobody gets a turn while executions are being taken over: all suspects are known first. */
  async whileTakingOver<T>(work: () => Promise<T>): Promise<T> {
    this.#takingOver++
    try {
      return await work()
    } finally {
      this.#takingOver--
      this.#poll()
    }
  }

  /** One that is put back, or will be with its next commit. */
  add(suspect: Suspect, stream: string): void {
    this.#waiting.set(suspect, stream)
    if (!suspect.isPutBack) this.#unsettled.add(suspect)
    this.#poll()
  }

  /** A commit of one is durable. */
  committed(suspect: Suspect): void {
    if (this.#waiting.size === 0 && this.#onTrial.size === 0) return
    const { status, recoveries, isPutBack } = suspect
    if (this.#unsettled.delete(suspect)) this.#poll()
    if (!isPutBack) this.#waiting.delete(suspect)
    // one that has ended leaves memory once it owes nothing more
    const mayHarm = isPutBack || status === 'running' || status === 'cancelling' || isTerminal(status)
    const isCleared = recoveries === 0 || this.#onTrial.get(suspect)?.until === Infinity
    if (!mayHarm || (isCleared && suspect.isCounted)) this.#harmless(suspect)
  }

  /** One is no longer in memory. */
  left(suspect: Suspect): void {
    this.#waiting.delete(suspect)
    if (this.#unsettled.delete(suspect)) this.#poll()
    this.#harmless(suspect)
  }

  /** It has run for as long as its trial takes. One that ran alone is cleared before another one runs beside it, which may be the guilty one. */
  #passed(suspect: Suspect): void {
    const trial = this.#onTrial.get(suspect)
    if (!trial?.isLast || suspect.isPutBack) return this.#harmless(suspect)
    trial.until = Infinity
    suspect.clear()
  }

  #harmless(suspect: Suspect): void {
    if (!this.#onTrial.delete(suspect)) return
    this.#atOnce++
    this.#poll()
  }

  /** In a turn of its own: the caller is in the middle of its own doing. */
  #poll(): void {
    if (this.#isDue || this.#waiting.size === 0) return
    this.#isDue = true
    queueMicrotask(() => {
      this.#isDue = false
      this.#giveTurns()
    })
  }

  #giveTurns(): void {
    if (this.#takingOver > 0 || this.#unsettled.size > 0) return
    for (let next = this.#next(); next; next = this.#next()) {
      this.#waiting.delete(next)
      const isLast = isLastTime(next)
      this.#onTrial.set(next, { isLast, until: this.#clock.monotonic() + (isLast ? LAST_TRIAL : TRIAL) })
      next.takeTurn()
    }
    this.#arm()
  }

  /** The next one that may run beside those that do. */
  #next(): Suspect | undefined {
    if (this.#onTrial.size >= this.#atOnce) return undefined
    for (const { isLast } of this.#onTrial.values()) if (isLast) return undefined
    let next: Suspect | undefined
    for (const each of this.#waiting.keys()) if (!next || inOrder(each, next) < 0) next = each
    return next && isLastTime(next) && this.#onTrial.size > 0 ? undefined : next
  }

  #arm(): void {
    this.#clock.clearTimeout(this.#timer)
    this.#timer = undefined
    if (this.#waiting.size === 0 || this.#onTrial.size === 0) return
    const until = Math.min(...[...this.#onTrial.values()].map((trial) => trial.until))
    if (until === Infinity) return
    this.#timer = this.#clock.setTimeout(() => {
      const now = this.#clock.monotonic()
      for (const [suspect, { until: due }] of [...this.#onTrial]) if (due <= now) this.#passed(suspect)
      this.#arm()
    }, until - this.#clock.monotonic())
  }
}

/** True if it is over with it when its process dies once more. */
const isLastTime = ({ recoveries, maxRecoveries }: Suspect) => recoveries >= maxRecoveries

/** Who goes first. Of two alike the one that ran longest ago: so each comes to be the last one let in, whom a death is held against. */
const inOrder = (a: Suspect, b: Suspect) =>
  Number(isLastTime(a)) - Number(isLastTime(b)) || a.recoveries - b.recoveries || a.lastCommitAt - b.lastCommitAt
