/** What came to one execution and is not committed as consumed yet. Owns which message is taken, consumed or to be delivered again. */
import type { AnyEventObject } from 'xstate'
import type { Commit } from '../persistence/snapshot-store.js'

/** The mail of one execution. */
export class ExecutionMail {
  /** True while messages stand in the durable inbox; new ones must stand behind them. */
  waits = false
  /** Messages that were taken out and whose consumption is not durable. */
  readonly #taken = new Set<number>()
  #consumed: { seq: number; answer: string | null }[] = []
  /** Events that came straight to the program and that no commit holds yet. */
  #direct: AnyEventObject[] = []

  /** True if a message need not be taken out again. */
  has(seq: number): boolean {
    return this.#taken.has(seq)
  }

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
    for (const { seq } of consumed) this.#taken.delete(seq)
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
