/**
 * Puts the application's own events into the journal.
 *
 * Owns: those of one turn go in one transaction, in the order of their calls, while one is in flight the next one gathers; and what a
 * failing store means for each of them. Does not know: what an application calls its events (see `events/publication.ts`).
 */
import { nextTurn, type Clock } from '../../clock.js'
import { encode } from '../../codec/snapshot-codec.js'
import { isHeldUp, StatewardError } from '../../errors.js'
import type { PublishOptions, PublishOutcome } from '../../events/publication.js'
import type { IdSource } from '../../ids.js'
import type { JournalFeed } from './journal-feed.js'
import type { Publication, PublicationVerdict, SnapshotStore } from '../../persistence/snapshot-store.js'

/** At most so many events, and so many characters of their data, go in one transaction: it blocks the thread. */
const BATCH = 1_000
const LENGTH = 4 * 2 ** 20

/** What publications are written with. */
export interface PublicationsPort {
  readonly store: SnapshotStore
  readonly clock: Pick<Clock, 'now'>
  readonly ids: Pick<IdSource, 'key'>
  open(): Promise<void>
  readonly journal: Pick<JournalFeed, 'writing' | 'wrote' | 'wake'>
}

interface Waiting {
  readonly publication: Publication
  readonly isNamed: boolean
  resolve(this: void, outcome: PublishOutcome): void
  reject(this: void, error: unknown): void
}

/** The publications of one process. */
export class Publications {
  readonly #port: PublicationsPort
  #waiting: Waiting[] = []
  #writing: Promise<void> | undefined

  constructor(port: PublicationsPort) {
    this.#port = port
  }

  /**
   * Publishes an event that was checked; resolves once it is durable. What is done to `data` afterwards changes nothing. Throws
   * `not_storable`, `idempotency_conflict`, `store_failed`.
   */
  publish(type: string, data: unknown, options: PublishOptions = {}): Promise<PublishOutcome> {
    const { clock, ids } = this.#port
    const { id = ids.key(), correlationId = null, sessionId = null, causationId = null } = options
    const text = data === undefined ? null : encode(data, { id: `event ${id}`, what: type })
    const publication = { id, type, at: clock.now(), data: text, correlationId, sessionId, causationId }
    return new Promise((resolve, reject) => {
      this.#waiting.push({ publication, isNamed: options.id !== undefined, resolve, reject })
      this.#writing ??= this.#write()
    })
  }

  /** True while an event waits to be written, or is being written. */
  get isPending(): boolean {
    return this.#writing !== undefined
  }

  /** Resolves once nothing waits to be written. */
  async settled(): Promise<void> {
    while (this.#writing) await this.#writing
  }

  async #write(): Promise<void> {
    while (this.#waiting.length > 0) {
      await new Promise<void>(nextTurn)
      const batch = this.#waiting.splice(0, this.#batchLength())
      const write = this.#port.open().then(
        () => this.#writeBatch(batch),
        (error: unknown) => batch.forEach(({ reject }) => reject(error)),
      )
      this.#port.journal.writing(write)
      await write
    }
    // in the moment in which nothing waits: what comes next begins anew
    this.#writing = undefined
  }

  #batchLength(): number {
    let length = 0
    const end = this.#waiting.findIndex(({ publication }, index) => {
      length += publication.data?.length ?? 0
      return index >= BATCH || (index > 0 && length > LENGTH)
    })
    return end < 0 ? this.#waiting.length : end
  }

  /** If a batch fails, each is written by itself: none fails because of another, and one that was written after all is found by its id. */
  async #writeBatch(batch: readonly Waiting[]): Promise<void> {
    try {
      await this.#put(batch)
    } catch (error) {
      for (const one of batch) {
        if (isHeldUp(error)) one.reject(error)
        else await this.#put([one], true).catch(one.reject)
      }
    }
  }

  /** `isAgain`: they may have been written before, here. */
  async #put(batch: readonly Waiting[], isAgain = false): Promise<void> {
    const verdicts = await this.#port.store.publish(batch.map(({ publication }) => publication))
    const written = batch.flatMap(({ publication, isNamed }, index) => {
      const verdict = verdicts[index] as PublicationVerdict
      if (verdict.status === 'published') return [verdict.seq]
      // one that was written here, and whose acknowledgement was lost
      return isNamed && !(isAgain && verdict.event.at === publication.at) ? [] : [verdict.event.seq]
    })
    if (written.length > 0) this.#port.journal.wrote(Math.min(...written))
    this.#port.journal.wake()
    batch.forEach((waiting, index) => answer(waiting, verdicts[index] as PublicationVerdict))
  }
}

function answer({ publication: { id, type, data }, isNamed, resolve, reject }: Waiting, verdict: PublicationVerdict): void {
  if (verdict.status === 'published') return resolve({ status: 'published', id, seq: verdict.seq })
  const { event } = verdict
  // a fresh id can only be taken if it was written twice
  if (!isNamed) return resolve({ status: 'published', id, seq: event.seq })
  if (event.type === type && event.data === data) return resolve({ status: 'already_published', id, seq: event.seq })
  const message = `The event id ${id} was published before, as ${event.type}, with another type or other data.`
  reject(new StatewardError('idempotency_conflict', message, { details: { id, type: event.type, seq: event.seq } }))
}
