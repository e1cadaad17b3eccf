/**
 * What a mocked step does when it runs.
 *
 * Owns: the form of a behaviour, and the ready-made ones. A behaviour is a function, so that they can be wrapped in each other.
 */
import type { StepArguments } from '../../actors/program/step.js'

/** What a behaviour gets: what a step's function gets, and simulated time. */
export interface MockArguments<TInput> extends StepArguments<TInput> {
  /** Resolves after so many ms of simulated time; rejects when the signal fires. */
  sleep(ms: number): Promise<void>
  /** Resolves with nothing and never; rejects when the signal fires. */
  forever(): Promise<never>
  /** Settles as `what` does; simulated time may pass meanwhile. For what the test itself decides. */
  waitFor<T>(what: PromiseLike<T>): Promise<T>
  /** Which call of this mock it is, from 1; one that a crash repeats has the number that it had. */
  readonly call: number
}

/** What a mocked step does. */
export type MockBehaviour<TInput = unknown, TOutput = unknown> = (args: MockArguments<TInput>) => TOutput | PromiseLike<TOutput>

/** Ends at once, with this output. */
export function returns<TOutput>(output: TOutput): MockBehaviour<unknown, TOutput> {
  return () => output
}

/** Fails at once, with this error; a text becomes the message of one. */
export function fails(error: unknown): MockBehaviour<unknown, never> {
  return () => {
    throw typeof error === 'string' ? new Error(error) : error
  }
}

/**
 * Takes so many ms of simulated time first; by itself ends without an output.
 *
 * @example
 * ```ts
 * const slow = delayed(2_000, returns('receipt'))
 * ```
 */
export function delayed<TInput = unknown, TOutput = undefined>(
  ms: number,
  then?: MockBehaviour<TInput, TOutput>,
): MockBehaviour<TInput, TOutput> {
  return async (args) => {
    await args.sleep(ms)
    return then?.(args) as TOutput
  }
}

/** Never ends; rejects when its signal fires, as a step that heeds it does. */
export function hangs(): MockBehaviour<unknown, never> {
  return ({ forever }) => forever()
}
