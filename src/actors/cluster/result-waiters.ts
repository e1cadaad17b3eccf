/**
 * The calls that wait for executions to end.
 *
 * Owns: an outcome is handed over in the turn in which it is durable, before the execution can be forgotten.
 * Results of executions that other processes run are found by polling.
 */
import type { Clock } from '../../clock.js'
import type { Absent, ExecutionOutcome, ResultOutcome } from '../../events/outcomes.js'
import type { SnapshotStore } from '../../persistence/snapshot-store.js'
import { storedOutcome } from '../execution/execution-record.js'

/** One waiting call: `settle` gets the outcome, `fail` the error if nobody here will ever know it. */
interface Waiting {
  settle(outcome: ExecutionOutcome | Absent): void
  fail(error: unknown): void
}

/** Waiting calls by execution. */
export class ResultWaiters {
  readonly #waiting = new Map<string, Set<Waiting>>()

  /** The ids somebody waits for. */
  get ids(): Iterable<string> {
    return this.#waiting.keys()
  }

  add(id: string, waiting: Waiting): () => void {
    let set = this.#waiting.get(id)
    if (!set) this.#waiting.set(id, (set = new Set()))
    set.add(waiting)
    return () => {
      set.delete(waiting)
      // calls since the last outcome have a set of their own
      if (set.size === 0 && this.#waiting.get(id) === set) this.#waiting.delete(id)
    }
  }

  has(id: string): boolean {
    return this.#waiting.has(id)
  }

  /** Each call gets its own copy of the outcome, which it may change. */
  settle(id: string, outcome: () => ExecutionOutcome | Absent): void {
    const set = this.#waiting.get(id)
    if (!set) return
    this.#waiting.delete(id)
    for (const waiting of set) waiting.settle(outcome())
  }

  /** The outcome can't be read. */
  fail(id: string, error: unknown): void {
    const set = this.#waiting.get(id)
    this.#waiting.delete(id)
    for (const waiting of set ?? []) waiting.fail(error)
  }

  /** The runtime stops: no call here will get an outcome any more. */
  failAll(error: unknown): void {
    for (const set of this.#waiting.values()) for (const waiting of set) waiting.fail(error)
    this.#waiting.clear()
  }
}

/** The answer for an execution that is not stored. */
export async function absentFrom(store: SnapshotStore, id: string): Promise<Absent> {
  return { status: (await store.absence(id)) === 'expired' ? 'expired' : 'not_found' }
}

/** Answers the waiting calls with an end that another process made durable, also if it was forgotten since or can't be read. */
export async function settleIfEnded(store: SnapshotStore, results: ResultWaiters, id: string): Promise<void> {
  const stored = await store.load(id)
  if (!stored) {
    const absent = await absentFrom(store, id)
    return results.settle(id, () => absent)
  }
  try {
    if (storedOutcome(stored)) results.settle(id, () => storedOutcome(stored) as ExecutionOutcome)
  } catch (error) {
    results.fail(id, error)
  }
}

/** The outcome that `subscribe` brings, or `timeout` after so many ms; rejects with the signal's reason when that fires. */
export async function endedWithin(
  clock: Clock,
  timeout: number | undefined,
  signal: AbortSignal | undefined,
  subscribe: (resolve: (outcome: ExecutionOutcome | Absent) => void, reject: (error: unknown) => void) => void,
): Promise<ResultOutcome> {
  // it may have fired while the store was asked
  signal?.throwIfAborted()
  return new Promise<ResultOutcome>((resolve, reject) => {
    const timer = timeout === undefined ? undefined : clock.setTimeout(() => done(() => resolve({ status: 'timeout' })), timeout)
    const abort = () => done(() => reject(signal?.reason as Error))
    const done = (then: () => void) => {
      clock.clearTimeout(timer)
      signal?.removeEventListener('abort', abort)
      then()
    }
    signal?.addEventListener('abort', abort, { once: true })
    subscribe(
      (outcome) => done(() => resolve(outcome)),
      (error) => done(() => reject(error)),
    )
  })
}
