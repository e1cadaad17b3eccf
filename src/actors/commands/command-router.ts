/**
 * Carries commands and questions to whoever holds an execution: this process, another one, or nobody but the store.
 *
 * Owns: finding the holder, taking an execution up that nobody holds, the time that a command may take, and the
 * cascade of commands to the executions that an execution started (leaf first). What one that nobody can take up is told is in `stored-commands.ts`.
 * Longer than others because where a command stands (on its way down, in an inbox, with its execution) is one question.
 */
import type { AnyEventObject } from 'xstate'
import { isHeldUp, isStatewardError, type StatewardError } from '../../errors.js'
import type { Intervention } from '../../events/execution-events.js'
import { isTerminal, liveStatuses, stageOf, statusesThat, type ExecutionStatus } from '../../events/execution-status.js'
import type { Absent, AlreadyFinished, Command, CommandOutcome, ResultOutcome, SendOutcome } from '../../events/outcomes.js'
import { decode, encode } from '../../codec/snapshot-codec.js'
import type { SnapshotStore, StoredExecution } from '../../persistence/snapshot-store.js'
import { BoundedWork, type WorkPlace } from './bounded-work.js'
import { Cascades } from './cascades.js'
import { CommandOrder, fromAbove } from './command-order.js'
import { ChildExecutions, isLeftPaused } from './child-executions.js'
import { DirectCommits } from './direct-commits.js'
import type { ExecutionHost } from '../execution/execution-host.js'
import { handle } from '../execution/execution-commands.js'
import { splitState } from '../execution/stored-state.js'
import { resultOf, type ResultOptions } from './execution-results.js'
import { absentFrom } from '../cluster/result-waiters.js'
import { refuseInvalid, type SentEvent } from '../execution/external-event.js'
import { answeredWithin, commandProgress, underWay, withTimeLeft, type CommandProgress, type WithinMany } from './answer-time.js'
import { isOf, type PendingPause } from './pending-pauses.js'
import { RemoteCommands } from './remote-commands.js'
import { ScopeCommands } from './scope-commands.js'
import { SendingOrder } from './sending-order.js'
import { StoredCommands } from './stored-commands.js'
import { pagesOf } from '../../persistence/stored-executions.js'
import type { SupervisorHost } from '../supervisor/supervisor-host.js'
import { unreachedError, type Unreached } from './unreached.js'

/** How many executions that nobody has in memory one command to many takes up at the same time. */
const TAKEN_UP_AT_ONCE = 16

const isFromAbove = ({ type, intervention }: Command) => type === 'cancel' && intervention.scope === 'parent'

/** True if a pause of that scope has stopped it, or is about to. Throws `corrupt`. */
function isStoppedBy({ id, status, state }: StoredExecution, scope: Intervention['scope']): boolean {
  return (status === 'paused' || status === 'pausing') && splitState(state, id).lifecycle.context.pause?.scope === scope
}

/** True if whom of many it concerns stands in their state. */
const goesByState = (command: Command) => command.type === 'resume' || isFromAbove(command)

/** Where an event has its place. `answer`: of whoever takes it in; undefined: it is to be routed again. */
interface Placed {
  readonly answer: SendOutcome | Promise<SendOutcome | undefined>
}

/** One command to many. */
interface Walk extends WithinMany {
  answered?(this: void, outcome: CommandOutcome): void
  /** Asked before each is told. */
  isTakenBack(this: void): boolean
  /** Resolves with whether one came only after the command, which is none of its business; undefined: it did not. */
  isLater?(this: void, id: string): Promise<boolean> | undefined
  /** It is a pause of what one that is being paused has started. */
  readonly isCascade?: boolean
}

/** What a command to many is to one of them. `woken`: it is resumed instead. */
type Concern = 'told' | 'none' | 'woken' | 'if awaited'

/** What a command to many has come to. */
export interface ScopeAnswers {
  /** How many have answered what. */
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

/** One that has ended may stay here until its last actions have run. */
function handedTo({ status, delivery }: ExecutionHost, sent: SentEvent): Placed {
  return { answer: isTerminal(status) ? { status: 'already_finished', as: status } : delivery.receive(sent) }
}

/** Routes for one supervisor. */
export class CommandRouter {
  /** For what no execution in memory commits. */
  readonly direct: DirectCommits
  /** Pauses and resumes of many. */
  readonly scopes = new ScopeCommands()
  readonly #supervisor: SupervisorHost
  readonly #store: SnapshotStore
  readonly #stored: StoredCommands
  readonly #remote: RemoteCommands
  readonly #sending = new SendingOrder()
  readonly #children: ChildExecutions
  readonly #cascades = new Cascades()
  readonly #order: CommandOrder

