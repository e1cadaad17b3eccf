/** A handle on one execution, in memory or not, here or elsewhere. Owns the calls that a user makes on it. */
import type { AnyActorLogic, EventFromLogic, OutputFrom } from 'xstate'
import type { ForkRequest } from '../actors/commands/execution-fork.js'
import { cancelCommand, pauseCommand, resume } from '../actors/commands/command.js'
import type { CommandRouter } from '../actors/commands/command-router.js'
import type { ResultOptions } from '../actors/commands/execution-results.js'
import { executionCheckpoints, type Checkpoint } from '../actors/execution/execution-checkpoints.js'
import { executionRecord, type ExecutionRecord } from '../actors/execution/execution-record.js'
import { checkedTime, checkKey } from '../events/trigger-check.js'
import type { Clock } from '../clock.js'
import type { SnapshotStore, StoredExecution } from '../persistence/snapshot-store.js'
import type {
  Absent,
  CancelOutcome,
  Command,
  PauseOutcome,
  ResultOutcome,
  ResumeOutcome,
  SendOutcome,
} from '../events/outcomes.js'
import { checkCommand, type By, type CancelOptions, type PauseOptions, type ResumeOptions } from '../events/requests.js'
import { checkStream, type StepChunk, type StreamOptions } from '../events/step-chunk.js'
import { checkGoal, type ExecutionGoal, type GoalOptions, type GoalOutcome } from '../events/state-wait.js'
import { refuseUnknown, type OptionNames } from '../known-options.js'

/** `revision`: which checkpoint; default the last commit. `idempotencyKey`: the same key gives the same fork. `startAt`: as that of a trigger. */
export interface ForkOptions {
  readonly revision?: number | undefined
  readonly idempotencyKey?: string | undefined
  readonly startAt?: number | Date | undefined
}

const forkNames: OptionNames<ForkOptions> = { revision: true, idempotencyKey: true, startAt: true }
const resultNames: OptionNames<ResultOptions> = { timeout: true, signal: true }

/** What a handle needs of its runtime. */
export interface HandlePort {
  readonly router: Pick<CommandRouter, 'send' | 'checked' | 'deliver' | 'command' | 'result' | 'reached'>
  now(): number
  load(id: string): Promise<StoredExecution | Absent>
  /** Follows what its steps say while they run. */
  stream(id: string, options: StreamOptions): AsyncGenerator<StepChunk, void>
  /** The opened store, and the clock by which its times go. */
  storage(): Promise<{ readonly store: SnapshotStore; readonly clock: Clock }>
  fork(id: string, options: ForkRequest): Promise<{ readonly id: string; readonly created: boolean }>
}

/** The symbol under which the testing kit reads the parts of a handle. Not exported from the package. */
export const portKey: unique symbol = Symbol('stateward.handle-port')

type IsAny<T> = 0 extends 1 & T ? true : false

/** The output of a program; unknown if the program is. */
type OutputOf<TProgram extends AnyActorLogic> = IsAny<OutputFrom<TProgram>> extends true ? unknown : OutputFrom<TProgram>

/** The events of a program; any object with a `type` if the program is unknown. */
type EventOf<TProgram extends AnyActorLogic> =
  IsAny<EventFromLogic<TProgram>> extends true
    ? { readonly type: string } | { readonly type: string; readonly [key: string]: unknown }
    : EventFromLogic<TProgram>

/**
 * An execution, by id. Commands may be repeated and answer what is durable; see each outcome type.
 * Every call may reject with `store_failed`, and `no_answer` if another process holds the execution and does not react.
 */
export class ExecutionHandle<TProgram extends AnyActorLogic = AnyActorLogic> {
  readonly id: string
  /** True if the call that gave this handle made the execution; false if that was there before, or need not be there at all. */
  readonly created: boolean
  /** True if an execution that was there has taken this trigger in, because its entry point has `debounce` or `batch`. */
  readonly joined: boolean
  readonly #port: HandlePort

  constructor(id: string, port: HandlePort, created = false, joined = false) {
    this.id = id
    this.joined = joined
    this.created = created
    this.#port = port
  }

  /** @internal */
  get [portKey](): HandlePort {
    return this.#port
  }

  /**
   * Sends an event to the program; resolves once what it caused, or its place in the durable inbox, is durable.
   *
   * Not deduplicated: called twice, it delivers twice. An event for which the program has no transition changes nothing.
   * Errors: `invalid_event`, `not_storable`, `store_failed`.
   *
   * @example
   * ```ts
   * const answer = await execution.send({ type: 'APPROVE' })
   * console.log(answer.status) // prints delivered
   * ```
   */
  send(event: EventOf<TProgram>): Promise<SendOutcome> {
    return this.#port.router.send(this.id, event)
  }

  /**
   * Pauses; resolves once the pause is durable and no step is in flight, or after `timeout` ms with `pausing`.
   *
   * `boundary` waits for steps in flight as long as they take; `now` aborts them, waits up to the entry point's
   * `cancelTimeout`, and runs them again on resume. Errors: `store_failed`, `no_answer`.
   *
   * @example
   * ```ts
   * await execution.pause({ mode: 'now', reason: 'maintenance', actor: 'ann' })
   * await execution.send({ type: 'APPROVE' }) // kept, and delivered on resume
   * const resumed = await execution.resume()
   * console.log(resumed.status) // prints resumed
   * ```
   */
  pause(options: PauseOptions = {}): Promise<PauseOutcome> {
    return unlessRefused(() => {
      checkCommand('pause', this.id, options)
      return this.#command(pauseCommand(options, { at: this.#port.now() })) as Promise<PauseOutcome>
    })
  }

