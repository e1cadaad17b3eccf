/**
 * Polls the store for the changes of other processes.
 *
 * Owns: the order of one poll (lease, inboxes, lost and released executions, queues, results, retention), and that polls never
 * overlap. Changes of this process itself take effect at once and never wait for a poll.
 */
import { inBackground, nextTurn } from '../../clock.js'
import type { SnapshotStore } from '../../persistence/snapshot-store.js'
import type { ExecutionHost } from '../execution/execution-host.js'
import { settleIfEnded } from './result-waiters.js'
import type { OwnerLease } from './owner-lease.js'
import type { QueueSharing } from './queue-sharing.js'
import type { ResultWaiters } from './result-waiters.js'
import type { WallClock } from '../../wall-clock.js'
import type { Takeover } from './takeover.js'

/** The retention of a stream: how long executions that have ended are kept. */
export interface RetainedStream {
  readonly id: string
  readonly retention: { readonly maxAge: number; readonly keep: number }
}

/** How long the events are kept that the application has published. */
export interface PublishedEvents {
  readonly maxAge: number
  readonly keep: number
}

/** What a poll reads and reports. Times are milliseconds. */
export interface PollPort {
  readonly store: SnapshotStore
  readonly clock: WallClock
  readonly interval: number
  readonly retentionInterval: number
  /** Those that serve now. */
  streams(): readonly RetainedStream[]
  readonly events: PublishedEvents
  readonly lease: OwnerLease
  readonly takeover: Takeover
  readonly sharing: QueueSharing
  readonly results: ResultWaiters
  readonly logger: (...args: unknown[]) => void
  live(id: string): ExecutionHost | undefined
  followPauses(): Promise<void>
  /** Asks for permits under keys that others have given back. */
  askForPlaces(): void
  /** Checks for executions that wait for slots for ever. */
  findDeadlocks(): Promise<void>
  failed(error: unknown): void
}

/** How many executions are forgotten in one transaction. */
const PRUNED_AT_ONCE = 500

/** How many published events are forgotten in one transaction. */
const EVENTS_AT_ONCE = 5_000

/** At least this many forgotten ids are answered as `expired` and not as unknown. */
const TRACES = 10_000

/** One loop, from `start` to `stop`. */
export class PollLoop {
  readonly #port: PollPort
  #timer: unknown
  #stopped = false
  #inboxSeq = 0
  /** By the monotonic clock. */
  #pruneAt: number
  /** How many executions of each entry point have ended here since its retention was last applied. */
  readonly #ended = new Map<string, number>()
  #pruning: Promise<void> | undefined

  constructor(port: PollPort) {
    this.#port = port
    this.#pruneAt = port.clock.monotonic() + port.retentionInterval
  }

  /** An execution has ended here. */
  ended(entryPoint: string): void {
    this.#ended.set(entryPoint, (this.#ended.get(entryPoint) ?? 0) + 1)
  }

  /** An entry point was removed. */
  forget(entryPoint: string): void {
    this.#ended.delete(entryPoint)
  }

  /** How many forgotten ids are still answered as `expired`. */
  get #traces(): number {
    return this.#port.streams().reduce((sum, { retention }) => sum + Math.max(TRACES, retention.keep), 0)
  }

  start(): void {
    if (this.#stopped) return
    const { clock, interval, failed } = this.#port
    const poll = () => {
      this.#poll()
        .catch((error: unknown) => failed(error))
        .finally(() => this.start())
    }
    this.#timer = clock.setTimeout(poll, interval, inBackground)
  }

  stop(): void {
    this.#stopped = true
    this.#port.clock.clearTimeout(this.#timer)
  }

  async #poll(): Promise<void> {
    const { lease, takeover, sharing } = this.#port
    if (!(await lease.renew())) return
    await this.#port.followPauses()
    await this.#readInbox()
    await takeover.lost()
    await takeover.released()
    await sharing.poll()
    this.#port.askForPlaces()
    await this.#port.findDeadlocks()
    await this.#findResults()
    this.#pruneInTime()
  }

  async #readInbox(): Promise<void> {
    const { store, lease, logger, live } = this.#port
    const messages = await store.inbox({ owner: lease.key, after: this.#inboxSeq, limit: 1_000 })
    const addressed = new Set<ExecutionHost>()
    for (const { seq, executionId } of messages) {
      this.#inboxSeq = Math.max(this.#inboxSeq, seq)
      const execution = live(executionId)
      if (execution) addressed.add(execution)
    }
    for (const execution of addressed) {
      execution.delivery.poll().catch((error: unknown) => logger('the inbox of', execution.id, 'could not be read', error))
    }
  }

  async #findResults(): Promise<void> {
    const { store, results, live } = this.#port
    const asked = [...results.ids].filter((id) => !live(id))
    // an id that fails must not keep the results of the others back: ask for them one by one
    const failures: unknown[] = []
    for (const id of asked) await settleIfEnded(store, results, id).catch((error: unknown) => failures.push(error))
    if (failures.length > 0) this.#port.failed(failures[0])
  }

  /** Applies the retention at intervals, and earlier if far more executions have ended than are kept. Polls go on meanwhile. */
  #pruneInTime(): void {
    const { clock, retentionInterval, streams, failed } = this.#port
    if (this.#pruning) return
    const isTime = clock.monotonic() >= this.#pruneAt
    const due = streams().filter(({ id, retention }) => isTime || (this.#ended.get(id) ?? 0) > mayExceed(retention.keep))
    if (due.length === 0 && !isTime) return
    if (isTime) this.#pruneAt = clock.monotonic() + retentionInterval
    const now = clock.now()
    this.#pruning = this.#prune(due, now)
      .then(() => (isTime ? this.#pruneEvents(now) : undefined))
      .catch((error: unknown) => {
        if (!this.#stopped) failed(error)
      })
      .finally(() => (this.#pruning = undefined))
  }

  async #pruneEvents(now: number): Promise<void> {
    const { store, events } = this.#port
    const request = { before: now - events.maxAge, keep: events.keep, limit: EVENTS_AT_ONCE }
    while (!this.#stopped && (await store.pruneEvents(request)).more) await new Promise<void>(nextTurn)
  }

  async #prune(streams: readonly RetainedStream[], now: number): Promise<void> {
    const { store } = this.#port
    for (const { id, retention } of streams) {
      const { keep, maxAge } = retention
      const request = { entryPoint: id, endedBefore: now - maxAge, keep, now, limit: PRUNED_AT_ONCE, traces: this.#traces }
      this.#ended.delete(id)
      let more = true
      while (more && !this.#stopped) {
        const pruned = await store.prune(request)
        more = pruned.more ?? pruned.executions >= PRUNED_AT_ONCE
        // other work that waits goes first
        if (more) await new Promise<void>(nextTurn)
      }
    }
  }
}

/** How many more ended executions than the retention keeps are allowed before the retention is applied again. */
const mayExceed = (keep: number) => Math.max(100, keep / 4)
