/**
 * One runtime's membership among those on the same store, for as long as its lease lasts.
 *
 * Owns: the lease, the executions that are taken up under it, and polling for the changes of other processes. A membership that was
 * fenced off is replaced by a new one, under another key.
 */
import type { HowTaken } from '../execution/execution-origin.js'
import type { IdSource } from '../../ids.js'
import type { Log } from '../../logger.js'
import type { SnapshotStore, StoredExecution } from '../../persistence/snapshot-store.js'
import type { WallClock } from '../../wall-clock.js'
import type { ExecutionHost } from '../execution/execution-host.js'
import type { Load, Loads } from '../execution/loads.js'
import { OwnerLease } from './owner-lease.js'
import { PollLoop, type PublishedEvents, type RetainedStream } from './poll-loop.js'
import { QueueSharing } from './queue-sharing.js'
import type { ResultWaiters } from './result-waiters.js'
import { Takeover } from './takeover.js'

/** What a membership is given. Times are milliseconds. */
export interface MembershipSettings {
  readonly store: SnapshotStore
  readonly clock: WallClock
  readonly ids: IdSource
  readonly logger: Log
  /** The name of this instance among those on the same store. */
  readonly id: string
  readonly lease: number
  readonly pollInterval: number
  readonly retentionInterval: number
  readonly events: PublishedEvents
  /** Those that serve now. */
  readonly entryPoints: { readonly serving: readonly RetainedStream[]; readonly ids: readonly string[] }
}

/** What a membership asks of its supervisor, and reports to it. */
export interface MembershipPort {
  readonly results: ResultWaiters
  readonly loads: Loads
  live(id: string): ExecutionHost | undefined
  followPauses(): Promise<void>
  taken(stored: StoredExecution, how: HowTaken, load: Load): void
  /** Runs while executions of dead owners are taken over. */
  whileTakingOver(work: () => Promise<void>): Promise<void>
  /** How many executions of other processes' queues could start here at once. */
  freeSlots(entryPoint: string): number
  /** Drops the executions that other processes have taken out of the queues here. */
  checkQueues(): Promise<void>
  /** Asks for permits under keys that others have given back. */
  askForPlaces(): void
  /** Checks for executions that wait for slots for ever. */
  findDeadlocks(): Promise<void>
  /** Loads the executions that it owns and that are not in memory. */
  retake(): Promise<void>
  /** The lease was taken away while this process was frozen: it owns no execution any more. */
  fenced(): void
  /** The store could not be asked. */
  degraded(error: unknown): void
}

/** One membership, from `register` to `leave`. */
export class Membership {
  readonly #settings: MembershipSettings
  readonly #lease: OwnerLease
  readonly #takeover: Takeover
  readonly #sharing: QueueSharing
  readonly #poll: PollLoop

  constructor(settings: MembershipSettings, port: MembershipPort) {
    const { store, clock, ids, lease, logger, entryPoints, pollInterval: interval } = settings
    const failed = (what: string) => (error: unknown) => {
      logger(what, 'failed', error)
      port.degraded(error)
    }
    this.#settings = settings
    const lost = () => {
      logger.warn(
        'this process lost its lease: it was frozen, or cut off from the store, for too long. It drops what it held and begins anew',
      )
      port.fenced()
    }
    this.#lease = new OwnerLease({ store, clock, id: settings.id, key: ids.key(), length: lease, lost })
    this.#takeover = new Takeover({
      store,
      clock,
      lease: this.#lease,
      entryPoints: () => entryPoints.ids,
      loads: port.loads,
      taken: (stored, how, load) => port.taken(stored, how, load),
      followPauses: () => port.followPauses(),
      retake: () => port.retake(),
      whileTakingOver: (work) => port.whileTakingOver(work),
      tookOver: (executions, owners) =>
        logger.info(
          `took over ${executions} execution${executions === 1 ? '' : 's'} from ` +
            (owners === 1 ? 'a process that is gone' : `${owners} processes that are gone`),
        ),
      failed: failed('taking over'),
    })
    this.#sharing = new QueueSharing({
      entryPoints: () => entryPoints.ids,
      hasOthers: () => this.hasOthers,
      freeSlots: (entryPoint) => port.freeSlots(entryPoint),
      checkQueues: () => port.checkQueues(),
      take: (entryPoint, limit) => this.#takeover.queued(entryPoint, limit),
      failed: failed('taking what other processes have queued'),
    })
    this.#poll = new PollLoop({
      store,
      clock,
      // each poll also renews the lease
      interval: Math.min(interval, lease / 3),
      retentionInterval: settings.retentionInterval,
      events: settings.events,
      streams: () => entryPoints.serving,
      logger,
      lease: this.#lease,
      takeover: this.#takeover,
      sharing: this.#sharing,
      results: port.results,
      live: (id) => port.live(id),
      followPauses: () => port.followPauses(),
      askForPlaces: () => port.askForPlaces(),
      findDeadlocks: () => port.findDeadlocks(),
      failed: failed('looking for the work of other processes'),
    })
  }

  /** The key under which it owns executions. */
  get key(): string {
    return this.#lease.key
  }

  /** Registers. Throws `owner_in_use`. */
  register(): Promise<void> {
    return this.#lease.register()
  }

  /** Takes up executions that nobody owns, and starts to poll for them. */
  async takeUp(): Promise<void> {
    await this.#takeover.lost()
    await this.#takeover.released()
    this.#poll.start()
  }

  /** Takes up what the store has of entry points that were added. */
  async takeUpMore(): Promise<void> {
    await this.#takeover.lost()
    await this.#takeover.released()
  }

  /** An entry point was removed. */
  forget(entryPoint: string): void {
    this.#sharing.forget(entryPoint)
    this.#poll.forget(entryPoint)
  }

  /** True if it is certainly still registered, without a question to the store. */
  get isSure(): boolean {
    return this.#lease.isSure
  }

  /** The machine may have slept: the store is asked before the lease is relied on again. */
  doubt(): void {
    this.#lease.doubt()
  }

  /** True while it may commit, because its lease holds. */
  holds(): Promise<boolean> {
    return this.#lease.holds()
  }

  /** Claims one execution, if nobody owns it. */
  claim(stored: Pick<StoredExecution, 'id' | 'entryPoint'>): Promise<StoredExecution | undefined> {
    return this.#takeover.one(stored)
  }

  /** An execution that left memory is due at that time. */
  wakeAt(due: number): void {
    this.#takeover.wakeAt(due)
  }

  /** Takes up no more executions, and keeps its lease. */
  takeNoMore(): void {
    this.#takeover.stop()
  }

  /** True while other processes are on the same store. */
  get hasOthers(): boolean {
    return this.#lease.living.length > 0
  }

  /** A commit of an execution is durable: there may be a free slot. */
  moved(entryPoint: string): void {
    this.#sharing.moved(entryPoint)
  }

  /** An execution has ended here: there may be more than the retention keeps. */
  ended(entryPoint: string): void {
    this.#poll.ended(entryPoint)
  }

  /** Stops polling and takes up no more executions. */
  quiesce(): void {
    this.#poll.stop()
    this.#takeover.stop()
  }

  /** Gives back the executions that it still owns; `asDead`: leaves them as a process that died would. */
  leave({ asDead }: { readonly asDead: boolean }): Promise<void> {
    return this.#settings.store.retire(this.key, { giveBack: !asDead })
  }
}
