/**
 * The real runtime in a simulated world: time, ids and steps in the hands of a test, processes that can be killed.
 *
 * Owns: which supervisor the calls go to, and that a call outlives the process that it was made to. Everything that an
 * execution goes through is done by the same actors, commits and codec as in production.
 */
import type { AnyActorLogic, InputFrom, OutputFrom } from 'xstate'
import { StatewardError } from '../../errors.js'
import type { ExecutionList } from '../../actors/execution/execution-page.js'
import type { WaitForOptions, WaitForOutcome } from '../../events/event-wait.js'
import type { PublishOptions, PublishOutcome } from '../../events/publication.js'
import type { EventFilter } from '../../events/event-filter.js'
import type { ExecutionFilter, ExecutionWhere } from '../../events/execution-filter.js'
import type { RuntimeEvent } from '../../events/runtime-event.js'
import type { CommandScope } from '../../runtime/command-scope.js'
import type { EntryPoint } from '../../runtime/entry-point.js'
import type { AddOutcome, RemoveOutcome, SendOutcome } from '../../events/outcomes.js'
import type { By, CancelOptions, PauseOptions, SendTarget, ToWhere } from '../../events/requests.js'
import type { ExecutionHandle, HandlePort } from '../../runtime/execution-handle.js'
import type { IdSource } from '../../ids.js'
import { memoryStore } from '../../persistence/memory/memory-store.js'
import type { SnapshotStore } from '../../persistence/snapshot-store.js'
import type { ProgramOf, TriggerArguments } from '../../runtime/known-programs.js'
import type { SentEvent } from '../../runtime/runtime-calls.js'
import { Runtime, type StopOptions } from '../../runtime/runtime.js'
import { SimulatedClock } from '../clock/simulated-clock.js'
import type { ActorName, NamedLogic } from './actor-names.js'
import { AddedEntryPoints } from './added-entry-points.js'
import { Receipts } from './receipts.js'
import type { HeldStep, HoldOptions } from './held-step.js'
import type { History } from './history.js'
import type { MockBehaviour } from './mock-behaviour.js'
import type { SurvivingCalls } from './surviving-calls.js'
import { beginProcess } from './process.js'
import { Processes } from './processes.js'
import { shortText } from './readable.js'
import { seededIds } from './seeded-ids.js'
import { SharedStore } from './shared-store.js'
import type { StepCall } from './step-calls.js'
import { survivingPort } from './surviving-port.js'
import { survivingScope } from './surviving-scope.js'
import type { TestRuntimeOptions } from './test-runtime-options.js'
import { waitingText } from './waiting-text.js'
import { World, type Watch } from './world.js'

type Behaviour<TLogic> = MockBehaviour<InputFrom<TLogic>, OutputFrom<TLogic>>
type Held<TLogic> = HeldStep<InputFrom<TLogic>, OutputFrom<TLogic>>

const runtimes = new WeakMap<object, TestRuntime>()
const namesByRuntime = new WeakMap<object, ReadonlySet<string>>()
/** The runtime that gave a handle out, if it was a test runtime. */
export const testRuntimeOf = (handle: object): TestRuntime | undefined => runtimes.get(handle)
/** The names of all actors of its programs. */
export const actorNamesOf = (handle: object) => namesByRuntime.get(testRuntimeOf(handle) ?? handle)

/**
 * A runtime whose time stands still until a test lets it pass.
 *
 * What is awaited of a handle lets time pass as far as it must; rejects with `stuck` where that would be in vain.
 */
export class TestRuntime<TEntryPoints extends readonly EntryPoint[] = readonly EntryPoint[]> extends Runtime<TEntryPoints> {
  readonly clock: SimulatedClock
  readonly store: SnapshotStore
  /** Whether its store is opened for each process. */
  readonly #opens: boolean
  readonly #world: World
  readonly #shared: SharedStore
  readonly #receipts = new Receipts()
  readonly #ids: IdSource
  readonly #processes: Processes
  readonly #entryPoints: AddedEntryPoints

