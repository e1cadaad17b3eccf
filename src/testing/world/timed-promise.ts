/** A promise for which time passes. Owns: that it passes from when somebody awaits it, not before. */

/** What is awaited lets simulated time pass; what is only held does not. */
export class TimedPromise<T> extends Promise<T> {
  #drive: () => Promise<T> = () => Promise.reject(new TypeError('made by `over` alone'))

  /** `drive` gives the promise that is really waited for, and lets time pass for it. */
  static over<T>(work: Promise<T>, drive: (work: Promise<T>) => Promise<T>): TimedPromise<T> {
    // somebody may hold it and never ask
    work.catch(() => undefined)
    const promise = new TimedPromise<T>(() => undefined)
    promise.#drive = () => drive(work)
    return promise
  }

  static override get [Symbol.species]() {
    return Promise
  }

  // oxlint-disable-next-line unicorn/no-thenable -- it is a promise
  override then<A = T, B = never>(
    fulfilled?: ((value: T) => A | PromiseLike<A>) | null,
    rejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    return this.#drive().then(fulfilled as never, rejected as never)
  }
}
