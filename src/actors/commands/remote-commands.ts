/**
 * Commands to executions that another process holds.
 *
 * Owns: the inbox as the way of the command and of its answer; how long an answer is waited for; and that a command which nobody
 * reads for as long as a lease lasts is carried out here, if possible.
 */
import { StatewardError } from '../../errors.js'
import { isTerminal } from '../../events/execution-status.js'
import type { Command, CommandOutcome } from '../../events/outcomes.js'
import { decode, encode } from '../../codec/snapshot-codec.js'
import type { CommandAnswer, SnapshotStore } from '../../persistence/snapshot-store.js'
import type { CommandProgress } from './answer-time.js'
import { absentFrom } from '../cluster/result-waiters.js'
import type { StoredCommands } from './stored-commands.js'
import type { SupervisorSettings } from '../supervisor/supervisor-options.js'

/** How long another process may take to answer a command without a time limit, in ms. */
const ANSWER_WITHIN = 30_000

/** Sends commands by the inbox. */
export class RemoteCommands {
  readonly #settings: SupervisorSettings
  readonly #store: SnapshotStore
  readonly #stored: StoredCommands

  constructor(settings: SupervisorSettings, stored: StoredCommands) {
    this.#settings = settings
    this.#store = settings.store
    this.#stored = stored
  }

  /** Puts the command into the durable inbox, if it is not there yet: its number, or undefined if there is no such inbox any more. */
  queue(id: string, command: Command, progress: CommandProgress): Promise<number | undefined> {
    return (progress.queued ??= this.#enqueue(id, command))
  }

  async #enqueue(id: string, command: Command): Promise<number | undefined> {
    const { clock } = this.#settings
    const payload = encode(command, { id, what: 'command' })
    const queued = await this.#store.enqueue({ executionId: id, kind: 'command', payload, at: clock.now() })
    return queued.status === 'queued' ? queued.seq : undefined
  }

  /**
   * The answer; undefined if the execution has moved and its owner must be looked up again. `below`: gives the command to the
   * children, if nobody reads it. Throws `no_answer`.
   */
  async ask(
    id: string,
    command: Command,
    progress: CommandProgress,
    below: () => Promise<void>,
  ): Promise<CommandOutcome | undefined> {
    const { clock, pollInterval, lease } = this.#settings
    const seq = await this.queue(id, command, progress)
    // the command waits in the inbox, and the next execution of a command to many may get it
    if (seq !== undefined) progress.place?.leave()
    const again = (): undefined => void delete progress.queued
    if (seq === undefined) return again()
    const since = clock.monotonic()
    const until = since + (('wait' in command && command.wait) || 0) + ANSWER_WITHIN
    let isUnread = false
    for (;;) {
      const answer = await this.#store.answer(seq)
      if (answer.status === 'unknown') return again()
      const outcome = await this.#outcomeOf(id, answer)
      if (outcome) return outcome
      if (!isUnread && clock.monotonic() >= since + lease) {
        isUnread = true
        if (await this.#stored.mayHandle(await this.#store.load(id), command)) await below()
        const stored = await this.#store.load(id)
        const carriedOut = stored && !isTerminal(stored.status) && (await this.#stored.handle(stored, command, 'likely', seq))
        if (carriedOut) return carriedOut
      }
      if (clock.monotonic() >= until) {
        throw new StatewardError(
          'no_answer',
          `No runtime has answered the ${command.type} of execution ${id}; it stays in its inbox.`,
          {
            details: { id, command: command.type, seq },
          },
        )
      }
      await new Promise<void>((resolve) => clock.setTimeout(resolve, Math.min(pollInterval, 50)))
    }
  }

  /** The answer, if it has been given. */
  async answered(id: string, seq: number): Promise<CommandOutcome | undefined> {
    return this.#outcomeOf(id, await this.#store.answer(seq))
  }

  /** What an answer says; undefined: nothing. */
  async #outcomeOf(id: string, answer: CommandAnswer): Promise<CommandOutcome | undefined> {
    if (answer.status === 'answered' && answer.answer !== null) return decode(answer.answer, { id, what: 'answer' })
    if (answer.status !== 'finished') return undefined
    const stored = await this.#store.load(id)
    return stored && isTerminal(stored.status) ? { status: 'already_finished', as: stored.status } : absentFrom(this.#store, id)
  }
}
