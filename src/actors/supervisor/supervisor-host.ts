/**
 * Hosts the streams of one runtime on one store.
 *
 * Owns: start and stop (all or nothing, bounded, joined by concurrent callers), the lease, and the streams.
 * `restart-plan.ts` decides which streams restart when one fails; `poll-loop.ts` finds the changes of other processes.
 * Talks to: the streams below; `command-router.ts` carries commands to the owner of an execution.
 * Longer than others because it puts the parts of a runtime together, and all of them begin and end with it.
 */
import type { AnyActorRef } from 'xstate'
import { backoffDelay } from '../../backoff.js'
import { StatewardError, toErrorRecord } from '../../errors.js'
import { isTerminal, type ExecutionStatus } from '../../events/execution-status.js'
import type { ExecutionOutcome } from '../../events/outcomes.js'
import { GroupCommit } from '../../persistence/group-commit.js'
import type { StoredExecution } from '../../persistence/snapshot-store.js'
import type { LastCommit } from '../execution/commit-draft.js'
import { unroutedChildren, type ChildPort } from '../program/child-port.js'
import type { Gatherings } from '../gathering/gatherings.js'
import { Admissions } from './admissions.js'
import { CommitWatch } from './commit-watch.js'
import { EntryPointChanges } from './entry-point-changes.js'
import { giveBackOne, giveBackStored } from './given-back.js'
import { Deadline } from './deadline.js'
import { Deadlocks } from './deadlocks.js'
import type { ExecutionHost } from '../execution/execution-host.js'
import { storedOutcome } from '../execution/execution-record.js'
import { JournalFeed } from './journal-feed.js'
import { Memberships } from '../cluster/memberships.js'
import { Moves, settled } from './moves.js'
import { Publications } from './publications.js'
import { Registry } from './live-view.js'
import { beingRemoved, streamDown, unknownEntryPoint } from './refusals.js'
import { ResultWaiters } from '../cluster/result-waiters.js'
import type { Service } from './service.js'
import { ConcurrencySlots } from '../stream/concurrency-slots.js'
import { StepStreams } from '../program/step-streams.js'
import { StreamReaders } from './stream-readers.js'
import { StepBodies } from '../program/step-bodies.js'
import { strangersIn, tellStrangers } from '../cluster/strangers.js'
import { LeftEvents } from '../execution/left-events.js'
import { Loads } from '../execution/loads.js'
import { unroutedTriggers, type TriggerCalls } from '../trigger/trigger-calls.js'
import { StreamHost } from '../stream/stream-host.js'
import type { StreamPort } from '../stream/stream-port.js'
import { StreamRestarts } from './stream-restarts.js'
import type { StreamDefinition } from '../stream/stream-definition.js'
import { StreamSet } from './stream-set.js'
import { Suspects } from '../execution/suspects.js'
import { SupervisorPhase, type PhaseName } from './supervisor-phase.js'
import { supervisorSettings, type SupervisorOptions, type SupervisorSettings } from './supervisor-options.js'

/** One supervisor. */
export class SupervisorHost {
  readonly settings: SupervisorSettings
  readonly registry: Registry
  readonly results = new ResultWaiters()
  readonly feed: JournalFeed
  readonly publications: Publications
  readonly commits: GroupCommit
  readonly streams: StreamSet
  readonly admissions = new Admissions()
  /** Adds and removes entry points. */
  readonly changes: EntryPointChanges
  readonly leftEvents = new LeftEvents()
  readonly watch = new CommitWatch()
  /** Set by the router. */
  children: ChildPort = unroutedChildren
  /** Set by the router. */
  gatherings: Pick<Gatherings, 'admit'> = { admit: () => undefined }
  /** Set by the router. */
  triggers: TriggerCalls = unroutedTriggers
  /** What acts beside the streams; set by who makes the supervisor. */
  readonly services: Service[] = []
  /** Resolves once it was stopped, for good. */
  readonly closed: Promise<void>
  readonly #setClosed: () => void
  readonly #memberships: Memberships
  readonly #slots: ConcurrencySlots
  readonly #suspects: Suspects
  readonly #bodies = new StepBodies()
  readonly #loads = new Loads()
  readonly #stepStreams: StepStreams
  /** Those who follow what steps say while they run. */
  readonly streamReaders = new StreamReaders(this)
  readonly #restarts: StreamRestarts
  readonly #deadlocks: Deadlocks
  #ref: AnyActorRef | undefined
  readonly #phase = new SupervisorPhase()
  #starting: Promise<void> | undefined
  #stopping: Promise<void> | undefined
  #opened: Promise<void> | undefined
  readonly #moves = new Moves()
  #deadline: Deadline | undefined

