/** What came of the verification of a store. Owns: telling it to people. */

/** A promise that was not looked at, and why. */
export interface SkippedPromise {
  readonly promise: string
  readonly reason: string
}

/** A promise that was not kept, and what was seen instead. */
export interface BrokenPromise {
  readonly promise: string
  readonly message: string
}

/** What `verifyStore` found out about a store. `String(report)` is for people: a line a promise. */
export class StoreReport {
  /** The store's own name. */
  readonly store: string
  /** Gives the same faults again. */
  readonly seed: number
  readonly passed: readonly string[]
  readonly skipped: readonly SkippedPromise[]
  readonly broken: readonly BrokenPromise[]

  constructor(of: Omit<StoreReport, 'toString'>) {
    this.store = of.store
    this.seed = of.seed
    this.passed = of.passed
    this.skipped = of.skipped
    this.broken = of.broken
  }

  toString(): string {
    const { store, seed, passed, skipped, broken } = this
    const total = passed.length + skipped.length + broken.length
    return [
      `The ${store} store keeps ${passed.length} of ${total} promises (seed ${seed}).`,
      ...broken.map(({ promise, message }) => `  broken   ${promise}: ${message}`),
      ...skipped.map(({ promise, reason }) => `  skipped  ${promise}: ${reason}`),
      ...passed.map((promise) => `  kept     ${promise}`),
    ].join('\n')
  }
}
