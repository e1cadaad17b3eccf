/**
 * Feeds the readers that follow the journal.
 *
 * Owns: following events from a given place. Readers that have caught up share one query for each commit, whose events go to the
 * readers with a matching filter; a reader that lags behind reads pages of its own. Commits of this process wake readers at once;
 * commits of others are found by polling. Closing waits until every reader has all events, so that no reader needs the store
 * any more.
 */
import { inBackground, nextTurn, type Clock } from '../../clock.js'
import type { EventFilter, RuntimeEvent } from '../../events/runtime-event.js'
import { decode } from '../../codec/snapshot-codec.js'
import type { SnapshotStore, StoredEvent } from '../../persistence/snapshot-store.js'
import { JournalReader, LiveReaders } from './journal-reader.js'

const PAGE = 500

/** Follows the journal for any number of readers; each reads at its own pace, so that a slow reader delays no other. */
export class JournalFeed {
  readonly #store: SnapshotStore
  readonly #clock: Clock
  readonly #pollInterval: number
  readonly #readers = new Set<JournalReader>()
  readonly #live = new LiveReaders()
  /** Invariant: the live readers have been given every event up to this one; of no meaning while there are none. */
  #head = 0
  #due = false
  #reading: Promise<void> | undefined
  /** True if something was committed since the journal was last read. */
  #again = false
  #timer: unknown
  #closing = false

  constructor(store: SnapshotStore, clock: Clock, pollInterval: number) {
    this.#store = store
    this.#clock = clock
    this.#pollInterval = pollInterval
  }

  /** Something was committed here. */
  wake(): void {
    if (this.#due || this.#live.size === 0) return
    this.#due = true
    nextTurn(() => {
      this.#due = false
      if (!this.#closing) void this.#read()
    })
  }

  /** Resolves once every reader has all events; its iteration then ends. */
  async close(): Promise<void> {
    this.#closing = true
    this.#clock.clearTimeout(this.#timer)
    if (this.#live.size > 0) await this.#read()
    for (const reader of this.#live.all()) {
      this.#live.delete(reader)
      reader.complete()
    }
    await Promise.all(
      [...this.#readers].map(async (reader) => {
        while (!reader.isOver) await this.#fill(reader)
      }),
    )
  }

  async *follow(filter: EventFilter): AsyncGenerator<RuntimeEvent, void> {
    const { signal } = filter
    if (this.#closing && filter.since === undefined) return
    const reader = new JournalReader(filter, filter.since ?? (await this.#store.lastSeq()))
    this.#readers.add(reader)
    try {
      while (!signal?.aborted) {
        const event = reader.take()
        if (event) {
          yield runtimeEvent(event)
          continue
        }
        if (reader.isOver) return reader.throwIfFailed()
        if (!this.#live.has(reader)) void this.#fill(reader)
        await reader.change(signal)
      }
    } finally {
      reader.leave()
      this.#readers.delete(reader)
      this.#live.delete(reader)
    }
  }

  /** Gives the live readers the new events; calls at the same time share one read, and one more after it. */
  #read(): Promise<void> {
    this.#again = true
    this.#reading ??= this.#readOn().finally(() => {
      this.#reading = undefined
      this.#poll()
    })
    return this.#reading
  }

  async #readOn(): Promise<void> {
    try {
      while (this.#again && this.#live.size > 0) {
        this.#again = false
        const page = await this.#store.events({ since: this.#head, limit: PAGE })
        for (const event of page) this.#give(event)
        if (page.length === PAGE) this.#again = true
      }
    } catch (error) {
      for (const reader of this.#live.all()) reader.fail(error)
      this.#live.clear()
    }
  }

  #give(event: StoredEvent): void {
    // a reader that came meanwhile has read it itself
    if (event.seq <= this.#head) return
    this.#head = event.seq
    for (const reader of this.#live.of(event)) {
      if (reader.push([event])) continue
      // too slow for the others: it reads pages of its own
      this.#live.delete(reader)
      reader.since = event.seq
    }
  }

  #poll(): void {
    this.#clock.clearTimeout(this.#timer)
    if (this.#closing || this.#live.size === 0) return
    this.#timer = this.#clock.setTimeout(() => void this.#read(), this.#pollInterval, inBackground)
  }

  #fill(reader: JournalReader): Promise<void> {
    reader.filling ??= this.#catchUp(reader)
      .catch((error: unknown) => reader.fail(error))
      .finally(() => (reader.filling = undefined))
    return reader.filling
  }

  /** Reads a page of its own, and lets it join the others once it has caught up. */
  async #catchUp(reader: JournalReader): Promise<void> {
    while (!reader.isOver) {
      const isLast = this.#closing
      if (this.#live.size === 0) {
        const last = await this.#store.lastSeq()
        if (this.#live.size === 0) this.#head = last
      }
      const head = this.#head
      const page = await this.#store.events({ since: reader.since, limit: PAGE, ...reader.filter })
      reader.since = page.at(-1)?.seq ?? reader.since
      const hasRoom = reader.push(page)
      if (page.length === PAGE) {
        if (!this.#closing) return
        if (!hasRoom) await reader.room()
        continue
      }
      // no event up to there fits the filter: the reader can skip them
      reader.since = Math.max(reader.since, head)
      if (isLast) return reader.complete()
      if (this.#closing) continue
      if (head === this.#head && !reader.isOver) {
        this.#live.add(reader)
        if (this.#reading === undefined) this.#poll()
        return
      }
      if (page.length > 0) return
    }
  }
}

/** A stored event as users see it. Throws `corrupt`, `unknown_format`. */
export function runtimeEvent(stored: StoredEvent): RuntimeEvent {
  const { seq, type, id, executionId, entryPoint, sessionId, causationId, revision, at, data } = stored
  const correlationId = stored.correlationId ?? executionId
  return {
    seq,
    at,
    type,
    ...(id === null ? {} : { id }),
    ...(executionId === null ? {} : { executionId }),
    ...(entryPoint === null ? {} : { entryPoint }),
    ...(sessionId === null ? {} : { sessionId }),
    ...(correlationId === null ? {} : { correlationId }),
    ...(causationId === null ? {} : { causationId }),
    revision,
    data: data === null ? undefined : decode(data, { id: executionId ?? id ?? 'the application', what: `event ${seq}` }),
  }
}
