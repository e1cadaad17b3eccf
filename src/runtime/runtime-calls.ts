/**
 * The calls that a runtime and a client share: to trigger, to command, to query and to follow.
 *
 * Owns: these calls and their types. The hosts do the work; the caller gives the function that accepts an execution.
 */
import type { AnyActorLogic } from 'xstate'
import type { Admitted } from '../actors/stream/accepted-before.js'
import type { AdmissionRequest } from '../actors/stream/admission.js'
import { forkExecution } from '../actors/commands/execution-fork.js'
import { countFound, findPage } from '../actors/commands/finding.js'
import type { ExecutionList } from '../actors/execution/execution-page.js'
import { checkFilter, type ExecutionFilter, type ExecutionWhere } from '../events/execution-filter.js'
import type { SnapshotStore } from '../persistence/snapshot-store.js'
import { checkPublication, type PublishOptions, type PublishOutcome } from '../events/publication.js'
import { waitForEvent } from '../actors/commands/event-waits.js'
import { checkEventFilter, type EventFilter } from '../events/event-filter.js'
import { checkWait, type WaitForOptions, type WaitForOutcome } from '../events/event-wait.js'
import type { RuntimeEvent } from '../events/runtime-event.js'
import type { SupervisorParts } from './supervisor-parts.js'
import { fire } from '../actors/commands/trigger-calls.js'
import { accept } from '../actors/commands/acceptance.js'
import { accepted } from '../actors/commands/accepted.js'
import { checkTrigger } from '../events/trigger-check.js'
import { commandScope, type CommandScope, type Scope } from './command-scope.js'
import { AddedEntryPoints, summaries, type EntryPointSummary, type Listed } from './entry-point-calls.js'
import type { EntryPoint } from './entry-point.js'
import { StatewardError } from '../errors.js'
import {
  checkRemove,
  checkTarget,
  type By,
  type CancelOptions,
  type PauseOptions,
  type RemoveOptions,
  type RemoveTarget,
  type SendTarget,
  type ToWhere,
  type TriggerOptions,
} from '../events/requests.js'
import type { AddOutcome, RemoveOutcome, SendOutcome } from '../events/outcomes.js'
import { namedBy } from '../actors/supervisor/entry-point-set.js'
import { unknownGroup } from '../actors/supervisor/refusals.js'
import { ExecutionHandle, type HandlePort } from './execution-handle.js'
import { HttpRequests } from './http-requests.js'
import type { ProgramOf, TriggerArguments } from './known-programs.js'
import { Schedules } from './schedules.js'
import { isId } from '../ids.js'

/** An event of any program. */
export type SentEvent = { readonly type: string } | { readonly type: string; readonly [key: string]: unknown }

/** What stands behind the calls; asked at each. */
export interface CallSource {
  parts(): SupervisorParts
  /** Accepts an execution. Throws `unknown_entry_point`, and what keeps it from being accepted. */
  admit(entryPoint: string, request: AdmissionRequest): Promise<Admitted>
  /** Throws what would keep an execution of the entry point from being accepted now, as far as that is known. */
  checkAccepting(entryPoint: string): void
  /** Why nothing is accepted, in a word; undefined: what comes is accepted. */
  closed(): string | undefined
}

/** What stands behind the calls of a runtime that accepts executions itself. */
export const ownSource = (parts: () => SupervisorParts): CallSource => ({
  parts,
  admit: (...request) => accept(parts().supervisor, ...request),
  checkAccepting: (entryPoint) => void parts().supervisor.acceptingStream(entryPoint),
  closed: () => {
    const { phase } = parts().supervisor
    return phase === 'running' ? undefined : phase
  },
})

/** The calls, over the streams and executions of one store. Those that reach the store may reject with `store_failed`. */
export class RuntimeCalls<TEntryPoints extends readonly EntryPoint[] = readonly EntryPoint[]> implements CommandScope {
  readonly #source: CallSource

  readonly #http: HttpRequests

