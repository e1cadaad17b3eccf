/**
 * What a replica that lags behind would answer.
 *
 * Owns: the last answer to each question that was put to a store, and those of a store that has nothing yet.
 */
import type { SnapshotStore } from '../../persistence/snapshot-store.js'
import { storeReads, type StoreCall, type StoreRead } from './store-call.js'

type Answers = { readonly [TCall in StoreRead]: () => Awaited<ReturnType<SnapshotStore[TCall]>> }

/** The answers of a store in which nothing has happened. */
const ofNothing: Answers = {
  load: () => undefined,
  absence: () => 'unknown',
  query: () => ({ executions: [] }),
  joined: () => undefined,
  counts: () => ({}),
  places: () => [],
  chunks: () => undefined,
  events: () => [],
  lastSeq: () => 0,
  checkpoints: () => [],
  checkpoint: () => undefined,
  inbox: () => [],
  answer: () => ({ status: 'unknown' }),
  owners: () => [],
  orphans: () => [],
  nextDue: () => null,
  control: () => null,
  document: () => undefined,
  documents: () => [],
}

const reads: ReadonlySet<string> = new Set(storeReads)

/** The answers of one store, as of when each question was last put to it. */
export class StaleAnswers {
  readonly #last = new Map<string, unknown>()

  /** A question was answered truthfully. */
  keep(call: StoreCall, args: readonly unknown[], answer: unknown): void {
    if (reads.has(call)) this.#last.set(question(call, args), answer)
  }

  /** What the same question was answered last. */
  answer(call: StoreRead, args: readonly unknown[]): unknown {
    const asked = question(call, args)
    return this.#last.has(asked) ? this.#last.get(asked) : ofNothing[call]()
  }
}

const question = (call: StoreCall, args: readonly unknown[]) => `${call} ${JSON.stringify(args)}`
