/**
 * Feeds the readers that follow the journal.
 *
 * Owns: following events from a given place. Readers that have caught up share one query for each commit, whose events go to the
 * readers with a matching filter; a reader that lags behind reads pages of its own. Commits of this process wake readers at once;
 * commits of others are found by polling. Closing waits until every reader has all events, so that no reader needs the store
 * any more.
 */
import { inBackground, nextTurn, type Clock } from '../../clock.js'
import { eventTest, isGap, type EventFilter } from '../../events/event-filter.js'
import type { RuntimeEvent } from '../../events/runtime-event.js'
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
  /** Those who ask where the journal ends now: of what this process writes meanwhile they are to miss nothing. */
  readonly #asking = new Set<{ end: number }>()
  /** Writes of this process that are under way: the store may have them, and the process not know it yet. */
  readonly #writes = new Set<Promise<unknown>>()

  constructor(store: SnapshotStore, clock: Clock, pollInterval: number) {
    this.#store = store
    this.#clock = clock
    this.#pollInterval = pollInterval
  }

  /** Events from that number on were written here. */
  wrote(firstSeq: number): void {
    for (const asking of this.#asking) asking.end = Math.min(asking.end, firstSeq - 1)
  }

  /** Something is being written here; before `write` is over, `wrote` is called for it. */
  writing(write: Promise<unknown>): void {
    this.#writes.add(write)
    const over = () => this.#writes.delete(write)
    write.then(over, over)
  }

  /** Where the journal ends at the call: a store that is slow may answer after later writes. */
  async end(): Promise<number> {
    const asking = { end: Infinity }
    this.#asking.add(asking)
    try {
      const last = await this.#store.lastSeq()
      // what the store had by then, and has not acknowledged
      if (this.#writes.size > 0) await Promise.allSettled(this.#writes)
      return Math.min(last, asking.end)
    } finally {
      this.#asking.delete(asking)
    }
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
    const { signal, where } = filter
    if (this.#closing && filter.since === undefined) return
    const since = filter.since ?? (await unlessAborted(this.end(), signal))
    if (since === undefined) return
    const reader = new JournalReader(filter, since)
    this.#readers.add(reader)
    try {
      while (!signal?.aborted) {
        const event = reader.take()
        if (event) {
          const known = runtimeEvent(event)
          if (isGap(known) || (where?.(known) ?? true)) yield known
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

  /** The first event since then that fits and is there now; undefined: there is none. `isIncomplete`: some are not kept any more. */
  async first(filter: EventFilter, from: number): Promise<{ event: RuntimeEvent | undefined; isIncomplete: boolean }> {
    const { execution, entryPoint, type, where } = filter
    const fits = eventTest(filter)
    const wanted = { ...(execution === undefined ? {} : { execution }), ...(entryPoint === undefined ? {} : { entryPoint }) }
    let isIncomplete = false
    for (let since = from; ;) {
      const page = await this.#store.events({ since, limit: PAGE, ...wanted })
      for (const stored of page) {
        if (!fits(stored)) continue
        const event = runtimeEvent(stored)
        if (isGap(event, type)) isIncomplete = true
        else if (isGap(event) || (where?.(event) ?? true)) return { event, isIncomplete }
      }
      since = page.at(-1)?.seq ?? since
      if (page.length < PAGE) return { event: undefined, isIncomplete }
      await new Promise<void>(nextTurn)
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

  async #fill(reader: JournalReader): Promise<void> {
    if (!reader.isOver) await (reader.filling ??= this.#catchUp(reader))
  }

  /**
   * Reads pages of its own until one has something to take, and lets the reader join the others once it has caught up. It is over in
   * the moment in which there is something: the reader may ask for more as soon as it has taken that.
   */
  async #catchUp(reader: JournalReader): Promise<void> {
    try {
      while (!reader.isOver) {
        // other work goes between the pages of a long journal
        if (reader.pages++ > 0) await new Promise<void>(nextTurn)
        const isLast = this.#closing
        if (this.#live.size === 0) {
          const last = await this.#store.lastSeq()
          if (this.#live.size === 0) this.#head = last
        }
        const head = this.#head
        const page = await this.#store.events({ since: reader.since, limit: PAGE, ...reader.filter })
        const fitting = page.filter((event) => reader.wants(event))
        reader.since = page.at(-1)?.seq ?? reader.since
        const hasRoom = fitting.length === 0 || reader.push(fitting)
        if (page.length === PAGE) {
          if (!this.#closing && fitting.length > 0) return
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
        if (fitting.length > 0) return
      }
    } catch (error) {
      reader.fail(error)
    } finally {
      reader.filling = undefined
    }
  }
}

/** The same; undefined as soon as the signal has fired. */
function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T | undefined> {
  if (!signal) return promise
  return new Promise((resolve, reject) => {
    const stopped = () => resolve(undefined)
    if (signal.aborted) stopped()
    signal.addEventListener('abort', stopped, { once: true })
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', stopped))
  })
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
