/**
 * The turns of one program: the messages that its actors send to each other without a pause.
 *
 * Owns: the limit on a turn, at which actors that never become idle are stopped by a typed error; and the messages that
 * wait for the end of their cause. Does not know: the receivers.
 */
import { StatewardError } from '../../../errors.js'

/** Counts and delays the messages of one program. */
export class Turns<TMessage extends readonly unknown[]> {
  readonly #id: string
  readonly #most: number
  readonly #deliver: (...message: TMessage) => void
  #depth = 0
  /** Messages since something came from outside. */
  #said = 0
  /** Messages to deliver later; undefined: messages are delivered at once. */
  #late: TMessage[] | undefined

  constructor(id: string, most: number, deliver: (...message: TMessage) => void) {
    this.#id = id
    this.#most = most
    this.#deliver = deliver
  }

  /** True while one is taken. */
  get isOpen(): boolean {
    return this.#depth > 0
  }

  /** Something comes from outside, or belongs to what did. */
  take(run: () => void): void {
    if (this.#depth === 0) this.#said = 0
    this.#depth++
    try {
      run()
    } finally {
      this.#depth--
    }
  }

  /** A message is sent; true if it is delivered later. Throws `endless_loop`. */
  isLate(...message: TMessage): boolean {
    if (this.#late) this.#late.push(message)
    else if (++this.#said > this.#most && this.#depth > 0) throw endlessTalk(this.#id, this.#most)
    return this.#late !== undefined
  }

  /** Messages that are sent during `run` are delivered after it, as XState does within a transition. */
  together(run: () => void): void {
    if (this.#late) return run()
    const late: TMessage[] = (this.#late = [])
    try {
      run()
    } finally {
      this.#late = undefined
      if (late.length > 0)
        this.take(() => {
          for (const message of late) this.#deliver(...message)
        })
    }
  }
}

function endlessTalk(id: string, most: number): StatewardError {
  return new StatewardError(
    'endless_loop',
    `The actors of execution ${id} sent each other more than ${most} events at a stretch and came to no rest.`,
    { details: { id, most } },
  )
}
