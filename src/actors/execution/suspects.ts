/**
 * Executions that were in flight in several processes that died one after the other: each may have brought them down.
 *
 * Owns: when each suspect goes on. All suspects are put back, as queued or held, before one of them runs, and the next death counts
 * only those that run. The suspects with the lowest count go first. A suspect that the next death would end runs without any other
 * suspect beside it, so that only the guilty execution reaches its limit. A suspect that has proved harmless, by progress or by
 * having run for a while, lets two others in. If it ran alone, one death is taken off its count first, so that it does
 * not reach its limit because of a suspect that is let in after it.
 */
import { isTerminal, type ExecutionStatus } from '../../events/execution-status.js'
import type { WallClock } from '../../wall-clock.js'

/** A suspect: an execution that may bring its process down. */
export interface Suspect {
  readonly id: string
  /** How many processes died while the execution ran. */
  readonly recoveries: number
  /** False while another number is stored. */
  readonly isCounted: boolean
  /** The time of its last commit before this process took it up. */
  readonly lastCommitAt: number
  readonly maxRecoveries: number
  /** True if its last durable commit says that it waits for its turn: it is not counted if the process dies. */
  readonly isPutBack: boolean
  /** True while it waits, and its program has not got yet what came while nobody ran it. */
  readonly hasUndelivered: boolean
  /** As of its last commit. */
  readonly status: ExecutionStatus
  /** Its turn has come. */
  takeTurn(): void
  /** It has proved harmless: one death is taken off its count. */
  clear(): void
}

/** How long a suspect runs before it counts as harmless, in ms; and the same for one that the next death would end. */
const TRIAL = 1_000
const LAST_TRIAL = 10_000

/** A suspect that runs. */
interface Trial {
  /** True for a suspect that the next death would end. */
  readonly isLast: boolean
  /** The end of the trial by the monotonic clock. Infinity: a commit ends it. */
  until: number
}

/** The suspects of one runtime, over all its streams. */
export class Suspects {
  readonly #clock: WallClock
  /** Suspects that wait for their turn, with their streams. */
  readonly #waiting = new Map<Suspect, string>()
  /** Waiting suspects whose waiting is not durable yet. */
  readonly #unsettled = new Set<Suspect>()
  readonly #onTrial = new Map<Suspect, Trial>()
  #atOnce = 1
  /** How many takeovers from dead owners are under way. */
  #takingOver = 0
  #timer: unknown
  #isDue = false

  constructor(clock: WallClock) {
    this.#clock = clock
  }

  /** How many suspects of a stream wait for their turn. */
  waitingIn(stream: string): number {
    let count = 0
    for (const each of this.#waiting.values()) if (each === stream) count++
    return count
  }

  /** No suspect gets a turn while executions are taken over: all suspects must be known first. */
  async whileTakingOver<T>(work: () => Promise<T>): Promise<T> {
    this.#takingOver++
    try {
      return await work()
    } finally {
      this.#takingOver--
      this.#poll()
    }
  }

  /** Adds a suspect that is put back, or will be with its next commit. */
  add(suspect: Suspect, stream: string): void {
    this.#waiting.set(suspect, stream)
    if (!suspect.isPutBack) this.#unsettled.add(suspect)
    this.#poll()
  }

  /** A commit of an execution is durable. */
  committed(suspect: Suspect): void {
    if (this.#waiting.size === 0 && this.#onTrial.size === 0) return
    const { status, recoveries, isPutBack, hasUndelivered } = suspect
    if (this.#unsettled.delete(suspect)) this.#poll()
    if (!isPutBack) this.#waiting.delete(suspect)
    // an execution that has ended leaves memory once no action of it is pending
    const mayHarm = isPutBack || hasUndelivered || status === 'running' || status === 'cancelling' || isTerminal(status)
    const isCleared = recoveries === 0 || this.#onTrial.get(suspect)?.until === Infinity
    if (!mayHarm || (isCleared && suspect.isCounted)) this.#harmless(suspect)
  }

  /** An execution is no longer in memory. */
  left(suspect: Suspect): void {
    this.#waiting.delete(suspect)
    if (this.#unsettled.delete(suspect)) this.#poll()
    this.#harmless(suspect)
  }

  /** The trial of a suspect is over. A suspect that ran alone is cleared before another one runs beside it, which may be the guilty one. */
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

  /** In a later turn, because the caller has not finished its own work. */
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

  /** The next suspect that may run beside those that run now. */
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

/** True if the next death of its process ends the execution. */
const isLastTime = ({ recoveries, maxRecoveries }: Suspect) => recoveries >= maxRecoveries

/** The order of turns. Among equals the one that ran longest ago goes first, so that each is at some time the last one let in, which a death counts against. */
const inOrder = (a: Suspect, b: Suspect) =>
  Number(isLastTime(a)) - Number(isLastTime(b)) || a.recoveries - b.recoveries || a.lastCommitAt - b.lastCommitAt
