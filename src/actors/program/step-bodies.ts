/**
 * The functions of steps that run in this process, wanted or not.
 *
 * Owns: until when each of them counts as in flight: until it has really ended, or its time to do so has passed since nobody wanted
 * it any more; and which ones run under one idempotency key, over all that an execution goes through here.
 */
import type { Clock } from '../../clock.js'

/** One running function. */
export class StepBody {
  readonly #clock: Clock
  #whenOver: (() => void)[] = []
  #isOver = false
  #timer: unknown

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Calls back when it does not count any more. */
  whenOver(run: () => void): void {
    if (this.#isOver) run()
    else this.#whenOver.push(run)
  }

  /** It has ended, or is waited for no longer. */
  over(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#clock.clearTimeout(this.#timer)
    for (const run of this.#whenOver.splice(0)) run()
  }

  /** Nobody wants it any more: it has so many ms to end. */
  unwanted(patience: number): void {
    if (this.#isOver || this.#timer !== undefined) return
    this.#timer = this.#clock.setTimeout(() => this.over(), patience)
  }
}

/** Those of one runtime. */
export class StepBodies {
  readonly #running = new Map<string, Set<StepBody>>()

  /** One begins. */
  begin(key: string, clock: Clock): StepBody {
    const body = new StepBody(clock)
    const all = this.#running.get(key) ?? new Set()
    this.#running.set(key, all.add(body))
    body.whenOver(() => {
      all.delete(body)
      if (all.size === 0) this.#running.delete(key)
    })
    return body
  }

  /** The runtime has stopped: nobody waits for any of them. */
  close(): void {
    for (const all of [...this.#running.values()]) for (const body of [...all]) body.over()
  }

  /** Resolves once none that runs under the key now counts any more; undefined if none does. */
  over(key: string): Promise<unknown> | undefined {
    const all = this.#running.get(key)
    return all && Promise.all([...all].map((body) => new Promise<void>((resolve) => body.whenOver(resolve))))
  }
}
