/**
 * When a simulated world is quiet: nothing moves any more but time.
 *
 * Owns: counting what is under way, and waiting turn by turn of the event loop. No real time is measured or waited for.
 */
import { StatewardError } from '../../errors.js'

/** Turns without a move after which nothing more will happen by itself. */
const QUIET = 4
/** The same while code of the user's, or a call to the store, is under way and may come back. */
const PATIENT = 1_000
const ENDLESS = 1_000_000

const turn = () => new Promise<void>((resolve) => setImmediate(resolve))

/** What is under way in one world. */
export class Activity {
  #moves = 0
  #underWay = 0

  /** Something has happened. */
  moved(): void {
    this.#moves++
  }

  /** Something has begun that ends by itself, in real time: a call to the store, a step that is not simulated. */
  began(): void {
    this.#moves++
    this.#underWay++
  }

  /** What had begun has ended, or is given up. */
  ended(): void {
    this.#moves++
    this.#underWay--
  }

  /** Counts a promise as under way until it is settled. */
  async during<T>(work: Promise<T>): Promise<T> {
    this.began()
    try {
      return await work
    } finally {
      this.ended()
    }
  }

  /** True while something is under way that time does not wait for. */
  get isBusy(): boolean {
    return this.#underWay > 0
  }

  /** Resolves when all is quiet. `patience`: how many turns to give to what is under way. Throws `endless_loop`. */
  async settle(patience = PATIENT): Promise<void> {
    let quiet = 0
    for (let turns = 0; quiet < (this.isBusy ? patience : QUIET); turns++) {
      if (turns > ENDLESS) throw endless()
      const before = this.#moves
      await turn()
      quiet = this.#moves === before ? quiet + 1 : 0
    }
  }
}

function endless(): StatewardError {
  return new StatewardError(
    'endless_loop',
    `The simulated world has moved for ${ENDLESS} turns of the event loop without coming to rest: something in it goes on for ever without waiting for time.`,
    { details: { turns: ENDLESS } },
  )
}
