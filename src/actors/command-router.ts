/**
 * Carries commands and questions to whoever holds an execution: this process, another one, or nobody but the store.
 *
 * Owns: finding the holder, taking an execution up that nobody holds, the time that a command may take, and the
 * cascade of commands to the executions that an execution started (leaf first). What one that nobody can take up is told is in `stored-commands.ts`.
 * Longer than others because where a command stands (on its way down, in an inbox, with its execution) is one question.
 */
import type { AnyEventObject } from 'xstate'
import { isStatewardError } from '../errors.js'
import { isTerminal, stageOf, type ExecutionStatus } from '../events/execution-status.js'
import type { Absent, AlreadyFinished, Command, CommandOutcome, ResultOutcome, SendOutcome } from '../events/outcomes.js'
import { decode, encode } from '../persistence/snapshot-codec.js'
import type { ExecutionQuery, SnapshotStore, StoredExecution } from '../persistence/snapshot-store.js'
import { BoundedWork } from './bounded-work.js'
import { Cascades } from './cascades.js'
import { ChildExecutions, isLeftPaused } from './child-executions.js'
import { DirectCommits } from './direct-commits.js'
import type { ExecutionActor } from './execution-actor.js'
import { obey } from './execution-commands.js'
import { splitState } from './execution-state.js'
import { absentFrom, resultOf, type ResultOptions } from './execution-results.js'
import { refuseInvalid, type SentEvent } from './external-event.js'
import { answeredWithin, commandProgress, underWay, withTimeLeft, type CommandProgress } from './answer-time.js'
import { PendingPauses, type PendingPause } from './pending-pauses.js'
import { RemoteCommands } from './remote-commands.js'
import { ScopeCommands, type ScopePause } from './scope-commands.js'
import { SendingOrder } from './sending-order.js'
import { StoredCommands } from './stored-commands.js'
import { pagesOf } from './stored-executions.js'
import type { SupervisorActor } from './supervisor-actor.js'

/** How many executions that nobody has in memory one command to many takes up at the same time. */
const TAKEN_UP_AT_ONCE = 16

const live: readonly ExecutionStatus[] = ['queued', 'running', 'waiting', 'pausing', 'paused', 'cancelling']

/** The same for what an execution has started. */
const fromAbove = (command: Command): Command => ({ ...command, intervention: { ...command.intervention, scope: 'parent' } })

/** True if what a resume has come to concerns also what a pause had stopped below. */
const wakesBelow = ({ status }: CommandOutcome) => status === 'resumed' || status === 'already_running'

const isFromAbove = ({ type, intervention }: Command) => type === 'cancel' && intervention.scope === 'parent'

/** True if whom of many it concerns stands in their state. */
const goesByState = (command: Command) => command.type === 'resume' || isFromAbove(command)

/** Where an event has its place. `answer`: of whoever takes it in; undefined: it is to be routed again. */
interface Placed {
  readonly answer: SendOutcome | Promise<SendOutcome | undefined>
}

/** One command to many. */
interface Walk {
  answered?(this: void, outcome: CommandOutcome): void
  /** Asked before each is told. */
  isTakenBack(this: void): boolean
  /** It is a pause of what one that is being paused has started. */
  readonly isCascade?: boolean
}

type Held =
  | { readonly by: 'us'; readonly execution: ExecutionActor }
  | { readonly by: 'others' | 'nobody'; readonly stored: StoredExecution }
  | { readonly by: 'store'; readonly answer: Absent | AlreadyFinished; readonly stored?: StoredExecution }

/** One that has ended may stay here until its last actions have run. */
function handedTo({ status, inbox }: ExecutionActor, sent: SentEvent): Placed {
  return { answer: isTerminal(status) ? { status: 'already_finished', as: status } : inbox.receive(sent) }
}

/** Routes for one supervisor. */
export class CommandRouter {
  /** For what no execution in memory commits. */
  readonly direct: DirectCommits
  /** Pauses and resumes of many. */
  readonly scopes = new ScopeCommands()
  readonly #supervisor: SupervisorActor
  readonly #store: SnapshotStore
  readonly #stored: StoredCommands
  readonly #remote: RemoteCommands
  readonly #pauses = new PendingPauses()
  readonly #sending = new SendingOrder()
  readonly #children: ChildExecutions
  readonly #cascades = new Cascades()

