/** What came to one execution and is not committed as consumed yet. Owns which message is taken, consumed or to be delivered again. */
import type { AnyEventObject } from 'xstate'
import type { ExecutionStatus } from '../events/execution-status.js'
import type { Commit, InboxMessage } from '../persistence/snapshot-store.js'

/** What a command answers if a commit with such a status is the last one here; undefined leaves it to the next holder. */
export type LastAnswer = (status: ExecutionStatus, revision: number) => string | undefined

const none: readonly never[] = []

/** The mail of one execution. Most get none: what it needs is made when the first message comes. */
export class ExecutionMail {
  /** True while messages stand in the durable inbox; new ones must stand behind them. */
  waits = false
  /** Messages that were taken out and whose consumption is not durable. */
  #taken: Set<number> | undefined
  /** Messages whose consumption became durable while the inbox was being read: the reader may still see them. */
  #settled: Set<number> | undefined
  /** Commands that are being carried out. An end, or a pause, holds its own answer: nobody could commit it afterwards. */
  #pending: Map<number, LastAnswer> | undefined
  #reading = false
  #consumed: { seq: number; answer: string | null }[] = []
  /** Events that came straight to the program and that no commit holds yet. */
  #direct: AnyEventObject[] = []

  /** A command was taken out. */
  take(seq: number, last: LastAnswer): void {
    this.#taken ??= new Set()
    this.#pending ??= new Map()
    this.#taken.add(seq)
    this.#pending.set(seq, last)
  }

  /** The program has got an event, from the inbox if it has a number. */
  delivered(event: AnyEventObject, seq: number | undefined): void {
    if (seq === undefined) this.#direct.push(event)
    else {
      this.#taken ??= new Set()
      this.#taken.add(seq)
      this.#consumed.push({ seq, answer: null })
    }
  }

  /** A command has its answer; false if a commit holds one already. */
  answered(seq: number, answer: string): boolean {
    if (!this.#pending?.delete(seq)) return false
    this.#consumed.push({ seq, answer })
    return true
  }

  /** A commit is made that holds what they caused; `last`: nothing is committed here after it. */
  collect(status: ExecutionStatus, revision: number, last: boolean): Commit['consumed'] {
    for (const [seq, lastAnswer] of (last && this.#pending) || none) {
      const answer = lastAnswer(status, revision)
      if (answer !== undefined) this.answered(seq, answer)
    }
    if (this.#direct.length > 0) this.#direct = []
    // what is consumed from now on must not slip into the commit in flight
    if (this.#consumed.length === 0) return none
    const consumed = this.#consumed
    this.#consumed = []
    return consumed
  }

  acknowledged(consumed: Commit['consumed']): void {
    for (const { seq } of consumed) {
      if (this.#reading) (this.#settled ??= new Set()).add(seq)
      else this.#taken?.delete(seq)
    }
  }

  /** Reads the inbox: what was not taken out before. One at a time. */
  async read(inbox: () => Promise<readonly InboxMessage[]>): Promise<InboxMessage[]> {
    this.#reading = true
    try {
      return (await inbox()).filter(({ seq }) => !this.#taken?.has(seq))
    } finally {
      this.#reading = false
      for (const seq of this.#settled ?? none) this.#taken?.delete(seq)
      this.#settled = undefined
    }
  }

  /** The program that took them since the last commit is gone: messages stand in the inbox again, the other events are returned. */
  giveBack(): AnyEventObject[] {
    for (const { seq, answer } of this.#consumed) {
      if (answer !== null) continue
      this.#taken?.delete(seq)
      this.waits = true
    }
    this.#consumed = this.#consumed.filter(({ answer }) => answer !== null)
    return this.#direct.splice(0)
  }
}
