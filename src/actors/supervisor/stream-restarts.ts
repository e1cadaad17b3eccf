/** Restarts failed streams. Owns the wait before a restart; `restart-plan.ts` decides which streams restart when one fails. */
import { backoffDelay } from '../../backoff.js'
import { RestartPlan } from './restart-plan.js'
import type { StreamSet } from './stream-set.js'
import type { SupervisorSettings } from './supervisor-options.js'

/** The parts of the supervisor that restarts use. */
export interface StreamRestartsPort {
  readonly settings: SupervisorSettings
  readonly streams: StreamSet
  isUp(): boolean
  /** The key under which executions are held. */
  owner(): string
  gaveUp(error: unknown): void
}

/** The restarts of one supervisor's streams. */
export class StreamRestarts {
  readonly #port: StreamRestartsPort
  readonly #plan: RestartPlan

  constructor(port: StreamRestartsPort) {
    this.#port = port
    this.#plan = new RestartPlan(port.settings.supervision, () => port.settings.entryPoints.serving)
  }

  /** A stream has failed: restarts what the strategy says, or gives up. */
  async failed(id: string, error: unknown): Promise<void> {
    const { settings, streams, isUp, owner, gaveUp } = this.#port
    if (!isUp()) return
    const { supervision, clock, ids } = settings
    streams.drop(id, error)
    const decision = this.#plan.decide(id, clock.monotonic())
    if (decision.kind === 'give_up') {
      settings.logger.error('stream', id, 'has failed too often: the supervisor gives up', error)
      gaveUp(error)
    }
    if (decision.kind !== 'restart') return
    for (const stream of decision.streams) streams.drop(stream.id, error)
    settings.logger.warn('stream', id, 'has failed, and is started again', error)
    const wait = backoffDelay(supervision.backoff, decision.restarts, ids.random)
    await new Promise<void>((resolve) => clock.setTimeout(resolve, wait))
    // those that were removed meanwhile are gone
    if (isUp())
      for (const stream of decision.streams) if (settings.entryPoints.serves(stream.id)) await streams.restart(stream, owner())
  }
}
