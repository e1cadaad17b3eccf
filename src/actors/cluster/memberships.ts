/**
 * The memberships of one runtime, one after the other.
 *
 * Owns: which one counts; and that a process which was fenced off begins anew: again and again until it succeeds or the
 * runtime stops, once at a time, and before anything is accepted.
 */
import { StatewardError } from '../../errors.js'
import { backoffDelay } from '../../backoff.js'
import { Membership, type MembershipPort, type MembershipSettings } from './membership.js'

/** What memberships ask of their supervisor. */
export interface MembershipsPort extends Omit<MembershipPort, 'fenced'> {
  isUp(): boolean
  /** Nothing that it holds is its own any more. */
  drop(error: StatewardError): void
  /** Starts every stream that is not there. */
  open(): Promise<void>
}

/** All of one runtime. */
export class Memberships {
  readonly #settings: MembershipSettings
  readonly #port: MembershipsPort
  #current: Membership
  #rejoining: Promise<void> | undefined

  constructor(settings: MembershipSettings, port: MembershipsPort) {
    this.#settings = settings
    this.#port = port
    this.#current = this.#next()
    // the machine may have slept, and others not
    settings.clock.onJump(() => this.#current.doubt())
  }

  get current(): Membership {
    return this.#current
  }

  /** The one that counts is over, and another one takes its place. */
  replace(): void {
    this.#current.quiesce()
    this.#current = this.#next()
  }

  /** Resolves once the one that counts is certain to count: what was frozen learns first that it was fenced off. Undefined: it is certain. */
  certain(): Promise<void> | undefined {
    if (!this.#port.isUp() || (this.#current.isSure && !this.#rejoining)) return undefined
    return this.#certain()
  }

  async #certain(): Promise<void> {
    if (!this.#rejoining) await this.#current.holds()
    await this.#rejoining
  }

  #next(): Membership {
    return new Membership(this.#settings, { ...this.#port, fenced: () => this.#fenced() })
  }

  #fenced(): void {
    this.#rejoining ??= this.#rejoin().finally(() => (this.#rejoining = undefined))
  }

  async #rejoin(): Promise<void> {
    const { isUp, drop, degraded } = this.#port
    const { clock, ids, logger } = this.#settings
    drop(
      new StatewardError('stale_owner', 'This process lost its lease: it was frozen, or cut off from the store, for too long.'),
    )
    for (let attempt = 1; isUp(); attempt++) {
      try {
        this.replace()
        await this.#current.register()
        await this.#port.open()
        return await this.#current.takeUp()
      } catch (error) {
        logger('the lease could not be had again yet', error)
        degraded(error)
        await new Promise<void>((resolve) => clock.setTimeout(resolve, backoffDelay({ max: 5_000 }, attempt, ids.random)))
      }
    }
  }
}
