/**
 * The answers to commands. Owns their words: `already_finished`, `not_found`, `expired` and `timeout` are never the same answer.
 */
import type { ErrorRecord } from '../errors.js'
import type { TerminalStatus } from './execution-status.js'
import type { Intervention, LimitName } from './execution-events.js'

/** The command came too late: the execution had ended, `as` this. */
export interface AlreadyFinished {
  readonly status: 'already_finished'
  readonly as: TerminalStatus
}

/** There is no such execution: it never existed, or it was pruned by its retention. */
export type Absent = { readonly status: 'not_found' } | { readonly status: 'expired' }

/**
 * `delivered`: what the event caused is durable; `taken` is false if the program is a machine that has no transition for it
 * in its present state, so that the event changed nothing. `queued`: the event is in the durable inbox, until the execution goes on.
 */
export type SendOutcome =
  | { readonly status: 'delivered'; readonly revision: number; readonly taken: boolean }
  | { readonly status: 'queued' }
  | AlreadyFinished
  | Absent

/**
 * `pausing`: the given time ran out before the steps in flight had ended; it goes on pausing. `resumed`: a resume undid the
 * pause before it was complete.
 */
export type PauseOutcome =
  | { readonly status: 'paused' | 'already_paused' | 'resumed'; readonly revision: number }
  | { readonly status: 'pausing' | 'cancelling' }
  | AlreadyFinished
  | Absent

/** `already_running`: it was not paused. */
export type ResumeOutcome =
  | { readonly status: 'resumed'; readonly revision: number }
  | { readonly status: 'already_running' | 'cancelling' }
  | AlreadyFinished
  | Absent

/** `cancelling`: the given time ran out before the steps in flight had ended; it goes on cancelling. */
export type CancelOutcome = { readonly status: 'cancelled' | 'cancelling' } | AlreadyFinished | Absent

/** `already_added`: all of them were there, with the same definitions. */
export interface AddOutcome {
  readonly status: 'added' | 'already_added'
  /** The ids of the entry points. */
  readonly entryPoints: readonly string[]
}

/** `drained`: nothing of theirs was queued or running any more when they were removed. `not_found`: there was no such entry point here. */
export type RemoveOutcome =
  | { readonly status: 'removed'; readonly entryPoints: readonly string[]; readonly drained: boolean }
  | { readonly status: 'not_found' }

/** How an execution ended. Read `output` after checking that `status` is `completed`. */
export type ExecutionOutcome<TOutput = unknown> =
  | { readonly status: 'completed'; readonly output: TOutput }
  | { readonly status: 'failed'; readonly error: ErrorRecord }
  | ({ readonly status: 'cancelled'; readonly error?: ErrorRecord } & Partial<Intervention>)
  | { readonly status: 'timed_out'; readonly limit: LimitName }
  | { readonly status: 'rejected'; readonly reason: string }

/** The other answers of a call that waits for a result. `timeout`: the execution has not ended yet. */
export type ResultOutcome<TOutput = unknown> = ExecutionOutcome<TOutput> | { readonly status: 'timeout' } | Absent

/** A command as it travels through an inbox. */
export type Command =
  | { readonly type: 'pause'; readonly mode: 'boundary' | 'now'; readonly intervention: Intervention; readonly wait?: number }
  | { readonly type: 'resume'; readonly intervention: Intervention; readonly retry: boolean }
  | { readonly type: 'cancel'; readonly intervention: Intervention; readonly wait?: number }

/** The answer to a command. */
export type CommandOutcome = PauseOutcome | ResumeOutcome | CancelOutcome
