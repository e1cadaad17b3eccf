/** Times as a snapshot keeps them where a clock runs: in whole units, so that what a run takes does not show. Owns: which way they are rounded. */

/** What has passed, in whole units of `precision` ms; a clock that runs only ever adds to it. */
export const passed = (ms: number, precision: number): number => Math.floor(ms / precision) * precision

/** What is left, in whole units of `precision` ms, and never below 0; a clock that runs only ever takes from it. */
export const remaining = (ms: number, precision: number): number => Math.max(0, Math.ceil(ms / precision) * precision)
