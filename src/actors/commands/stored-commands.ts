/**
 * Commands to executions that nobody holds and that can't be taken up here: carried out on what is stored of them.
 *
 * Owns: which of them need no program, what is then written (the same as if the execution had been in memory), and that
 * one whose program must still make something good is left to a process that has it, if there may be one. Such are
 * executions of an entry point that was renamed or removed, and all of them for a process that runs nothing.
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

/** What it asks of its supervisor. */
export interface StoredCommandsPort {
  readonly settings: SupervisorSettings
  readonly commits: DirectCommits
  /** Its own key among the owners. */
  owner(): string
  /** True if this process takes executions of that entry point up. */
  runs(entryPoint: string): boolean
  committed(before: StoredExecution, commit: Commit): void
}

/** How sure one must be that nobody else runs it: `certain` at once, `likely` once an inbox was left unread for long. */
export type Certainty = 'certain' | 'likely'

/** Carries out commands on stored executions. */
export class StoredCommands {
  readonly #port: StoredCommandsPort

  constructor(port: StoredCommandsPort) {
    this.#port = port
  }

  /** The answer; undefined if the command must go by the inbox, or the execution has moved. `seq`: where it stands there, if it does. */
  async handle(
    stored: StoredExecution,
    command: Command,
    certainty: Certainty,
    seq: number | undefined,
  ): Promise<CommandOutcome | undefined> {
    if (command.type === 'resume' || this.#port.runs(stored.entryPoint)) return undefined
    if (stored.owner !== null && !(await this.#isDead(stored.owner))) return undefined
    // a resume that stands before it in the inbox would take it back
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
    // its time was up, and only its steps were waited for
    if (ending?.status === 'timed_out') return this.#write(stored, 'timed_out', seq, (context) => context)
    return this.#write(stored, 'cancelled', seq, (context) => {
      // one that was being cancelled already is cancelled as was asked first
      const cancel = stored.status === 'cancelling' ? (context.cancel ?? intervention) : intervention
      const event: ExecutionEvent = { type: 'execution.cancel', cancel, started: false, inFlight: false, stopBy: now }
      const noted = { ...context, ...note.noteCancel({ context, event }) }
      return { ...noted, ...note.cancelled({ context: noted, event }) }
    })
  }

  /** What stands in the durable inbox of an execution, and has no answer. */
  async commandsTo(id: string): Promise<readonly { readonly seq: number; readonly command: Command }[]> {
    const messages = await this.#port.settings.store.inbox({ execution: id })
    return messages
      .filter(({ kind }) => kind === 'command')
      .map(({ seq, payload }) => ({ seq, command: decode<Command>(payload, { id, what: 'command' }) }))
  }

  /** True if it may be carried out here, once it is likely that nobody else does. */
  async mayHandle(stored: StoredExecution | undefined, command: Command): Promise<boolean> {
    if (!stored || isTerminal(stored.status) || command.type === 'resume' || this.#port.runs(stored.entryPoint)) return false
    return stored.owner === null || this.#isDead(stored.owner)
  }

  /** True if another process has it that lives. */
  async isHeldElsewhere({ owner }: StoredExecution): Promise<boolean> {
    return owner !== null && owner !== this.#port.owner() && !(await this.#isDead(owner))
  }

  /** True if its program is to make something good, and may be had somewhere. */
  async #mustCompensate({ id, entryPoint, state, startedAt }: StoredExecution, certainty: Certainty): Promise<boolean> {
    if (startedAt === null || !splitState(state, id).lifecycle.context.compensates) return false
    const { store, entryPoints } = this.#port.settings
    if (entryPoints.some((each) => each.id === entryPoint)) return true
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
    const definition = entryPoints.find((each) => each.id === entryPoint)
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
      // whoever has its program again pays what is owed
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
