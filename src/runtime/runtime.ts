/**
 * The public API of Stateward: a thin layer over the supervisor.
 *
 * Owns: how a runtime is made, started and stopped; its other calls are those of `runtime-calls.ts`. The hosts do the work.
 */
import { createActor, type Actor, type AnyActorRef, type InspectionEvent, type Observer } from 'xstate'
import { guardedObserver } from '../actors/program/xstate/inspection.js'
import { supervisorMachine } from './supervisor-logic.js'
import { partsOf, preparedInput, type SupervisorParts } from './supervisor-parts.js'
import type { SupervisorOptions } from '../actors/supervisor/supervisor-options.js'
import type { EntryPoint } from './entry-point.js'
import { StatewardError } from '../errors.js'
import { refuseUnknown, type OptionNames } from '../known-options.js'
import { ownSource, RuntimeCalls } from './runtime-calls.js'

/** The options of a runtime. */
export interface RuntimeOptions<TEntryPoints extends readonly EntryPoint[] = readonly EntryPoint[]> extends SupervisorOptions {
  readonly entryPoints: TEntryPoints
  /** Gets every inspection event of the supervisor, the streams, the executions and their programs, as one system. What it throws goes to the logger. */
  readonly inspect?: Observer<InspectionEvent> | ((event: InspectionEvent) => void) | undefined
}

/** How a runtime is stopped. */
export interface StopOptions {
  /** How long what is in flight may take to end, in ms; nothing more starts meanwhile. Default 0: it is aborted at once, and runs again at the next start. */
  readonly grace?: number | undefined
}

const stopNames: OptionNames<StopOptions> = { grace: true }

/** The supervisor that a runtime speaks for; asked at each call. */
export interface RuntimeSource {
  actor(): AnyActorRef
  parts(): SupervisorParts
  begin(): void
}

/** One runtime on one store. Calls that reach the store may reject with `store_failed`. */
export class Runtime<TEntryPoints extends readonly EntryPoint[] = readonly EntryPoint[]> extends RuntimeCalls<TEntryPoints> {
  readonly #source: RuntimeSource

  constructor(source: RuntimeSource) {
    super(ownSource(() => source.parts()))
    this.#source = source
  }

  /** The supervisor's ref; not started before `start()`, and another one after a start that failed. */
  get actor(): AnyActorRef {
    return this.#source.actor()
  }

  get #parts(): SupervisorParts {
    return this.#source.parts()
  }

  /** A read-model of what is durable: counts per stream, health, an atom per execution that is looked at. */
  get registry() {
    return this.#parts.supervisor.registry
  }

  /** Opens the store, starts every stream and takes up what was left. All or nothing; concurrent calls join. Errors: `owner_in_use`, `store_failed`, `unknown_format`. */
  async start(): Promise<void> {
    this.#source.begin()
    await this.#parts.supervisor.start(this.actor)
  }

  /** Accepts nothing more, and resolves once nothing is queued or running. */
  async drain(): Promise<void> {
    if (this.#parts.supervisor.phase === 'running') this.actor.send({ type: 'supervisor.drain' })
    await this.#parts.supervisor.drain()
  }

  /**
   * Gives everything back to the store, within `shutdownTimeout`, and closes it. Running executions go on at the next start.
   * With `grace` nothing more starts, and what is in flight may take so long to end before. Concurrent callers join: the
   * first one's `grace` counts. Error: `invalid_option`.
   */
  async stop(options: StopOptions = {}): Promise<void> {
    refuseUnknown('invalid_option', 'The stop of the runtime', options, stopNames)
    const { grace } = options
    if (grace !== undefined && !(typeof grace === 'number' && grace >= 0))
      throw new StatewardError('invalid_option', `\`grace\` is ${String(grace)}; it must be a number of ms from 0.`, {
        details: { option: 'grace', value: String(grace) },
      })
    const { supervisor } = this.#parts
    if (supervisor.isBegun) this.actor.send({ type: 'supervisor.stop', ...(grace === undefined ? {} : { grace }) })
    await supervisor.stop(grace)
  }
}

/**
 * Makes a runtime; nothing runs before `start()`. Queries and commands to other processes' executions work without it.
 *
 * Errors: `invalid_definition`, `duplicate_entry_point`, `duplicate_route`, `invalid_id`.
 *
 * @example
 * ```ts
 * const runtime = createRuntime({ store: sqliteStore('app.db'), entryPoints: [tickets] })
 * await runtime.start()
 * const execution = await runtime.trigger('tickets', { id: 123 })
 * await execution.send({ type: 'APPROVE' })
 * const outcome = await execution.result({ timeout: 5_000 })
 * console.log(outcome.status) // prints completed
 * await runtime.stop()
 * ```
 */
export function createRuntime<const TEntryPoints extends readonly EntryPoint[]>(
  options: RuntimeOptions<TEntryPoints>,
): Runtime<TEntryPoints> {
  return new Runtime<TEntryPoints>(supervised(options))
}

/** A supervisor that is started by its runtime. */
export function supervised(options: RuntimeOptions): RuntimeSource {
  const { inspect, ...own } = options
  const { parts, input } = preparedInput(own)
  const { id, logger } = parts.supervisor.settings
  const observer = inspect ? { inspect: guardedObserver(inspect, logger) } : {}
  const made = () => {
    const supervisor: Actor<typeof supervisorMachine> = createActor(supervisorMachine, { id, input, ...observer })
    // `start()` rejects with it, and later calls name it as their cause
    supervisor.subscribe({ error: (error) => logger('the supervisor has failed', error) })
    return supervisor
  }
  let actor = made()
  const begin = () => {
    // one that could not start has ended as an error, for ever
    if (actor.getSnapshot().status === 'error' && parts.supervisor.phase === 'idle') actor = made()
    if (actor.getSnapshot().status === 'active') actor.start()
  }
  return { actor: () => actor, parts: () => parts, begin }
}

/** The calls of a supervisor that was started as an actor. Throws `not_started` for another ref. */
export function runtimeOf<TEntryPoints extends readonly EntryPoint[] = readonly EntryPoint[]>(
  ref: AnyActorRef,
): Runtime<TEntryPoints> {
  const parts = partsOf(ref)
  return new Runtime<TEntryPoints>({ actor: () => ref, parts: () => parts, begin: () => undefined })
}
