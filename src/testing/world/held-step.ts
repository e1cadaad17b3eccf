/** Steps that end when the test says so. Owns: the calls that are open, in the order in which they came. */
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

/** All calls of one held step. */
export class HeldStep<TInput = unknown, TOutput = unknown> {
  readonly calls: HeldCall<TInput, TOutput>[] = []
  readonly #name: string
  readonly #settle: () => Promise<void>

  constructor(name: string, settle: () => Promise<void>) {
    this.#name = name
    this.#settle = settle
  }

  /** The nth call, from 1, once all is quiet. Throws if it has not come. */
  async started(nth = 1): Promise<HeldCall<TInput, TOutput>> {
    await this.#settle()
    const call = this.calls[nth - 1]
    if (!call) throw new Error(`Step ${this.#name} has started ${this.calls.length} times, not ${nth}.`)
    return call
  }

  /** What the step does when it runs; it heeds its signal. */
  readonly behaviour = ({
    input,
    signal,
    idempotencyKey,
    attempt,
    executionId,
    forever,
  }: MockArguments<TInput>): Promise<TOutput> => {
    const given = new Promise<TOutput>((resolve, reject) =>
      this.calls.push({ input, signal, idempotencyKey, attempt, executionId, resolve, reject }),
    )
    return Promise.race([given, forever()])
  }
}
