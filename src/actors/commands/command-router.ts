/**
 * Carries commands and questions to the owner of an execution: this process, another one, or only the store.
 *
 * Owns: finding the owner, taking up an execution that nobody owns, the time that a command may take, and the
 * cascade of commands to children (leaf first). `stored-commands.ts` carries out commands to executions that nobody can take up.
 * Longer than others because the way of a command (the cascade, an inbox, the execution) is one story.
 */
import type { AnyEventObject } from 'xstate'
import { heldUpBy, isHeldUp, isStatewardError, type StatewardError } from '../../errors.js'
import type { Intervention } from '../../events/execution-events.js'
import { isTerminal, liveStatuses, stageOf, statusesThat, type ExecutionStatus } from '../../events/execution-status.js'
import type { Absent, AlreadyFinished, Command, CommandOutcome, ResultOutcome, SendOutcome } from '../../events/outcomes.js'
import { decode, encode } from '../../codec/snapshot-codec.js'
import type { SnapshotStore, StoredExecution } from '../../persistence/snapshot-store.js'
import { BoundedWork, type WorkPlace } from './bounded-work.js'
import { Cascades } from './cascades.js'
import { CommandOrder, fromAbove } from './command-order.js'
import { ChildExecutions, isLeftPaused } from './child-executions.js'
import { Gatherings } from '../gathering/gatherings.js'
import { DirectCommits } from './direct-commits.js'
import type { ExecutionHost } from '../execution/execution-host.js'
import { handle } from '../execution/execution-commands.js'
import type { ExecutionGoal, GoalOptions, GoalOutcome } from '../../events/state-wait.js'
import { reached } from './goal-waits.js'
import { splitState } from '../execution/stored-state.js'
import { resultOf, type ResultOptions } from './execution-results.js'
import { absentFrom } from '../cluster/result-waiters.js'
import { refuseInvalid, type SentEvent } from '../execution/external-event.js'
import { answeredWithin, commandProgress, underWay, withTimeLeft, type CommandProgress, type WithinMany } from './answer-time.js'
import { isOf, type PendingPause } from './pending-pauses.js'
import { RemoteCommands } from './remote-commands.js'
import { ScopeCommands } from './scope-commands.js'
import { SendingOrder } from './sending-order.js'
import { SendsToMany } from './sends-to-many.js'
import { StoredCommands } from './stored-commands.js'
import { pagesOf } from '../../persistence/stored-executions.js'
import type { SupervisorHost } from '../supervisor/supervisor-host.js'
import { triggerCalls } from './trigger-calls.js'
import { unreachedError, type Unreached } from './unreached.js'

/** How many executions one command to many takes into memory at the same time. */
const TAKEN_UP_AT_ONCE = 16

const isFromAbove = ({ type, intervention }: Command) => type === 'cancel' && intervention.scope === 'parent'

/** True if a pause of that scope has stopped the execution, or is about to. Throws `corrupt`. */
function isStoppedBy({ id, status, state }: StoredExecution, scope: Intervention['scope']): boolean {
  return (status === 'paused' || status === 'pausing') && splitState(state, id).lifecycle.context.pause?.scope === scope
}

/** True if the stored state of each execution decides whether the command concerns it. */
const goesByState = (command: Command) => command.type === 'resume' || isFromAbove(command)

/** Where an event was placed. `answer`: of the execution or the inbox; undefined: the event must be routed again. */
interface Placed {
  readonly answer: SendOutcome | Promise<SendOutcome | undefined>
}

/** One command to many. */
interface Walk extends WithinMany {
  answered?(this: void, outcome: CommandOutcome): void
  /** Called before each execution gets the command: true if the command was undone. */
  isTakenBack(this: void): boolean
  /** Resolves with true if the execution was accepted after the command, which then does not concern it; undefined: it was not. */
  isLater?(this: void, id: string): Promise<boolean> | undefined
  /** True for a pause of the children of an execution that is being paused. */
  readonly isCascade?: boolean
}

/** What a command to many means for one execution. `woken`: the execution is resumed instead. */
type Concern = 'told' | 'none' | 'woken' | 'if awaited'

