/**
 * Step logic: a promise actor with retries, a time limit and an idempotency key.
 *
 * Owns: `fromStep` and `fromExecution`. How attempts follow each other stands in `step-attempts.ts`. The program host gives each
 * start its key and its first attempt's number; without a host (plain `createActor`) the step runs all the same, with a key of its own.
 */
import { fromPromise, type AnyActorLogic, type AnyActorRef, type PromiseActorLogic } from 'xstate'
import { checkBackoff } from '../../backoff.js'
import { systemClock } from '../../clock.js'
import { StatewardError } from '../../errors.js'
import { checkChild } from '../../events/trigger-check.js'
import { isEntryPointId } from '../../ids.js'
import { isProgramMachine } from './xstate/program-logic.js'
import { refuseUnknown, type OptionNames } from '../../known-options.js'
import { attempts, settled } from './step-attempts.js'
import type { ChildOptionsArguments, ChildStepOptions, OnRecovery, StepContext, StepOptions } from './step-context.js'
import { actorsOf, creatorOf, withCreatorOf } from './xstate/implementations.js'

export type { ChildOptionsArguments, ChildStepOptions, OnRecovery, StepContext, StepOptions }

/** What a step's function gets. */
export interface StepArguments<TInput> {
  readonly input: TInput
  /**
   * Fires when the step is left, paused away, cancelled or past its time. Its `reason` is a `StatewardError` that says why, by its
   * `code`: `cancelled`, `paused`, `left`, `timed_out`, `step_timeout` or `stopping`; `stale_owner` or `store_failed` if the execution was lost.
   */
  readonly signal: AbortSignal
  /** The same for every attempt and every restart of this visit; another one on re-entry. */
  readonly idempotencyKey: string
  /** 1 for the first. */
  readonly attempt: number
  readonly executionId: string
  readonly self: AnyActorRef
  /** Publishes `execution.progress` with `data`, which must be storable. */
  readonly progress: (data: unknown) => void
  /**
   * Says something while the step runs, such as a token of a model: `execution.stream()` reads it in every process, and it never reaches
   * the context. `chunk` must be storable. Written in small batches; resolves once the next chunk may come. A step that does not
   * await it is refused with `stream_full` when 10,000 chunks, or 10 MB, are not written. See docs/streams.md.
   */
  readonly stream: (chunk: unknown) => Promise<void>
  readonly logger: (...args: unknown[]) => void
}

interface CreatorArguments<TInput> {
  readonly input: TInput
  readonly signal: AbortSignal
  readonly self: AnyActorRef
  readonly step?: StepContext
}

/** The package's data on the logic of a step, which every copy of the package in the process finds. */
interface Mark {
  /** Changes whenever the calls between a step and its host change. */
  readonly format: number
  readonly options: StepOptions
  readonly run: Attempt<unknown, unknown>
  /** True for a step that only waits for another execution. */
  readonly waits: boolean
}

const FORMAT = 1

const markKey = Symbol.for('stateward.step')

/** True for logic that only waits for another execution: it can be stopped and started again at any time. */
export function waitsForExecution(logic: object): boolean {
  return markOf(logic)?.waits === true
}

/** The options of a logic that `fromStep` or `fromExecution` made, or undefined. */
export function stepOptionsOf(logic: object): StepOptions | undefined {
  return markOf(logic)?.options
}

/** Throws `invalid_definition` for a step of an incompatible copy of the package. */
function markOf(logic: object): Mark | undefined {
  const mark = (creatorOf(logic) as { readonly [markKey]?: Mark } | undefined)?.[markKey]
  if (mark === undefined || mark.format === FORMAT) return mark
  throw new StatewardError(
    'invalid_definition',
    'A step was made by another version of stateward, which does not fit this one: let both use one copy of the package.',
    { details: { format: mark.format, known: [FORMAT] } },
  )
}

/** Throws `invalid_definition` if a program is, or names, a step of a copy of the package that does not fit this one. */
export function checkSteps(logic: AnyActorLogic, seen = new Set<unknown>()): void {
  if (seen.has(logic)) return
  seen.add(logic)
  if (!isProgramMachine(logic)) return void markOf(logic)
  for (const actor of Object.values(actorsOf(logic))) checkSteps(actor, seen)
}

