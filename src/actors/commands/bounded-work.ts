/**
 * Runs the pieces of work of one call; of some pieces only a few run at a time.
 *
 * Owns: every rejection has a handler; a piece that fails or takes long never prevents another piece from starting; and
 * the call gets all errors when everything has ended. Does not know: what the work is.
 */

/** The place that a piece of bounded work holds while it runs; a piece that only waits needs none. */
export interface WorkPlace {
  /** The rest of the piece is only waiting: the next one may begin. */
  leave(): void
  /** The next piece may begin while this one waits. */
  during<T>(wait: Promise<T>): Promise<T>
}

/** The work of one call. `TOf`: what a piece is about. */
export class BoundedWork<TOf> {
  readonly #most: number
  readonly #pending = new Set<Promise<void>>()
  readonly #waiting: (() => void)[] = []
  readonly #errors: { readonly of: TOf; readonly error: unknown }[] = []
  #running = 0

  /** `most`: how many pieces of bounded work run at the same time. */
  constructor(most: number) {
    this.#most = most
  }

  /** Starts a piece; resolves when the next one may be added. `isBounded`: it is one of those of which only a few run. */
  async add(
    of: TOf,
    run: (place: WorkPlace | undefined) => Promise<void>,
    { isBounded }: { readonly isBounded: boolean },
  ): Promise<void> {
    if (isBounded && !this.#takesPlace()) await this.#given()
    const place = isBounded ? this.#place() : undefined
    const piece = run(place)
      .catch((error: unknown) => this.failed(of, error))
      .finally(() => {
        this.#pending.delete(piece)
        place?.leave()
      })
    this.#pending.add(piece)
  }

  /** Something that belongs to the call has failed. */
  failed(of: TOf, error: unknown): void {
    this.#errors.push({ of, error })
  }

  /** True while a piece has not ended. */
  get isPending(): boolean {
    return this.#pending.size > 0
  }

  /** Resolves once all has ended, with what has failed. */
  async done(): Promise<readonly { readonly of: TOf; readonly error: unknown }[]> {
    await Promise.all(this.#pending)
    return this.#errors
  }

  /** A place that was taken or handed over. */
  #place(): WorkPlace {
    let isLeft = false
    const leave = () => {
      if (!isLeft) this.#freed()
      isLeft = true
    }
    const during = async <T>(wait: Promise<T>): Promise<T> => {
      if (isLeft) return wait
      this.#freed()
      try {
        return await wait
      } finally {
        if (!this.#takesPlace()) await this.#given()
      }
    }
    return { leave, during }
  }

  #takesPlace(): boolean {
    if (this.#running >= this.#most) return false
    this.#running++
    return true
  }

  #given(): Promise<void> {
    return new Promise<void>((resolve) => this.#waiting.push(resolve))
  }

  /** The next waiting piece gets the place itself. */
  #freed(): void {
    const next = this.#waiting.shift()
    if (next) next()
    else this.#running--
  }
}
