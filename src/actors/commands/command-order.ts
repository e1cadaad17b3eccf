/**
 * The order of the commands to one execution and to its children.
 *
 * Owns: a pause and a cancel reach the children first, a resume reaches them last. The later command wins, whether the commands were
 * asked for here or are in the durable inbox: a resume undoes earlier pauses that have not reached the execution, and a
 * pause begins when the resumes before it are complete. A child that can't be reached never keeps the command from the others.
 * Does not know: who owns an execution, and how a command reaches it (the router).
 */
import { isHeldUp } from '../../errors.js'
import { stageOf } from '../../events/execution-status.js'
import type { Command, CommandOutcome } from '../../events/outcomes.js'
import type { StoredExecution } from '../../persistence/snapshot-store.js'
import type { CommandProgress } from './answer-time.js'
import { isOf, PendingPauses, type PendingPause } from './pending-pauses.js'
import { unreachedError } from './unreached.js'

/** The parts of the router that the order uses. */
export interface CommandOrderPort {
  /** Handles the messages in the durable inbox of the execution: they came before the command. */
  ahead(id: string, command: Command, progress: CommandProgress): Promise<void>
  /** Gives the children the same command; rejects after all of them were reached, if one has failed. */
  below(id: string, command: Command, progress: CommandProgress, pause?: PendingPause): Promise<void>
  /** The same for a command that came by the inbox. */
  cascade(id: string, command: Command, pause?: PendingPause): Promise<void>
  /** Gives the execution itself the command. */
  own(id: string, command: Command, progress: CommandProgress, pause?: PendingPause): Promise<CommandOutcome>
  /** Resumes children that outlive the execution, if they were paused with it. */
  wakeLeft(id: string): Promise<void>
  load(id: string): Promise<StoredExecution | undefined>
  /** Resolves once the present state of the execution is durable, if it is in memory. */
  durable(id: string): Promise<unknown>
  /** Reports that children could not be reached; no caller hears of it otherwise. */
  failedBelow(id: string, error: unknown): void
}

/** The same command for the children of an execution. */
export const fromAbove = (command: Command): Command => ({
  ...command,
  intervention: { ...command.intervention, scope: 'parent' },
})

/** True if a resume with that answer must also resume children that a pause had stopped. */
const wakesBelow = ({ status }: CommandOutcome) => status === 'resumed' || status === 'already_running'

/** One resume: how the execution and its children get it. */
interface Waking {
  readonly own: () => Promise<CommandOutcome>
  readonly below: () => Promise<void>
}

/** The commands of one router that are under way. */
export class CommandOrder {
  readonly pauses = new PendingPauses()
  readonly #port: CommandOrderPort

  constructor(port: CommandOrderPort) {
    this.#port = port
  }

  /** A command that was asked for here. */
  asked(id: string, command: Command, progress: CommandProgress): Promise<CommandOutcome> {
    if (command.type === 'cancel') return this.#cancel(id, command, progress)
    if (command.type === 'resume') return this.pauses.resuming(id, this.#resume(id, command, progress, this.pauses.of(id)))
    const pause = this.pauses.begin(id, command.intervention.scope, progress)
    return this.#pause(id, command, progress, pause).finally(() => this.pauses.end(id, pause))
  }

  /** A command that an execution in memory here found in its inbox. */
  inOrder(id: string, command: Command, own: () => Promise<CommandOutcome>): Promise<CommandOutcome> {
    const cascade = (pause?: PendingPause) =>
      this.#port.cascade(id, fromAbove(command), pause).catch((error: unknown) => this.#port.failedBelow(id, error))
    if (command.type === 'cancel') return cascade().then(own)
    const { scope } = command.intervention
    if (command.type === 'resume') {
      // a command that has not read the inbox yet came after the messages in it
      const before = this.pauses.of(id).filter((pause) => !pause.isDelivered && !pause.isLooking && isOf(pause, scope))
      return this.pauses.resuming(id, this.#wake(id, before, { own, below: cascade }))
    }
    const resumed = this.pauses.resumesOf(id)
    const pause = this.pauses.begin(id, scope)
    return this.#pauseInOrder(id, pause, {
      below: () => (resumed ? resumed.then(() => (pause.resume ? undefined : cascade(pause))) : cascade(pause)),
      own,
    }).finally(() => this.pauses.end(id, pause))
  }

