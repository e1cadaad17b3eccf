/** The options of a step, and what its host gives it. Owns no behaviour. */
import type { Backoff } from '../../backoff.js'
import type { ChildOptions } from '../../events/requests.js'
import type { StepChildRequest, WhenLeft } from './child-port.js'
import type { Clock } from '../../clock.js'

/** What happens to a step that has begun, and was cut off before its end was durable. */
export type OnRecovery = 'rerun' | 'fail' | 'hold'

/** How a step is run. Times are milliseconds. */
export interface StepOptions {
  /** `maxAttempts` counts the first one; the default is 1, no retry. `retryIf` decides by the error; default: all. */
  readonly retry?:
    | {
        readonly maxAttempts: number
        readonly backoff?: Backoff | undefined
        readonly retryIf?: ((error: unknown) => boolean) | undefined
      }
    | undefined
  /**
   * The limit of one attempt, in ms; past it the signal fires and the attempt fails with `step_timeout`. A further attempt waits
   * until a function that does not heed the signal has ended, at most for the entry point's `cancelTimeout`.
   */
  readonly timeout?: number | undefined
  /**
   * Asked for a step that has begun and whose end is not durable, whatever cut it off: a crash, `stop()`, a pause now, a store that
   * failed, an attempt of the execution that failed beside it. Default `rerun`. `fail`: the step ends with `step_interrupted`. `hold`:
   * the execution is paused with reason `step_in_doubt`, and a resume runs the step; while a cancel is made good, it is as `fail`.
   */
  readonly onRecovery?: OnRecovery | undefined
}

/** What the options of a started execution are made of. */
export interface ChildOptionsArguments<TInput> {
  readonly input: TInput
  /** In ms since the epoch, by the runtime's clock. */
  readonly now: number
}

/** How a step is run that starts another execution. Times are milliseconds. */
export interface ChildStepOptions<TInput = unknown> extends StepOptions {
  /**
   * What becomes of the execution when the step is left or runs out of time, or its own execution ends in whatever way. `cancel`
   * (default): it is cancelled, before that end is answered. `leave`: it goes on by itself, also when its parent is cancelled.
   */
  readonly whenLeft?: WhenLeft | undefined
  /**
   * What is said of the execution, as of a trigger: `tags`, `sessionId`, `correlationId` (default the id of the one that starts it),
   * `priority`, `startAt`, `timeout`, `queueTimeout`, `deadline`. A function makes it of the step's input; it is asked again only until
   * the execution is accepted, and for each further one after a failure. Errors: `invalid_option` and `invalid_id`, here of an object,
   * and of the step for what a function gives.
   */
  readonly options?: ChildOptions | ((args: ChildOptionsArguments<TInput>) => ChildOptions) | undefined
}

/** What a host gives to a step. */
export interface StepContext {
  readonly executionId: string
  readonly idempotencyKey: string
  readonly attempt: number
  readonly clock: Clock
  readonly random: () => number
  readonly progress: (data: unknown) => void
  /** What an attempt says while it runs; resolves once it may say more. */
  readonly stream: (attempt: number, chunk: unknown) => Promise<void>
  /** Resolves once all that an attempt has said is durable; undefined: it has said nothing. */
  readonly flushed: (attempt: number) => Promise<void> | undefined
  readonly logger: (...args: unknown[]) => void
  /** Called before each further attempt, with the error of the one before; resolves once the attempt may begin, if ever: its number is durable, and this process still owns the execution. */
  readonly attempted: (attempt: number, error: unknown) => Promise<void>
  /** Called after an attempt that ran out of time while its function goes on; resolves once the function has ended or is no longer waited for. */
  readonly outlived: (body: Promise<unknown>) => Promise<void>
  /** Starts an execution of another entry point, once for this step, and ends with its outcome. */
  readonly execute: (asked: StepChildRequest) => Promise<unknown>
}
