/** Steps that end when the test says so. Owns: the calls that are open, in the order in which they came. */
import { isDeepStrictEqual } from 'node:util'
import type { MockArguments } from './mock-behaviour.js'

/** One call of a held step. */
export interface HeldCall<TInput = unknown, TOutput = unknown> {
  readonly input: TInput
  readonly signal: AbortSignal
  readonly idempotencyKey: string
  readonly attempt: number
  readonly executionId: string
  /** Ends the step. */
  resolve(output: TOutput): void
  /** Fails the step. */
  reject(error: unknown): void
}

/** How a held step behaves. */
export interface HoldOptions {
  /** Whether a call rejects when its signal fires, as a well-behaved step does; default true. */
  readonly heedsSignal?: boolean
}

/** All calls of one held step. */
export class HeldStep<TInput = unknown, TOutput = unknown> {
  readonly #calls: HeldCall<TInput, TOutput>[] = []
  readonly #name: string
  readonly #settle: () => Promise<void>
  readonly #heedsSignal: boolean

  constructor(name: string, settle: () => Promise<void>, { heedsSignal = true }: HoldOptions = {}) {
    this.#name = name
    this.#settle = settle
    this.#heedsSignal = heedsSignal
  }

  /** Those so far, of every execution; ended ones too. */
  get calls(): readonly HeldCall<TInput, TOutput>[] {
    return this.#calls
  }

  /** Those with this input. */
  callsWith(input: TInput): readonly HeldCall<TInput, TOutput>[] {
    return this.#calls.filter((call) => isDeepStrictEqual(call.input, input))
  }

  /** The nth call, from 1, once all is quiet. Throws if it has not come. */
  async started(nth = 1): Promise<HeldCall<TInput, TOutput>> {
    await this.#settle()
    return this.#nth(this.#calls, nth, '')
  }

  /** The same of the calls with this input. */
  async startedWith(input: TInput, nth = 1): Promise<HeldCall<TInput, TOutput>> {
    await this.#settle()
    return this.#nth(this.callsWith(input), nth, ` with ${JSON.stringify(input)}`)
  }

  /** What the step does when it runs. */
  readonly behaviour = ({
    input,
    signal,
    idempotencyKey,
    attempt,
    executionId,
    forever,
    waitFor,
  }: MockArguments<TInput>): Promise<TOutput> => {
    const given = new Promise<TOutput>((resolve, reject) =>
      this.#calls.push({ input, signal, idempotencyKey, attempt, executionId, resolve, reject }),
    )
    return this.#heedsSignal ? Promise.race([given, forever()]) : waitFor(given)
  }

  #nth(calls: readonly HeldCall<TInput, TOutput>[], nth: number, which: string): HeldCall<TInput, TOutput> {
    const call = calls[nth - 1]
    if (!call) throw new Error(`Step ${this.#name}${which} has started ${calls.length} times, not ${nth}.`)
    return call
  }
}
