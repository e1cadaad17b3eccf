/**
 * Many pieces of work of one call, some of which may run only a few at a time.
 *
 * Owns: that no rejection is ever without a handler, and that the call hears of the first error when everything has ended.
 * Does not know: what the work is.
 */

/** The work of one call. */
export class BoundedWork {
  readonly #most: number
  readonly #pending = new Set<Promise<void>>()
  #running = 0
  #freed: (() => void) | undefined
  #error: { readonly first: unknown } | undefined

  /** `most`: how many pieces of bounded work run at the same time. */
  constructor(most: number) {
    this.#most = most
  }

  /** Starts a piece; resolves when the next one may be added. */
  async add(run: () => Promise<void>, isBounded: boolean): Promise<void> {
    if (isBounded && this.#running >= this.#most) await new Promise<void>((resolve) => (this.#freed = resolve))
    if (isBounded) this.#running++
    const piece = run()
      .catch((error: unknown) => this.failed(error))
      .finally(() => {
        this.#pending.delete(piece)
        if (isBounded) this.#ended()
      })
    this.#pending.add(piece)
  }

  /** Something that belongs to the call has failed; the first error counts. */
  failed(error: unknown): void {
    this.#error ??= { first: error }
  }

  /** Resolves once all has ended; rejects then with the first error. */
  async done(): Promise<void> {
    await Promise.all(this.#pending)
    if (this.#error) throw this.#error.first
  }

  #ended(): void {
    this.#running--
    this.#freed?.()
    this.#freed = undefined
  }
}
