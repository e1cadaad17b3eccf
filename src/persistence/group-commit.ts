/**
 * Makes one transaction of what many executions owe the store at the same time.
 *
 * Owns: when a batch goes (at the end of the event loop's turn; one in flight, the next one gathering), and what a
 * failing store means for each commit: the batch is tried again one by one, so that a commit never fails for another's sake,
 * unless the store is busy, which is nobody's own trouble. How long one has waited counts from when it asked for its place:
 * whoever stands behind a batch that waits for a lock waits no longer than that batch does.
 * Does not know: what is in a commit; it asks for it at the last moment, so that an execution that moved twice writes once.
 */
import { nextTurn, realTime } from '../clock.js'
import { isHeldUp, StatewardError } from '../errors.js'
import type { Commit, CommitVerdict, SnapshotStore } from './snapshot-store.js'

/** Someone with something to commit. */
export interface Committer {
  readonly id: string
  /** The commit as of now; undefined: there is nothing any more. What it throws comes back through `refused`. */
  collect(): Commit | undefined
  judged(verdict: CommitVerdict, commit: Commit): void
  /** Nothing was written: the value can't be stored, or the store failed. */
  refused(error: unknown, commit: Commit | undefined): void
  /** It threw while it was told; its supervisor must know. */
  crashed(error: unknown): void
}

/** A batch takes no more commits once it has so many characters: it blocks whoever writes it, and stands in the log whole. */
const BATCH = 4 * 2 ** 20

/** Those that asked within so many ms have waited for the same time. */
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
  /** Who asks for a place in the next batch, since when in real time. */
  #dirty = new Map<Committer, number>()
  #inFlight = false
  #scheduled = false

  /** `isOwner`: false if this process was frozen while it wrote, and others have taken over what it holds. */
  constructor(
    store: SnapshotStore,
    onHealth: (error: StatewardError | undefined) => void = () => undefined,
    isOwner: () => Promise<boolean> = () => Promise.resolve(true),
  ) {
    this.#store = store
    this.#onHealth = onHealth
    this.#isOwner = isOwner
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
    // before anything is collected: what is asked for meanwhile goes with the next batch
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
    // what did not fit goes first the next time
    if (dirty.size > 0) this.#dirty = new Map([...dirty, ...this.#dirty, ...dirty])
    for (let rest = places; rest.length > 0;) rest = await this.#write(rest)
    this.#inFlight = false
    if (this.#dirty.size > 0) this.#schedule()
  }

  /** Those that are left: they wait for the lock of another one, and have not waited for so long as those that were told. */
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

  /** Whoever has waited as long as the store lets them is told; the others are left. */
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
   * A driver that lost an acknowledgement may have written the batch twice, and tell what it was told the second time.
   * A first commit that leaves nobody as its owner is taken at its word: the id may have been given twice.
   */
  async #ownWrites(verdicts: readonly CommitVerdict[], batch: readonly Commit[]): Promise<readonly CommitVerdict[]> {
    return Promise.all(
      verdicts.map(async (verdict, index) => {
        const commit = batch[index] as Commit
        return commit.accept && commit.owner === null ? verdict : this.#ownWrite(verdict, commit)
      }),
    )
  }

  /** A commit may have been written although it was not acknowledged; when it is made again it looks stale, or taken by itself. */
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

/** It was written, and whoever owns it now goes on from it: nothing of it may be seen from here. A duplicate was not written. */
const tooLate = (verdict: CommitVerdict, { revision, epoch }: Commit): CommitVerdict =>
  verdict.status === 'duplicate' ? verdict : { status: 'stale', revision, epoch, owner: null }

/** How long the texts of a commit are that may be long. */
function lengthOf({ accept, state, output, error, events }: Commit): number {
  let length = state.length + (accept?.input.length ?? 0) + (output?.length ?? 0) + (error?.length ?? 0)
  for (const { data } of events) length += data?.length ?? 0
  return length
}

/** One execution's trouble with a verdict is never another's. */
function notify(committer: Committer, tell: () => void): void {
  try {
    tell()
  } catch (error) {
    committer.crashed(error)
  }
}

/** Whatever a store threw, as a typed error that names the execution; what the store said of it, and whether to try again, stays. */
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
