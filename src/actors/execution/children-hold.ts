/**
 * Holds an execution's end, or its pause, back until what its steps have started stands still as well.
 *
 * Owns: that nobody hears of an end while something goes on below it, and how long that is waited for.
 */
import type { ExecutionContext, Intervention } from '../../events/execution-events.js'
import { isTerminal, type ExecutionStatus } from '../../events/execution-status.js'
import type { StatewardError } from '../../errors.js'
import type { Clock } from '../../clock.js'
import type { ChildPort } from '../program/child-port.js'

/** How long an end waits for children that do not come to theirs, in ms. Their cancel is in the store by then. */
const WITHIN = 30_000

/** What is asked of the execution. */
export interface HoldingExecution {
  readonly id: string
  readonly status: ExecutionStatus
  readonly heading: ExecutionStatus
  readonly context: ExecutionContext
  readonly stopReason: StatewardError
  readonly program: {
    readonly hasChildren: boolean
    stopChildren(reason: StatewardError): Promise<void>
    childrenEnded(): void
  }
  touch(): void
}

/** The hold of one execution. */
export class ChildrenHold {
  readonly #execution: HoldingExecution
  readonly #children: ChildPort
  readonly #clock: Clock
  readonly #failed: (error: unknown) => void
  /** The status that is held back. */
  #held: ExecutionStatus | undefined
  /** The status that may be committed. */
  #free: ExecutionStatus | undefined

  constructor(execution: HoldingExecution, children: ChildPort, clock: Clock, failed: (error: unknown) => void) {
    this.#execution = execution
    this.#children = children
    this.#clock = clock
    this.#failed = failed
  }

  /** True while something is waited for. */
  get isOn(): boolean {
    return this.#held !== undefined
  }

  /** True while the status that the execution heads for must not be committed yet. */
  holds(): boolean {
    const { heading, status, program } = this.#execution
    const stops = heading !== status && (isTerminal(heading) || heading === 'paused')
    if (!stops) this.#held = this.#free = undefined
    if (!stops || this.#free === heading) return false
    if (this.#held === heading) return true
    if (!program.hasChildren) return false
    this.#held = heading
    this.#cleared(heading)
      .catch(this.#failed)
      .then(() => this.#release(heading))
      .catch(this.#failed)
    return true
  }

  #release(heading: ExecutionStatus): void {
    if (this.#held !== heading) return
    this.#held = undefined
    this.#free = heading
    if (isTerminal(heading)) this.#execution.program.childrenEnded()
    this.#execution.touch()
  }

  async #cleared(heading: ExecutionStatus): Promise<void> {
    const { id, program, stopReason } = this.#execution
    const stopped = program.stopChildren(stopReason)
    // a step of an attempt that failed waits for none, and what it has started lives for the next attempt
    const { pause } = this.#execution.context
    if (!isTerminal(heading)) return stopped.then(() => pause && this.#children.rest(id, pause, pause.mode))
    const ended = stopped.then(() => this.#children.end(id, this.#by(heading)))
    let timer: unknown
    const enough = new Promise<void>((resolve) => (timer = this.#clock.setTimeout(resolve, WITHIN)))
    await Promise.race([ended, enough]).finally(() => this.#clock.clearTimeout(timer))
  }

  #by(heading: ExecutionStatus): Intervention {
    const { cancel } = this.#execution.context
    return heading === 'cancelled' && cancel ? cancel : { at: this.#clock.now(), reason: `parent_${heading}` }
  }
}