  constructor(options: TestRuntimeOptions<TEntryPoints>, watch: Watch = {}) {
    const own = {} as { processes: Processes }
    const current = () => own.processes.current.source
    super({ actor: () => current().actor(), parts: () => current().parts(), begin: () => current().begin() })
    const { store = memoryStore(), seed, now, clock, ...rest } = options
    this.#opens = typeof store === 'function'
    this.#ids = seededIds(seed, store)
    this.clock = clock ?? new SimulatedClock(now)
    this.#shared = new SharedStore(store)
    this.store = this.#shared.connect()
    const changes = (this.#entryPoints = new AddedEntryPoints(options.entryPoints))
    let made: readonly EntryPoint[] | undefined
    const entryPoints = () => changes.over((made = made && watch.fresh ? watch.fresh() : options.entryPoints))
    const world = new World({
      clock: this.clock,
      names: changes.names,
      describe: () => waitingText(this.store, world.life.isDead),
      isDue: async () => (await this.store.nextDue(this.entryPoints.map(({ id }) => id))) !== null,
      ...watch,
    })
    this.#world = world
    namesByRuntime.set(this, world.names)
    this.#processes = own.processes = new Processes({
      world,
      make: () =>
        beginProcess(
          { ...rest, entryPoints: entryPoints() },
          { life: world.life, world, shared: this.#shared, receipts: this.#receipts, ids: this.#ids },
        ),
      start: () => Promise.all([this.store.open(), super.start()]).then(() => undefined),
      // what a process that is killed meanwhile does not come to, time does not pass for
      stop: () => world.time.until(Promise.race([super.stop(), world.life.death])),
    })
  }

  /**
   * Replaces what the actors of that name do, in every program; by a behaviour (a function like a step's), by several (for
   * the first call, the second, …; the last for all further ones), or by actor logic. The options of a `fromStep` stay.
   *
   * Errors: `invalid_option` for a name that no program knows.
   *
   * @example
   * ```ts
   * const world = createTestRuntime({ entryPoints: [payments] })
   * world.mock('charge', fails('the bank is closed'), ({ input }) => `${input} charged`)
   * const payment = await world.trigger('payments', { amount: 42 })
   * console.log(await payment.result()) // prints { status: 'completed', output: '42 charged' }
   * console.log(world.calls.map(({ status }) => status)) // prints [ 'failed', 'done' ]
   * await world.stop()
   * ```
   */
  mock<TName extends ActorName<TEntryPoints>>(
    name: TName,
    behaviour: Behaviour<NamedLogic<TEntryPoints, TName>> | AnyActorLogic,
    ...further: readonly Behaviour<NamedLogic<TEntryPoints, TName>>[]
  ): void {
    this.#world.mock(name, behaviour as MockBehaviour, further as readonly MockBehaviour[])
  }

  /** The actors of that name do nothing until the test says so. Errors: `invalid_option`. */
  hold<TName extends ActorName<TEntryPoints>>(name: TName, options?: HoldOptions): Held<NamedLogic<TEntryPoints, TName>> {
    return this.#world.hold(name, options) as never
  }

  /** Every attempt of every step so far, over all processes, in the order in which they began. */
  get calls(): readonly StepCall[] {
    return this.#world.calls.all
  }

  /** What happened so far, to one execution or to all. */
  history(execution?: string | { readonly id: string }): History {
    const { history } = this.#world
    return execution === undefined ? history : history.of(typeof execution === 'string' ? execution : execution.id)
  }

  /** Resolves when nothing moves any more but time. */
  settle(): Promise<void> {
    return this.#world.time.settle()
  }

  /** Lets so many ms pass. Errors: `invalid_option`. */
  async advance(ms: number): Promise<void> {
    await this.advanceTo(this.clock.in(ms))
  }

  /** Lets time pass until then. Errors: `invalid_option` for a time that has passed. */
  advanceTo(time: number | Date): Promise<void> {
    return this.#world.time.advanceTo(time)
  }

  /** Lets time pass until nothing is due any more. Errors: `endless_loop` after `limit` instants (default 100,000); `invalid_option`. */
  runToIdle({ limit }: { readonly limit?: number } = {}): Promise<void> {
    return this.#world.time.runToIdle(limit)
  }

