/**
 * The functions of steps that run in this process, wanted or not.
 *
 * Owns: how long each function counts as in flight: until it has really ended, or until its time to end is over after it
 * was no longer wanted; and which functions run under one idempotency key, over all attempts and reloads of an execution here.
 */
import type { Clock } from '../../clock.js'

/** One running function. */
export class StepBody {
  /** The idempotency key under which it runs. */
  readonly key: string
  /** The one of the same execution that began before it and still runs. */
  before: StepBody | undefined
  readonly #clock: Clock
  #whenOver: (() => void)[] = []
  #isOver = false
  #timer: unknown

  constructor(clock: Clock, key: string, before: StepBody | undefined) {
    this.#clock = clock
    this.key = key
    this.before = before
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
  /** By execution: the last function that has begun; each knows the one before. */
  readonly #last = new Map<string, StepBody>()

  /** A function of that execution begins. */
  begin(execution: string, key: string, clock: Clock): StepBody {
    const body = new StepBody(clock, key, this.#last.get(execution))
    this.#last.set(execution, body)
    body.whenOver(() => this.#ended(execution, body))
    return body
  }

  /** The runtime has stopped: nobody waits for any of them. */
  close(): void {
    for (const execution of [...this.#last.keys()]) for (const body of this.of(execution)) body.over()
  }

  /** The functions of an execution that run now. */
  of(execution: string): StepBody[] {
    const all: StepBody[] = []
    for (let body = this.#last.get(execution); body; body = body.before) all.push(body)
    return all
  }

  /** Resolves once no function of the execution that runs under the key now counts any more; undefined if none runs. */
  over(execution: string, key: string): Promise<unknown> | undefined {
    if (!this.#last.has(execution)) return undefined
    const same = this.of(execution).filter((body) => body.key === key)
    if (same.length === 0) return undefined
    return Promise.all(same.map((body) => new Promise<void>((resolve) => body.whenOver(resolve))))
  }

  #ended(execution: string, body: StepBody): void {
    const last = this.#last.get(execution)
    if (last === body && body.before) this.#last.set(execution, body.before)
    else if (last === body) this.#last.delete(execution)
    for (let later = last; later; later = later.before) if (later.before === body) later.before = body.before
  }
}
