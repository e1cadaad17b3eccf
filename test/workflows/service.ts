/**
 * Services that workflows call. Owns: a step that says which service it is and has none behind it: a scenario gives it
 * one. Does not know what any service does.
 */
import { fromStep, type StepOptions } from '../../src/index.js'

/** A step that calls a service by name; it fails until a scenario mocks it. */
export const service = <TOutput, TInput>(name: string, options: StepOptions = {}) =>
  fromStep<TOutput, TInput>(() => Promise.reject(new Error(`The service ${name} is not connected.`)), options)
