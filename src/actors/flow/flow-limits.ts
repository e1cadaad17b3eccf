/**
 * How many executions of an entry point may run under one key, and how many may start in a time.
 *
 * Owns: the limits with every default filled in, and the keys of an input. Does not know: who waits, and who has a permit.
 */
import { StatewardError } from '../../errors.js'
import { isFilledText, wholeTextWanted } from '../../ids.js'
import type { FlowKeys } from '../../persistence/snapshot-store.js'

/** What becomes of one whose key is taken: it waits, it is rejected, or it takes the place of those before it. */
export type OnBusy = 'queue' | 'skip' | 'replace'

/** Gives the key of an input. */
export type KeyOf = (input: unknown) => string

/** How many may have a permit at the same time. */
export interface ConcurrencyLimit {
  readonly key: KeyOf | undefined
  readonly limit: number
  readonly onBusy: OnBusy
}

/** How many may start in any `per` ms. */
export interface RateLimit {
  readonly key: KeyOf | undefined
  readonly limit: number
  readonly per: number
}

/** The limits of an entry point. */
export interface FlowLimits {
  readonly concurrency: ConcurrencyLimit | undefined
  readonly rate: RateLimit | undefined
}

/** Stands for all executions of an entry point. */
const all = ''

/** How long a key may be, in characters. */
const LONGEST = 512

/** The keys of an execution with that input; undefined: it is counted under none. `copy` makes the input anew, so that a function that changes it changes nothing. Throws `invalid_key`. */
export function flowKeys(entryPoint: string, { concurrency, rate }: FlowLimits, copy: () => unknown): FlowKeys | undefined {
  if (!concurrency && !rate) return undefined
  return {
    concurrency: concurrency ? keyBy(entryPoint, 'concurrency.key', concurrency.key, copy) : null,
    rate: rate ? keyBy(entryPoint, 'rate.key', rate.key, copy) : null,
  }
}

/** The key of an input by one option; without a function all have the same. Throws `invalid_key`. */
export function keyBy(entryPoint: string, option: string, keyOf: KeyOf | undefined, copy: () => unknown): string {
  if (!keyOf) return all
  let key: unknown
  try {
    key = keyOf(copy())
  } catch (cause) {
    const message = `Entry point ${entryPoint}: \`${option}\` threw for this input: ${cause instanceof Error ? cause.message : String(cause)}`
    throw new StatewardError('invalid_key', message, { details: { entryPoint, option }, cause })
  }
  if (isFilledText(key, LONGEST)) return key
  const value = typeof key === 'string' ? JSON.stringify(key.slice(0, LONGEST)) : key === null ? 'null' : typeof key
  throw new StatewardError(
    'invalid_key',
    `Entry point ${entryPoint}: \`${option}\` gave ${value} for this input; it must give a text of 1 to ${LONGEST} characters, ${wholeTextWanted}.`,
    { details: { entryPoint, option, value } },
  )
}
