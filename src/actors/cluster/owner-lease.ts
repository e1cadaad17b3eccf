/**
 * The lease under which one runtime owns executions.
 *
 * Owns: registering and renewing it, noticing that it was taken away, and finding out which other owners are dead. All by the
 * monotonic clock: an owner is dead if its process is gone, or if this runtime has watched its lease for the whole length
 * and it was not renewed. The time in the record is for people, and for processes that have not watched the lease yet.
 */
import { StatewardError } from '../../errors.js'
import type { OwnerRecord, SnapshotStore } from '../../persistence/snapshot-store.js'
import type { WallClock } from '../../wall-clock.js'
import { isGone, thisProcess } from './process-identity.js'

interface Observed {
  readonly leaseUntil: number
  /** How long the lease was seen without a change, in ms. */
  still: number
}

/** Whose lease it is, and on what. */
export interface OwnerLeaseOptions {
  readonly store: SnapshotStore
  readonly clock: WallClock
  /** The user's name for the instance. */
  readonly id: string
  /** The key under which it owns executions; a fresh one for each start. */
  readonly key: string
  /** In ms; the lease is renewed when a third of it has passed. */
  readonly length: number
  /** Called once, as soon as the lease is found to be taken away. */
  lost(): void
}

/** Keeps one owner registered. */
export class OwnerLease {
  readonly key: string
  readonly #store: SnapshotStore
  readonly #clock: WallClock
  readonly #id: string
  readonly #length: number
  /** By the monotonic clock, as are the next two. */
  #renewAt = 0
  /** Before that time nobody else takes over its executions. */
  #until = 0
  #lookedAt = 0
  #others = new Map<string, Observed>()
  #living: readonly string[] = []
  /** Reported once, and only for a lease that was held. */
  #lost: (() => void) | undefined
  readonly #tellLost: () => void

  constructor({ store, clock, id, key, length, lost }: OwnerLeaseOptions) {
    this.#store = store
    this.#clock = clock
    this.#id = id
    this.key = key
    this.#length = length
    this.#tellLost = lost
  }

  /** Registers. Removes owners that are certainly dead, and an owner of the same id whose lease has run out. Throws `owner_in_use`. */
  async register(): Promise<void> {
    const owner: OwnerRecord = { key: this.key, id: this.#id, ...thisProcess(), ...this.#term }
    const since = this.#clock.monotonic()
    this.#renewAt = since + this.#length / 3
    const now = this.#clock.now()
    const others = await this.#store.owners()
    const dead = others.filter(
      (other) => other.leaseUntil <= 0 || isGone(other) || (other.id === this.#id && other.leaseUntil <= now),
    )
    if (
      await this.#store.register(
        owner,
        dead.map(({ key }) => key),
      )
    ) {
      this.#until = since + this.#length
      this.#lost = this.#tellLost
      return
    }
    throw new StatewardError(
      'owner_in_use',
      `Another runtime holds the id '${this.#id}' on ${this.#store.location}. Give each its own \`id\`, or stop that one first.`,
      {
        details: { id: this.#id, location: this.#store.location },
      },
    )
  }

  /** Renews the lease if it is time. False: the lease was taken away. */
  async renew(): Promise<boolean> {
    const since = this.#clock.monotonic()
    if (since < this.#renewAt) return true
    this.#renewAt = since + this.#length / 3
    const isHeld = await this.#store.heartbeat(this.key, this.#term.leaseUntil)
    this.#until = isHeld ? since + this.#length : -Infinity
    if (isHeld) return true
    this.#lost?.()
    this.#lost = undefined
    return false
  }

  /** True if the lease is certainly held, without a question to the store. */
  get isSure(): boolean {
    return this.#clock.monotonic() < this.#until
  }

  /** True if nobody can have taken it away; asks the store only when the lease has run out. */
  async holds(): Promise<boolean> {
    if (this.isSure) return true
    this.doubt()
    return this.renew()
  }

  /** The machine may have slept, and others not: the store is asked before it is relied on again. */
  doubt(): void {
    this.#renewAt = -Infinity
    this.#until = -Infinity
  }

  /** The keys of owners whose process is gone, or that did not renew their lease while this runtime watched. To be called regularly. */
  async dead(): Promise<string[]> {
    const owners = await this.#store.owners()
    const now = this.#clock.monotonic()
    // the time for which this process itself was frozen says nothing about the others
    const passed = Math.min(now - this.#lookedAt, this.#length / 3)
    this.#lookedAt = now
    const known = this.#others
    this.#others = new Map()
    const others = owners.filter(({ key }) => key !== this.key)
    const dead = others.filter((owner) => this.#isDead(owner, known.get(owner.key), passed)).map(({ key }) => key)
    this.#living = others.map(({ key }) => key).filter((key) => !dead.includes(key))
    return dead
  }

  /** The keys of the other owners that were alive at the last call of `dead`. */
  get living(): readonly string[] {
    return this.#living
  }

  #isDead(owner: OwnerRecord, known: Observed | undefined, passed: number): boolean {
    const { key, leaseUntil, lease } = owner
    if (isGone(owner) || leaseUntil <= 0) return true
    const expired = this.#clock.now() - leaseUntil
    // the record of an older version, or of a store that does not keep the length
    if (lease === undefined) return expired >= 0
    const observed = known?.leaseUntil === leaseUntil ? known : { leaseUntil, still: 0 }
    if (observed === known) observed.still += passed
    this.#others.set(key, observed)
    // a lease that ran out long ago, also by its own clock, need not be watched for its whole length again
    return observed.still >= (expired >= lease ? lease / 2 : lease)
  }

  get #term(): { leaseUntil: number; lease: number } {
    return { leaseUntil: this.#clock.now() + this.#length, lease: this.#length }
  }
}
