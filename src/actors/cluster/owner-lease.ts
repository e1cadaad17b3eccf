/**
 * The lease under which one runtime holds executions.
 *
 * Owns: registering, prolonging, noticing that it was taken away, and telling which other owners are dead. All by the
 * monotonic clock: an owner is dead if its process is gone, or if its lease was not prolonged for as long as it lasts while
 * this runtime looked on. The time in the record is for people, and for those that have not looked on yet.
 */
import { StatewardError } from '../../errors.js'
import type { OwnerRecord, SnapshotStore } from '../../persistence/snapshot-store.js'
import type { WallClock } from '../../wall-clock.js'
import { isGone, thisProcess } from './process-identity.js'

interface Observed {
  readonly leaseUntil: number
  /** For so long it was seen not to change, in ms. */
  still: number
}

/** Whose lease it is, and on what. */
export interface OwnerLeaseOptions {
  readonly store: SnapshotStore
  readonly clock: WallClock
  /** The user's name for the instance. */
  readonly id: string
  /** Under which it holds executions; a fresh one for each start. */
  readonly key: string
  /** In ms; the lease is prolonged when a third of it has passed. */
  readonly length: number
  /** Told once, as soon as the lease is found to be taken away. */
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
  /** Before that nobody else takes over what it holds. */
  #until = 0
  #lookedAt = 0
  #others = new Map<string, Observed>()
  #living: readonly string[] = []
  /** Told once, and only of a lease that was held. */
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

  /** Registers; owners that are certainly dead are taken away, and one of the same id whose lease has run out. Throws `owner_in_use`. */
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

  /** Prolongs the lease if it is time. False: it was taken away. */
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

  /** True if it certainly is held, without a question to the store. */
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

  /** The keys of owners whose process is gone, or who did not prolong their lease while this one looked on. To be asked regularly. */
  async dead(): Promise<string[]> {
    const owners = await this.#store.owners()
    const now = this.#clock.monotonic()
    // what passed while this process was frozen itself says nothing of the others
    const passed = Math.min(now - this.#lookedAt, this.#length / 3)
    this.#lookedAt = now
    const known = this.#others
    this.#others = new Map()
    const others = owners.filter(({ key }) => key !== this.key)
    const dead = others.filter((owner) => this.#isDead(owner, known.get(owner.key), passed)).map(({ key }) => key)
    this.#living = others.map(({ key }) => key).filter((key) => !dead.includes(key))
    return dead
  }

  /** The keys of the other owners that were alive when `dead` was last asked. */
  get living(): readonly string[] {
    return this.#living
  }

  #isDead(owner: OwnerRecord, known: Observed | undefined, passed: number): boolean {
    const { key, leaseUntil, lease } = owner
    if (isGone(owner) || leaseUntil <= 0) return true
    const expired = this.#clock.now() - leaseUntil
    // those of older versions, and of stores that do not keep it
    if (lease === undefined) return expired >= 0
    const observed = known?.leaseUntil === leaseUntil ? known : { leaseUntil, still: 0 }
    if (observed === known) observed.still += passed
    this.#others.set(key, observed)
    // what ran out long ago, also by its own clock, need not be watched for as long again
    return observed.still >= (expired >= lease ? lease / 2 : lease)
  }

  get #term(): { leaseUntil: number; lease: number } {
    return { leaseUntil: this.#clock.now() + this.#length, lease: this.#length }
  }
}
