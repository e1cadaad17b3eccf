/**
 * Writes the commits of many executions in one transaction.
 *
 * Owns: when a batch is written (at the end of the event loop's turn; one batch is in flight while the next one gathers), and what a
 * failing store means for each commit. After a failure the commits of the batch are tried one by one, so that no commit fails because
 * of another one; except when the store is busy, which concerns all alike. The waiting time of a commit counts from its request: a
 * commit behind a batch that waits for a lock waits no longer than that batch does.
 * Does not know: what is in a commit; it asks for it at the last moment, so that an execution that moved twice writes once.
 */
import { nextTurn, realTime } from '../clock.js'
import { isHeldUp, StatewardError } from '../errors.js'
import type { Commit, CommitVerdict, SnapshotStore } from './snapshot-store.js'

/** Who must know what is written to the journal here. */
export interface JournalWatch {
  /** A write is under way; before it is over, `wrote` is called for it. */
  writing(write: Promise<unknown>): void
  /** Events from that number on are durable. */
  wrote(firstSeq: number): void
}

/** Someone with something to commit. */
export interface Committer {
  readonly id: string
  /** The commit as of now; undefined: there is nothing to commit any more. An error that it throws comes back through `refused`. */
  collect(): Commit | undefined
  judged(verdict: CommitVerdict, commit: Commit): void
  /** Nothing was written: the value can't be stored, or the store failed. */
  refused(error: unknown, commit: Commit | undefined): void
  /** One of its callbacks threw; its supervisor must know. */
  crashed(error: unknown): void
}

/** A batch takes no more commits once it has so many characters: it blocks the thread, and is in the log as a whole. */
const BATCH = 4 * 2 ** 20

/** Requests within so many ms count as made at the same time. */
const AT_ONCE = 250

/** A commit of a batch. */
interface Place {
  readonly committer: Committer
  readonly commit: Commit
  /** When it was asked for, in real time. */
  readonly since: number
}

/** Gathers commits and writes them in batches. */
export class GroupCommit {
  readonly #store: SnapshotStore
  readonly #onHealth: (error: StatewardError | undefined) => void
  readonly #isOwner: () => Promise<boolean>
  readonly #journal: JournalWatch | undefined
  /** The executions that ask for a place in the next batch, each with the real time of its request. */
  #dirty = new Map<Committer, number>()
  #inFlight = false
  #scheduled = false

  /**
   * `isOwner`: false if this process was frozen while it wrote, and others have taken over its executions. `journal` hears of each
   * write.
   */
  constructor(
    store: SnapshotStore,
    onHealth: (error: StatewardError | undefined) => void = () => undefined,
    isOwner: () => Promise<boolean> = () => Promise.resolve(true),
    journal?: JournalWatch,
  ) {
    this.#store = store
    this.#onHealth = onHealth
    this.#isOwner = isOwner
    this.#journal = journal
  }

  /** Asks for a place in the next batch. */
  request(committer: Committer): void {
    if (!this.#dirty.has(committer)) this.#dirty.set(committer, realTime.now())
    this.#schedule()
  }

  /** Takes back a request. */
  withdraw(committer: Committer): void {
    this.#dirty.delete(committer)
  }

  #schedule(): void {
    if (this.#scheduled || this.#inFlight) return
    this.#scheduled = true
    nextTurn(() => {
      this.#scheduled = false
      void this.#flush()
    })
  }

  async #flush(): Promise<void> {
    // before anything is collected: requests from now on go with the next batch
    this.#inFlight = true
    const places: Place[] = []
    const dirty = this.#dirty
    this.#dirty = new Map()
    let left = BATCH
    for (const [committer, since] of dirty) {
      if (left <= 0) break
      dirty.delete(committer)
      try {
        const commit = committer.collect()
        if (!commit) continue
        places.push({ committer, commit, since })
        left -= lengthOf(commit)
      } catch (error) {
        notify(committer, () => committer.refused(error, undefined))
      }
    }
    // commits that did not fit go first the next time
    if (dirty.size > 0) this.#dirty = new Map([...dirty, ...this.#dirty, ...dirty])
    for (let rest = places; rest.length > 0;) {
      const write = this.#write(rest)
      this.#journal?.writing(write)
      rest = await write
    }
    this.#inFlight = false
    if (this.#dirty.size > 0) this.#schedule()
  }

  /** The remaining requests: they wait for another process's lock, and their time is not up yet. */
  async #write(places: readonly Place[]): Promise<Place[]> {
    const batch = places.map(({ commit }) => commit)
    const since = places.reduce((first, place) => Math.min(first, place.since), Infinity)
    let verdicts: readonly CommitVerdict[]
    try {
      verdicts = await this.#store.commit(batch, since)
      if (verdicts.some(({ status }) => status !== 'committed')) verdicts = await this.#ownWrites(verdicts, batch)
      if (!(await this.#isOwner())) verdicts = verdicts.map((verdict, index) => tooLate(verdict, batch[index] as Commit))
    } catch (error) {
      if (isHeldUp(error)) return this.#waited(places, since, error)
      return this.#writeSingly(places)
    }
    this.#noticed(verdicts)
    let index = 0
    for (const { committer, commit } of places) {
      const verdict = verdicts[index++] as CommitVerdict
      notify(committer, () => committer.judged(verdict, commit))
    }
    this.#onHealth(undefined)
    return []
  }

  async #writeSingly(places: readonly Place[]): Promise<Place[]> {
    for (const [index, { committer, commit, since }] of places.entries()) {
      try {
        const [verdict] = await this.#store.commit([commit], since)
        const written = await this.#ownWrite(verdict as CommitVerdict, commit)
        const own = (await this.#isOwner()) ? written : tooLate(written, commit)
        this.#noticed([own])
        notify(committer, () => committer.judged(own, commit))
        this.#onHealth(undefined)
      } catch (cause) {
        // the others would wait as long as this one has, one after the other
        if (isHeldUp(cause)) return this.#waited(places.slice(index), since, cause)
        this.#refuse([{ committer, commit, since }], cause)
      }
    }
    return []
  }

  #noticed(verdicts: readonly CommitVerdict[]): void {
    // their numbers grow in the order of the batch; of a commit that was found again the number is not known
    for (const verdict of verdicts)
      if (verdict.status === 'committed' && verdict.firstSeq > 0) return this.#journal?.wrote(verdict.firstSeq)
  }

  /** Fails the requests that have waited as long as the store allows; the others remain. */
  #waited(places: readonly Place[], since: number, cause: unknown): Place[] {
    const isOver = (place: Place) => place.since <= since + AT_ONCE
    this.#refuse(places.filter(isOver), cause)
    return places.filter((place) => !isOver(place))
  }

