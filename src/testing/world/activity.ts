/**
 * When a simulated world is quiet: nothing moves any more but time.
 *
 * Owns: counting what is under way, and waiting turn by turn of the event loop. Real time is waited for only where code that
 * is not simulated runs, and then for as long as that takes, within a bound.
 */
import { nextTurn, realTime } from '../../clock.js'
import { StatewardError } from '../../errors.js'

/** Turns without a move after which nothing more will happen by itself. */
const QUIET = 4
/** The same while a call to the store is under way and may come back. */
const PATIENT = 1_000
const ENDLESS = 1_000_000
/** How long a step that is not mocked may take, in ms of real time: less than test runners wait for a test. */
const REAL = 2_000

/** What is under way in one world. */
export class Activity {
  #moves = 0
  /** Calls to the store. */
  #calls = 0
  /** Code of the user's that takes real time, in words. */
  readonly #real = new Set<{ readonly what: string }>()

  /** True while a call to the store, or code that takes real time, is under way. */
  get isBusy(): boolean {
    return this.#calls > 0 || this.#real.size > 0
  }

  /** How often something has happened so far. */
  get moves(): number {
    return this.#moves
  }

  /** Something has happened. */
  moved(): void {
    this.#moves++
  }

  /** Counts a call to the store as under way until it is answered. */
  async during<T>(call: Promise<T>): Promise<T> {
    this.#moves++
    this.#calls++
    try {
      return await call
    } finally {
      this.#moves++
      this.#calls--
    }
  }

  /** Code that takes real time begins; what is returned ends it. Time does not pass meanwhile. */
  real(what: string): () => void {
    const token = { what }
    this.#moves++
    this.#real.add(token)
    return () => {
      if (this.#real.delete(token)) this.#moves++
    }
  }

  /** Waits for what the test itself must do next. Errors: `stuck`, in these words, if it does not do it within the bound. */
  async inTime(promise: Promise<void>, otherwise: string): Promise<void> {
    let timer: unknown
    const late = new Promise<never>((_, reject) => {
      timer = realTime.setTimeout(() => reject(new StatewardError('stuck', otherwise)), REAL)
    })
    try {
      await Promise.race([promise, late])
    } finally {
      realTime.clearTimeout(timer)
    }
  }

  /** Resolves when all is quiet, with how often something has happened by then. Errors: `endless_loop`; `stuck`, where a step that is not mocked does not end. */
  settle(): Promise<number> {
    return new Promise((resolve, reject) => {
      let [turns, quiet, since] = [0, 0, 0]
      let [before, settled] = [this.#moves, this.#moves]
      const poll = () => {
        turns++
        settled = this.#moves
        quiet = settled === before ? quiet + 1 : 0
        if (quiet < PATIENT) return next()
        if (quiet === PATIENT) since = realTime.now()
        else if (realTime.now() - since > REAL) return reject(tooLong([...this.#real].map(({ what }) => what)))
        realTime.setTimeout(next, 1)
      }
      const next = () => {
        before = this.#moves
        if (this.#real.size === 0 && quiet >= (this.#calls > 0 ? PATIENT : QUIET)) resolve(settled)
        else if (turns - quiet > ENDLESS) reject(endless())
        else nextTurn(poll)
      }
      next()
    })
  }
}

function tooLong(what: readonly string[]): StatewardError {
  return new StatewardError(
    'stuck',
    `Simulated time does not pass while code runs that takes real time: ${what.join(', ')} did not end within ${REAL} ms. Mock it, with \`delayed(ms)\` or \`hangs()\` if it is to take its time.`,
    { details: { what } },
  )
}

function endless(): StatewardError {
  return new StatewardError(
    'endless_loop',
    `The simulated world has moved for ${ENDLESS} turns of the event loop without coming to rest: something in it goes on for ever without waiting for time.`,
    { details: { turns: ENDLESS } },
  )
}
