/**
 * Wakes those who follow the journal.
 *
 * Owns: following events from a place on. Commits of this process wake at once; those of others are found by polling.
 */
import { nextTurn, type Clock } from '../clock.js'
import type { JournalEventType } from '../events/execution-events.js'
import { decode } from '../persistence/snapshot-codec.js'
import type { SnapshotStore, StoredEvent } from '../persistence/snapshot-store.js'

/** An event of the journal. `seq` grows over all executions, in the order in which they became durable. */
export interface RuntimeEvent {
  readonly seq: number
  readonly type: JournalEventType
  readonly executionId: string
  readonly entryPoint: string
  /** Of the commit that holds it. */
  readonly revision: number
  readonly at: number
  readonly data: unknown
}

/** Which events to follow. */
export interface EventFilter {
  readonly execution?: string | undefined
  readonly entryPoint?: string | undefined
  /** Events with a greater `seq` come; 0 is the beginning, and absent means from now on. */
  readonly since?: number | undefined
  /** Ends the iteration. */
  readonly signal?: AbortSignal | undefined
}

const PAGE = 500

/** Follows the journal for any number of readers; each reads at its own pace, so a slow one holds up nobody. */
export class JournalFeed {
  readonly #store: SnapshotStore
  readonly #clock: Clock
  readonly #pollInterval: number
  #wakers = new Set<() => void>()
  #due = false
  #closed = false

  constructor(store: SnapshotStore, clock: Clock, pollInterval: number) {
    this.#store = store
    this.#clock = clock
    this.#pollInterval = pollInterval
  }

  /** Something was committed here. */
  wake(): void {
    if (this.#due || this.#wakers.size === 0) return
    this.#due = true
    nextTurn(() => {
      this.#due = false
      for (const waker of [...this.#wakers]) waker()
    })
  }

  /** Ends every iteration once it has read what there is. */
  close(): void {
    this.#closed = true
    for (const waker of [...this.#wakers]) waker()
  }

  async *follow(filter: EventFilter): AsyncGenerator<RuntimeEvent, void> {
    let since = filter.since ?? (await this.#store.lastSeq())
    while (!filter.signal?.aborted) {
      const woken = this.#wait(filter.signal)
      const head = await this.#store.lastSeq()
      const page = await this.#store.events({ since, limit: PAGE, ...pick(filter) })
      for (const event of page) {
        since = event.seq
        yield runtimeEvent(event)
        if (filter.signal?.aborted) return woken.cancel()
      }
      // nothing up to there fits the filter: it need not be looked at again
      if (page.length < PAGE) since = Math.max(since, head)
      if (page.length > 0) woken.cancel()
      else if (this.#closed) return woken.cancel()
      else await woken.done
    }
  }

  #wait(signal: AbortSignal | undefined): { done: Promise<void>; cancel: () => void } {
    let cancel: () => void = () => undefined
    const done = new Promise<void>((resolve) => {
      const timer = this.#clock.setTimeout(() => cancel(), this.#pollInterval, true)
      cancel = () => {
        this.#clock.clearTimeout(timer)
        this.#wakers.delete(cancel)
        signal?.removeEventListener('abort', cancel)
        resolve()
      }
      this.#wakers.add(cancel)
      signal?.addEventListener('abort', cancel, { once: true })
    })
    return { done, cancel }
  }
}

function pick({ execution, entryPoint }: EventFilter) {
  return { ...(execution === undefined ? {} : { execution }), ...(entryPoint === undefined ? {} : { entryPoint }) }
}

/** A stored event as people see it. Throws `corrupt`, `unknown_format`. */
export function runtimeEvent({ seq, type, executionId, entryPoint, revision, at, data }: StoredEvent): RuntimeEvent {
  const what = `event ${seq}`
  return {
    seq,
    type: type as JournalEventType,
    executionId,
    entryPoint,
    revision,
    at,
    data: data === null ? undefined : decode(data, { id: executionId, what }),
  }
}
