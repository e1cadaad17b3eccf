/**
 * The order of the commands to one execution, and of what they mean for the executions that it has started.
 *
 * Owns: that a pause and a cancel come leaf first, and a resume last; that whoever came later decides, whether the commands were asked
 * for here or stand in the durable inbox: a resume takes back the pauses before it that the execution has not been told, and a
 * pause begins when the resumes before it are through; that what can't be reached below keeps the command from nobody.
 * Does not know: who holds an execution, and how it is told (the router).
 */
import { isHeldUp } from '../../errors.js'
import { stageOf } from '../../events/execution-status.js'
import type { Command, CommandOutcome } from '../../events/outcomes.js'
import type { StoredExecution } from '../../persistence/snapshot-store.js'
import type { CommandProgress } from './answer-time.js'
import { isOf, PendingPauses, type PendingPause } from './pending-pauses.js'
import { unreachedError } from './unreached.js'

/** What the order asks of the router. */
export interface CommandOrderPort {
  /** Sees to what stands in the durable inbox of the execution: that came before the command. */
  ahead(id: string, command: Command, progress: CommandProgress): Promise<void>
  /** What the execution has started is told the same; rejects once all of it was, if something has failed. */
  below(id: string, command: Command, progress: CommandProgress, pause?: PendingPause): Promise<void>
  /** The same for one whose command came by its inbox. */
  cascade(id: string, command: Command, pause?: PendingPause): Promise<void>
  /** The execution itself is told. */
  own(id: string, command: Command, progress: CommandProgress, pause?: PendingPause): Promise<CommandOutcome>
  /** What outlives it goes on, if it was paused with it. */
  wakeLeft(id: string): Promise<void>
  load(id: string): Promise<StoredExecution | undefined>
  /** Resolves once what it has become is durable, if it is in memory. */
  durable(id: string): Promise<unknown>
  /** What it has started could not be told, and nobody else hears of that. */
  failedBelow(id: string, error: unknown): void
}

/** The same for what an execution has started. */
export const fromAbove = (command: Command): Command => ({
  ...command,
  intervention: { ...command.intervention, scope: 'parent' },
})

/** True if what a resume has come to concerns also what a pause had stopped below. */
const wakesBelow = ({ status }: CommandOutcome) => status === 'resumed' || status === 'already_running'

/** One resume: how the execution and what it has started are told. */
interface Waking {
  readonly own: () => Promise<CommandOutcome>
  readonly below: () => Promise<void>
}

/** The commands that one router has on their way. */
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

  /** A command that came to what is in memory here by its inbox. */
  inOrder(id: string, command: Command, own: () => Promise<CommandOutcome>): Promise<CommandOutcome> {
    const cascade = (pause?: PendingPause) =>
      this.#port.cascade(id, fromAbove(command), pause).catch((error: unknown) => this.#port.failedBelow(id, error))
    if (command.type === 'cancel') return cascade().then(own)
    const { scope } = command.intervention
    if (command.type === 'resume') {
      // what is only about to look into the inbox came after what stands there
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
    // a resume that came before would wake below what this one stops
    const resumed = this.pauses.resumesOf(id)
    const heldUp = resumed && (await (progress.place?.during(resumed) ?? resumed))
    // the execution itself would wait as long for the same lock
    if (isHeldUp(heldUp)) throw heldUp
    const outcome = await this.#leafFirst(id, command, progress, pause)
    // it came to its end while what it had started was paused
    if (outcome.status === 'already_finished') await this.#port.wakeLeft(id)
    return outcome
  }

  /** What can't be told below keeps the command from nobody: it is thrown at the end. */
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

  /** `known`: the pauses that were on their way when it was asked for. */
  async #resume(
    id: string,
    command: Command,
    progress: CommandProgress,
    known: readonly PendingPause[],
  ): Promise<CommandOutcome> {
    // those that are being put into the inbox stand there before this one
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
   * What was stopped below goes on as well, also where a pause stopped it and never came to the one above: its process died, or
   * its commit failed. `before`: the pauses that it takes back.
   */
  async #wake(id: string, before: readonly PendingPause[], { own, below }: Waking): Promise<CommandOutcome> {
    const resume = this.#woken(id, own, before.length > 0)
    for (const pause of before) pause.takeBack(resume)
    const outcome = await resume
    if (wakesBelow(outcome)) await below()
    const kept = before.flatMap(({ through }) => through ?? [])
    if (outcome.status !== 'resumed' || kept.length === 0) return outcome
    // what it takes back has left the inbox by then: nobody finds it there afterwards
    await Promise.all(kept)
    await this.#port.durable(id)
    return outcome
  }

  /** `isBack`: it takes back a pause that the execution has not been told, so that it runs on. */
  async #woken(id: string, own: () => Promise<CommandOutcome>, isBack: boolean): Promise<CommandOutcome> {
    const before = isBack ? await this.#port.load(id) : undefined
    const outcome = await own()
    if (!isBack || outcome.status !== 'already_running') return outcome
    // another pause may have come since: what is told is a revision in which it went on
    const going = [await this.#port.load(id), before].find((stored) => stored && stageOf(stored.status) === 'going')
    return going ? { status: 'resumed', revision: going.revision } : outcome
  }
}
