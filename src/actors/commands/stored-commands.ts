/**
 * Carries out commands on the stored state of executions that nobody owns and that this process can't take up.
 *
 * Owns: which commands need no program; what is written (the same as if the execution had been in memory); and that
 * an execution whose program must still compensate is left to a process that has the program, if there may be one. This concerns
 * executions of an entry point that was renamed or removed, and every execution in a process that runs nothing.
 */
import type { ExecutionContext, ExecutionEvent } from '../../events/execution-events.js'
import type { Command, CommandOutcome } from '../../events/outcomes.js'
import { isTerminal } from '../../events/execution-status.js'
import * as note from '../../machines/execution-notes.js'
import { decode, encode } from '../../codec/snapshot-codec.js'
import type { Commit, StoredExecution } from '../../persistence/snapshot-store.js'
import type { DirectCommits } from './direct-commits.js'
import { dueAt } from '../execution/execution-deadlines.js'
import { CommitDraft } from '../execution/commit-draft.js'
import { splitState } from '../execution/stored-state.js'
import { withFrozenTimers } from '../program/stored-program.js'
import { isGone } from '../cluster/process-identity.js'
import type { SupervisorSettings } from '../supervisor/supervisor-options.js'

/** The parts of the supervisor that are used. */
export interface StoredCommandsPort {
  readonly settings: SupervisorSettings
  readonly commits: DirectCommits
  /** The key of this process among the owners. */
  owner(): string
  /** True if this process takes up executions of that entry point. */
  runs(entryPoint: string): boolean
  committed(before: StoredExecution, commit: Commit): void
}

/** How certain it is that no other process runs the execution: `certain` at once, `likely` once its inbox was left unread for long. */
export type Certainty = 'certain' | 'likely'

/** Carries out commands on stored executions. */
export class StoredCommands {
  readonly #port: StoredCommandsPort

  constructor(port: StoredCommandsPort) {
    this.#port = port
  }

  /** The answer; undefined if the command must go by the inbox, or the execution has moved. `seq`: its number in the inbox, if it is there. */
  async handle(
    stored: StoredExecution,
    command: Command,
    certainty: Certainty,
    seq: number | undefined,
  ): Promise<CommandOutcome | undefined> {
    if (command.type === 'resume' || this.#port.runs(stored.entryPoint)) return undefined
    if (stored.owner !== null && !(await this.#isDead(stored.owner))) return undefined
    // a resume before it in the inbox would undo it
    const isBehind = (each: { readonly seq: number; readonly command: Command }) =>
      each.command.type === 'resume' && (seq === undefined || each.seq < seq)
    if (command.type === 'pause' && (await this.commandsTo(stored.id)).some(isBehind)) return undefined
    const now = this.#port.settings.clock.now()
    if (command.type === 'pause') {
      if (stored.status === 'cancelling') return { status: 'cancelling' }
      if (stored.status === 'paused') return { status: 'already_paused', revision: stored.revision }
      const { intervention, mode } = command
      const pause = { ...intervention, mode }
      const event: ExecutionEvent = { type: 'execution.pause', pause, inFlight: false, stopBy: now }
      return this.#write(stored, 'paused', seq, (context) => {
        const { limits, ...kept } = { ...context, ...note.notePause({ context, event }) }
        const { stopBy: _stop, retryAt: _retry, ...left } = limits
        return { ...kept, limits: left }
      })
    }
    if (await this.#mustCompensate(stored, certainty)) return undefined
    const { intervention } = command
    const { ending } = splitState(stored.state, stored.id).lifecycle.context
    // its time is up, and it was only waiting for its steps
    if (ending?.status === 'timed_out') return this.#write(stored, 'timed_out', seq, (context) => context)
    return this.#write(stored, 'cancelled', seq, (context) => {
      // an execution that is being cancelled ends as the first cancel asked
      const cancel = stored.status === 'cancelling' ? (context.cancel ?? intervention) : intervention
      const event: ExecutionEvent = {
        type: 'execution.cancel',
        cancel,
        started: false,
        inFlight: false,
        repeatsActions: false,
        stopBy: now,
      }
      const noted = { ...context, ...note.noteCancel({ context, event }) }
      return { ...noted, ...note.cancelled({ context: noted, event }) }
    })
  }

  /** The messages in the durable inbox of an execution that have no answer. */
  async commandsTo(id: string): Promise<readonly { readonly seq: number; readonly command: Command }[]> {
    const messages = await this.#port.settings.store.inbox({ execution: id })
    return messages
      .filter(({ kind }) => kind === 'command')
      .map(({ seq, payload }) => ({ seq, command: decode<Command>(payload, { id, what: 'command' }) }))
  }

  /** True if the command may be carried out here, once it is likely that nobody else does. */
  async mayHandle(stored: StoredExecution | undefined, command: Command): Promise<boolean> {
    if (!stored || isTerminal(stored.status) || command.type === 'resume' || this.#port.runs(stored.entryPoint)) return false
    return stored.owner === null || this.#isDead(stored.owner)
  }

  /** True if another living process owns the execution. */
  async isHeldElsewhere({ owner }: StoredExecution): Promise<boolean> {
    return owner !== null && owner !== this.#port.owner() && !(await this.#isDead(owner))
  }

  /** True if its program must compensate and another process may have that program. */
  async #mustCompensate({ id, entryPoint, state, startedAt }: StoredExecution, certainty: Certainty): Promise<boolean> {
    if (startedAt === null || !splitState(state, id).lifecycle.context.compensates) return false
    const { store, entryPoints } = this.#port.settings
    if (entryPoints.get(entryPoint)) return true
    if (certainty === 'likely') return false
    const own = this.#port.owner()
    return (await store.owners()).some((owner) => owner.key !== own && !isGone(owner))
  }

  async #isDead(key: string): Promise<boolean> {
    const owner = (await this.#port.settings.store.owners()).find((each) => each.key === key)
    return owner === undefined || isGone(owner)
  }

  async #write(
    stored: StoredExecution,
    status: 'paused' | 'cancelled' | 'timed_out',
    seq: number | undefined,
    change: (context: ExecutionContext) => ExecutionContext,
  ): Promise<CommandOutcome | undefined> {
    const { id, entryPoint } = stored
    const { clock, entryPoints } = this.#port.settings
    const now = clock.now()
    const { lifecycle, program } = splitState(stored.state, id)
    const context = change({ ...lifecycle.context, executionId: id, entryPoint })
    const definition = entryPoints.get(entryPoint)
    const frozen = program !== undefined && status === 'paused'
    const row = new CommitDraft(id, stored)
    const answer: CommandOutcome =
      status === 'timed_out'
        ? { status: 'already_finished', as: status }
        : status === 'paused'
          ? { status, revision: stored.revision + 1 }
          : { status }
    row.entered(status, context, now)
    const commit = row.commit({
      owner: null,
      status,
      value: status,
      context,
      program: frozen ? withFrozenTimers(program, id, definition?.pausedTimers ?? 'freeze', clock) : program,
      now,
      dueAt: status === 'paused' ? dueAt(status, context.limits, undefined) : null,
      // a process that has the program runs the pending actions later
      owed: stored.owed,
      consumed: seq === undefined ? [] : [{ seq, answer: encode(answer, { id, what: 'answer' }) }],
      checkpoints: definition?.checkpoints ?? 0,
      journal: definition?.journal,
    })
    const verdict = await this.#port.commits.write(commit)
    if (verdict.status !== 'committed') return undefined
    this.#port.committed(stored, commit)
    return answer
  }
}
