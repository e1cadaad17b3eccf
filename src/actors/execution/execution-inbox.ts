/** What came to one execution and is not committed as consumed yet. Owns which message is taken, consumed or to be delivered again. */
import type { ExecutionStatus } from '../../events/execution-status.js'
import type { Commit, InboxMessage } from '../../persistence/snapshot-store.js'
import type { SentEvent } from './external-event.js'

/** What a command answers if a commit with such a status is the last one here; undefined leaves it to the next holder. */
export type LastAnswer = (status: ExecutionStatus, revision: number) => string | undefined

/** An event that came straight to the program. */
export interface DirectEvent {
  readonly payload: string
  /** True if nothing of it is in any commit: the program that had taken it failed, for good and by something else. */
  isLost: boolean
  /** True if the program ended by this very event. */
  ended: boolean
  /** True if the program that had taken it failed, and the next attempt takes it out of the inbox. */
  isReturned: boolean
}

const none: readonly never[] = []

/** The mail of one execution. Most get none: what it needs is made when the first message comes. */
export class ExecutionInbox {
  /** Messages that were taken out and whose consumption is not durable. */
  #taken: Set<number> | undefined
  /** Messages whose consumption became durable while the inbox was being read: the reader may still see them. */
  #settled: Set<number> | undefined
  /** Commands that are being carried out. An end, or a pause, holds its own answer: nobody could commit it afterwards. */
  #pending: Map<number, LastAnswer> | undefined
  #reading = false
  #consumed: { seq: number; answer: string | null }[] = []
  /** Events that came straight to the program and that no commit holds yet. */
  #direct: DirectEvent[] = []

  /** A command was taken out. */
  take(seq: number, last: LastAnswer): void {
    this.#taken ??= new Set()
    this.#pending ??= new Map()
    this.#taken.add(seq)
    this.#pending.set(seq, last)
  }

  /** The program gets an event from the inbox. */
  delivered(seq: number): void {
    this.#taken ??= new Set()
    this.#taken.add(seq)
    this.#consumed.push({ seq, answer: null })
  }

  /** The program gets an event that stands in no inbox. */
  direct({ payload }: SentEvent): DirectEvent {
    const direct = { payload, isLost: false, ended: false, isReturned: false }
    this.#direct.push(direct)
    return direct
  }

  /** The events that came straight to the program and that the next commit holds. */
  get held(): string[] {
    return this.#direct.flatMap(({ payload, isLost }) => (isLost ? [] : [payload]))
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
  giveBack(): readonly string[] {
    for (const { seq, answer } of this.#consumed) if (answer === null) this.#taken?.delete(seq)
    this.#consumed = this.#consumed.filter(({ answer }) => answer !== null)
    const returned = this.#direct.splice(0)
    for (const direct of returned) direct.isReturned = true
    return returned.map(({ payload }) => payload)
  }

  /** The program that took them since the last commit is gone, and nobody will take them again. */
  lose(): void {
    for (const direct of this.#direct) if (!direct.ended) direct.isLost = true
  }
}
