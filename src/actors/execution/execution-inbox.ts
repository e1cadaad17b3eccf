/** The messages and events of one execution that no commit has consumed yet. Owns which message is taken, consumed or delivered again. */
import type { ExecutionStatus } from '../../events/execution-status.js'
import type { Commit, InboxMessage } from '../../persistence/snapshot-store.js'
import type { SentEvent } from './external-event.js'

/** The answer to a command if a commit with such a status is the last one here; undefined leaves the answer to the next owner. */
export type LastAnswer = (status: ExecutionStatus, revision: number) => string | undefined

/** An event that went to the program without the durable inbox. */
export interface DirectEvent {
  readonly payload: string
  /** True if no commit holds anything of the event: the program that took it failed for good, by another cause. */
  isLost: boolean
  /** True if the program ended by this very event. */
  ended: boolean
  /** True if the program that took it failed, and the next attempt gets it from the inbox. */
  isReturned: boolean
}

const none: readonly never[] = []

/** The inbox of one execution in memory. Most executions get no message: its parts are made when the first one comes. */
export class ExecutionInbox {
  /** Messages that were taken and whose consumption is not durable yet. */
  #taken: Set<number> | undefined
  /** Messages whose consumption became durable while the inbox was being read: the reader may still see them. */
  #settled: Set<number> | undefined
  /** Commands in progress. The final commit must carry their answers, since no later commit exists; so must a pause. */
  #pending: Map<number, LastAnswer> | undefined
  #reading = false
  #consumed: { seq: number; answer: string | null }[] = []
  /** Direct events that no commit holds yet. */
  #direct: DirectEvent[] = []

  /** A command was taken out of the inbox. */
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

  /** The program gets an event directly, not from the inbox. */
  direct({ payload }: SentEvent): DirectEvent {
    const direct = { payload, isLost: false, ended: false, isReturned: false }
    this.#direct.push(direct)
    return direct
  }

  /** The direct events that the next commit holds. */
  get held(): string[] {
    return this.#direct.flatMap(({ payload, isLost }) => (isLost ? [] : [payload]))
  }

  /** A command has its answer; false if a commit holds one already. */
  answered(seq: number, answer: string): boolean {
    if (!this.#pending?.delete(seq)) return false
    this.#consumed.push({ seq, answer })
    return true
  }

  /** A commit is made: gives what it consumes. `last`: this process commits nothing of the execution after it. */
  collect(status: ExecutionStatus, revision: number, last: boolean): Commit['consumed'] {
    for (const [seq, lastAnswer] of (last && this.#pending) || none) {
      const answer = lastAnswer(status, revision)
      if (answer !== undefined) this.answered(seq, answer)
    }
    if (this.#direct.length > 0) this.#direct = []
    // what is consumed from now on belongs to the next commit, not to the one in flight
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

  /** Reads the messages of the inbox that were not taken before. One read at a time. */
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

  /** The program that took events since the last commit is gone: messages may be taken again, direct events are returned. */
  giveBack(): readonly string[] {
    for (const { seq, answer } of this.#consumed) if (answer === null) this.#taken?.delete(seq)
    this.#consumed = this.#consumed.filter(({ answer }) => answer !== null)
    const returned = this.#direct.splice(0)
    for (const direct of returned) direct.isReturned = true
    return returned.map(({ payload }) => payload)
  }

  /** The program that took events since the last commit is gone, and nobody will take these events again. */
  lose(): void {
    for (const direct of this.#direct) if (!direct.ended) direct.isLost = true
  }
}