  constructor(source: CallSource) {
    this.#source = source
    this.#http = new HttpRequests({
      supervisor: () => source.parts().supervisor,
      fire: (entryPoint, input, options, id) =>
        fire((to, request) => source.admit(to, id === undefined ? request : { ...request, id }), entryPoint, input, options),
      checkAccepting: (entryPoint) => source.checkAccepting(entryPoint),
      closed: () => source.closed(),
    })
  }

  /**
   * Accepts an execution; resolves with its handle once that is durable. What is done to `input` afterwards changes nothing.
   * The handle of one that was accepted before, under the same `idempotencyKey`, has `created: false`; that of one that has taken
   * this trigger in, because its entry point has `debounce` or `batch`, has `joined: true` as well.
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
    const request = checkTrigger(entryPoint, options)
    const { id, created, joined } = accepted(await this.#source.admit(entryPoint, { ...request, input }))
    return new ExecutionHandle(id, this.handlePort, created, joined)
  }

  /**
   * Answers a request over HTTP: that of a webhook's sender, or of who asks for the health. Any framework mounts it, since it knows
   * the web's own types alone, and needs no `this`. It never rejects, unless what it gets is no `Request` (`invalid_option`); a path that no route has gets 404. See docs/webhooks.md.
   *
   * @example
   * ```ts
   * const response = await runtime.fetch(new Request('http://localhost/healthz'))
   * console.log(response.status) // prints 200
   * ```
   */
  readonly fetch = (request: Request): Promise<Response> => this.answer(request)

  /**
   * Schedules that are made at run time: they are stored, and fire in every process on the store that runs their entry point. See
   * docs/schedules.md.
   *
   * @example
   * ```ts
   * const outcome = await runtime.schedules.set('acme-daily', { entryPoint: 'tickets', input: { id: 7 }, cron: '0 9 * * *', timeZone: 'Europe/Berlin' })
   * console.log(outcome.status) // prints created
   * const [next = 0] = await runtime.schedules.upcoming('acme-daily', 1)
   * console.log(new Date(next).toLocaleTimeString('en', { timeZone: 'Europe/Berlin' })) // prints 9:00:00 AM
   * await runtime.schedules.pause('acme-daily', { reason: 'holidays' })
   * const { schedules } = await runtime.schedules.list()
   * console.log(schedules.map(({ id, status }) => `${id} ${status}`)) // prints [ 'acme-daily paused' ]
   * await runtime.schedules.remove('acme-daily')
   * ```
   */
  get schedules(): Schedules<TEntryPoints> {
    const { supervisor, scheduler } = this.#source.parts()
    const started = async (entryPoint: string, input: unknown, options: TriggerOptions) => {
      const request = checkTrigger(entryPoint, options)
      const { id, created } = accepted(await this.#source.admit(entryPoint, { ...request, input }))
      return new ExecutionHandle(id, this.handlePort, created)
    }
    return new Schedules(supervisor, scheduler, started)
  }

  /** Resolves once it was stopped (a client: closed), also after it gave up. */
  get closed(): Promise<void> {
    return this.#source.parts().supervisor.closed
  }

  /** A handle on an execution, whether it exists or not: its calls will tell. `execution<typeof machine>(id)` types them. Throws `invalid_id`. */
  execution<TProgram extends AnyActorLogic = AnyActorLogic>(id: string): ExecutionHandle<TProgram> {
    return new ExecutionHandle(checkedId(id, 'execution'), this.handlePort)
  }

  /**
   * Lists executions: those of an entry point, a session, in a state, under a tag, for how long, by what they wait for. See
   * docs/finding.md. Errors: `invalid_option` for a malformed cursor or limit, or for what no execution can fit.
   *
   * @example
   * ```ts
   * await runtime.trigger('tickets', { id: 6 }, { tags: ['vip'] })
   * const { executions } = await runtime.executions({ tag: 'vip', status: ['queued', 'running', 'waiting'] })
   * console.log(executions.length) // prints 1
   * ```
   */
  async executions(filter: ExecutionFilter = {}): Promise<ExecutionList> {
    checkFilter('A list of executions', filter)
    return findPage(await this.#opened(), filter, this.#now())
  }

  /** How many executions a filter finds, such as before a command to all of them. Errors: `invalid_option`. */
  async count(where: ExecutionWhere = {}): Promise<number> {
    checkFilter('A count of executions', where, false)
    return countFound(await this.#opened(), where, this.#now())
  }

  /**
   * Follows the journal of durable events, of all processes on the store. `since` of the last one seen goes on without a gap, also
   * after a restart. A slow reader holds up nobody; `journal.gap` tells it what is not kept any more. Error: `invalid_option`.
   */
  async *events(filter: EventFilter = {}): AsyncGenerator<RuntimeEvent, void> {
    checkEventFilter('The events to follow', filter)
    await this.#source.parts().supervisor.open()
    yield* this.#source.parts().supervisor.feed.follow(filter)
  }

  /**
   * Waits for the first event that fits, of an execution or of the application's own, from whatever process it comes. Of those that
   * this process writes after the call none is missed; with `since` it looks at earlier ones first.
   *
   * Rejects with the signal's reason when that fires, and with `already_stopped` if the runtime stops meanwhile. Errors:
   * `invalid_option`, `store_failed`.
   *
   * @example
   * ```ts
   * const paid = runtime.waitFor({ type: 'invoice.paid', correlationId: 'order-8' }, { timeout: 5_000 })
   * await runtime.publish('invoice.paid', { amount: 30 }, { correlationId: 'order-8' })
   * const answer = await paid
   * if (answer.status === 'happened') console.log(answer.event.data) // prints { amount: 30 }
   * const never = await runtime.waitFor({ type: 'invoice.lost' }, { since: 0, timeout: 0 })
   * console.log(never.status) // prints timeout
   * ```
   */
  async waitFor(filter: Omit<EventFilter, 'since' | 'signal'>, options: WaitForOptions = {}): Promise<WaitForOutcome> {
    checkEventFilter('The event to wait for', filter, ['since', 'signal'])
    checkWait('Waiting for an event', options)
    return waitForEvent(this.#source.parts().supervisor, filter, options)
  }

  /**
   * Puts an event of the application's own into the journal; resolves once it is durable. Everybody who follows the journal gets it,
   * in every process on the store, in one order with the events of executions. What is done to `data` afterwards changes nothing.
   *
   * A call whose answer was lost may be made again under the same `id`: it answers `already_published`. Errors: `invalid_event` for a
   * type that begins with a word of the runtime's own (`execution.`, `step.`, …; `details.reserved` names it), `not_storable`,
   * `invalid_id`, `invalid_option`, `idempotency_conflict`, `already_stopped`, `store_failed`.
   *
   * @example
   * ```ts
   * const paid = await runtime.publish('invoice.paid', { amount: 12 }, { id: 'payment-7', correlationId: 'order-7' })
   * const again = await runtime.publish('invoice.paid', { amount: 12 }, { id: 'payment-7', correlationId: 'order-7' })
   * console.log(paid.status, again.status, paid.seq === again.seq) // prints published already_published true
   * ```
   */
  async publish(type: string, data?: unknown, options?: PublishOptions): Promise<PublishOutcome> {
    checkPublication(type, options)
    const { supervisor } = this.#source.parts()
    supervisor.refuseStopped()
    // before anything is awaited: it is as it was when the call was made, and in the order of calls
    const published = supervisor.publications.publish(type, data, options)
    return published
  }

  /**
   * Sends an event to every execution of a correlation or a session that has not ended, in memory or not, here or elsewhere; resolves
   * with how many gave which answer of `execution.send`. What was triggered before, by this process, is among them.
   *
   * Not deduplicated: called twice, it delivers twice. If it can't reach an execution, the others still get it: the call rejects once
   * they have answered, `details.failures` names each, `details.answered` has the counts. Errors: `invalid_option`, `invalid_event`,
   * `not_storable`, `unknown_entry_point`, and those of the first failure.
   *
   * @example
   * ```ts
   * await runtime.trigger('tickets', { id: 4 }, { sessionId: 'ann' })
   * await runtime.trigger('tickets', { id: 5 }, { sessionId: 'ann' })
   * console.log(await runtime.send({ sessionId: 'ann' }, { type: 'APPROVE' })) // prints { delivered: 2 }
   * ```
   */
  async send(
    to: SendTarget & { readonly entryPoint?: TEntryPoints[number]['id'] | undefined },
    event: SentEvent,
  ): Promise<Readonly<Record<string, number>>> {
    return this.sendBy(to, event, (id, payload) => this.handlePort.router.deliver(id, payload))
  }

  /** The same; `deliver` gives one execution the event in its stored form. */
  protected async sendBy(
    to: SendTarget,
    event: SentEvent,
    deliver: (id: string, payload: string) => Promise<SendOutcome>,
  ): Promise<Readonly<Record<string, number>>> {
    checkTarget(to)
    const { supervisor, router } = this.#source.parts()
    if (to.entryPoint !== undefined) supervisor.definitionOf(to.entryPoint)
    const payload = router.checked(undefined, event)
    supervisor.refuseStopped()
    return router.sends.send(to, event.type, (id) => deliver(id, payload))
  }

  /** The commands of one stream. Throws `unknown_entry_point`. */
  stream(entryPoint: TEntryPoints[number]['id']): CommandScope {
    this.#source.parts().supervisor.definitionOf(entryPoint)
    return this.#scope({ kind: 'stream', name: `stream ${entryPoint}`, entryPoints: () => [entryPoint] })
  }

  /** The commands of a group: those to each of its streams that are there at the call. Throws `unknown_entry_point` if nothing of it is here. */
  group(name: string): CommandScope {
    const inGroup = () => this.#source.parts().supervisor.entryPointIds.filter(namedBy({ group: name }))
    if (inGroup().length === 0) throw unknownGroup(name, this.#source.parts().supervisor.entryPointIds)
    return this.#scope({ kind: 'group', name: `group ${name}`, entryPoints: inGroup })
  }

  /** The entry points that are here now, in the order in which they came. */
  get entryPoints(): readonly EntryPointSummary[] {
    return summaries(this.#source.parts().supervisor.settings.entryPoints)
  }

  /**
   * Adds an entry point, or a list of them (such as a group), also while the runtime runs; resolves once they serve: their triggers and
   * routes, and what the store has of them from before, as at a start. All or nothing. What it gives back has the types of their
   * programs, which `runtime` has not. Before `start()` it only adds; a client never does more.
   *
   * Waits for a removal of the same entry points. The same definitions once more answer `already_added`. A pause of the whole runtime
   * does not reach what is added after it. Errors: `invalid_definition`, `duplicate_entry_point` (another one has the id),
   * `duplicate_route`, `draining`, `already_stopped`, `store_failed`; then nothing was added.
   *
   * @example
   * ```ts
   * const runtime = createRuntime({ store: memoryStore(), entryPoints: [] })
   * await runtime.start()
   * const added = await runtime.add(defineEntryPoint({ id: 'greet', program: fromPromise(async () => 'hello') }))
   * const greeting = await added.trigger('greet')
   * console.log(added.status, await greeting.result()) // prints added { status: 'completed', output: 'hello' }
   * console.log((await runtime.remove('greet')).status) // prints removed
   * await runtime.stop()
   * ```
   */
  async add<const TAdded extends EntryPoint | readonly EntryPoint[]>(
    entryPoints: TAdded,
  ): Promise<AddedEntryPoints<Listed<TAdded>>> {
    const list = (Array.isArray(entryPoints) ? entryPoints : [entryPoints]) as readonly EntryPoint[]
    const outcome = await this.addAll(list)
    const ids = outcome.entryPoints
    return new AddedEntryPoints<Listed<TAdded>>(outcome, {
      trigger: (id, input, options) => this.trigger(id, ...([input, options] as never)) as unknown as Promise<ExecutionHandle>,
      scope: this.#scope({ kind: 'group', name: `group ${ids.join()}`, entryPoints: () => ids }),
      remove: async (these, options) => this.removeAll((id) => these.includes(id), checkRemove('', options)),
    })
  }

  /**
   * Removes an entry point, or all of a group, also while the runtime runs; resolves once nothing of it is here any more. Nothing is
   * lost and nothing ends: all that it has is in the store. Another process that has the entry point takes that up, and so does this
   * one if it is added again; the trigger's cursor, pauses and events in inboxes are kept until then. Answers `removed`, or `not_found`.
   *
   * From the call on nothing new is accepted (`draining`), stored work is not taken up, and others may claim its routes; afterwards it
   * is `unknown_entry_point`. A call that waits for one of its executions waits on. One more `remove` without `drain` ends a drain.
   * Errors: `invalid_option`, `already_stopped`; `store_failed`: it serves nothing more, and may be removed or added again.
   */
  async remove(target: RemoveTarget, options: RemoveOptions = {}): Promise<RemoveOutcome> {
    const drain = checkRemove(target, options)
    return this.removeAll(namedBy(target), drain)
  }

  /** Adds a list; what `add` does. */
  protected addAll(entryPoints: readonly EntryPoint[]): Promise<AddOutcome> {
    return this.#source.parts().supervisor.changes.add(entryPoints)
  }

  /** What `remove` does; `drain`: how long that may take, in ms. */
  protected removeAll(isMeant: (id: string) => boolean, drain: number): Promise<RemoveOutcome> {
    return this.#source.parts().supervisor.changes.remove(isMeant, drain)
  }

  /** Pauses every stream and all that has not ended; with `where` only what this finds. */
  pause(options?: PauseOptions & ToWhere) {
    return this.#all.pause(options)
  }

  /** Undoes `pause` of the runtime: what was paused for itself, or with its stream, stays so. With `where`: each that this finds, whatever has paused it. */
  resume(options?: By & ToWhere) {
    return this.#all.resume(options)
  }

  /**
   * Cancels all that has not ended, of every entry point; with `where` only what this finds.
   *
   * @example
   * ```ts
   * const stale = { entryPoint: 'tickets', tag: 'draft' } as const
   * await runtime.trigger('tickets', { id: 8 }, { tags: ['draft'] })
   * console.log(await runtime.count(stale)) // prints 1
   * console.log(await runtime.cancel({ where: stale, reason: 'too old' })) // prints { cancelled: 1 }
   * ```
   */
  cancel(options?: CancelOptions & ToWhere) {
    return this.#all.cancel(options)
  }

  /** Executions in flight whose snapshot does not fit their entry point's program as it is defined now, each with the reason. */
  async *misfits(): AsyncGenerator<{ readonly id: string; readonly entryPoint: string; readonly reason: string }, void> {
    await this.#source.parts().supervisor.open()
    yield* this.#source.parts().supervisor.streams.misfits()
  }

  async #opened(): Promise<SnapshotStore> {
    const { supervisor } = this.#source.parts()
    await supervisor.open()
    return supervisor.settings.store
  }

  #now(): number {
    return this.#source.parts().supervisor.settings.clock.now()
  }

  get #all(): CommandScope {
    return this.#scope({
      kind: 'runtime',
      name: 'the runtime',
      entryPoints: () => this.#source.parts().supervisor.entryPointIds,
    })
  }

  #scope(scope: Scope): CommandScope {
    return commandScope(() => this.#source.parts(), scope)
  }

  /** Answers a request: what `fetch` does. `id`: of the execution that it starts first, if it starts one. */
  protected answer(request: Request, id?: string): Promise<Response> {
    return this.#http.answer(request, id)
  }

  /** What the handles that are given out stand on. */
  protected get handlePort(): HandlePort {
    const { supervisor, router } = this.#source.parts()
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
      stream: (id, options) => supervisor.streamReaders.follow(id, options),
      fork: (id, options) => forkExecution(supervisor, id, options, (...request) => this.#source.admit(...request)),
    }
  }
}

function checkedId(id: string, what: string): string {
  if (isId(id)) return id
  throw new StatewardError('invalid_id', `${JSON.stringify(id)} is no ${what} id.`, { details: { id: String(id) } })
}
