/**
 * The answer that a trigger waits for.
 *
 * Owns: that it tells what was written. Once the first commit is on its way only its verdict answers, also if the execution is
 * gone from here by then: it was accepted, and whoever owns it now goes on with it.
 */
import type { CommitVerdict } from '../../persistence/snapshot-store.js'
import type { AcceptOutcome } from './execution-origin.js'

/** One answer; the first one counts. */
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

  /** A first commit is never stale for the store: it was written, and too late to go on here. */
  judged(verdict: CommitVerdict): void {
    if (verdict.status === 'duplicate') this.#resolve({ status: 'duplicate', id: verdict.id, of: verdict.of })
    else this.#resolve({ status: 'accepted' })
  }

  /** The store could not be asked, or the commit not be made. */
  failed(error: unknown): void {
    this.#reject(error)
  }

  /** The execution is gone from here. */
  abandoned(error: unknown): void {
    if (!this.#isOnItsWay) this.#reject(error)
  }
}
