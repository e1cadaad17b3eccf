/**
 * Sends one event to every execution of a correlation or a session that has not ended.
 *
 * Owns: which executions that are, that one which fails keeps the event from no other, the counts of the answers, and that two such
 * calls of this process reach each execution in their order. Does not know: how one execution gets its event (the router).
 */
import { isTerminal, liveStatuses } from '../../events/execution-status.js'
import type { SendOutcome } from '../../events/outcomes.js'
import type { SendTarget } from '../../events/requests.js'
import type { StoredExecution } from '../../persistence/snapshot-store.js'
import { groupOf } from '../../ids.js'
import { pagesOf } from '../../persistence/stored-executions.js'
import type { SupervisorHost } from '../supervisor/supervisor-host.js'
import { giveToFound } from './commands-to-found.js'
import { BoundedWork } from './bounded-work.js'
import { unreachedError, type Unreached } from './unreached.js'

/** How many executions one event takes into memory at the same time. */
const TAKEN_UP_AT_ONCE = 16

/** The parts of the supervisor that are used. */
type Sending = Pick<SupervisorHost, 'admissions' | 'entryPointIds' | 'live' | 'open' | 'settings'>

/** The events to many of one process. */
export class SendsToMany {
  readonly #supervisor: Sending
  /** Resolves once the calls before have placed their event everywhere. */
  #before: Promise<void> = Promise.resolve()

  constructor(supervisor: Sending) {
    this.#supervisor = supervisor
  }

  /** Resolves with how many executions gave which answer; rejects once all have answered, if one could not be reached. */
  async send(to: SendTarget, type: string, deliver: (id: string) => Promise<SendOutcome>): Promise<Record<string, number>> {
    const { where } = to
    if (where) {
      const ordered = this.#before.then(() =>
        giveToFound(this.#supervisor, { what: `The event ${type} to what was found`, where, give: deliver }),
      )
      this.#before = ordered.then(
        () => undefined,
        () => undefined,
      )
      return ordered
    }
    const counts: Record<string, number> = {}
    const work = new BoundedWork<Unreached['of']>(TAKEN_UP_AT_ONCE)
    const { admissions, entryPointIds } = this.#supervisor
    const around = admissions.around()
    const before = this.#before
    let placed: () => void = () => undefined
    this.#before = new Promise((resolve) => (placed = resolve))
    try {
      await this.#supervisor.open()
      await before
      // what was triggered before is meant as well
      for (const entryPoint of to.entryPoint === undefined ? entryPointIds : [to.entryPoint]) await around.before(entryPoint)
      for await (const { id } of this.#meant(to)) {
        const later = around.isLater(id)
        if (later && (await later)) continue
        const give = async () => {
          const { status } = await deliver(id)
          counts[status] = (counts[status] ?? 0) + 1
        }
        // executions in memory get it at once: only those that must be read wait for their turn
        await work.add({ id }, give, { isBounded: this.#supervisor.live(id) === undefined })
      }
    } catch (error) {
      const { correlationId, sessionId = '' } = to
      work.failed(correlationId === undefined ? { sessionId } : { correlationId }, error)
    } finally {
      placed()
      around.over()
    }
    const error = unreachedError(`The event ${type} to many`, await work.done(), counts)
    if (error) throw error
    return counts
  }

  async *#meant({ entryPoint, group, sessionId, correlationId }: SendTarget): AsyncGenerator<StoredExecution, void> {
    const { store } = this.#supervisor.settings
    const given = { entryPoint, group, sessionId, correlationId }
    const filter = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined))
    for await (const page of pagesOf(store, { ...filter, status: liveStatuses, brief: true })) yield* page
    if (correlationId === undefined) return
    // the correlation of an execution that was given none is its own id
    const root = await store.load(correlationId)
    if (!root || root.correlationId !== null || isTerminal(root.status)) return
    const fits = (wanted: string | undefined, value: string | null) => wanted === undefined || wanted === value
    if (group !== undefined && groupOf(root.entryPoint) !== group) return
    if (fits(entryPoint, root.entryPoint) && fits(sessionId, root.sessionId)) yield root
  }
}
