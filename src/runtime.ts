/**
 * The face of Stateward: a thin one over the supervisor actor.
 *
 * Owns: the calls on a runtime and on a stream, and their types. Everything they do is done by actors.
 */
import {
  createActor,
  type Actor,
  type AnyActorLogic,
  type AnyActorRef,
  type InputFrom,
  type InspectionEvent,
  type Observer,
} from 'xstate'
import { forkExecution } from './actors/execution-fork.js'
import { executionPage, type ExecutionList } from './actors/execution-page.js'
import type { EventFilter, RuntimeEvent } from './actors/journal-feed.js'
import { guardedObserver } from './actors/xstate/inspection.js'
import { partsOf, preparedInput, supervisorMachine, type SupervisorParts } from './actors/supervisor-logic.js'
import type { SupervisorOptions } from './actors/supervisor-options.js'
import { accepted, checkTrigger } from './actors/trigger-check.js'
import { commandScope, type CommandScope } from './command-scope.js'
import type { EntryPoint } from './entry-point.js'
import { StatewardError } from './errors.js'
import type { ExecutionStatus } from './events/execution-status.js'
import type { By, CancelOptions, PauseOptions, TriggerOptions } from './events/requests.js'
import { ExecutionHandle, type HandlePort } from './execution-handle.js'
import { isId } from './ids.js'
import { refuseUnknown, type OptionNames } from './known-options.js'

/** The options of a runtime. */
export interface RuntimeOptions<TEntryPoints extends readonly EntryPoint[] = readonly EntryPoint[]> extends SupervisorOptions {
  readonly entryPoints: TEntryPoints
  /** Gets every inspection event of the supervisor, the streams, the executions and their programs, as one system. What it throws goes to the logger. */
  readonly inspect?: Observer<InspectionEvent> | ((event: InspectionEvent) => void) | undefined
}

/** Which executions to list; the newest come first. */
export interface ExecutionFilter {
  readonly entryPoint?: string | undefined
  readonly status?: ExecutionStatus | readonly ExecutionStatus[] | undefined
  readonly sessionId?: string | undefined
  readonly correlationId?: string | undefined
  readonly parentId?: string | undefined
  readonly idempotencyKey?: string | undefined
  /** Default 50, at most 1,000. */
  readonly limit?: number | undefined
  /** Of the page before. */
  readonly cursor?: string | undefined
}

const filterNames: OptionNames<ExecutionFilter> = {
  entryPoint: true,
  status: true,
  sessionId: true,
  correlationId: true,
  parentId: true,
  idempotencyKey: true,
  limit: true,
  cursor: true,
}
const eventFilterNames: OptionNames<EventFilter> = { execution: true, entryPoint: true, since: true, signal: true }

/** The program of the entry point with that id. */
export type ProgramOf<TEntryPoints extends readonly EntryPoint[], TId> = ProgramById<TEntryPoints[number], TId>

/** Also of an entry point whose id is known as one of several, or as a string alone. */
type ProgramById<TEntryPoint, TId> = TEntryPoint extends {
  readonly id: infer TOwnId
  readonly program: infer TProgram extends AnyActorLogic
}
  ? TId extends TOwnId
    ? TProgram
    : never
  : never

/** What `trigger` takes after the entry point: an input, unless its program asks for none. */
export type TriggerArguments<TEntryPoints extends readonly EntryPoint[], TId> =
  unknown extends InputFrom<ProgramOf<TEntryPoints, TId>>
    ? [input?: unknown, options?: TriggerOptions]
    : [input: InputFrom<ProgramOf<TEntryPoints, TId>>, options?: TriggerOptions]

/** The supervisor that a runtime speaks for; asked at each call. */
export interface RuntimeSource {
  actor(): AnyActorRef
  parts(): SupervisorParts
  begin(): void
}

/** One runtime on one store. Calls that reach the store may reject with `store_failed`. */
export class Runtime<TEntryPoints extends readonly EntryPoint[] = readonly EntryPoint[]> implements CommandScope {
  readonly #source: RuntimeSource

