/**
 * Step logic: a promise actor with retries, a time limit and an idempotency key.
 *
 * Owns: `fromStep`, and how one step's attempts follow each other. The program host gives each start its key and
 * its first attempt's number; without a host (plain `createActor`) the step runs all the same, with a key of its own.
 */
import { fromPromise, type AnyActorRef, type PromiseActorLogic } from 'xstate'
import { type Backoff, backoffDelay } from './backoff.js'
import { systemClock, type Clock } from '../clock.js'
import { StatewardError } from '../errors.js'

/** What happens to a step that may have been in flight when its process died. */
export type OnRecovery = 'rerun' | 'fail' | 'hold'

/** How a step is run. Times are milliseconds. */
export interface StepOptions {
  /** `maxAttempts` counts the first one; the default is 1, no retry. `retryIf` decides by the error; default: all. */
  readonly retry?: { readonly maxAttempts: number; readonly backoff?: Backoff; readonly retryIf?: (error: unknown) => boolean }
  /** The limit of one attempt, in ms; past it the signal fires and the attempt fails with `step_timeout`. */
  readonly timeout?: number
  /** Default `rerun`. `fail`: the step ends with `step_interrupted`. `hold`: the execution is paused with reason `step_in_doubt`. */
  readonly onRecovery?: OnRecovery
}

/** What a step's function gets. */
export interface StepArguments<TInput> {
  readonly input: TInput
  /** Fires when the step is left, paused away, cancelled or past its time. */
  readonly signal: AbortSignal
  /** The same for every attempt and every restart of this visit; another one on re-entry. */
  readonly idempotencyKey: string
  /** 1 for the first. */
  readonly attempt: number
  readonly executionId: string
  readonly self: AnyActorRef
  /** Publishes `execution.progress` with `data`, which must be storable. */
  readonly progress: (data: unknown) => void
  readonly logger: (...args: unknown[]) => void
}

/** What a host lends to a step. */
export interface StepContext {
  readonly executionId: string
  readonly idempotencyKey: string
  readonly attempt: number
  readonly clock: Clock
  readonly random: () => number
  readonly progress: (data: unknown) => void
  readonly logger: (...args: unknown[]) => void
  /** Told before each further attempt. */
  readonly attempted: (attempt: number) => void
  /** Starts an execution of another entry point, once for this step, and ends with its outcome. */
  readonly execute: (entryPoint: string, input: unknown, signal: AbortSignal) => Promise<unknown>
}

interface CreatorArguments<TInput> {
  readonly input: TInput
  readonly signal: AbortSignal
  readonly self: AnyActorRef
  readonly step?: StepContext
}

interface Mark {
  readonly options: StepOptions
  readonly run: Attempt<unknown, unknown>
}

const marks = new WeakMap<object, Mark>()

const waits = new WeakSet<object>()

/** True for logic that does nothing itself but wait for another execution: it can be left and taken up at any time. */
export function waitsForExecution(logic: object): boolean {
  const { config } = logic as { config?: unknown }
  return typeof config === 'function' && waits.has(config)
}

/** The options of a logic that `fromStep` or `fromExecution` made, or undefined. */
export function stepOptionsOf(logic: object): StepOptions | undefined {
  return markOf(logic)?.options
}

function markOf(logic: object): Mark | undefined {
  const { config } = logic as { config?: unknown }
  return typeof config === 'function' ? marks.get(config) : undefined
}

/** One attempt of a step, and what it would do by itself. */
export interface StepAttempt {
  readonly input: unknown
  readonly signal: AbortSignal
  readonly self: AnyActorRef
  readonly attempt: number
  readonly context: StepContext
  run(): unknown
}

/** The same promise logic, with the same options, each attempt of which is run by `around`. */
export function wrappedStep(
  logic: PromiseActorLogic<unknown>,
  around: (attempt: StepAttempt) => unknown,
): PromiseActorLogic<unknown> {
  const { config } = logic as unknown as { config: (args: CreatorArguments<unknown>) => PromiseLike<unknown> }
  const mark = markOf(logic)
  const wrapped = marked<unknown, unknown>(mark?.options ?? {}, (args, context, attempt, signal) => {
    const run = () => (mark ? mark.run(args, context, attempt, signal) : config({ ...args, signal }))
    return around({ input: args.input, signal, self: args.self, attempt, context, run })
  })
  if (waitsForExecution(logic)) waits.add((wrapped as unknown as { config: object }).config)
  return wrapped
}

/**
 * Step logic for `invoke` and `spawn`: like `fromPromise`, with retries, a time limit and an idempotency key.
 *
 * The promise starts only once the commit that holds its cause is durable. At a crash, a step in flight runs again
 * with the same `idempotencyKey`: make its effect idempotent by that key.
 *
 * Errors: whatever `fn` throws after the last attempt; `step_timeout`; `step_interrupted`. `invalid_option` here.
 *
 * @example
 * ```ts
 * const charge = fromStep(
 *   async ({ input, idempotencyKey, signal }: StepArguments<{ amount: number }>) => pay(input.amount, { idempotencyKey, signal }),
 *   { retry: { maxAttempts: 3, backoff: { initial: 200 } }, timeout: 5_000 },
 * )
 * ```
 */