/** The result of a command to many. */
export interface ScopeAnswers {
  /** Answer → how many gave it. */
  readonly counts: Readonly<Record<string, number>>
  readonly unreached: readonly Unreached[]
}

type Held =
  | { readonly by: 'us'; readonly execution: ExecutionHost }
  | { readonly by: 'others' | 'nobody'; readonly stored: StoredExecution }
  | { readonly by: 'store'; readonly answer: Absent | AlreadyFinished; readonly stored?: StoredExecution }

function throwIfAny(error: StatewardError | undefined): void {
  if (error) throw error
}

/** An execution that has ended may stay in memory until its last actions have run. */
function handedTo({ status, delivery }: ExecutionHost, sent: SentEvent): Placed {
  return { answer: isTerminal(status) ? { status: 'already_finished', as: status } : delivery.receive(sent) }
}

/** Routes for one supervisor. */
export class CommandRouter {
  /** For commits that no execution in memory makes. */
  readonly direct: DirectCommits
  /** Pauses and resumes of many. */
  readonly scopes = new ScopeCommands()
  /** Events to many. */
  readonly sends: SendsToMany
  readonly #supervisor: SupervisorHost
  readonly #store: SnapshotStore
  readonly #stored: StoredCommands
  readonly #remote: RemoteCommands
  readonly #sending: SendingOrder
  readonly #children: ChildExecutions
  readonly #cascades = new Cascades()
  readonly #order: CommandOrder