  constructor(supervisor: SupervisorHost) {
    this.#supervisor = supervisor
    this.direct = new DirectCommits(supervisor.settings.store)
    this.#stored = new StoredCommands({
      settings: supervisor.settings,
      commits: this.direct,
      owner: () => supervisor.owner,
      runs: (entryPoint) => supervisor.runs(entryPoint),
      committed: ({ entryPoint, status }, commit) => supervisor.committed(entryPoint, status, commit),
    })
    this.#remote = new RemoteCommands(supervisor.settings, this.#stored)
    this.#store = supervisor.settings.store
    supervisor.children = this.#children = new ChildExecutions(supervisor, this)
    this.#order = new CommandOrder({
      ahead: (...of) => this.#ahead(...of),
      below: (...of) => this.#below(...of),
      // the router may have begun with it, before its time was up
      cascade: (id, command, pause) => this.#cascades.of(id, command) ?? this.#cascade(id, command, { pause }),
      own: (...of) => this.#own(...of),
      wakeLeft: (id) => this.#children.wakeLeft(id),
      load: (id) => this.#store.load(id),
      durable: async (id) => this.#supervisor.live(id)?.until(() => true),
      // it is stopped with its parent once more
      failedBelow: (id, error) =>
        this.#supervisor.settings.logger('what execution', id, 'has started could not be told yet', error),
    })
  }

  /** An event as it is stored. Throws `invalid_event`, `not_storable`. */
  checked(id: string, event: AnyEventObject): string {
    refuseInvalid(id, event)
    return encode(event, { id, what: 'event' })
  }

  /** Sends an event; resolves once what it caused, or its place in the inbox, is durable. Throws `invalid_event`, `not_storable`. */
  async send(id: string, event: AnyEventObject): Promise<SendOutcome> {
    return this.deliver(id, this.checked(id, event))
  }

  /** Sends an event in its stored form, behind those that were sent from here before. Throws `invalid_event`. */
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

  /** Finds an event its place: the way in to one that is here, or the durable inbox. */
  #place(id: string, sent: SentEvent, hasWaited: boolean): Placed | Promise<Placed> {
    const here = this.#supervisor.live(id)
    // those that were sent before wait there as well, even if it leaves
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

  /** Carries out a command, and before it (a resume: after it) the same on the executions that this one started; all of it within its time. */
  command(id: string, command: Command, many?: WithinMany): Promise<CommandOutcome> {
    const { clock } = this.#supervisor.settings
    clock.glance()
    const progress = commandProgress(clock, command, many)
    return answeredWithin(progress, () => this.#kept(id, command, progress), this.#order.asked(id, command, progress))
  }

  /**
   * Puts a command whose time is up before its execution was told into the durable inbox, which carries it out from then on:
   * what is answered now still holds if this process dies. It is read there before anything else that comes from here.
   */
  async #kept(id: string, command: Command, progress: CommandProgress): Promise<CommandOutcome | undefined> {
    await this.#supervisor.open()
    // it answers in time, or with the resume that takes it back
    if (progress.isHere || this.#order.pauses.of(id).some((pause) => pause.progress === progress && pause.resume !== undefined))
      return undefined
    const seq = await this.#remote.queue(id, { ...command, wait: 0 } as Command, progress)
    const held = await this.#find(id, liveStatuses)
    if (seq === undefined) return held.by === 'store' ? held.answer : undefined
    if (held.by === 'us') await held.execution.delivery.poll()
    return (await this.#remote.answered(id, seq)) ?? underWay(command)
  }

  /** A command that came to what is here by its inbox: this process sees to what it has started as well. */
  inOrder(id: string, command: Command, own: () => Promise<CommandOutcome>): Promise<CommandOutcome> {
    return this.#order.inOrder(id, command, own)
  }

  /** True while a pause is on its way to it here. */
  isBeingPaused(id: string): boolean {
    return this.#order.pauses.has(id, undefined)
  }

  /**
   * What stands in the durable inbox came before a command that is given here. One that nobody holds is taken up for it; where that
   * can't be, the command goes behind what stands there, as it does if executions hang on it: whoever takes that one up finds it
   * and finishes it, wherever this process dies on its way down.
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
    // what a cancel has ended does not come back, and one that is paused would not be asked before its resume
    const held = isMine && command.type !== 'cancel' ? await this.#find(id, liveStatuses) : undefined
    if (held?.by === 'us') return held.execution.delivery.poll()
    if (held?.by === 'store') return
    progress.isByInbox = true
    await this.#remote.queue(id, withTimeLeft(progress, command), progress)
  }

  /** True if an execution lives that it has started. */
  async #hasStarted({ id, startedAt }: StoredExecution): Promise<boolean> {
    if (startedAt === null) return false
    return (await this.#store.query({ parentId: id, status: liveStatuses, limit: 1, brief: true })).executions.length > 0
  }

  /** What it has started, unless another process that lives has it: that one sees to all of it. */
  async #below(id: string, command: Command, progress: CommandProgress, pause?: PendingPause): Promise<void> {
    const { until, place } = progress
    if (!this.#supervisor.live(id)) {
      // a resume goes down last: it may have changed hands
      const stored = command.type === 'resume' ? await this.#store.load(id) : undefined
      if (stored ? await this.#stored.isHeldElsewhere(stored) : progress.isElsewhere) return
    }
    await this.#cascade(id, command, { until, place, pause })
  }

  /** The outcome of an execution, now or when it ends. */
  async result(id: string, options: ResultOptions = {}): Promise<ResultOutcome> {
    if (options.timeout !== 0) await this.#supervisor.admissions.naming(id)
    return resultOf(this.#supervisor, id, options)
  }

  /** Every execution of an entry point gets the command, at once; resolves once all have answered, or failed. */
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

  /** Rejects once all that the parent has started were told, if one of them has failed. */
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

  /** One that fails, or takes long, or a page that can't be read, keeps the command from none of the others. */
  async #each(
    filter: { readonly entryPoint: string } | { readonly parentId: string },
    command: Command,
    { answered, isTakenBack, isLater, isCascade, until, place: above }: Walk,
  ): Promise<readonly Unreached[]> {
    const work = new BoundedWork<Unreached['of']>(TAKEN_UP_AT_ONCE)
    try {
      for await (const page of pagesOf(this.#store, { ...filter, status: liveStatuses, brief: !goesByState(command) }))
        for (const stored of page) {
          const { id } = stored
          // what outlives its parent is none of its cancel's business, and no longer of its pause's
          let concern: Concern
          try {
            concern = this.#concernOf(stored, command)
          } catch (error) {
            work.failed({ id }, error)
            continue
          }
          if (concern === 'none') continue
          const woken = concern === 'woken' ? { ...stored, input: '', state: '' } : undefined
          // what is in memory is told at once: only what must be read for it waits its turn
          const isHere = this.#supervisor.live(id) !== undefined
          const give = async (place: WorkPlace | undefined) => {
            const later = isLater?.(id)
            // whom nothing holds up is told in this turn, before a step of its begins
            if ((later && (await later)) || isTakenBack()) return
            if (woken) return this.#children.wake(woken)
            if (concern === 'if awaited' && !(await this.#isPauseAwaited(id, command))) return
            // what started it is told once it rests, however long that takes: until then a resume may take it back
            const isUnbounded = isCascade === true && isHere
            const progress = { until: undefined, isHere }
            const outcome = await (isUnbounded
              ? this.#order.asked(id, command, progress)
              : this.command(id, command, { until, place }))
            answered?.(outcome)
          }
          await work.add({ id }, give, { isBounded: !isHere })
        }
    } catch (error) {
      work.failed('parentId' in filter ? { id: filter.parentId } : filter, error)
    }
    return above && work.isPending ? above.during(work.done()) : work.done()
  }

  /** A resume from above wakes those that a pause from there had stopped, or is about to stop, and no others. */
  #concernOf(stored: StoredExecution, command: Command): Concern {
    const { id, state } = stored
    const { type, intervention } = command
    if (!goesByState(command)) return 'told'
    if (type === 'cancel' && isLeftPaused(stored)) return 'woken'
    if (type === 'cancel') return splitState(state, id).lifecycle.context.child?.whenLeft === 'leave' ? 'none' : 'told'
    if (this.#order.pauses.has(id, intervention.scope)) return 'told'
    return isStoppedBy(stored, intervention.scope) ? 'told' : 'if awaited'
  }

  /** True if a pause that such a resume takes back stands in its durable inbox, or has stopped it since it was read. */
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
        // a resume that comes to nothing takes nothing back; who holds it may have changed
        pause.isDelivered = true
        continue
      }
      if (pause) pause.isDelivered = true
      if (held.by === 'nobody' && held.stored.status === 'paused' && command.type === 'pause' && !progress.queued)
        return { status: 'already_paused', revision: held.stored.revision }
      if (held.by === 'us' && progress.isByInbox) {
        await held.execution.delivery.poll()
      } else if (held.by === 'us') {
        const late = progress.queued && (await this.#handedOver(id, progress, underWay(command)))
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
      // what this process held is on its way to the next one, and so would the command be
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

  /** What is answered to a command that the inbox has got when its time was up, or else `late`; undefined if it has not got it. */
  async #handedOver(id: string, { queued }: CommandProgress, late?: CommandOutcome): Promise<CommandOutcome | undefined> {
    const seq = await queued?.catch(() => undefined)
    return seq === undefined ? undefined : ((await this.#remote.answered(id, seq)) ?? late)
  }

  /** Who holds it. `hasWaited`: for a commit that came to nothing. One that nobody holds is taken up here if it stands in one of `statuses`. */
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
      // it was triggered before by this process
      await this.#supervisor.admissions.naming(id)
      const stored = await this.#store.load(id)
      if (!stored) return { by: 'store', answer: await absentFrom(this.#store, id) }
      if (isTerminal(stored.status)) return { by: 'store', answer: { status: 'already_finished', as: stored.status }, stored }
      if (stored.owner === this.#supervisor.owner) {
        const stream = this.#supervisor.streams.get(stored.entryPoint)
        const reloading = stream?.reloading(id)
        // it has waited for the commit already that the lock of another process has kept from being written
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
      if (now?.owner === null) return { by: 'nobody', stored }
    }
  }
}
