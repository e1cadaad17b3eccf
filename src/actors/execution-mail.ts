/** What came to one execution and is not committed as consumed yet. Owns which message is taken, consumed or to be delivered again. */
import type { AnyEventObject } from 'xstate'
import type { Commit, InboxMessage } from '../persistence/snapshot-store.js'

/** The mail of one execution. */
export class ExecutionMail {
  /** True while messages stand in the durable inbox; new ones must stand behind them. */
  waits = false
  /** Messages that were taken out and whose consumption is not durable. */
  readonly #taken = new Set<number>()
  /** Messages whose consumption became durable while the inbox was being read: the reader may still see them. */
  readonly #settled = new Set<number>()
  #reading = false
  #consumed: { seq: number; answer: string | null }[] = []
  /** Events that came straight to the program and that no commit holds yet. */
  #direct: AnyEventObject[] = []

  take(seq: number): void {
    this.#taken.add(seq)
  }

  /** The program has got an event, from the inbox if it has a number. */
  delivered(event: AnyEventObject, seq: number | undefined): void {
    if (seq === undefined) this.#direct.push(event)
    else {
      this.#taken.add(seq)
      this.#consumed.push({ seq, answer: null })
    }
  }

  answered(seq: number, answer: string | null): void {
    this.#consumed.push({ seq, answer })
  }

  /** A commit was made that holds what they caused. */
  collect(): Commit['consumed'] {
    const consumed = this.#consumed
    this.#consumed = []
    if (this.#direct.length > 0) this.#direct = []
    return consumed
  }

  acknowledged(consumed: Commit['consumed']): void {
    for (const { seq } of consumed) {
      if (this.#reading) this.#settled.add(seq)
      else this.#taken.delete(seq)
    }
  }

  /** Reads the inbox: what was not taken out before. One at a time. */
  async read(inbox: () => Promise<readonly InboxMessage[]>): Promise<InboxMessage[]> {
    this.#reading = true
    try {
      return (await inbox()).filter(({ seq }) => !this.#taken.has(seq))
    } finally {
      this.#reading = false
      for (const seq of this.#settled) this.#taken.delete(seq)
      this.#settled.clear()
    }
  }

  /** The program that took them since the last commit is gone: messages stand in the inbox again, the other events are returned. */
  giveBack(): AnyEventObject[] {
    for (const { seq, answer } of this.#consumed) {
      if (answer !== null) continue
      this.#taken.delete(seq)
      this.waits = true
    }
    this.#consumed = this.#consumed.filter(({ answer }) => answer !== null)
    return this.#direct.splice(0)
  }
}
