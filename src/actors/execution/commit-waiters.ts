/** The calls that wait until a commit of one execution is durable. Owns which commit answers which call, the trigger's call included. */
import { isTerminal, type ExecutionStatus } from '../../events/execution-status.js'
import type { CommitVerdict } from '../../persistence/snapshot-store.js'
import type { AcceptOutcome } from './execution-origin.js'

interface Waiter {
  readonly ready: (status: ExecutionStatus) => boolean
  readonly resolve: (revision: number) => void
  readonly reject: (error: unknown) => void
}

/** Waiting calls. A call is answered by the first commit made after it that fits, never by one made before. */
export class CommitWaiters {
  #waiting: Waiter[] = []
  /** The calls that the commit in flight may answer. */
  #collected: Waiter[] = []

  /** Resolves with the revision of the first later commit with such a status, or of the terminal one. */
  until(ready: (status: ExecutionStatus) => boolean): Promise<number> {
    return new Promise((resolve, reject) => this.#waiting.push({ ready, resolve, reject }))
  }

  /** A commit was made: it may answer the calls that wait now. */
  collect(): void {
    if (this.#waiting.length === 0) return
    this.#collected = this.#waiting
    this.#waiting = []
  }

  /** The commit in flight is durable: answers the calls that it fits. */
  answer(status: ExecutionStatus, revision: number): void {
    if (this.#collected.length === 0) return
    const still: Waiter[] = []
    for (const waiter of this.#collected) {
      if (waiter.ready(status) || isTerminal(status)) waiter.resolve(revision)
      else still.push(waiter)
    }
    this.#collected = []
    if (still.length > 0) this.#waiting.unshift(...still)
  }

  get some(): boolean {
    return this.#waiting.length > 0 || this.#collected.length > 0
  }

  /** There will be no such commit. */
  reject(error: unknown): void {
    for (const waiter of [...this.#collected.splice(0), ...this.#waiting.splice(0)]) waiter.reject(error)
  }
}

/**
 * The answer that a trigger waits for; the first answer counts. It says what was written. Once the first commit is on its way only
 * its verdict answers, even if the execution has left this process by then: it was accepted, and its new owner continues it.
 */
export class PendingAcceptance {
  readonly answer: Promise<AcceptOutcome>
  #resolve: (outcome: AcceptOutcome) => void = () => undefined
  #reject: (error: unknown) => void = () => undefined
  #isOnItsWay = false

  constructor() {
    this.answer = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
  }

  /** The commit that accepts is made. */
  collected(): void {
    this.#isOnItsWay = true
  }

  /** A stale verdict on a first commit means `accepted`: the commit was written, too late for this process to continue the execution. */
  judged(verdict: CommitVerdict): void {
    // nothing joins an execution in memory
    const of = verdict.status === 'duplicate' && verdict.of !== 'join' && verdict.of !== 'gathers' ? verdict.of : undefined
    if (verdict.status === 'duplicate' && of) this.#resolve({ status: 'duplicate', id: verdict.id, of })
    else this.#resolve({ status: 'accepted' })
  }

  /** The store could not be asked, or the commit could not be made. */
  failed(error: unknown): void {
    this.#reject(error)
  }

  /** The execution is no longer in this process. */
  abandoned(error: unknown): void {
    if (!this.#isOnItsWay) this.#reject(error)
  }
}
