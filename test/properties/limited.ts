/**
 * Entry points whose executions are counted under keys: how many may run of one key, and how many may start in a time.
 *
 * Owns: how such limits are drawn, the keys of random inputs, and what an entry point is told of them.
 */
import * as fc from 'fast-check'
import type { EntryPointOptions } from '../../src/index.js'

/** The limits of one entry point. */
export interface LimitsSpec {
  readonly concurrency?: { readonly limit: number; readonly onBusy: 'queue' | 'skip' | 'replace' }
  readonly rate?: { readonly limit: number; readonly per: number; readonly isKeyed: boolean }
  /** What its executions start is of the same entry point and key, to that depth: with `replace` they must spare what waits for them. */
  readonly nests?: boolean
}

/** How deep executions of one entry point start each other. */
export const DEEPEST = 2

/** How deep below the first one an execution of that label stands. */
export const depthOf = (label: string) => label.length - label.replaceAll('/', '').length

/** The key of an input: of two tenants, or of what is started by executions. */
export function keyOf({ label }: { readonly label: string }): string {
  const own = label.replaceAll('/', '')
  return own === 'below' ? own : Number(own.slice(1)) % 2 === 0 ? 'even' : 'odd'
}

const rate = fc.record({
  limit: fc.integer({ min: 1, max: 3 }),
  per: fc.constantFrom(5_000, 40_000),
  isKeyed: fc.boolean(),
})
const concurrency = fc.record({
  limit: fc.integer({ min: 1, max: 2 }),
  onBusy: fc.constantFrom('queue', 'queue', 'skip', 'replace'),
})

/** A limit, a rate or both; or one that lets a whole family run, which starts itself. */
export const limits: fc.Arbitrary<LimitsSpec> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ concurrency }) },
  { weight: 2, arbitrary: fc.record({ concurrency, rate }) },
  { weight: 1, arbitrary: fc.record({ rate }) },
  {
    weight: 2,
    arbitrary: fc.constant({ concurrency: { limit: DEEPEST + 1, onBusy: 'replace' }, nests: true } as const),
  },
)

/** As options of an entry point. */
export function limitsOf({ concurrency: permits, rate: starts }: LimitsSpec = {}): Partial<EntryPointOptions> {
  const key = keyOf as never
  return {
    ...(permits && { concurrency: { ...permits, key } }),
    ...(starts && { rate: { limit: starts.limit, per: starts.per, ...(starts.isKeyed ? { key } : {}) } }),
  }
}
