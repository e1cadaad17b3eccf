/**
 * What services did in the outside world. Owns: that an effect with the same idempotency key happens once, as a
 * careful service sees to it. Does not keep the order, which parallel steps may come in.
 */
export class Ledger {
  readonly #effects = new Map<string, string>()

  /** Has an effect, unless one with this key was had before; answers the first one. */
  record(idempotencyKey: string, effect: string): string {
    const before = this.#effects.get(idempotencyKey)
    if (before === undefined) this.#effects.set(idempotencyKey, effect)
    return before ?? effect
  }

  /** Every effect, sorted; one that was had under two keys is here twice. */
  get effects(): readonly string[] {
    return [...this.#effects.values()].toSorted()
  }
}
