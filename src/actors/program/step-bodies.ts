/**
 * The functions of steps that run in this process, wanted or not.
 *
 * Owns: how long each function counts as in flight: until it has really ended, or until its time to end is over after it
 * was no longer wanted; and which functions run under one idempotency key, over all attempts and reloads of an execution here.
 */
import type { Clock } from '../../clock.js'
import { ReleasingMap } from '../../releasing-map.js'

/** One running function. */
export class StepBody {
  readonly #clock: Clock
  #whenOver: (() => void)[] = []
  #isOver = false
  #timer: unknown

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Calls back when the function no longer counts as in flight. */
  whenOver(run: () => void): void {
    if (this.#isOver) run()
    else this.#whenOver.push(run)
  }

  /** The function has ended, or is no longer waited for. */
  over(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#clock.clearTimeout(this.#timer)
    for (const run of this.#whenOver.splice(0)) run()
  }

  /** The function is no longer wanted: it has so many ms to end. */
  unwanted(patience: number): void {
    if (this.#isOver || this.#timer !== undefined) return
    this.#timer = this.#clock.setTimeout(() => this.over(), patience)
  }
}

/** The functions of one runtime. */
export class StepBodies {
  /** By execution: each function with its idempotency key. */
  readonly #running = new ReleasingMap<string, Map<StepBody, string>>()

  /** A function of that execution begins. */
  begin(execution: string, key: string, clock: Clock): StepBody {
    const body = new StepBody(clock)
    const all = this.#running.get(execution) ?? new Map<StepBody, string>()
    this.#running.set(execution, all.set(body, key))
    body.whenOver(() => {
      all.delete(body)
      if (all.size === 0) this.#running.delete(execution)
    })
    return body
  }

  /** The runtime has stopped: nobody waits for any of them. */
  close(): void {
    for (const all of [...this.#running.values()]) for (const body of [...all.keys()]) body.over()
  }

  /** The functions of an execution that run now. */
  of(execution: string): StepBody[] {
    return [...(this.#running.get(execution)?.keys() ?? [])]
  }

  /** Resolves once no function of the execution that runs under the key now counts any more; undefined if none runs. */
  over(execution: string, key: string): Promise<unknown> | undefined {
    const all = this.#running.get(execution)
    const same = all ? [...all].filter(([, each]) => each === key) : []
    if (same.length === 0) return undefined
    return Promise.all(same.map(([body]) => new Promise<void>((resolve) => body.whenOver(resolve))))
  }
}