  #refuse(places: readonly Place[], cause: unknown): void {
    for (const [index, { committer, commit }] of places.entries()) {
      const error = storeFailed(this.#store, commit.id, cause)
      if (index === 0) this.#onHealth(error)
      notify(committer, () => committer.refused(error, commit))
    }
  }

  /**
   * A driver that lost an acknowledgement may have written the batch twice, and then reports the verdict of the second time.
   * For a first commit without an owner the verdict counts as it is: two requests may have used the same id.
   */
  async #ownWrites(verdicts: readonly CommitVerdict[], batch: readonly Commit[]): Promise<readonly CommitVerdict[]> {
    return Promise.all(
      verdicts.map(async (verdict, index) => {
        const commit = batch[index] as Commit
        return commit.accept && commit.owner === null ? verdict : this.#ownWrite(verdict, commit)
      }),
    )
  }

  /** A commit may have been written although it was not acknowledged. When it is tried again, its verdict is `stale`, or a duplicate of itself. */
  async #ownWrite(verdict: CommitVerdict, commit: Commit): Promise<CommitVerdict> {
    if (verdict.status !== 'stale' && verdict.status !== 'duplicate') return verdict
    if (verdict.status === 'duplicate' && verdict.id !== commit.id) return verdict
    const stored = await this.#store.load(commit.id)
    const mine =
      stored?.revision === commit.revision &&
      stored.epoch === commit.epoch &&
      stored.owner === commit.owner &&
      stored.updatedAt === commit.updatedAt
    const { accept } = commit
    const same = !accept || (stored?.entryPoint === accept.entryPoint && stored.input === accept.input)
    return mine && same && stored.state === commit.state ? { status: 'committed', firstSeq: 0 } : verdict
  }
}

/** The commit was written, and the new owner goes on from it: this process must let out nothing of it. A duplicate was not written. */
const tooLate = (verdict: CommitVerdict, { revision, epoch }: Commit): CommitVerdict =>
  verdict.status === 'duplicate' ? verdict : { status: 'stale', revision, epoch, owner: null }

/** The length of those texts of a commit that may be long. */
function lengthOf({ accept, state, output, error, events }: Commit): number {
  let length = state.length + (accept?.input.length ?? 0) + (output?.length ?? 0) + (error?.length ?? 0)
  for (const { data } of events) length += data?.length ?? 0
  return length
}

/** If one callback throws, the others still run. */
function notify(committer: Committer, tell: () => void): void {
  try {
    tell()
  } catch (error) {
    committer.crashed(error)
  }
}

/** Any error of a store, as a typed error that names the execution. Keeps the store's own details, and whether to try again. */
export function storeFailed(store: SnapshotStore, id: string, cause: unknown): StatewardError {
  const known = cause instanceof StatewardError ? cause : undefined
  const message = cause instanceof Error ? cause.message : String(cause)
  return new StatewardError(
    known?.code === 'store_closed' || known?.code === 'already_stopped' ? known.code : 'store_failed',
    `The ${store.name} store failed to commit execution ${id}: ${message}`,
    {
      details: { ...known?.details, id, store: store.name, location: store.location },
      cause,
      ...(known ? { retryable: known.retryable } : {}),
    },
  )
}
