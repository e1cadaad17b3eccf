/**
 * One reader of the journal, with the events that it has been given and has not taken yet.
 *
 * Owns: its place, its buffer and its end. Reads nothing itself: `journal-feed.ts` does.
 */
import { eventTest, type EventFilter, type EventTest } from '../../events/event-filter.js'
import type { StoredEvent } from '../../persistence/snapshot-store.js'

/** A reader with this many events in its buffer is given no more. */
const ROOM = 2_000

/** A reader and its buffer. */
export class JournalReader {
  /** The place up to which it has been given its events, by pages of its own. */
  since: number
  /** The page that is being read for this reader. */
  filling: Promise<void> | undefined
  /** How many pages of its own it has read. */
  pages = 0
  /** What the store itself can look for. */
  readonly filter: { readonly execution?: string; readonly entryPoint?: string }
  readonly #fits: EventTest
  #buffer: StoredEvent[] = []
  #taken = 0
  #isOver = false
  #failure: { readonly error: unknown } | undefined
  #changed: (() => void) | undefined
  #roomMade: (() => void) | undefined

  constructor(filter: EventFilter, since: number) {
    const { execution, entryPoint } = filter
    this.since = since
    this.#fits = eventTest(filter)
    this.filter = { ...(execution === undefined ? {} : { execution }), ...(entryPoint === undefined ? {} : { entryPoint }) }
  }

  /** True once it will be given nothing more. */
  get isOver(): boolean {
    return this.#isOver
  }

  /** True for an event that it wants and has not been given: a page of its own may have been ahead of the others. */
  wants(event: StoredEvent): boolean {
    return event.seq > this.since && this.#fits(event)
  }

  /** Gives the reader these events. False: it has no room for more. */
  push(events: readonly StoredEvent[]): boolean {
    for (const event of events) this.#buffer.push(event)
    this.#change()
    return this.#buffer.length - this.#taken < ROOM
  }

  take(): StoredEvent | undefined {
    const event = this.#buffer[this.#taken]
    if (event === undefined) return undefined
    if (++this.#taken === this.#buffer.length) {
      this.#buffer = []
      this.#taken = 0
      this.#roomMade?.()
    }
    return event
  }

  /** The reader has all events. */
  complete(): void {
    this.#isOver = true
    this.#change()
  }

  fail(error: unknown): void {
    this.#failure ??= { error }
    this.complete()
  }

  throwIfFailed(): void {
    if (this.#failure) throw this.#failure.error
  }

  /** Nobody reads any more. */
  leave(): void {
    this.complete()
    this.#roomMade?.()
  }

  /** Resolves once all events that it was given are taken. */
  room(): Promise<void> {
    return this.#isOver ? Promise.resolve() : new Promise((resolve) => (this.#roomMade = resolve))
  }

  /** Resolves once there is an event to take, or the iteration ends, or the signal fires. */
  change(signal: AbortSignal | undefined): Promise<void> {
    if (this.#isOver || signal?.aborted || this.#buffer.length > this.#taken) return Promise.resolve()
    return new Promise((resolve) => {
      this.#changed = () => {
        signal?.removeEventListener('abort', this.#change)
        resolve()
      }
      signal?.addEventListener('abort', this.#change, { once: true })
    })
  }

  readonly #change = () => {
    const changed = this.#changed
    this.#changed = undefined
    changed?.()
  }
}

/** The readers that have caught up, by their filters. */
export class LiveReaders {
  readonly #all = new Set<JournalReader>()
  readonly #ofEverything = new Set<JournalReader>()
  readonly #ofExecution = new Map<string, Set<JournalReader>>()

  get size(): number {
    return this.#all.size
  }

  has(reader: JournalReader): boolean {
    return this.#all.has(reader)
  }

  all(): JournalReader[] {
    return [...this.#all]
  }

  /** The readers that want this event. */
  of(event: StoredEvent): JournalReader[] {
    const known = event.executionId === null ? undefined : this.#ofExecution.get(event.executionId)
    return [...this.#ofEverything, ...(known ?? [])].filter((reader) => reader.wants(event))
  }

  add(reader: JournalReader): void {
    const { execution } = reader.filter
    this.#all.add(reader)
    if (execution === undefined) this.#ofEverything.add(reader)
    else this.#ofExecution.set(execution, (this.#ofExecution.get(execution) ?? new Set()).add(reader))
  }

  delete(reader: JournalReader): void {
    if (!this.#all.delete(reader)) return
    const { execution } = reader.filter
    if (execution === undefined) return void this.#ofEverything.delete(reader)
    const readers = this.#ofExecution.get(execution)
    readers?.delete(reader)
    if (readers?.size === 0) this.#ofExecution.delete(execution)
  }

  clear(): void {
    for (const reader of this.all()) this.delete(reader)
  }
}