  constructor(options: SupervisorOptions) {
    this.settings = supervisorSettings(options)
    let setClosed = () => undefined as void
    this.closed = new Promise((resolve) => (setClosed = resolve))
    this.#setClosed = setClosed
    this.registry = new Registry(this.settings.logger)
    const { store, clock, ids, maxConcurrent, pollInterval } = this.settings
    const healthy = (error: unknown) => this.registry.healthy(error ? toErrorRecord(error) : null)
    const isOwner = () => this.#memberships.current.holds()
    this.feed = new JournalFeed(store, clock, pollInterval)
    this.commits = new GroupCommit(store, healthy, isOwner, this.feed)
    this.publications = new Publications({
      store,
      clock,
      ids,
      open: () => this.open(),
      journal: this.feed,
    })
    this.#stepStreams = new StepStreams({ store, clock, appended: (id) => this.streamReaders.wake(id) })
    this.#slots = new ConcurrencySlots(maxConcurrent)
    this.#suspects = new Suspects(clock)
    this.streams = new StreamSet(
      {
        store,
        loads: this.#loads,
        make: (definition, pause, ready) => new StreamHost(definition, this.#streamPort(ready), this.#ref as AnyActorRef, pause),
        homeless: (stored) => void this.#giveBackHomeless(stored),
        unreadable: ({ id }, error) => {
          // the execution is kept as it is, and reported
          this.settings.logger('execution', id, 'could not be taken up', error)
          this.registry.healthy(toErrorRecord(error))
        },
      },
      this.settings.entryPoints,
    )
    this.#restarts = new StreamRestarts({
      settings: this.settings,
      streams: this.streams,
      isUp: () => this.#phase.isUp,
      owner: () => this.owner,
      gaveUp: (error) => {
        this.#phase.failure = error
        this.#ref?.send({ type: 'supervisor.failed', error: toErrorRecord(error) })
      },
    })
    this.#deadlocks = new Deadlocks({
      store,
      maxConcurrent,
      streams: () => this.streams.all,
      owner: () => this.owner,
      live: (id) => this.live(id),
      hasOthers: () => this.#memberships.current.hasOthers,
      tell: (deadlocks) => this.registry.deadlocked(deadlocks),
      failed: (error) => this.settings.logger('looking for deadlocks failed', error),
    })
    this.#memberships = this.#newMemberships()
    this.changes = new EntryPointChanges({
      settings: this.settings,
      streams: this.streams,
      phase: this.#phase,
      moves: this.#moves,
      starting: () => this.#starting?.catch(() => undefined) ?? Promise.resolve(),
      certain: () => this.certain(),
      counts: () => store.counts(),
      added: (of, counts) => this.registry.added(counts, of),
      takeUp: (of) => this.#takeUp(of),
      giveBackStored: (id, asOf) => giveBackStored(this.#givenBackPort, id, asOf),
      removed: (id) => {
        this.registry.removed(id)
        this.#memberships.current.forget(id)
      },
      changed: () => this.#showEntryPoints(),
    })
    this.settings.clock.onJump((by) => by < 0 && this.streams.retime())
  }

  get owner(): string {
    return this.#memberships.current.key
  }

  get phase(): PhaseName {
    return this.#phase.name
  }

  /** True from the call of `start` until that of `stop`. */
  get isBegun(): boolean {
    return this.#phase.isBegun
  }

  /** The reason why the supervisor gave up, if it did. */
  get failure(): unknown {
    return this.#phase.failure
  }

  /** Those that serve, and those that are being removed. */
  get entryPointIds(): string[] {
    return this.settings.entryPoints.all.map(({ id }) => id)
  }

  /** Opens the store, for queries and for commands to other processes. Rejects with `already_stopped` once it was stopped. */
  open(): Promise<void> {
    if (this.phase === 'stopped') return Promise.reject(this.#phase.refusal)
    this.#opened ??= this.settings.store.open().catch((error: unknown) => {
      this.#opened = undefined
      throw error
    })
    return this.#opened
  }

  /** Throws `already_stopped` from the call of `stop` on. */
  refuseStopped(): void {
    if (this.#phase.isOver) throw this.#phase.refusal
  }

  /** Starts every stream and takes up the stored executions; if that fails, everything that was started is stopped again. */
  start(ref: AnyActorRef): Promise<void> {
    if (this.#phase.isOver) {
      return Promise.reject(new StatewardError('already_stopped', 'This runtime was stopped; make a new one to start again.'))
    }
    this.#ref = ref
    this.#starting ??= this.#start().catch(async (error: unknown) => {
      this.#starting = undefined
      await this.#rollBack(error)
      this.#phase.enter('idle')
      throw error
    })
    return this.#starting
  }

  /** Accepts nothing more and resolves once nothing is running, nor queued where it could start; waiting and paused executions stay as they are. */
  async drain(): Promise<void> {
    // at once if it runs: triggers are refused from now on
    if (this.phase !== 'running') await this.#starting
    if (this.phase === 'running') this.#phase.enter('draining')
    for (const stream of this.streams.all) stream.ref.send({ type: 'stream.drain' })
    await this.#moves.until(() => !this.streams.all.some((stream) => stream.isBusy))
    this.registry.publishDue()
  }

  /** Gives everything back to the store, within `shutdownTimeout`; running executions go on at the next start. What is in flight may take `grace` ms to end before. */
  stop(grace = 0): Promise<void> {
    this.#stopping ??= this.#stop(grace).finally(this.#setClosed)
    return this.#stopping
  }

  /** The stream of an entry point that accepts executions. Throws `draining`, and what `streamFor` throws. */
  acceptingStream(entryPoint: string): StreamHost {
    this.checkAccepting(entryPoint)
    return this.streamFor(entryPoint)
  }

  /** The stream of an entry point, also while it drains or is being removed. Throws `unknown_entry_point`, `not_started`, `already_stopped`, `stream_down`. */
  streamFor(entryPoint: string): StreamHost {
    const definition = this.definitionOf(entryPoint)
    this.#phase.checkBegun()
    const stream = this.streams.get(entryPoint)
    if (stream) return stream
    throw this.phase === 'starting' ? this.#phase.refusal : streamDown(definition)
  }

  /** Throws `unknown_entry_point`, `not_started`, `draining`, `already_stopped`. */
  checkAccepting(entryPoint: string): void {
    this.definitionOf(entryPoint)
    this.#phase.checkAccepting()
    if (this.settings.entryPoints.isLeaving(entryPoint)) throw beingRemoved(entryPoint)
  }

  /** Throws `unknown_entry_point`. */
  definitionOf(entryPoint: string): StreamDefinition {
    const definition = this.settings.entryPoints.get(entryPoint)
    if (!definition) throw unknownEntryPoint(entryPoint, this.entryPointIds)
    return definition
  }

  /** Resolves once it is certain that this process may accept executions (its lease holds); undefined: it is certain now. */
  certain(): Promise<void> | undefined {
    return this.#memberships.certain()
  }

  /** True if this process takes up executions of that entry point. */
  runs(entryPoint: string): boolean {
    return this.#phase.isUp && this.settings.entryPoints.serves(entryPoint)
  }

  /** The execution, if this process has it in memory. */
  live(id: string): ExecutionHost | undefined {
    return this.streams.live(id)
  }

  /** Claims an execution that nobody owns and takes it into memory; undefined if the claim failed. */
  async claim(stored: Pick<StoredExecution, 'id' | 'entryPoint'>): Promise<ExecutionHost | undefined> {
    if (!this.streams.get(stored.entryPoint) || !this.runs(stored.entryPoint)) return undefined
    return this.#loads.during(async (load) => {
      const claimed = await this.#memberships.current.claim(stored)
      return claimed && this.streams.take(claimed, 'claimed', load)
    })
  }

  /**
   * Takes an execution up that this process holds and has not in memory, since it could not be read: it may have been
   * mended. False: its stream is not there, or the runtime stops. Throws `corrupt`, `unknown_format`, unless it is taken `into`
   * all streams.
   */
  takeOwn(known: StoredExecution, into?: Pick<StreamHost, 'take'>): Promise<boolean> {
    return this.#loads.during(async (load) => {
      const stored = await this.settings.store.load(known.id)
      const stream = this.streams.get(known.entryPoint)
      // executions that a stopping runtime did not give back are for the next one
      if (!stream || stream.isClosed || !this.#phase.isUp) return false
      // an execution that moved meanwhile was in memory, and must be looked up again
      const isSame = stored?.owner === this.owner && stored.revision === known.revision
      if (isSame && !stream.executions.has(known.id) && !stream.reloading(known.id))
        (into ?? stream).take(stored, 'recovered', load)
      return true
    })
  }

  async #start(): Promise<void> {
    const { store } = this.settings
    this.#phase.enter('starting')
    await this.open()
    this.settings.clock.watch()
    await this.#memberships.current.register()
    const counts = await store.counts()
    this.registry.count(counts, this.entryPointIds)
    await tellStrangers(store, strangersIn(counts, this.entryPointIds), this.owner, this.settings.logger)
    await this.streams.open()
    this.#phase.enter('running')
    this.#showEntryPoints()
    await this.#memberships.current.takeUp()
    for (const service of this.services) await service.start()
  }

  async #rollBack(error: unknown): Promise<void> {
    for (const service of this.services) service.stop()
    this.settings.clock.close()
    this.#memberships.current.quiesce()
    const asDead = this.#isGuarded
    this.streams.dropAll(error)
    await this.#memberships.current
      .leave({ asDead })
      .catch((cause: unknown) => this.settings.logger('the owner could not be retired', cause))
    this.#memberships.replace()
  }

  /** True while a stream has an execution that was not given back and whose next owner may have to ask a person (`onRecovery`). */
  get #isGuarded(): boolean {
    return this.streams.all.some(({ isGuarded }) => isGuarded)
  }

  async #stop(grace: number): Promise<void> {
    // at once: calls are refused from now on
    if (this.#phase.isUp) this.#phase.enter('stopping')
    await this.#starting?.catch(() => undefined)
    if (this.phase === 'idle') {
      this.#phase.enter('stopping')
      await this.#written()
      this.#phase.enter('stopped')
      return this.#close()
    }
    this.#phase.enter('stopping')
    for (const service of this.services) service.stop()
    this.settings.clock.glance()
    if (grace > 0) await settled(this.settings.clock, grace, this.#memberships.current, this.streams.all, this.#moves)
    this.#memberships.current.quiesce()
    await this.#bound('giving executions back', this.streams.giveBack())
    const asDead = this.#isGuarded
    this.streams.dropAll(new StatewardError('already_stopped', 'The runtime was stopped.'))
    await this.#bound('retiring the owner', this.#memberships.current.leave({ asDead }))
    await this.#written()
    this.#phase.enter('stopped')
    await this.#close()
  }

  async #written(): Promise<void> {
    if (this.publications.isPending) await this.#bound('writing what was published', this.publications.settled())
  }

  async #close(): Promise<void> {
    if (this.#opened) await this.#bound('telling who follows the journal of its last events', this.feed.close())
    this.settings.clock.close()
    this.#bodies.close()
    const stopped = new StatewardError('already_stopped', 'The runtime was stopped; the execution may go on elsewhere.')
    this.results.failAll(stopped)
    this.watch.failAll(stopped)
    if (this.#opened)
      await this.#bound('telling who follows the streams of steps what they have said', this.streamReaders.close())
    if (this.#opened) await this.#bound('closing the store', this.settings.store.close())
  }

  /** A store that hangs or fails does not delay the stop: executions that were not given back go on from their last commit. */
  async #bound(what: string, work: Promise<unknown>): Promise<void> {
    const { clock, shutdownTimeout, logger } = this.settings
    this.#deadline ??= new Deadline(clock, shutdownTimeout)
    await this.#deadline.bound(work).catch((error: unknown) => logger(what, 'failed while the runtime stopped', error))
  }

  /** To the supervisor's actor, for inspectors. */
  #showEntryPoints(): void {
    const ref = this.#ref
    if (ref && this.#phase.isBegun && (ref.getSnapshot() as { status: string }).status === 'active')
      ref.send({ type: 'supervisor.entry_points', entryPoints: this.entryPointIds })
  }

  async #takeUp(entryPoints: readonly string[]): Promise<void> {
    // what a removal could not give back is still owned here
    await this.#loads.during(async (load) => {
      for (const id of entryPoints)
        for await (const stored of this.streams.held(this.owner, id))
          if (!this.live(stored.id)) this.streams.take(stored, 'recovered', load)
    })
    await this.#memberships.current.takeUpMore()
  }

  get #givenBackPort() {
    return {
      store: this.settings.store,
      owner: () => this.owner,
      held: (owner: string, entryPoint: string) => this.streams.held(owner, entryPoint),
    }
  }

  /** Gives back what was claimed for an entry point that was removed meanwhile. */
  async #giveBackHomeless({ id }: StoredExecution): Promise<void> {
    const { store, clock, ids, logger } = this.settings
    for (let attempt = 1; this.#phase.isUp; attempt++) {
      try {
        const stored = await store.load(id)
        if (stored?.owner !== this.owner) return
        // it may have been added again since
        if (this.settings.entryPoints.serves(stored.entryPoint)) await this.takeOwn(stored, this.streams)
        else await giveBackOne(store, stored, null)
        return
      } catch (error) {
        logger('execution', id, 'could not be given back yet', error)
        await new Promise<void>((resolve) => clock.setTimeout(resolve, backoffDelay({ max: 5_000 }, attempt, ids.random)))
      }
    }
  }

  #streamPort(ready?: Promise<void>): StreamPort {
    const { store, clock, ids, logger } = this.settings
    return {
      store,
      clock,
      ids,
      logger,
      commits: this.commits,
      slots: this.#slots,
      suspects: this.#suspects,
      loads: this.#loads,
      leftEvents: this.leftEvents,
      triggers: this.triggers,
      programs: {
        bodies: this.#bodies,
        streams: this.#stepStreams,
        children: this.children,
        isOwner: () => this.#memberships.current.holds(),
      },
      owner: this.owner,
      committed: (...args) => this.committed(...args),
      left: () => this.#moves.happened(),
      tooLate: (stored) => void this.#giveBackHomeless(stored),
      takenAway: (...args) => this.registry.takenAway(...args),
      hasOthers: () => this.#memberships.current.hasOthers,
      followPauses: () => this.streams.followPauses(),
      running: () => ready ?? this.#starting ?? Promise.resolve(),
      admits: (...args) => this.services.forEach((service) => service.admits(...args)),
      triggered: (entryPoint, health) => {
        if (this.settings.entryPoints.get(entryPoint)) this.registry.triggered(entryPoint, health)
      },
    }
  }

  #newMemberships(): Memberships {
    return new Memberships(this.settings, {
      results: this.results,
      isUp: () => this.#phase.isUp,
      live: (id) => this.live(id),
      followPauses: () => this.streams.followPauses(),
      loads: this.#loads,
      taken: (stored, how, load) => void this.streams.take(stored, how, load),
      retake: () => this.#retake(),
      freeSlots: (entryPoint) => (this.phase === 'running' ? (this.streams.get(entryPoint)?.freeSlots ?? 0) : 0),
      checkQueues: () => this.streams.checkQueues(),
      askForPlaces: () => this.streams.all.forEach((stream) => stream.flow?.poll()),
      findDeadlocks: () => this.#deadlocks.poll(),
      whileTakingOver: (work) => this.#suspects.whileTakingOver(work),
      drop: (error) => this.streams.dropAll(error),
      open: () => this.streams.open(),
      degraded: (error) => this.registry.healthy(toErrorRecord(error)),
    })
  }

  async #retake(): Promise<void> {
    for await (const stored of this.streams.held(this.owner)) {
      if (this.live(stored.id)) continue
      if (this.settings.entryPoints.get(stored.entryPoint)) await this.takeOwn(stored, this.streams)
      else void this.#giveBackHomeless(stored)
    }
  }

  committed(entryPoint: string, before: ExecutionStatus | undefined, commit: LastCommit): void {
    this.registry.committed(entryPoint, before, commit)
    if (isTerminal(commit.status)) this.#memberships.current.ended(entryPoint)
    if (isTerminal(commit.status) && this.results.has(commit.id))
      this.results.settle(commit.id, () => storedOutcome(commit) as ExecutionOutcome)
    if (commit.owner === null && commit.dueAt !== null) this.#memberships.current.wakeAt(commit.dueAt)
    this.#memberships.current.moved(entryPoint)
    this.watch.committed(commit)
    this.streamReaders.wake(commit.id)
    this.feed.wake()
    this.#moves.happened()
    this.#deadlocks.moved()
  }

  /** A stream has failed: restarts what the strategy says, or gives up. */
  streamFailed(id: string, error: unknown): Promise<void> {
    return this.#restarts.failed(id, error)
  }
}