  constructor(supervisor: SupervisorActor) {
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
      const held = await this.#find(id, ['waiting', 'running'], hasWaited)
      if (held.by === 'store') return { answer: held.answer }
      if (held.by === 'us') return handedTo(held.execution, sent)
      const at = this.#supervisor.settings.clock.now()
      const queued = await this.#store.enqueue({ executionId: id, kind: 'event', payload: sent.payload, at })
      if (queued.status !== 'queued') continue
      // it may have been taken up here meanwhile
      this.#supervisor.live(id)?.inbox.arrived()
      return { answer: { status: 'queued' } }
    }
  }

  /** Carries out a command, and before it (a resume: after it) the same on the executions that this one started; all of it within its time. */
  command(id: string, command: Command): Promise<CommandOutcome> {
    const { clock } = this.#supervisor.settings
    clock.glance()
    const progress = commandProgress(clock, command)
    return answeredWithin(progress, () => this.#kept(id, command, progress), this.#command(id, command, progress))
  }

  /**
   * Puts a command whose time is up before its execution was told into the durable inbox, which carries it out from then on:
   * what is answered now still holds if this process dies. It is read there before anything else that comes from here.
   */
  async #kept(id: string, command: Command, progress: CommandProgress): Promise<CommandOutcome | undefined> {
    await this.#supervisor.open()
    // it answers in time
    if (progress.isHere) return undefined
    const seq = await this.#remote.queue(id, { ...command, wait: 0 } as Command, progress)
    const held = await this.#find(id, live)
    if (seq === undefined) return held.by === 'store' ? held.answer : undefined
    if (held.by === 'us') await held.execution.inbox.look()
    return (await this.#remote.answered(id, seq)) ?? underWay(command)
  }

  /** A command that came to what is here by its inbox: this process sees to what it has started as well. */
  async obeyed(id: string, command: Command, own: () => Promise<CommandOutcome>): Promise<CommandOutcome> {
    const down = fromAbove(command)
    // what can't be reached below is stopped with its parent once more
    const failed = (error: unknown) =>
      this.#supervisor.settings.logger('what execution', id, 'has started could not be told yet', error)
    if (command.type === 'resume') {
      const outcome = await own()
      if (wakesBelow(outcome)) await this.#cascade(id, down).catch(failed)
      return outcome
    }
    // the router may have begun with it, before its time was up
    const begun = this.#cascades.of(id, down)
    if (command.type === 'cancel') {
      await (begun ?? this.#cascade(id, down)).catch(failed)
      return own()
    }
    const pause = this.#pauses.begin(id, command.intervention.scope, true)
    try {
      await Promise.race([(begun ?? this.#cascade(id, down, pause)).catch(failed), pause.takenBack])
      const back = pause.resume && (await pause.resume.catch(() => undefined))
      if (back?.status === 'resumed') return back
      pause.isTold = true
      const outcome = await own()
      if (outcome.status === 'already_finished') await this.#children.wakeLeft(id).catch(failed)
      return outcome
    } finally {
      this.#pauses.end(id, pause)
    }
  }

  /** True while a pause is on its way to it here. */
  isBeingPaused(id: string): boolean {
    return this.#pauses.has(id, undefined)
  }

  /** What it has started, unless another process that lives has it: that one sees to all of it. */
  async #below(id: string, command: Command, pause?: PendingPause): Promise<void> {
    if (!this.#supervisor.live(id)) {
      const stored = await this.#store.load(id)
      if (stored && (await this.#stored.isHeldElsewhere(stored))) return
    }
    await this.#cascade(id, command, pause)
  }

  async #command(id: string, command: Command, progress: CommandProgress): Promise<CommandOutcome> {
    const { scope } = command.intervention
    const down = fromAbove(command)
    if (command.type === 'pause') {
      const pause = this.#pauses.begin(id, scope)
      // a resume that came before would wake below what this one stops
      const resumed = this.#pauses.resumesOf(id)
      const paused = () => this.#pause(id, { command, down, pause }, progress)
      return (resumed ? resumed.then(paused) : paused()).finally(() => this.#pauses.end(id, pause))
    }
    if (command.type === 'resume') {
      const pauses = this.#pauses.takenBack(id, scope)
      const resume = this.#resume(id, { command, isBack: pauses.length > 0 }, progress)
      for (const pause of pauses) pause.takeBack(resume)
      return this.#pauses.resuming(id, this.#wake(id, { resume, pauses }, down))
    }
    await this.#supervisor.open()
    await this.#below(id, down)
    return this.#own(id, command, progress)
  }

  async #pause(
    id: string,
    { command, down, pause }: { readonly command: Command; readonly down: Command; readonly pause: PendingPause },
    progress: CommandProgress,
  ): Promise<CommandOutcome> {
    await this.#supervisor.open()
    await this.#below(id, down, pause)
    const outcome = await this.#own(id, command, progress, pause)
    // it came to its end while what it had started was paused
    if (outcome.status === 'already_finished') await this.#children.wakeLeft(id)
    return outcome
  }

  /** What was stopped below goes on as well, also where a pause stopped it and never came to the one above: its process died, or its commit failed. */
  async #wake(
    id: string,
    { resume, pauses }: { readonly resume: Promise<CommandOutcome>; readonly pauses: readonly PendingPause[] },
    down: Command,
  ): Promise<CommandOutcome> {
    const outcome = await resume
    if (wakesBelow(outcome)) await this.#below(id, down)
    const kept = pauses.flatMap(({ through }) => through ?? [])
    if (outcome.status !== 'resumed' || kept.length === 0) return outcome
    // what it takes back has left the inbox by then: nobody finds it there afterwards
    await Promise.all(kept)
    await this.#supervisor.live(id)?.until(() => true)
    return outcome
  }

  /** `isBack`: it takes back a pause that the execution has not been told, so that it runs on. */
  async #resume(
    id: string,
    { command, isBack }: { readonly command: Command; readonly isBack: boolean },
    progress: CommandProgress,
  ): Promise<CommandOutcome> {
    await this.#supervisor.open()
    const before = isBack ? await this.#store.load(id) : undefined
    const outcome = await this.#own(id, command, progress)
    if (!isBack || outcome.status !== 'already_running') return outcome
    // another pause may have come since: what is told is a revision in which it went on
    const going = [await this.#store.load(id), before].find((stored) => stored && stageOf(stored.status) === 'going')
    return going ? { status: 'resumed', revision: going.revision } : outcome
  }

  /** The outcome of an execution, now or when it ends. */
  result(id: string, options: ResultOptions = {}): Promise<ResultOutcome> {
    return resultOf(this.#supervisor, id, options)
  }

  /** Every execution that fits gets the command; resolves with how many answered what, rejects with the first error once all have answered. `pause`: the one that it is part of. */
  async commandAll(entryPoint: string | undefined, command: Command, pause?: ScopePause): Promise<Record<string, number>> {
    const counts: Record<string, number> = {}
    const isTakenBack = () => pause?.isTakenBack === true
    const answered = ({ status }: CommandOutcome) => void (counts[status] = (counts[status] ?? 0) + 1)
    await this.#each(entryPoint === undefined ? {} : { entryPoint }, command, { answered, isTakenBack })
    return counts
  }

  async #cascade(parentId: string, command: Command, pause?: PendingPause): Promise<void> {
    const walk = { isTakenBack: () => pause?.resume !== undefined, isCascade: pause !== undefined }
    await this.#cascades.begin(parentId, command, this.#each({ parentId }, command, walk))
  }

  /** One that fails, or a page that can't be read, stops none of the others; the first error is thrown at the end. */
  async #each(
    filter: Pick<ExecutionQuery, 'entryPoint' | 'parentId'>,
    command: Command,
    { answered, isTakenBack, isCascade }: Walk,
  ): Promise<void> {
    const work = new BoundedWork(TAKEN_UP_AT_ONCE)
    try {
      for await (const page of pagesOf(this.#store, { ...filter, status: live, brief: !goesByState(command) }))
        for (const stored of page) {
          const { id } = stored
          // what outlives its parent is none of its cancel's business, and no longer of its pause's
          if (isFromAbove(command) && isLeftPaused(stored)) {
            const left = { ...stored, input: '', state: '' }
            await work.add(() => this.#children.wake(left), true)
          }
          if (!this.#concerns(stored, command)) continue
          // what is in memory is told at once: only what must be read for it waits its turn
          const isHere = this.#supervisor.live(id) !== undefined
          const give = async () => {
            if (isTakenBack()) return
            // what started it is told once it rests, however long that takes: until then a resume may take it back
            const isUnbounded = isCascade === true && isHere
            const progress = { until: undefined, isHere }
            const outcome = await (isUnbounded ? this.#command(id, command, progress) : this.command(id, command))
            answered?.(outcome)
          }
          await work.add(give, !isHere)
        }
    } catch (error) {
      work.failed(error)
    }
    await work.done()
  }

  /** A resume from above wakes those that a pause from there had stopped, and no others. */
  #concerns({ id, status, state }: StoredExecution, command: Command): boolean {
    if (!goesByState(command)) return true
    const { child, pause } = splitState(state, id).lifecycle.context
    if (command.type === 'cancel') return child?.whenLeft !== 'leave'
    if (this.#pauses.has(id, command.intervention.scope)) return true
    if (status !== 'paused' && status !== 'pausing') return false
    return pause?.scope === command.intervention.scope
  }

  async #own(id: string, command: Command, progress: CommandProgress, pause?: PendingPause): Promise<CommandOutcome> {
    for (;;) {
      const held = await this.#find(
        id,
        command.type === 'pause' && !progress.queued ? ['queued', 'running', 'waiting', 'pausing', 'cancelling'] : live,
      )
      if (held.by === 'store') return (await this.#handedOver(id, progress)) ?? held.answer
      if (pause?.resume && !pause.isTold) {
        const outcome = await pause.resume.catch(() => undefined)
        if (outcome?.status === 'resumed') return outcome
        // a resume that comes to nothing takes nothing back; who holds it may have changed
        pause.isTold = true
        continue
      }
      if (pause) pause.isTold = true
      if (held.by === 'nobody' && held.stored.status === 'paused' && command.type === 'pause' && !progress.queued)
        return { status: 'already_paused', revision: held.stored.revision }
      if (held.by === 'us') {
        const late = progress.queued && (await this.#handedOver(id, progress, underWay(command)))
        if (late) return late
        try {
          progress.isHere = true
          return await obey(held.execution, withTimeLeft(progress, command))
        } catch (error) {
          if (!isStatewardError(error, 'stale_owner')) throw error
          progress.isHere = false
          continue
        }
      }
      // what this process held is on its way to the next one, and so would the command be
      this.#supervisor.refuseStopped()
      const answer =
        (await this.#stored.obey(held.stored, command, 'certain', await progress.queued)) ??
        (await this.#remote.ask(id, command, progress, () => this.#cascade(id, fromAbove(command))))
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