/** One attempt of a step, and its own function. */
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
  const creator = creatorOf(logic) as (args: CreatorArguments<unknown>) => PromiseLike<unknown>
  const mark = markOf(logic)
  const made = marked<unknown, unknown>(
    mark?.options ?? {},
    (args, context, attempt, signal) => {
      const run = () => (mark ? mark.run(args, context, attempt, signal) : creator({ ...args, signal }))
      return around({ input: args.input, signal, self: args.self, attempt, context, run })
    },
    mark?.waits,
  )
  return withCreatorOf(logic, made)
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
      stream: (chunk) => context.stream(attempt, chunk),
      logger: context.logger,
    }),
  )
}

/**
 * Step logic that starts an execution of another entry point, once however often the step is recovered, and ends with its output.
 *
 * A retry (of the step, of the execution, by a person) after `execution_failed` starts another one, whose record names the earlier
 * one as `retryOf`. Cancel and pause of the execution that runs the step cascade to the one it started; when the step is left, or its
 * execution ends in whatever way, that one is cancelled, unless `whenLeft` is `leave`. `options` says of it what a trigger may say, such as
 * `tags`. Errors: `execution_failed` with
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
  options: ChildStepOptions<TInput> = {},
): PromiseActorLogic<TOutput, TInput> {
  check(options, childOptionNames)
  if (!isEntryPointId(entryPoint)) invalid('entryPoint', entryPoint, 'the id of an entry point')
  const { whenLeft = 'cancel' } = options
  if (whenLeft !== 'cancel' && whenLeft !== 'leave') invalid('whenLeft', whenLeft, 'one of cancel, leave')
  const { options: said } = options
  if (said !== undefined && typeof said !== 'function') checkChild(entryPoint, said)
  const run: Attempt<TOutput, TInput> = ({ input }, context, _, signal) => {
    const make =
      said && (() => checkChild(entryPoint, typeof said === 'function' ? said({ input, now: context.clock.now() }) : said))
    const asked = { entryPoint, input, signal, whenLeft, ...(make ? { options: make } : {}) }
    return context.execute(asked) as Promise<TOutput>
  }
  return marked<TOutput, TInput>(options as StepOptions, run, true)
}

type Attempt<TOutput, TInput> = (
  args: CreatorArguments<TInput>,
  context: StepContext,
  attempt: number,
  signal: AbortSignal,
) => PromiseLike<TOutput> | TOutput

function marked<TOutput, TInput>(
  options: StepOptions,
  run: Attempt<TOutput, TInput>,
  waits = false,
): PromiseActorLogic<TOutput, TInput> {
  const creator = (args: CreatorArguments<TInput>) => {
    const context = args.step ?? lonely(args.self)
    return attempts(options, context, args.signal, (attempt, signal) => run(args, context, attempt, signal))
  }
  const mark: Mark = { format: FORMAT, options, run: run as Attempt<unknown, unknown>, waits }
  Object.defineProperty(creator, markKey, { value: mark })
  return fromPromise(creator as never) as PromiseActorLogic<TOutput, TInput>
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
    stream: () => Promise.resolve(),
    flushed: () => undefined,
    logger: () => undefined,
    attempted: () => Promise.resolve(),
    outlived: (body) => settled(body),
    execute: missing,
  }
}

const optionNames: OptionNames<StepOptions> = { retry: true, timeout: true, onRecovery: true }
const childOptionNames: OptionNames<ChildStepOptions> = { ...optionNames, whenLeft: true, options: true }
const retryNames: OptionNames<NonNullable<StepOptions['retry']>> = { maxAttempts: true, backoff: true, retryIf: true }

function check(options: StepOptions, names: OptionNames<StepOptions> = optionNames) {
  refuseUnknown('invalid_option', 'A step', options, names)
  refuseUnknown('invalid_option', "A step's `retry`", options.retry, retryNames)
  checkBackoff('invalid_option', "A step's `retry`", options.retry?.backoff)
  const { retry, timeout, onRecovery } = options
  if (retry && !(Number.isInteger(retry.maxAttempts) && retry.maxAttempts >= 1))
    invalid('retry.maxAttempts', retry.maxAttempts, 'a whole number from 1')
  if (retry?.retryIf !== undefined && typeof retry.retryIf !== 'function') invalid('retry.retryIf', retry.retryIf, 'a function')
  if (timeout !== undefined && !(typeof timeout === 'number' && timeout > 0))
    invalid('timeout', timeout, 'a number of milliseconds above 0')
  if (onRecovery !== undefined && !['rerun', 'fail', 'hold'].includes(onRecovery))
    invalid('onRecovery', onRecovery, 'one of rerun, fail, hold')
}

function invalid(option: string, value: unknown, wanted: string): never {
  throw new StatewardError('invalid_option', `A step's \`${option}\` is ${String(value)}; it must be ${wanted}.`, {
    details: { option, value: String(value) },
  })
}
