/**
 * Runs the trigger of one stream.
 *
 * Owns: its actor, which lives while the stream admits executions; a trigger that fails is reported and started again with
 * back-off; and the port that the actor gets, whose calls end with it. Talks to the stream above by events that an inspector
 * sees. Does not know: any kind of trigger.
 */
import { createActor, type AnyActorLogic, type AnyActorRef } from 'xstate'
import { backoffDelay } from '../../backoff.js'
import { inBackground } from '../../clock.js'
import { StatewardError, toErrorRecord } from '../../errors.js'
import type { Log } from '../../logger.js'
import type { SnapshotStore } from '../../persistence/snapshot-store.js'
import type { Alarm, WallClock } from '../../wall-clock.js'
import { stopActor } from '../program/xstate/xstate-internals.js'
import type { TriggerCalls } from './trigger-calls.js'
import { triggerCursor } from './trigger-cursor.js'
import type { RouteAnswered, Trigger, TriggerHealth, TriggerPort } from './trigger.js'

/** The parts of the stream that its trigger uses. */
export interface TriggerHostPort {
  readonly entryPoint: string
  readonly trigger: Trigger
  readonly store: SnapshotStore
  readonly clock: WallClock
  readonly random: () => number
  readonly logger: Log
  readonly calls: TriggerCalls
  /** The stream's actor, under which the trigger's stands. */
  stream(): AnyActorRef
  /** Resolves once the runtime runs; rejects if it could not start. */
  running(): Promise<void>
  changed(health: TriggerHealth): void
  /** What fires the entry point may act now, or no longer. */
  admits(isAdmitting: boolean): void
}

/** A trigger that has run for so many ms counts as healthy: its next failure is the first one. */
const HEALTHY = 60_000

/** One life of the trigger's actor. */
interface Life {
  readonly ref: AnyActorRef
  readonly since: number
  /** Ends what the port's calls have begun. */
  end(): void
}

/** The trigger of one stream. */
export class TriggerHost {
  readonly #port: TriggerHostPort
  #life: Life | undefined
  /** True while the stream admits executions. */
  #isWanted = false
  #isClosed = false
  #restart: unknown
  /** How often in a row it has failed. */
  #failures = 0
  #health: TriggerHealth

  constructor(port: TriggerHostPort) {
    this.#port = port
    const { type } = port.trigger
    this.#health = { type, status: 'stopped', next: null, fired: 0, skipped: 0, failures: 0, error: null }
  }

