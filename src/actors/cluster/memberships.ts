/**
 * The memberships of one runtime, one after the other.
 *
 * Owns: which membership is the current one; and that a process which was fenced off begins anew. It tries until it succeeds or the
 * runtime stops, one attempt at a time, and before it accepts anything.
 */
import { StatewardError } from '../../errors.js'
import { backoffDelay } from '../../backoff.js'
import { Membership, type MembershipPort, type MembershipSettings } from './membership.js'

/** The parts of the supervisor that memberships use. */
export interface MembershipsPort extends Omit<MembershipPort, 'fenced'> {
  isUp(): boolean
  /** This process owns none of its executions any more. */
  drop(error: StatewardError): void
  /** Starts every stream that does not run. */
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

  /** The current membership is over, and a new one takes its place. */
  replace(): void {
    this.#current.quiesce()
    this.#current = this.#next()
  }

  /** Resolves once the current membership is certain: a process that was frozen first finds out whether it was fenced off. Undefined: it is certain now. */
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
