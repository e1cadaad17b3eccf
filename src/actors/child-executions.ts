/**
 * The executions that an execution starts for its steps.
 *
 * Owns: that a step's child is started once and that its outcome ends the step; what becomes of it when its parent is cancelled.
 * Talks to: the router, which carries commands to whoever holds the child.
 */
import { StatewardError } from '../errors.js'
import type { Command, CommandOutcome, ResultOutcome } from '../events/outcomes.js'
import type { ChildPort, ChildRequest } from './child-port.js'
import { splitState } from './execution-state.js'
import type { SupervisorActor } from './supervisor-actor.js'

/** How long a child that was cancelled for its parent's sake waits for the parent's own cancel, in ms. */
const HELD_BACK = 30_000

/** What children need of the router. */
export interface ChildRouter {
  command(id: string, command: Command): Promise<CommandOutcome>
  result(id: string, options: { readonly signal: AbortSignal }): Promise<ResultOutcome>
}

/** Those of one runtime. */
export class ChildExecutions implements ChildPort {
  readonly #supervisor: SupervisorActor
  readonly #router: ChildRouter

  constructor(supervisor: SupervisorActor, router: ChildRouter) {
    this.#supervisor = supervisor
    this.#router = router
  }

  async start({ parentId, entryPoint, input, key, signal }: ChildRequest): Promise<unknown> {
    const stream = this.#supervisor.streamFor(entryPoint, false)
    const accepted = await stream.admit({ input, idempotencyKey: key, parentId, correlationId: parentId })
    const outcome = await this.#router.result(accepted.id, { signal }).catch(async (error: unknown) => {
      // the cascade of its cancel may have come before this one was there to be found
      if (signal.aborted) await this.#cancelWith(parentId, accepted.id).catch(this.#notCancelled(accepted.id))
      throw error
    })
    if (outcome.status === 'completed') return outcome.output
    if (outcome.status === 'cancelled' && outcome.scope === 'parent') await this.#heldBack(signal)
    throw new StatewardError('execution_failed', `Execution ${accepted.id} of ${entryPoint} ended as ${outcome.status}.`, {
      details: { id: accepted.id, entryPoint, outcome },
    })
  }

  /** The parent's step is over already: nobody but the logger can be told. */
  #notCancelled(id: string): (error: unknown) => void {
    return (error) => this.#supervisor.settings.logger('execution', id, 'could not be cancelled with its parent', error)
  }

  /** Cancels a child if its parent was cancelled. */
  async #cancelWith(parentId: string, id: string): Promise<void> {
    const parent = await this.#supervisor.settings.store.load(parentId)
    if (parent?.status !== 'cancelled' && parent?.status !== 'cancelling') return
    const { cancel } = splitState(parent.state, parentId).lifecycle.context
    if (cancel) await this.#router.command(id, { type: 'cancel', intervention: { ...cancel, scope: 'parent' } })
  }

  /** A child that was cancelled for its parent's sake tells it nothing before the parent's own cancel has had its time. */
  #heldBack(signal: AbortSignal): Promise<void> {
    const { clock } = this.#supervisor.settings
    return new Promise((resolve) => {
      const timer = clock.setTimeout(resolve, HELD_BACK)
      const stop = () => (clock.clearTimeout(timer), resolve())
      signal.addEventListener('abort', stop, { once: true })
    })
  }
}