export function fromStep<TOutput, TInput = unknown>(
  fn: (args: StepArguments<TInput>) => PromiseLike<TOutput> | TOutput,
  options: StepOptions = {},
): PromiseActorLogic<TOutput, TInput> {
  check(options)
  return marked<TOutput, TInput>(options, (args, context, attempt, signal) =>
    fn({
      input: args.input,
      signal,
      idempotencyKey: context.idempotencyKey,
      attempt,
      executionId: context.executionId,
      self: args.self,
      progress: context.progress,
      logger: context.logger,
    }),
  )
}

/**
 * Step logic that starts an execution of another entry point, once however often the step is retried or recovered,
 * and ends with its output.
 *
 * Cancel and pause of the execution that runs the step cascade to the one it started. Errors: `execution_failed` with
 * the outcome in `details` if that ended otherwise than `completed`; `unknown_entry_point`; outside of a runtime `not_started`.
 * The one that waits keeps its slot meanwhile.
 *
 * @example
 * ```ts
 * const reviews = defineEntryPoint({ id: 'reviews', program: fromExecution<string, { id: number }>('tickets') })
 * ```
 */
export function fromExecution<TOutput = unknown, TInput = unknown>(
  entryPoint: string,
  options: StepOptions = {},
): PromiseActorLogic<TOutput, TInput> {
  check(options)
  const logic = marked<TOutput, TInput>(
    options,
    (args, context, _, signal) => context.execute(entryPoint, args.input, signal) as Promise<TOutput>,
  )
  waits.add(logic.config as unknown as object)
  return logic
}

type Attempt<TOutput, TInput> = (
  args: CreatorArguments<TInput>,
  context: StepContext,
  attempt: number,
  signal: AbortSignal,
) => PromiseLike<TOutput> | TOutput

function marked<TOutput, TInput>(options: StepOptions, run: Attempt<TOutput, TInput>): PromiseActorLogic<TOutput, TInput> {
  const creator = (args: CreatorArguments<TInput>) => attempts(options, run, args)
  marks.set(creator, { options, run: run as Attempt<unknown, unknown> })
  return fromPromise(creator as never) as PromiseActorLogic<TOutput, TInput>
}

async function attempts<TOutput, TInput>(
  options: StepOptions,
  run: Attempt<TOutput, TInput>,
  args: CreatorArguments<TInput>,
): Promise<TOutput> {
  const context = args.step ?? lonely(args.self)
  const most = options.retry?.maxAttempts ?? 1
  for (let attempt = context.attempt; ; attempt++) {
    if (attempt > context.attempt) context.attempted(attempt)
    try {
      return await limited(options.timeout, context.clock, args.signal, (signal) => run(args, context, attempt, signal))
    } catch (error) {
      if (attempt >= most || args.signal.aborted || options.retry?.retryIf?.(error) === false) throw error
      await delay(backoffDelay(options.retry?.backoff, attempt, context.random), context.clock, args.signal)
    }
  }
}

async function limited<T>(
  timeout: number | undefined,
  clock: Clock,
  outer: AbortSignal,
  run: (signal: AbortSignal) => PromiseLike<T> | T,
): Promise<T> {
  if (timeout === undefined) return run(outer)
  const controller = new AbortController()
  const late = new StatewardError('step_timeout', `A step took longer than its ${timeout} ms.`, { details: { timeout } })
  return new Promise<T>((resolve, reject) => {
    const timer = clock.setTimeout(() => (controller.abort(late), reject(late)), timeout)
    const done = () => clock.clearTimeout(timer)
    Promise.resolve()
      .then(() => run(AbortSignal.any([outer, controller.signal])))
      .then(resolve, reject)
      .finally(done)
  })
}

function delay(ms: number, clock: Clock, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => (clock.clearTimeout(timer), reject(signal.reason as Error))
    const timer = clock.setTimeout(() => (signal.removeEventListener('abort', stop), resolve()), ms)
    if (signal.aborted) stop()
    else signal.addEventListener('abort', stop, { once: true })
  })
}

/** The context of a step that runs outside of a runtime. */
function lonely(self: AnyActorRef): StepContext {
  const missing = () =>
    Promise.reject(new StatewardError('not_started', '`fromExecution` needs a runtime to start the execution in.'))
  return {
    executionId: self.sessionId,
    idempotencyKey: `${self.sessionId}/${self.id}`,
    attempt: 1,
    clock: systemClock,
    random: () => 0.5,
    progress: () => undefined,
    logger: () => undefined,
    attempted: () => undefined,
    execute: missing,
  }
}

function check({ retry, timeout }: StepOptions) {
  if (retry && !(Number.isInteger(retry.maxAttempts) && retry.maxAttempts >= 1))
    invalid('retry.maxAttempts', retry.maxAttempts, 'a whole number from 1')
  if (timeout !== undefined && !(timeout > 0)) invalid('timeout', timeout, 'a number of milliseconds above 0')
}

function invalid(option: string, value: unknown, wanted: string): never {
  throw new StatewardError('invalid_option', `A step's \`${option}\` is ${String(value)}; it must be ${wanted}.`, {
    details: { option, value: String(value) },
  })
}
