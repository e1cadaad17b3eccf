/**
 * Looks, again and again, for what other processes did.
 *
 * Owns: the order of one look (lease, mail, lost and released executions, results, retention) and that looks never
 * overlap. What this process does itself wakes at once and never waits for a look.
 */
import { isTerminal } from '../events/execution-status.js'
import type { ExecutionOutcome } from '../events/outcomes.js'
import type { SnapshotStore } from '../persistence/snapshot-store.js'
import type { ExecutionActor } from './execution-actor.js'
import { storedOutcome } from './execution-view.js'
import type { OwnerLease } from './owner-lease.js'
import type { ResultWaiters } from './result-waiters.js'
import type { StreamDefinition } from './stream-definition.js'
import type { WallClock } from './wall-clock.js'
import type { Takeover } from './takeover.js'

/** What a look reads and tells. Times are milliseconds. */
export interface PollPort {
  readonly store: SnapshotStore
  readonly clock: WallClock
  readonly interval: number
  readonly retentionInterval: number
  readonly streams: readonly StreamDefinition[]
  readonly lease: OwnerLease
  readonly takeover: Takeover
  readonly results: ResultWaiters
  readonly logger: (...args: unknown[]) => void
  live(id: string): ExecutionActor | undefined
  followPauses(): Promise<void>
  failed(error: unknown): void
}

/** One loop, from `start` to `stop`. */
export class PollLoop {
  readonly #port: PollPort
  #timer: unknown
  #stopped = false
  #mailSeq = 0
  /** By the monotonic clock. */
  #pruneAt: number

  constructor(port: PollPort) {
    this.#port = port
    this.#pruneAt = port.clock.monotonic() + port.retentionInterval
  }

  start(): void {
    if (this.#stopped) return
    const { clock, interval, failed } = this.#port
    this.#timer = clock.setTimeout(
      () => {
        this.#look()
          .catch((error: unknown) => failed(error))
          .finally(() => this.start())
      },
      interval,
      true,
    )
  }

  stop(): void {
    this.#stopped = true
    this.#port.clock.clearTimeout(this.#timer)
  }

  async #look(): Promise<void> {
    const { lease, takeover } = this.#port
    if (!(await lease.renew())) return
    await this.#port.followPauses()
    await this.#readMail()
    await takeover.lost()
    await takeover.released()
    await this.#findResults()
    await this.#prune()
  }

  async #readMail(): Promise<void> {
    const { store, lease, logger, live } = this.#port
    const messages = await store.inbox({ owner: lease.key, after: this.#mailSeq, limit: 1_000 })
    const addressed = new Set<ExecutionActor>()
    for (const { seq, executionId } of messages) {
      this.#mailSeq = Math.max(this.#mailSeq, seq)
      const execution = live(executionId)
      if (execution) addressed.add(execution)
    }
    for (const execution of addressed) {
      execution.inbox.look().catch((error: unknown) => logger('the inbox of', execution.id, 'could not be read', error))
    }
  }

  async #findResults(): Promise<void> {
    const { store, results, live } = this.#port
    for (const id of [...results.ids]) {
      if (live(id)) continue
      const stored = await store.load(id)
      if (stored && isTerminal(stored.status)) results.settle(id, () => storedOutcome(stored) as ExecutionOutcome)
    }
  }

  async #prune(): Promise<void> {
    const { store, clock, retentionInterval, streams } = this.#port
    if (clock.monotonic() < this.#pruneAt) return
    this.#pruneAt = clock.monotonic() + retentionInterval
    const now = clock.now()
    for (const { id, retention } of streams) {
      await store.prune({ entryPoint: id, endedBefore: now - retention.maxAge, keep: retention.keep, now, limit: 1_000 })
    }
  }
}