  async #pauseInOrder(id: string, pause: PendingPause, { below, own }: { below(): Promise<void>; own: Waking['own'] }) {
    await Promise.race([below(), pause.takenBack])
    const back = pause.resume && (await pause.resume.catch(() => undefined))
    if (back?.status === 'resumed') return back
    pause.isDelivered = true
    const answer = own()
    pause.placed()
    const outcome = await answer
    if (outcome.status === 'already_finished')
      await this.#port.wakeLeft(id).catch((error: unknown) => this.#port.failedBelow(id, error))
    return outcome
  }

  async #cancel(id: string, command: Command, progress: CommandProgress): Promise<CommandOutcome> {
    await this.#port.ahead(id, command, progress)
    return this.#leafFirst(id, command, progress)
  }

  async #pause(id: string, command: Command, progress: CommandProgress, pause: PendingPause): Promise<CommandOutcome> {
    await this.#port.ahead(id, command, progress)
    pause.isLooking = false
    // an earlier resume would resume children that this command stops
    const resumed = this.pauses.resumesOf(id)
    const heldUp = resumed && (await (progress.place?.during(resumed) ?? resumed))
    // the execution itself would wait as long for the same lock
    if (isHeldUp(heldUp)) throw heldUp
    const outcome = await this.#leafFirst(id, command, progress, pause)
    // the execution ended while its children were being paused
    if (outcome.status === 'already_finished') await this.#port.wakeLeft(id)
    return outcome
  }

  /** A child that can't be reached keeps the command from nobody: its error is thrown at the end. */
  async #leafFirst(id: string, command: Command, progress: CommandProgress, pause?: PendingPause): Promise<CommandOutcome> {
    const what = `The ${command.type} of execution ${id}`
    const failed: unknown[] = []
    await this.#port.below(id, fromAbove(command), progress, pause).catch((error: unknown) => {
      // the execution itself would wait as long for the same lock
      if (isHeldUp(error)) throw error
      failed.push(error)
    })
    const outcome = await this.#port.own(id, command, progress, pause).catch((error: unknown) => {
      if (failed.length === 0) throw error
      failed.push(error)
    })
    const unreached = unreachedError(
      what,
      failed.map((error) => ({ of: { id }, error })),
      outcome && { [outcome.status]: 1 },
    )
    if (unreached) throw unreached
    return outcome as CommandOutcome
  }

  /** `known`: the pauses that were under way when the resume was asked for. */
  async #resume(
    id: string,
    command: Command,
    progress: CommandProgress,
    known: readonly PendingPause[],
  ): Promise<CommandOutcome> {
    // pauses that are being put into the inbox are there before this resume
    await Promise.allSettled(known.flatMap(({ progress: own }) => own?.queued ?? []))
    await this.#port.ahead(id, command, progress)
    for (let placed; (placed = known.flatMap(({ placing }) => placing ?? [])).length > 0;) await Promise.all(placed)
    const kept = this.pauses.of(id).filter(({ through }) => through !== undefined)
    const before = [...new Set([...known, ...kept])].filter((each) => !each.isDelivered && isOf(each, command.intervention.scope))
    return this.#wake(
      id,
      before.filter((pause) => this.pauses.of(id).includes(pause)),
      {
        own: () => this.#port.own(id, command, progress),
        below: () => this.#port.below(id, fromAbove(command), progress),
      },
    )
  }

  /**
   * Resumes the children that were stopped, also those whose pause never reached the parent because the process died or
   * the commit failed. `before`: the pauses that the resume undoes.
   */
  async #wake(id: string, before: readonly PendingPause[], { own, below }: Waking): Promise<CommandOutcome> {
    const resume = this.#woken(id, own, before.length > 0)
    for (const pause of before) pause.takeBack(resume)
    const outcome = await resume
    if (wakesBelow(outcome)) await below()
    const kept = before.flatMap(({ through }) => through ?? [])
    if (outcome.status !== 'resumed' || kept.length === 0) return outcome
    // the pauses that it undoes have left the inbox by then, so that nobody finds them afterwards
    await Promise.all(kept)
    await this.#port.durable(id)
    return outcome
  }

  /** `isBack`: it undoes a pause that has not reached the execution, which therefore runs on. */
  async #woken(id: string, own: () => Promise<CommandOutcome>, isBack: boolean): Promise<CommandOutcome> {
    const before = isBack ? await this.#port.load(id) : undefined
    const outcome = await own()
    if (!isBack || outcome.status !== 'already_running') return outcome
    // another pause may have come since: the answer is a revision in which the execution went on
    const going = [await this.#port.load(id), before].find((stored) => stored && stageOf(stored.status) === 'going')
    return going ? { status: 'resumed', revision: going.revision } : outcome
  }
}