  /** Lets time pass until a promise is settled. Errors: `stuck` if nothing is left that could settle it. */
  until<T>(promise: Promise<T>): Promise<T> {
    return this.#world.time.until(promise)
  }

  /** Begins; joined by every call that needs it, so that a test need not. Errors: those of a runtime. */
  override start(): Promise<void> {
    return this.#processes.start()
  }

  /**
   * The process dies as by `kill -9`: nothing that was not committed is left, nothing that it had begun goes on. Calls to it
   * wait for `restart`. A step's own code can't be killed: it may go on, but nothing that it says is heard.
   */
  crash(): void {
    this.#processes.crash()
  }

  /** Another process begins on the same store. */
  restart(): Promise<void> {
    return this.#processes.restart()
  }

  /** A deploy: the process stops as it should, and another one begins on the same store. Calls go on with that one. */
  redeploy(): Promise<void> {
    return this.#processes.replace()
  }

  /** An execution that waits leaves memory now, once all is quiet, rather than after `passivateAfter`; whatever comes for it brings it back. */
  async passivate(execution: ExecutionHandle | string): Promise<void> {
    const id = typeof execution === 'string' ? execution : execution.id
    const left = this.#processes.passivate(id)
    this.#survivingCalls.after(left)
    await left
  }

  /** As that of a runtime; closes what a `store` function has opened. */
  override async stop(options?: StopOptions): Promise<void> {
    if (this.#processes.isDead) this.#survivingCalls.over()
    else if (this.#processes.isUp) await this.#survivingCalls.timed(() => super.stop(options))
    if (this.#opens) await this.#shared.close()
  }

  override drain(): Promise<void> {
    return this.#survivingCalls.timed(() => super.drain())
  }

  override async trigger<const TId extends TEntryPoints[number]['id']>(
    entryPoint: TId,
    ...[input, options]: TriggerArguments<TEntryPoints, TId>
  ): Promise<ExecutionHandle<ProgramOf<TEntryPoints, TId>>> {
    // known before it is accepted, so that the same one can be asked for again
    const id = options?.id ?? this.#ids.execution(this.clock.now())
    this.#world.tell(id, `trigger of ${entryPoint}${input === undefined ? '' : ` with ${shortText(input)}`}`)
    const handle = await this.#survivingCalls.surviving(async (again) => {
      if (again && !options?.idempotencyKey && (await this.store.load(id))) return this.execution(id)
      return super.trigger(entryPoint, ...([input, { ...options, id }] as never))
    })
    return this.#own(handle) as ExecutionHandle<ProgramOf<TEntryPoints, TId>>
  }

  protected override sendBy(
    to: SendTarget,
    event: SentEvent,
    deliver: (id: string, payload: string) => Promise<SendOutcome>,
  ): Promise<Readonly<Record<string, number>>> {
    // who was sent the event before the process died gets it once
    const sent = new Map<string, Promise<SendOutcome>>()
    const once = (id: string, payload: string) => {
      const answer = sent.get(id) ?? deliver(id, payload)
      sent.set(id, answer)
      return answer
    }
    return this.#survivingCalls.surviving(() => super.sendBy(to, event, once))
  }

  override waitFor(filter: Omit<EventFilter, 'since' | 'signal'>, options: WaitForOptions = {}): Promise<WaitForOutcome> {
    // known before the process may die, so that the next one misses none
    const from =
      options.timeout === 0 || options.since !== undefined ? options.since : this.store.open().then(() => this.store.lastSeq())
    return this.#survivingCalls.timed(async () => super.waitFor(filter, { ...options, since: await from }))
  }

  override publish(type: string, data?: unknown, options?: PublishOptions): Promise<PublishOutcome> {
    // known before it is written, so that it can be published again
    const id = options?.id ?? this.#ids.key()
    return this.#survivingCalls.surviving(async (again) => {
      const outcome = await super.publish(type, data, { ...options, id })
      return again && options?.id === undefined ? { ...outcome, status: 'published' } : outcome
    })
  }

  /** As a sender does: what gets no answer, or is to come again since the process stops, is delivered again. */
  protected override answer(request: Request): Promise<Response> {
    // known before it is accepted, so that it is the same one whichever try starts it
    const id = this.#ids.execution(this.clock.now())
    return this.#survivingCalls.surviving(async () => {
      const response = await super.answer(request.clone(), id)
      const { isDead, isLeaving } = this.#world.life
      if (response.status === 503 && (isDead || isLeaving)) throw new StatewardError('stopping', 'The process stops.')
      return response
    })
  }

  override execution<TProgram extends AnyActorLogic = AnyActorLogic>(id: string): ExecutionHandle<TProgram> {
    return this.#own(super.execution<TProgram>(id))
  }

  override executions(filter?: ExecutionFilter): Promise<ExecutionList> {
    return this.#survivingCalls.surviving(() => super.executions(filter))
  }

  override count(where?: ExecutionWhere): Promise<number> {
    return this.#survivingCalls.surviving(() => super.count(where))
  }

  override stream(entryPoint: TEntryPoints[number]['id']): CommandScope {
    return survivingScope(entryPoint, super.stream(entryPoint), { world: this.#world, survivingCalls: this.#survivingCalls })
  }

  override group(name: string): CommandScope {
    return survivingScope(`the group ${name}`, super.group(name), { world: this.#world, survivingCalls: this.#survivingCalls })
  }

  protected override addAll(entryPoints: readonly EntryPoint[]): Promise<AddOutcome> {
    return this.#survivingCalls.timed(async (again) => {
      // what is no definition is refused by the runtime itself
      const own = (each: EntryPoint) => (typeof each?.hash === 'string' ? this.#processes.current.entryPoint(each) : each)
      const outcome = await super.addAll(entryPoints.map(own))
      this.#entryPoints.add(entryPoints)
      return again ? { ...outcome, status: 'added' } : outcome
    })
  }

  protected override removeAll(isMeant: (id: string) => boolean, drain: number): Promise<RemoveOutcome> {
    return this.#survivingCalls.timed(async () => {
      const outcome = await super.removeAll(isMeant, drain)
      if (outcome.status === 'removed') this.#entryPoints.remove(outcome.entryPoints)
      return outcome
    })
  }

  override pause(options?: PauseOptions & ToWhere) {
    return this.#all.pause(options)
  }

  override resume(options?: By & ToWhere) {
    return this.#all.resume(options)
  }

  override cancel(options?: CancelOptions & ToWhere) {
    return this.#all.cancel(options)
  }

  get #all(): CommandScope {
    const scope: CommandScope = {
      pause: (options) => super.pause(options),
      resume: (options) => super.resume(options),
      cancel: (options) => super.cancel(options),
    }
    return survivingScope('the runtime', scope, { world: this.#world, survivingCalls: this.#survivingCalls })
  }

  override events(filter: EventFilter = {}): AsyncGenerator<RuntimeEvent, void> {
    return this.#survivingCalls.events(
      filter,
      () => this.store.lastSeq(),
      (rest) => super.events(rest),
    )
  }

  protected override get handlePort(): HandlePort {
    return survivingPort(() => super.handlePort, {
      world: this.#world,
      receipts: this.#receipts,
      ids: this.#ids,
      storage: () => this.store.open().then(() => this),
      survivingCalls: this.#survivingCalls,
    })
  }

  #own<T extends ExecutionHandle>(handle: T): T {
    runtimes.set(handle, this as unknown as TestRuntime)
    return handle
  }

  get #survivingCalls(): SurvivingCalls {
    return this.#processes.survivingCalls
  }
}

/**
 * Makes a test runtime: the real one, on a store in memory unless told otherwise, in simulated time.
 *
 * Errors: those of `createRuntime`.
 *
 * @example
 * ```ts
 * const world = createTestRuntime({ entryPoints: [tickets] })
 * const ticket = await world.trigger('tickets', { id: 7 })
 * await world.advance(30 * 24 * 3_600_000) // a month goes by at once
 * await ticket.send({ type: 'APPROVE' })
 * console.log(await ticket.result()) // prints { status: 'completed', output: 'approved 7' }
 * await world.stop()
 * ```
 */
export function createTestRuntime<const TEntryPoints extends readonly EntryPoint[]>(
  options: TestRuntimeOptions<TEntryPoints>,
): TestRuntime<TEntryPoints> {
  return new TestRuntime(options)
}
