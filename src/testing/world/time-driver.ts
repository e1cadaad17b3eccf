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
  entryCount(): number
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

const nothing = () => undefined

/** Time in one world. */
export class TimeDriver {
  readonly #port: DriverPort
  readonly #waiting = new Set<(error: unknown) => void>()
  #driving = false
  /** How often a test has asked for something here. */
  #asked = 0
  /** How many promises were ever awaited here. */
  #begun = 0
  /** When the last one that lets time pass is done. */
  #turn: Promise<unknown> = Promise.resolve()

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
    await this.#alone(async () => {
      await this.#quiet()
      // what is awaited beside it may have let as much of it pass
      await clock.advanceTo(Math.max(until, clock.now()), () => this.#quiet())
      await this.#quiet()
    })
  }

  /** Until nothing is due any more that anybody waits for. Throws `endless_loop` after `limit` instants, `invalid_option`. */
  async runToIdle(limit = MOST): Promise<void> {
    if (!(limit === Infinity || (Number.isInteger(limit) && limit >= 1))) throw notALimit(limit)
    this.#asked++
    let instants = 0
    const pass = async () => {
      if (!(await this.#hasMore())) return false
      if (instants++ >= limit) throw endless(limit, await this.#port.describe())
      this.#port.clock.fireNext()
      return true
    }
    while (await this.#alone(pass));
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
        const isMoving = await this.#alone(() => this.#goOn(instants < MOST_AWAITED))
        if (isMoving || this.#waiting.size === 0) continue
        const described = await this.#port.describe()
        if (instants < MOST_AWAITED && (await this.#movesOn())) continue
        const error = instants < MOST_AWAITED ? stuck(described) : endless(MOST_AWAITED, described)
        for (const reject of [...this.#waiting]) reject(error)
        this.#waiting.clear()
      }
    } catch (error) {
      for (const reject of [...this.#waiting]) reject(error)
      this.#waiting.clear()
    } finally {
      this.#driving = false
    }
  }

  /** Lets the next instant come for what is awaited, if it may; false if nothing comes by itself any more. */
  async #goOn(mayPass: boolean): Promise<boolean> {
    const before = this.#begun
    const more = await this.#hasMore()
    // what has only just been asked for has its turn before any time passes
    if (this.#waiting.size === 0 || this.#begun > before) return true
    if (!more || !mayPass) return false
    this.#port.clock.fireNext()
    return true
  }

  /** One after the other: whoever has seen that all is quiet lets time pass before anybody else judges by what was seen. */
  #alone<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#turn.then(work)
    this.#turn = done.then(nothing, nothing)
    return done
  }

  /** True if the test does something meanwhile that is not awaited here: settles, sends an event, begins another process. */
  async #movesOn(): Promise<boolean> {
    const { entryCount, isDead } = this.#port
    const done = () => entryCount() + this.#asked
    const before = done()
    const since = realTime.now()
    do {
      await this.#quiet()
      if (done() > before) return true
      if (isDead()) await new Promise<void>((resolve) => realTime.setTimeout(resolve, GLANCE))
    } while (isDead() && realTime.now() - since < PATIENCE)
    return done() > before
  }

  async #quiet(): Promise<void> {
    await this.#port.activity.settle()
  }

  async #hasMore(): Promise<boolean> {
    const { activity, clock, isDue } = this.#port
    for (;;) {
      const moves = await activity.settle()
      if (clock.wanted > 0) return true
      if (clock.next !== undefined && (await isDue())) return true
      // what else waited until all is quiet may have begun something: an execution on its way out of memory is due nowhere
      if (activity.moves === moves) return false
    }
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
