/**
 * The lease under which one runtime holds executions.
 *
 * Owns: registering, prolonging, noticing that it was taken away, and telling which other owners are dead.
 */
import type { Clock } from '../clock.js'
import { StatewardError } from '../errors.js'
import type { OwnerRecord, SnapshotStore } from '../persistence/snapshot-store.js'
import { isGone, thisProcess } from './owner-process.js'

/** Keeps one owner registered. */
export class OwnerLease {
  readonly key: string
  readonly #store: SnapshotStore
  readonly #clock: Clock
  readonly #id: string
  readonly #length: number
  #renewAt = 0
  /** Before that nobody else takes over what it holds. */
  #until = 0

  /** `length` in ms; the lease is prolonged when a third of it has passed. */
  constructor(store: SnapshotStore, clock: Clock, id: string, key: string, length: number) {
    this.#store = store
    this.#clock = clock
    this.#id = id
    this.key = key
    this.#length = length
  }

  /** Registers; owners that are certainly dead are taken away. Throws `owner_in_use`. */
  async register(): Promise<void> {
    const now = this.#clock.now()
    const owner: OwnerRecord = { key: this.key, id: this.#id, ...thisProcess(), leaseUntil: now + this.#length }
    this.#renewAt = now + this.#length / 3
    const dead = await this.dead()
    if (await this.#store.register(owner, dead)) {
      this.#until = owner.leaseUntil
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
    const now = this.#clock.now()
    if (now < this.#renewAt) return true
    this.#renewAt = now + this.#length / 3
    const isHeld = await this.#store.heartbeat(this.key, now + this.#length)
    if (isHeld) this.#until = now + this.#length
    return isHeld
  }

  /** True if nobody can have taken it away; asks the store only when the lease has run out. */
  async holds(): Promise<boolean> {
    const now = this.#clock.now()
    if (now < this.#until) return true
    this.#renewAt = now
    return this.renew()
  }

  /** The keys of owners whose process is gone or whose lease has run out. */
  async dead(): Promise<string[]> {
    const now = this.#clock.now()
    const owners = await this.#store.owners()
    return owners.filter((owner) => owner.key !== this.key && (owner.leaseUntil <= now || isGone(owner))).map(({ key }) => key)
  }
}