  constructor(supervisor: SupervisorHost) {
    this.#supervisor = supervisor
    this.direct = new DirectCommits(supervisor.settings.store, supervisor.feed)
    this.#stored = new StoredCommands({
      settings: supervisor.settings,
      commits: this.direct,
      owner: () => supervisor.owner,
      runs: (entryPoint) => supervisor.runs(entryPoint),
      committed: ({ entryPoint, status }, commit) => supervisor.committed(entryPoint, status, commit),
    })
    supervisor.gatherings = new Gatherings({
      ...supervisor.settings,
      write: (commit) => this.direct.write(commit),
      written: (before, commit, entryPoint) => {
        const known = supervisor.live(commit.id)
        // what this process has in memory is as it was before
        if (known?.epoch === commit.epoch) known.outdated()
        supervisor.committed(entryPoint, before?.status, commit)
        const isDue = commit.status === 'queued' && (commit.dueAt ?? Infinity) <= supervisor.settings.clock.now()
        const failed = (error: unknown) => supervisor.settings.logger('execution', commit.id, 'could not be taken up yet', error)
        if (isDue) supervisor.claim({ id: commit.id, entryPoint }).catch(failed)
      },
    })
    this.#remote = new RemoteCommands(supervisor.settings, this.#stored)
    this.#store = supervisor.settings.store
    this.sends = new SendsToMany(supervisor)
    this.#sending = new SendingOrder((id) => supervisor.leftEvents.placing(id))
    supervisor.children = this.#children = new ChildExecutions(supervisor, this)
    supervisor.triggers = triggerCalls(supervisor, (...of) => this.command(...of))
    this.#order = new CommandOrder({
      ahead: (...of) => this.#ahead(...of),
      below: (...of) => this.#below(...of),
      // the router may have begun the cascade before the command's time was up
      cascade: (id, command, pause) => this.#cascades.of(id, command) ?? this.#cascade(id, command, { pause }),
      own: (...of) => this.#own(...of),
      wakeLeft: (id) => this.#children.wakeLeft(id),
      load: (id) => this.#store.load(id),
      durable: async (id) => this.#supervisor.live(id)?.nextCommit(),
      // it was stopped with its parent once more
      failedBelow: (id, error) =>
        this.#supervisor.settings.logger('what execution', id, 'has started could not be told yet', error),
    })
  }

  /** An event as it is stored, for that execution, or without an `id` for many. Throws `invalid_event`, `not_storable`. */
  checked(id: string | undefined, event: AnyEventObject): string {
    refuseInvalid(id, event)
    return encode(event, { id: id ?? 'many executions', what: 'event' })
  }

  /** Sends an event; resolves once what it caused, or its place in the inbox, is durable. Throws `invalid_event`, `not_storable`. */
  async send(id: string, event: AnyEventObject): Promise<SendOutcome> {
    return this.deliver(id, this.checked(id, event))
  }

  /** Sends an event in its stored form, after all that were sent from here before. Throws `invalid_event`. */
  async deliver(id: string, payload: string): Promise<SendOutcome> {
    const sent: SentEvent = { payload, event: decode<AnyEventObject>(payload, { id, what: 'event' }) }
    // a `type` that is computed may have been another one before
    refuseInvalid(id, sent.event)
    const n = this.#sending.next()
    for (let isAgain = false; ; isAgain = true) {
      const route = (hasWaited: boolean) => this.#place(id, sent, hasWaited || isAgain)
      const { answer } = await this.#sending.inTurn(id, n, route)
      const outcome = await answer
      if (outcome) return outcome
    }
  }

  /** Places an event: with an execution in memory here, or in the durable inbox. */
  #place(id: string, sent: SentEvent, hasWaited: boolean): Placed | Promise<Placed> {
    const here = this.#supervisor.live(id)
    // earlier events wait there as well, even if the execution leaves memory
    return here ? handedTo(here, sent) : this.#placeElsewhere(id, sent, hasWaited)
  }

  async #placeElsewhere(id: string, sent: SentEvent, hasWaited: boolean): Promise<Placed> {
    for (;;) {
      const held = await this.#find(id, statusesThat('takesEvents'), hasWaited)
      if (held.by === 'store') return { answer: held.answer }
      if (held.by === 'us') return handedTo(held.execution, sent)
      const at = this.#supervisor.settings.clock.now()
      const queued = await this.#store.enqueue({ executionId: id, kind: 'event', payload: sent.payload, at })
      if (queued.status !== 'queued') continue
      // it may have been taken up here meanwhile
      this.#supervisor.live(id)?.delivery.arrived()
      return { answer: { status: 'queued' } }
    }
  }

  /** Carries out a command, and before it (a resume: after it) the same command on the children; all within the command's time. */
  command(id: string, command: Command, many?: WithinMany): Promise<CommandOutcome> {
    const { clock } = this.#supervisor.settings
    clock.glance()
    const progress = commandProgress(clock, command, many)
    const resumed = command.type === 'pause' ? this.#order.pauses.resumesOf(id) : undefined
    return answeredWithin(progress, () => this.#kept(id, command, progress, resumed), this.#order.asked(id, command, progress))
  }

  /**
   * Puts a command whose time is up, and that has not reached its execution, into the durable inbox, which carries it out from then
   * on: the answer that is given now still holds if this process dies. The inbox is read before anything else that this process sends.
   * `resumed`: the resumes that this process was asked for before a pause; the pause goes into the inbox after them.
   */
  async #kept(
    id: string,
    command: Command,
    progress: CommandProgress,
    resumed: Promise<unknown> | undefined,
  ): Promise<CommandOutcome | undefined> {
    await this.#supervisor.open()
    // the pause itself would wait as long for the same lock, and says so
    if (isHeldUp(await resumed)) return undefined
    // the execution answers in time, or with the resume that undoes the pause
    if (progress.isHere || this.#order.pauses.of(id).some((pause) => pause.progress === progress && pause.resume !== undefined))
      return undefined
    const seq = await this.#remote.queue(id, { ...command, wait: 0 } as Command, progress)
    const held = await this.#find(id, liveStatuses)
    if (held.by === 'us' && seq !== undefined) await held.execution.delivery.poll()
    const answer = seq === undefined ? undefined : await this.#remote.answered(id, seq)
    if (answer) return answer
    if (held.by === 'store') return held.answer
    return seq === undefined ? undefined : underWay(command, (held.by === 'us' ? held.execution : held.stored).status)
  }

  /** Carries out a command that an execution here found in its inbox: this process also gives it to the children. */
  inOrder(id: string, command: Command, own: () => Promise<CommandOutcome>): Promise<CommandOutcome> {
    return this.#order.inOrder(id, command, own)
  }

  /** True while this process has a pause of the execution under way. */
  isBeingPaused(id: string): boolean {
    return this.#order.pauses.has(id, undefined)
  }

  /**
   * The messages in the durable inbox came before a command that is given here. An execution that nobody owns is taken up for them.
   * If that is not possible, or if the execution has children, the command goes into the inbox behind them: the next owner finds
   * the command there and completes it, wherever this process dies during the cascade.
   */
  async #ahead(id: string, command: Command, progress: CommandProgress): Promise<void> {
    await this.#supervisor.open()
    const here = this.#supervisor.live(id)
    if (here && !here.isLeaving) return here.delivery.poll()
    const stored = await this.#store.load(id)
    if (!stored || isTerminal(stored.status)) return
    progress.isElsewhere = await this.#stored.isHeldElsewhere(stored)
    if (progress.isElsewhere) return
    const isAwaited = command.type !== 'cancel' && (await this.#stored.commandsTo(id)).length > 0
    if (!isAwaited && !(command.type !== 'resume' && (await this.#hasStarted(stored)))) return
    const isMine = this.#supervisor.runs(stored.entryPoint)
    if (isMine && !isAwaited && command.type === 'pause' && stored.status === 'paused') return
    // an execution that a cancel has ended does not come back, and a paused one would not read the message before its resume
    const held = isMine && command.type !== 'cancel' ? await this.#find(id, liveStatuses) : undefined
    if (held?.by === 'us') return held.execution.delivery.poll()
    if (held?.by === 'store') return
    progress.isByInbox = true
    await this.#remote.queue(id, withTimeLeft(progress, command), progress)
  }

  /** True if a child of the execution lives. */
  async #hasStarted({ id, startedAt }: StoredExecution): Promise<boolean> {
    if (startedAt === null) return false
    return (await this.#store.query({ parentId: id, status: liveStatuses, limit: 1, brief: true })).executions.length > 0
  }

  /** Gives the command to the children, unless another living process owns the execution: that process does it. */
  async #below(id: string, command: Command, progress: CommandProgress, pause?: PendingPause): Promise<void> {
    const { until, place } = progress
    if (!this.#supervisor.live(id)) {
      // a resume reaches children last: the execution may have another owner by then
      const stored = command.type === 'resume' ? await this.#store.load(id) : undefined
      if (stored ? await this.#stored.isHeldElsewhere(stored) : progress.isElsewhere) return
    }
    await this.#cascade(id, command, { until, place, pause })
  }

  /** Resolves once the execution stands where the goal says. */
  reached(id: string, goal: ExecutionGoal, options: GoalOptions): Promise<GoalOutcome> {
    return reached(this.#supervisor, id, goal, options)
  }

  /** The outcome of an execution, now or when it ends. */
  async result(id: string, options: ResultOptions = {}): Promise<ResultOutcome> {
    if (options.timeout !== 0) await this.#supervisor.admissions.naming(id)
    return resultOf(this.#supervisor, id, options)
  }

  /** Gives every execution of an entry point the command at the same time; resolves once all have answered or failed. */
  async commandAll(
    entryPoint: string,
    command: Command,
    walk: Pick<Walk, 'until' | 'isTakenBack' | 'isLater'>,
  ): Promise<ScopeAnswers> {
    const counts: Record<string, number> = {}
    const answered = ({ status }: CommandOutcome) => void (counts[status] = (counts[status] ?? 0) + 1)
    const unreached = await this.#each({ entryPoint }, command, { ...walk, answered })
    return { counts, unreached }
  }

  /** Gives all children the command; rejects after that, if one of them has failed. */
  async #cascade(parentId: string, command: Command, { pause, ...many }: WithinMany & { pause?: PendingPause | undefined } = {}) {
    const walk = { ...many, isTakenBack: () => pause?.resume !== undefined, isCascade: pause !== undefined }
    const error = (unreached: readonly Unreached[]) =>
      unreachedError(`The ${command.type} of what execution ${parentId} has started`, unreached)
    const commanded = this.#each({ parentId }, command, walk)
    await this.#cascades.begin(
      parentId,
      command,
      commanded.then((unreached) => throwIfAny(error(unreached))),
    )
  }

  /** An execution that fails or takes long, or a page that can't be read, never keeps the command from the others. */
  async #each(
    filter: { readonly entryPoint: string } | { readonly parentId: string },
    command: Command,
    { answered, isTakenBack, isLater, isCascade, until, place: above }: Walk,
  ): Promise<readonly Unreached[]> {
    const work = new BoundedWork<Unreached['of']>(TAKEN_UP_AT_ONCE)
    let heldUp: StatewardError | undefined
    try {
      for await (const page of pagesOf(this.#store, { ...filter, status: liveStatuses, brief: !goesByState(command) }))
        for (const stored of page) {
          const { id } = stored
          // a child that outlives its parent is not cancelled with it, and no longer paused with it
          let concern: Concern
          try {
            concern = this.#concernOf(stored, command)
          } catch (error) {
            work.failed({ id }, error)
            continue
          }
          if (concern === 'none') continue
          const woken = concern === 'woken' ? { ...stored, input: '', state: '' } : undefined
          // executions in memory get the command at once: only those that must be read wait for their turn
          const isHere = this.#supervisor.live(id) !== undefined
          const give = async (place: WorkPlace | undefined) => {
            // the same lock would hold up those that have waited for their place for as long again
            if (place) throwIfAny(heldUp)
            const later = isLater?.(id)
            // they get it in this turn if nothing delays them, before one of their steps begins
            if ((later && (await later)) || isTakenBack()) return
            if (woken) return this.#children.wake(woken)
            if (concern === 'if awaited' && !(await this.#isPauseAwaited(id, command))) return
            // its parent gets the command once the child is paused, however long that takes: until then a resume may undo it
            const isUnbounded = isCascade === true && isHere
            const progress = { until: undefined, isHere }
            const outcome = await (isUnbounded
              ? this.#order.asked(id, command, progress)
              : this.command(id, command, { until, place }))
            answered?.(outcome)
          }
          const noted = (error: unknown) => {
            heldUp ??= heldUpBy(error)
            throw error
          }
          await work.add({ id }, (place) => give(place).catch(noted), { isBounded: !isHere })
        }
    } catch (error) {
      work.failed('parentId' in filter ? { id: filter.parentId } : filter, error)
    }
    return above && work.isPending ? above.during(work.done()) : work.done()
  }

  /** A resume of a scope resumes only executions that a pause of that scope had stopped, or is about to stop. */
  #concernOf(stored: StoredExecution, command: Command): Concern {
    const { id, state } = stored
    const { type, intervention } = command
    if (!goesByState(command)) return 'told'
    if (type === 'cancel' && isLeftPaused(stored)) return 'woken'
    if (type === 'cancel') return splitState(state, id).lifecycle.context.child?.whenLeft === 'leave' ? 'none' : 'told'
    if (this.#order.pauses.has(id, intervention.scope)) return 'told'
    return isStoppedBy(stored, intervention.scope) ? 'told' : 'if awaited'
  }

  /** True if its durable inbox holds a pause that such a resume undoes, or such a pause has stopped it since it was read. */
  async #isPauseAwaited(id: string, { intervention }: Command): Promise<boolean> {
    const here = this.#supervisor.live(id)
    const isGoing = here !== undefined && stageOf(here.nextStatus) === 'going'
    const stored = isGoing ? undefined : await this.#store.load(id)
    if (stored && isStoppedBy(stored, intervention.scope)) return true
    const commands = await this.#stored.commandsTo(id)
    return commands.some(({ command }) => command.type === 'pause' && isOf(command.intervention, intervention.scope))
  }

  async #own(id: string, command: Command, progress: CommandProgress, pause?: PendingPause): Promise<CommandOutcome> {
    for (;;) {
      const held = await this.#find(
        id,
        command.type === 'pause' && !progress.queued ? liveStatuses.filter((status) => status !== 'paused') : liveStatuses,
      )
      if (held.by === 'store') return (await this.#handedOver(id, progress)) ?? held.answer
      if (pause?.resume && !pause.isDelivered) {
        const outcome = await pause.resume.catch((error: unknown) => {
          // the pause would wait as long again for the same lock
          if (isHeldUp(error)) throw error
        })
        if (outcome?.status === 'resumed') return outcome
        // a resume without effect undoes nothing; the execution may have another owner by now
        pause.isDelivered = true
        continue
      }
      if (pause) pause.isDelivered = true
      if (held.by === 'nobody' && held.stored.status === 'paused' && command.type === 'pause' && !progress.queued)
        return { status: 'already_paused', revision: held.stored.revision }
      if (held.by === 'us' && progress.isByInbox) {
        await held.execution.delivery.poll()
      } else if (held.by === 'us') {
        const late = progress.queued && (await this.#handedOver(id, progress, underWay(command, held.execution.status)))
        if (late) return late
        try {
          progress.isHere = true
          const answer = handle(held.execution, withTimeLeft(progress, command), progress.place?.leave)
          pause?.placed()
          return await answer
        } catch (error) {
          if (!isStatewardError(error, 'stale_owner')) throw error
          progress.isHere = false
          continue
        }
      }
      // the executions of this process go to their next owners, and so does the command
      this.#supervisor.refuseStopped()
      const carriedOut = held.by !== 'us' && (await this.#stored.handle(held.stored, command, 'certain', await progress.queued))
      if (carriedOut) return carriedOut
      const timed = withTimeLeft(progress, command)
      const placed = () => pause?.placed()
      this.#remote.queue(id, timed, progress).then(placed, placed)
      const answer = await this.#remote.ask(id, timed, progress, () => this.#cascade(id, fromAbove(command)))
      if (answer) return answer
    }
  }

  /** The answer to a command that was in the inbox when its time was up, or else `late`; undefined if it is not in the inbox. */
  async #handedOver(id: string, { queued }: CommandProgress, late?: CommandOutcome): Promise<CommandOutcome | undefined> {
    const seq = await queued?.catch(() => undefined)
    return seq === undefined ? undefined : ((await this.#remote.answered(id, seq)) ?? late)
  }

  /** The owner of the execution. `hasWaited`: for a commit that failed. An execution that nobody owns is taken up here if it has one of `statuses`. */
  async #find(id: string, statuses: readonly ExecutionStatus[], hasWaited = false): Promise<Held> {
    let isLate = hasWaited
    for (;;) {
      const execution = this.#supervisor.live(id)
      if (execution && !execution.isLeaving) return { by: 'us', execution }
      if (execution) {
        await execution.gone
        isLate = true
      }
      await this.#supervisor.open()
      // this process has triggered it before
      await this.#supervisor.admissions.naming(id)
      const stored = await this.#store.load(id)
      if (!stored) return { by: 'store', answer: await absentFrom(this.#store, id) }
      if (isTerminal(stored.status)) return { by: 'store', answer: { status: 'already_finished', as: stored.status }, stored }
      if (stored.owner === this.#supervisor.owner) {
        const stream = this.#supervisor.streams.get(stored.entryPoint)
        const reloading = stream?.reloading(id)
        // the call has already waited for a commit that another process's lock has prevented
        const busy = isLate && reloading ? stream?.busyWith(id) : undefined
        if (busy) throw busy
        if (reloading) await reloading
        else if (!this.#supervisor.live(id) && !(await this.#supervisor.takeOwn(stored))) return { by: 'others', stored }
        continue
      }
      if (stored.owner !== null) return { by: 'others', stored }
      if (!statuses.includes(stored.status)) return { by: 'nobody', stored }
      const claimed = await this.#supervisor.claim(stored)
      if (claimed) return { by: 'us', execution: claimed }
      const now = await this.#store.load(id)
      // one that has moved was taken up by another call, and must be looked up again
      if (now?.owner === null && now.epoch === stored.epoch && now.revision === stored.revision) return { by: 'nobody', stored }
    }
  }
}