  /** The stream admits executions: spawns the trigger's actor, once the runtime runs. */
  start(): void {
    if (this.#isWanted || this.#isClosed) return
    this.#isWanted = true
    this.#port.admits(true)
    if (this.#isPassive) return
    // a start that fails is reported by itself, and takes the stream away
    this.#port.running().then(
      () => this.#spawn(),
      () => undefined,
    )
  }

  /** The stream admits no executions any more, until the next `start`. */
  stop(): void {
    if (!this.#isWanted) return
    this.#isWanted = false
    this.#port.admits(false)
    if (this.#isPassive) return
    this.#failures = 0
    this.#port.clock.clearTimeout(this.#restart)
    this.#endLife()
    this.#change({ status: 'stopped', next: null })
  }

  /** Stops it for good. */
  close(): void {
    this.stop()
    this.#isClosed = true
  }

  /** A request to one of its routes was answered; `started`: it has started an execution. `error`: what kept the runtime from carrying it out. */
  answered(answer: RouteAnswered, { started, error }: { readonly started: boolean; readonly error?: unknown }): void {
    if (error !== undefined) void this.#failed(error)
    else if (started) this.#change({ fired: this.#health.fired + 1, error: null })
    const ref = this.#life?.ref
    if (ref && (ref.getSnapshot() as { status: string }).status === 'active') ref.send(answer)
  }

  get #isPassive(): boolean {
    const { logic, routes } = this.#port.trigger
    return logic === undefined && routes === undefined
  }

  #spawn(): void {
    if (!this.#isWanted || this.#life) return
    const { trigger, clock, stream } = this.#port
    // its routes are served by the runtime
    if (trigger.logic === undefined) return this.#change({ status: 'running' })
    const { port, end } = this.#makePort()
    const ref = createActor(trigger.logic as AnyActorLogic, { id: 'trigger', input: port, parent: stream() })
    const life = (this.#life = { ref, since: clock.monotonic(), end })
    this.#change({ status: 'running' })
    ref.subscribe({ error: (error) => this.#crashed(life, error), complete: () => this.#completed(life) })
    ref.start()
  }

  #endLife(): void {
    const life = this.#life
    this.#life = undefined
    life?.end()
    if (life && (life.ref.getSnapshot() as { status: string }).status === 'active') stopActor(life.ref)
  }

  #completed(life: Life): void {
    if (this.#life !== life) return
    this.#endLife()
    this.#change({ status: 'ended', next: null })
    this.#port.logger.info('the trigger of', this.#port.entryPoint, 'has come to its end')
  }

  #crashed(life: Life, error: unknown): void {
    if (this.#life !== life) return
    const { entryPoint, clock, logger, random } = this.#port
    this.#failures = clock.monotonic() - life.since >= HEALTHY ? 1 : this.#failures + 1
    this.#endLife()
    const wait = backoffDelay(undefined, this.#failures, random)
    void this.#failed(error, 'restarting')
    logger.error('the trigger of', entryPoint, `has failed, and is started again in ${wait} ms`, error)
    this.#restart = clock.setTimeout(() => this.#spawn(), wait, inBackground)
  }

  #failed(error: unknown, status = this.#health.status): Promise<void> {
    const record = toErrorRecord(error)
    this.#change({ status, failures: this.#health.failures + 1, error: record })
    return this.#publish('trigger.failed', { error: record })
  }

  #change(change: Partial<TriggerHealth>): void {
    this.#health = { ...this.#health, ...change }
    this.#port.changed(this.#health)
  }

  /** To the stream's actor, for inspectors, and to the journal. */
  async #publish(
    type: 'trigger.failed' | 'trigger.skipped',
    data: Readonly<Record<string, unknown>>,
    id?: string,
  ): Promise<void> {
    const { calls, entryPoint, logger, stream } = this.#port
    const ref = stream()
    if ((ref.getSnapshot() as { status: string }).status === 'active') ref.send({ type, ...data })
    try {
      await calls.publish(type, { entryPoint, ...data }, id)
    } catch (error) {
      logger.error('the event', type, 'of the trigger of', entryPoint, 'could not be published', error)
    }
  }

  /** The port of one life, and what ends it. */
  #makePort(): { port: TriggerPort<unknown>; end(): void } {
    const { entryPoint, clock, store, calls, logger } = this.#port
    const controller = new AbortController()
    const { signal } = controller
    const alarms = new Set<Alarm>()
    const isOver = () => signal.aborted
    const port: TriggerPort<unknown> = {
      entryPoint,
      signal,
      logger,
      cursor: triggerCursor(store, entryPoint),
      clock: {
        now: () => clock.now(),
        alarm: (at, ring) => {
          if (isOver()) return () => undefined
          const rung = () => {
            alarms.delete(alarm)
            ring()
          }
          // what fires by itself is nothing that somebody waits for
          const alarm = clock.alarm(at, rung, inBackground)
          alarms.add(alarm)
          return () => {
            alarms.delete(alarm)
            clock.clearAlarm(alarm)
          }
        },
      },
      fire: async (input, options) => {
        if (isOver())
          throw new StatewardError('stopping', `The trigger of ${entryPoint} was stopped.`, { details: { entryPoint } })
        const fired = await calls.fire(entryPoint, input, options)
        const isNew = fired.status !== 'duplicate'
        if (isNew || this.#health.error) this.#change({ fired: this.#health.fired + (isNew ? 1 : 0), error: null })
        return fired
      },
      events: (filter = {}) => {
        const ended = filter.signal ? AbortSignal.any([signal, filter.signal]) : signal
        return calls.follow({ ...filter, signal: ended })
      },
      lastSeq: () => calls.lastSeq(),
      causeOf: (id) => calls.causeOf(id),
      status: (id) => calls.status(id),
      cancel: (id, reason) => calls.cancel(id, reason),
      upcoming: (at) => {
        if (!isOver()) this.#change({ next: at })
      },
      skipped: ({ reason, from, to }) => {
        this.#change({ skipped: this.#health.skipped + 1 })
        const span = from === to ? text(from) : `${text(from)} to ${text(to)}`
        logger.warn('the trigger of', entryPoint, `has left out ${span}: ${reason}`)
        // every process that runs the trigger may leave it out
        const id = `trigger ${entryPoint} skipped ${from} ${to} ${reason.slice(0, 200)}`
        return this.#publish('trigger.skipped', { reason, from, to }, id)
      },
      failed: (error) => {
        logger.error('the trigger of', entryPoint, 'could not fire', error)
        return this.#failed(error)
      },
    }
    // an inspector shows the input of an actor
    Object.defineProperty(port, 'toJSON', { value: () => ({ entryPoint }) })
    return {
      port,
      end: () => {
        controller.abort(new StatewardError('stopping', `The trigger of ${entryPoint} was stopped.`, { details: { entryPoint } }))
        for (const alarm of alarms) clock.clearAlarm(alarm)
        alarms.clear()
      },
    }
  }
}

const text = (at: number) => new Date(at).toISOString()