  /** Goes on from the last commit; resolves once that is durable. */
  async resume(options: ResumeOptions = {}): Promise<ResumeOutcome> {
    checkCommand('resume', this.id, options)
    return resume(this.#port.router, this.id, options, () => this.#port.now())
  }

  /** Cancels; resolves once the execution has ended. */
  cancel(options: CancelOptions = {}): Promise<CancelOutcome> {
    return unlessRefused(() => {
      checkCommand('cancel', this.id, options)
      return this.#command(cancelCommand(options, { at: this.#port.now() })) as Promise<CancelOutcome>
    })
  }

  /**
   * Tries again. A paused execution goes on with fresh attempts; one that ended as failed, cancelled or timed out stays
   * ended, and a fork of its last good commit is started. Resolves with the handle of the execution that runs.
   */
  async retry(by: By = {}): Promise<ExecutionHandle<TProgram>> {
    checkCommand('retry', this.id, by)
    const outcome = await this.resume({ ...by, retry: true })
    return outcome.status === 'already_finished' ? this.fork() : this
  }

  /** Starts another execution from a kept commit of this one. Errors: `not_found`, `no_checkpoint`, `invalid_id`. */
  async fork(options: ForkOptions = {}): Promise<ExecutionHandle<TProgram>> {
    refuseUnknown('invalid_option', `The fork of ${this.id}`, options, forkNames)
    checkKey(`the fork of ${this.id}`, options.idempotencyKey, { id: this.id })
    const { startAt, ...rest } = options
    const at = checkedTime(`the fork of ${this.id}`, 'startAt', startAt, { id: this.id })
    const { id, created } = await this.#port.fork(this.id, { ...rest, startAt: at })
    return new ExecutionHandle(id, this.#port, created)
  }

  /**
   * The commits that `fork({ revision })` can start from besides the last one, oldest first: those that moved the program, as
   * many as the entry point's `checkpoints`. Errors: `not_found`, `store_failed`.
   *
   * @example
   * ```ts
   * const [first] = await execution.checkpoints()
   * console.log(first?.revision ?? 'none is kept') // prints none is kept
   * ```
   */
  async checkpoints(): Promise<readonly Checkpoint[]> {
    const { store } = await this.#port.storage()
    return executionCheckpoints(store, this.id)
  }

  /**
   * Waits for the end, for `timeout` ms at most (default: for ever; 0 asks and does not wait), here or in another process.
   *
   * A failed execution is an answer and no rejection. Rejects with the signal's reason when that fires, and with
   * `already_stopped` if the runtime stops meanwhile.
   *
   * @example
   * ```ts
   * const early = await execution.result({ timeout: 0 })
   * await execution.send({ type: 'APPROVE' })
   * const outcome = await execution.result({ timeout: 5_000 })
   * if (outcome.status === 'completed') console.log(early.status, outcome.output) // prints timeout approved 123
   * ```
   */
  result(options?: ResultOptions): Promise<ResultOutcome<OutputOf<TProgram>>> {
    return unlessRefused(() => {
      refuseUnknown('invalid_option', `The result of ${this.id}`, options, resultNames)
      return this.#port.router.result(this.id, options) as Promise<ResultOutcome<OutputOf<TProgram>>>
    })
  }

  /**
   * Waits until the execution stands in a state, under a tag or in a status, as of its last commit, here or in another process; for
   * `timeout` ms at most (default: for ever; 0 asks and does not wait).
   *
   * Every commit that this process makes is looked at. Of an execution that another process runs, where it stands is looked up every
   * `pollInterval`: what it only passed through in between is not seen. Rejects with the signal's reason when that fires, and with
   * `already_stopped` if the runtime stops meanwhile. Errors: `invalid_option`, `unknown_entry_point` (for a tag of a machine that
   * this process has not got), `store_failed`.
   *
   * @example
   * ```ts
   * const waiting = await execution.waitFor({ status: 'waiting' }, { timeout: 5_000 })
   * console.log(waiting.status) // prints reached
   * ```
   */
  async waitFor(goal: ExecutionGoal, options: GoalOptions = {}): Promise<GoalOutcome> {
    checkGoal(this.id, goal, options)
    return this.#port.router.reached(this.id, goal, options)
  }

  /**
   * Follows what its steps say while they run (`stream(chunk)` of `fromStep`), from whatever process, until the execution has ended. The
   * `offset` of the last entry, given as `since`, goes on without a gap. Chunks are drafts until their `run` is `committed`; the
   * chunks of a run that is `abandoned` count for nothing. Ends at once if there is no such execution, and
   * without an error, after all that is stored by then, when the runtime stops. Errors: `invalid_option`, `store_failed`, `already_stopped`
   * (it was stopped before).
   *
   * @example
   * ```ts
   * const heard: unknown[] = []
   * await execution.send({ type: 'APPROVE' })
   * for await (const entry of execution.stream()) heard.push(entry.type === 'chunk' ? entry.data : entry.type)
   * console.log(heard) // prints []
   * ```
   */
  async *stream(options: StreamOptions = {}): AsyncGenerator<StepChunk, void> {
    checkStream(this.id, options)
    yield* this.#port.stream(this.id, options)
  }

  /** The execution as of its last commit; `value`, `context` and `output` are those of the handle's program. */
  async get(): Promise<ExecutionRecord<TProgram> | Absent> {
    const stored = await this.#port.load(this.id)
    return 'revision' in stored ? (executionRecord(stored) as ExecutionRecord<TProgram>) : stored
  }

  #command(command: Command) {
    return this.#port.router.command(this.id, command)
  }
}

/** The answer itself, not a promise of it: whoever gives it may look at how it is awaited. What is thrown rejects. */
function unlessRefused<T>(call: () => Promise<T>): Promise<T> {
  try {
    return call()
  } catch (error) {
    return Promise.reject(error as Error)
  }
}
