/** A promise and what settles it. Owns nothing else. */

/** Resolved from outside. */
export interface Deferred {
  readonly promise: Promise<void>
  resolve(): void
}

/** A fresh one. */
export function deferred(): Deferred {
  let resolve: () => void = () => undefined
  const promise = new Promise<void>((settle) => (resolve = settle))
  return { promise, resolve }
}
