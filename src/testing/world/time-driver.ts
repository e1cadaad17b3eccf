/**
 * Lets simulated time pass.
 *
 * Owns: that all is quiet before time goes on, and that time goes on only as far as somebody waits for it.
 */
import { realTime } from '../../clock.js'
import { StatewardError } from '../../errors.js'
import type { SimulatedClock } from '../clock/simulated-clock.js'
import type { Activity } from './activity.js'

/** What a driver asks of its world. */
export interface DriverPort {
  readonly clock: SimulatedClock
  readonly activity: Activity
  /** Whether something that is in no process's memory is due one day. */
  isDue(): Promise<boolean>
  /** Who waits for what, for people. */
  describe(): Promise<string>
  /** How much was told so far. */
  told(): number
  /** True while there is no process. */
  isDead(): boolean
}

/** So many different instants are passed in one call before it is taken for endless. */
const MOST = 100_000
/** The same for what is awaited: a test runner does not wait longer, and would not say why. */
const MOST_AWAITED = 10_000
/** How long another process may take to begin, in ms of real time, before nobody believes in it any more. */
const PATIENCE = 2_000
const GLANCE = 20

/** Time in one world. */
export class TimeDriver {
  readonly #port: DriverPort
  readonly #waiting = new Set<(error: unknown) => void>()
  #driving = false
  /** How often a test has asked for something here. */
  #asked = 0
  /** How many promises were ever awaited here. */
  #begun = 0

  constructor(port: DriverPort) {
    this.#port = port
  }

  settle(): Promise<void> {
    this.#asked++
    return this.#quiet()
  }

  async advanceTo(time: number | Date): Promise<void> {
    this.#asked++
    const { clock } = this.#port
    const until = clock.later(time)
    await this.#quiet()
    // what is awaited beside it may have let as much of it pass
    await clock.advanceTo(Math.max(until, clock.now()), () => this.#quiet())
    await this.#quiet()
  }

  /** Until nothing is due any more that anybody waits for. Throws `endless_loop` after `limit` instants, `invalid_option`. */
  async runToIdle(limit = MOST): Promise<void> {
    if (!(limit === Infinity || (Number.isInteger(limit) && limit >= 1))) throw notALimit(limit)
    this.#asked++
    for (let instants = 0; await this.#hasMore(); instants++) {
      if (instants >= limit) throw endless(limit, await this.#port.describe())
      this.#port.clock.fireNext()
    }
  }

  /** Until a promise is settled. Rejects with `stuck` if nothing is left that could settle it. */
  until<T>(promise: Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const done = (settle: () => void) => (this.#waiting.delete(reject), settle())
      promise.then(
        (value) => done(() => resolve(value)),
        (error: unknown) => done(() => reject(error as Error)),
      )
      this.#waiting.add(reject)
      this.#begun++
      void this.#drive()
    })
  }

  async #drive(): Promise<void> {
    if (this.#driving) return
    this.#driving = true
    try {
      for (let instants = 0; this.#waiting.size > 0; instants++) {
        const before = this.#begun
        const more = await this.#hasMore()
        if (this.#waiting.size === 0) break
        // what has only just been asked for has its turn before any time passes
        if (this.#begun > before) continue
        if (!more || instants >= MOST_AWAITED) {
          const described = await this.#port.describe()
          if (!more && (await this.#movesOn())) continue
          const error = more ? endless(MOST_AWAITED, described) : stuck(described)
          for (const reject of [...this.#waiting]) reject(error)
          this.#waiting.clear()
        } else this.#port.clock.fireNext()
      }
    } catch (error) {
      for (const reject of [...this.#waiting]) reject(error)
      this.#waiting.clear()
    } finally {
      this.#driving = false
    }
  }

  /** True if the test does something meanwhile that is not awaited here: settles, sends an event, begins another process. */
  async #movesOn(): Promise<boolean> {
    const { told, isDead } = this.#port
    const done = () => told() + this.#asked
    const before = done()
    const since = realTime.now()
    do {
      await this.#quiet()
      if (done() > before) return true
      if (isDead()) await new Promise<void>((resolve) => realTime.setTimeout(resolve, GLANCE))
    } while (isDead() && realTime.now() - since < PATIENCE)
    return done() > before
  }

  #quiet(): Promise<void> {
    return this.#port.activity.settle()
  }

  async #hasMore(): Promise<boolean> {
    const { clock, isDue } = this.#port
    await this.#quiet()
    return clock.wanted > 0 || (clock.next !== undefined && (await isDue()))
  }
}

function notALimit(limit: unknown): StatewardError {
  return new StatewardError('invalid_option', `\`limit\` is ${String(limit)}; it must be a whole number from 1.`, {
    details: { option: 'limit', value: String(limit) },
  })
}

function stuck(described: string): StatewardError {
  return new StatewardError('stuck', `What was awaited will not come: no timer is set and no step can end. ${described}`, {
    details: { waiting: described },
  })
}

function endless(limit: number, described: string): StatewardError {
  return new StatewardError(
    'endless_loop',
    `After ${limit} instants of simulated time there is still something due. ${described}`,
    {
      details: { limit, waiting: described },
    },
  )
}
