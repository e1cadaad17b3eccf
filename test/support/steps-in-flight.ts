/**
 * Steps that end when a test says so.
 *
 * Owns: every start of every step, by label, with its abort signal. A step ignores its signal unless `heeds` is set.
 */
import { fromPromise, type PromiseActorLogic } from 'xstate'
import { eventually } from './eventually.js'

/** One start of one step. */
export class StepInFlight {
  readonly label: string
  readonly signal: AbortSignal
  readonly promise: Promise<string>
  #settle!: { resolve: (value: string) => void; reject: (error: unknown) => void }

  constructor(label: string, signal: AbortSignal, heeds: boolean) {
    this.label = label
    this.signal = signal
    this.promise = new Promise((resolve, reject) => (this.#settle = { resolve, reject }))
    if (heeds) signal.addEventListener('abort', () => this.fail(signal.reason ?? new Error('aborted')), { once: true })
  }

  end(value = `${this.label} done`): void {
    this.#settle.resolve(value)
  }

  fail(error: unknown = new Error(`${this.label} failed`)): void {
    this.#settle.reject(error)
  }
}

/** All starts of a test, in order. */
export class StepsInFlight {
  readonly all: StepInFlight[] = []
  /** Whether steps reject when their signal fires. */
  heeds = false
  /** Labels whose steps end at once. */
  readonly free = new Set<string>()

  /** Step logic that takes a label. */
  get step(): PromiseActorLogic<string, string> {
    return fromPromise(({ input, signal }) => this.take(input, signal))
  }

  take(label: string, signal: AbortSignal): Promise<string> {
    const flight = new StepInFlight(label, signal, this.heeds)
    this.all.push(flight)
    if (this.free.has(label)) flight.end()
    return flight.promise
  }

  of(label: string): readonly StepInFlight[] {
    return this.all.filter((flight) => flight.label === label)
  }

  /** The nth start of a step, once it is there. */
  async started(label: string, nth = 1): Promise<StepInFlight> {
    await eventually(`step ${label} to start (${nth})`, () => this.of(label).length >= nth)
    return this.of(label)[nth - 1] as StepInFlight
  }
}
