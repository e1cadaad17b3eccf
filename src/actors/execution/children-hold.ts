/**
 * Holds the end or the pause of an execution back until the executions that its steps started have ended or paused as well.
 *
 * Owns: that no end is committed while a child execution still runs, and how long the end waits for that.
 */
import type { ExecutionContext, Intervention } from '../../events/execution-events.js'
import { isTerminal, type ExecutionStatus } from '../../events/execution-status.js'
import type { StatewardError } from '../../errors.js'
import type { Clock } from '../../clock.js'
import type { ChildPort } from '../program/child-port.js'

/** How long an end waits for children that do not end, in ms. Their cancel is in the store by then. */
const WITHIN = 30_000

/** The parts of an execution host that the hold uses. */
export interface HoldingExecution {
  readonly id: string
  readonly status: ExecutionStatus
  readonly nextStatus: ExecutionStatus
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

  /** True while the execution waits for its children. */
  get isOn(): boolean {
    return this.#held !== undefined
  }

  /** True while the next status must not be committed yet. */
  holds(): boolean {
    const { nextStatus, status, program } = this.#execution
    const stops = nextStatus !== status && (isTerminal(nextStatus) || nextStatus === 'paused')
    if (!stops) this.#held = this.#free = undefined
    if (!stops || this.#free === nextStatus) return false
    if (this.#held === nextStatus) return true
    if (!program.hasChildren) return false
    this.#held = nextStatus
    this.#cleared(nextStatus)
      .catch(this.#failed)
      .then(() => this.#release(nextStatus))
      .catch(this.#failed)
    return true
  }

  #release(nextStatus: ExecutionStatus): void {
    if (this.#held !== nextStatus) return
    this.#held = undefined
    this.#free = nextStatus
    if (isTerminal(nextStatus)) this.#execution.program.childrenEnded()
    this.#execution.touch()
  }

  async #cleared(nextStatus: ExecutionStatus): Promise<void> {
    const { id, program, stopReason } = this.#execution
    const stopped = program.stopChildren(stopReason)
    // after a failed attempt no step waits any more, and the children live on for the next attempt
    const { pause } = this.#execution.context
    if (!isTerminal(nextStatus)) return stopped.then(() => pause && this.#children.rest(id, pause, pause.mode))
    const ended = stopped.then(() => this.#children.end(id, this.#by(nextStatus)))
    let timer: unknown
    const enough = new Promise<void>((resolve) => (timer = this.#clock.setTimeout(resolve, WITHIN)))
    await Promise.race([ended, enough]).finally(() => this.#clock.clearTimeout(timer))
  }

  #by(nextStatus: ExecutionStatus): Intervention {
    const { cancel } = this.#execution.context
    return nextStatus === 'cancelled' && cancel ? cancel : { at: this.#clock.now(), reason: `parent_${nextStatus}` }
  }
}