  constructor(source: RuntimeSource) {
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

  /**
   * Accepts an execution; resolves with its handle once that is durable. What is done to `input` afterwards changes nothing.
   * The handle of one that was accepted before, under the same `idempotencyKey`, has `created: false`.
   *
   * Errors: `unknown_entry_point`, `invalid_id`, `invalid_option`, `duplicate_execution`, `idempotency_conflict` (the key was
   * given with another input), `not_storable`, `queue_full`, `draining`, `stream_down`, `not_started`, `already_stopped`, `store_failed`.
   *
   * @example
   * ```ts
   * const again = await runtime.trigger('tickets', { id: 123 }, { idempotencyKey: 'delivery-9', deadline: Date.now() + 60_000 })
   * const same = await runtime.trigger('tickets', { id: 123 }, { idempotencyKey: 'delivery-9' })
   * console.log(again.id === same.id, again.created, same.created) // prints true true false
   * ```
   */
  async trigger<const TId extends TEntryPoints[number]['id']>(
    entryPoint: TId,
    ...[input, options]: TriggerArguments<TEntryPoints, TId>
  ): Promise<ExecutionHandle<ProgramOf<TEntryPoints, TId>>> {
    const stream = this.#parts.supervisor.streamFor(entryPoint, true)
    checkTrigger(entryPoint, options)
    const { id, created } = accepted(await stream.admit({ ...options, input }))
    return new ExecutionHandle(id, this.handlePort, created)
  }

  /** A handle on an execution, whether it exists or not: its calls will tell. Throws `invalid_id`. */
  execution<TProgram extends AnyActorLogic = AnyActorLogic>(id: string): ExecutionHandle<TProgram> {
    return new ExecutionHandle(checkedId(id, 'execution'), this.handlePort)
  }

  /** Lists executions. Errors: `invalid_option` for a malformed cursor or limit. */
  async executions(filter: ExecutionFilter = {}): Promise<ExecutionList> {
    refuseUnknown('invalid_option', 'A list of executions', filter, filterNames)
    const { status, limit = 50, ...rest } = filter
    if (!Number.isInteger(limit) || limit < 1 || limit > 1_000)
      throw new StatewardError('invalid_option', `\`limit\` is ${limit}; it must be a whole number from 1 to 1,000.`)
    await this.#parts.supervisor.open()
    const statuses = status === undefined ? {} : { status: typeof status === 'string' ? [status] : status }
    return executionPage(this.#parts.supervisor.settings.store, { ...given(rest), ...statuses, limit })
  }

  /** Follows the journal of durable events. `since` of the last one seen goes on without a gap, also after a restart. */
  async *events(filter: EventFilter = {}): AsyncGenerator<RuntimeEvent, void> {
    refuseUnknown('invalid_option', 'The events to follow', filter, eventFilterNames)
    await this.#parts.supervisor.open()
    yield* this.#parts.supervisor.feed.follow(filter)
  }

  /** The commands of one stream. Throws `unknown_entry_point`. */
  stream(entryPoint: TEntryPoints[number]['id']): CommandScope {
    if (!this.#parts.supervisor.entryPointIds.includes(entryPoint)) this.#parts.supervisor.streamFor(entryPoint, false)
    return this.#scope('stream', [entryPoint])
  }

  /** Pauses every stream and all that has not ended. */
  pause(options?: PauseOptions) {
    return this.#scope('runtime', this.#parts.supervisor.entryPointIds).pause(options)
  }

  /** Undoes `pause` of the runtime: what was paused for itself, or with its stream, stays so. */
  resume(options?: By) {
    return this.#scope('runtime', this.#parts.supervisor.entryPointIds).resume(options)
  }

  /** Cancels all that has not ended, of every entry point. */
  cancel(options?: CancelOptions) {
    return this.#scope('runtime', this.#parts.supervisor.entryPointIds).cancel(options)
  }

  /** Executions in flight whose snapshot does not fit their entry point's program as it is defined now, each with the reason. */
  async *misfits(): AsyncGenerator<{ readonly id: string; readonly entryPoint: string; readonly reason: string }, void> {
    await this.#parts.supervisor.open()
    yield* this.#parts.supervisor.streams.misfits()
  }

  /** Accepts nothing more, and resolves once nothing is queued or running. */
  async drain(): Promise<void> {
    if (this.#parts.supervisor.phase === 'running') this.actor.send({ type: 'supervisor.drain' })
    await this.#parts.supervisor.drain()
  }

  /** Gives everything back to the store, within `shutdownTimeout`, and closes it. Running executions go on at the next start. */
  async stop(): Promise<void> {
    const { supervisor } = this.#parts
    if (supervisor.phase === 'running' || supervisor.phase === 'draining' || supervisor.phase === 'starting')
      this.actor.send({ type: 'supervisor.stop' })
    await supervisor.stop()
  }

  #scope(scope: 'stream' | 'runtime', entryPoints: readonly string[]): CommandScope {
    return commandScope(() => this.#parts, scope, entryPoints)
  }

  /** What the handles that this runtime gives out stand on. */
  protected get handlePort(): HandlePort {
    const { supervisor, router } = this.#parts
    return {
      router,
      now: () => supervisor.settings.clock.now(),
      storage: async () => {
        await supervisor.open()
        return supervisor.settings
      },
      load: async (id) => {
        await supervisor.open()
        const { store } = supervisor.settings
        return (await store.load(id)) ?? { status: (await store.absence(id)) === 'expired' ? 'expired' : 'not_found' }
      },
      fork: (id, options) => forkExecution(supervisor, id, options),
    }
  }
}

/**
 * Makes a runtime; nothing runs before `start()`. Queries and commands to other processes' executions work without it.
 *
 * Errors: `invalid_definition`, `duplicate_entry_point`, `invalid_id`.
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

/** Without what is undefined: a store asks whether an option is there. */
function given<T extends object>(options: T): { [TKey in keyof T]?: Exclude<T[TKey], undefined> } {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as never
}

function checkedId(id: string, what: string): string {
  if (isId(id)) return id
  throw new StatewardError('invalid_id', `${JSON.stringify(id)} is no ${what} id.`, { details: { id: String(id) } })
}
