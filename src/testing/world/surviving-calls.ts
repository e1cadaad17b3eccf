/**
 * Calls that outlive the process that they were made to.
 *
 * Owns: that a call waits for the next process while there is none, and is made again to it if its own has died. Does not know:
 * what a call does; how it is repeated so that it has its effect once is for whoever makes it (`surviving-port.ts`).
 */
import { StatewardError, isStatewardError } from '../../errors.js'
import type { EventFilter } from '../../events/event-filter.js'
import type { RuntimeEvent } from '../../events/runtime-event.js'
import { deferred, type Deferred } from './deferred.js'
import { TimedPromise } from './timed-promise.js'
import { deadText } from './waiting-text.js'
import type { World } from './world.js'

/** What the calls of one world need of it. */
export interface SurvivingCallsPort {
  readonly world: World
  /** Resolves once the process that lives has begun. */
  start(): Promise<void>
}

/** The calls of one world. */
export class SurvivingCalls {
  readonly #port: SurvivingCallsPort
  /** While the process is dead; resolves when the next one has begun, or none is to come. */
  #rebirth: Deferred | undefined
  #isOver = false
  /** What calls wait for before they are made. */
  #gate: Promise<unknown> | undefined

  constructor(port: SurvivingCallsPort) {
    this.#port = port
  }

  /** The process is dead: calls wait. */
  died(): void {
    this.#rebirth ??= deferred()
  }

  /** Another process has begun: calls go on. */
  reborn(): void {
    this.#isOver = false
    this.#rebirth?.resolve()
    this.#rebirth = undefined
  }

  /** No other process will begin: what waits for one is refused. */
  over(): void {
    if (!this.#rebirth) return
    this.#isOver = true
    this.#rebirth.resolve()
  }

  /** Calls that are made from now on wait for something; what it comes to is for whoever began it. */
  after(work: Promise<unknown>): void {
    const gate = Promise.allSettled([this.#gate, work]).finally(() => {
      if (this.#gate === gate) this.#gate = undefined
    })
    this.#gate = gate
  }

  /** Makes a call, again and again until a process has lived long enough to answer it. `again`: one has died over it. */
  async surviving<T>(call: (again: boolean) => Promise<T>): Promise<T> {
    const { world } = this.#port
    for (let again = false; ; again = true) {
      await this.#alive()
      const { life } = world
      try {
        const answer = await Promise.race([call(again).then((value) => ({ value })), life.death])
        if (answer) return answer.value
      } catch (error) {
        if ((!life.isDead && !life.isLeaving) || isStatewardError(error, 'invalid_option')) throw error
        // one that stops refuses what the next one is then asked
        await life.death
      }
    }
  }

  /** The same, and lets time pass once somebody awaits it. */
  timed<T>(call: (again: boolean) => Promise<T>): Promise<T> {
    return TimedPromise.over(this.surviving(call), (work) => this.#port.world.time.until(work))
  }

  /** Follows the journal from process to process, without a gap. `from`: where it begins if the filter does not say. */
  async *events(
    filter: EventFilter,
    from: () => Promise<number>,
    follow: (filter: EventFilter) => AsyncGenerator<RuntimeEvent, void>,
  ): AsyncGenerator<RuntimeEvent, void> {
    const { world } = this.#port
    const gone = aborted(filter.signal)
    let since = filter.since ?? (await from())
    while (!filter.signal?.aborted) {
      if (await Promise.race([this.#alive(), gone])) return
      const { life } = world
      const events = follow({ ...filter, since })
      for (;;) {
        const next = await Promise.race([events.next(), life.death])
        if (!next) break
        if (next.done) return
        since = next.value.seq
        yield next.value
      }
    }
  }

  async #alive(): Promise<undefined> {
    if (this.#gate) await this.#gate
    if (this.#port.world.life.isLeaving) await this.#port.world.life.death
    while (this.#rebirth && !this.#isOver) await this.#port.world.activity.inTime(this.#rebirth.promise, deadText)
    if (this.#isOver) throw stopped()
    await this.#port.start()
  }
}

function aborted(signal: AbortSignal | undefined): Promise<true> {
  return new Promise((resolve) => signal?.addEventListener('abort', () => resolve(true), { once: true }))
}

function stopped(): StatewardError {
  return new StatewardError(
    'already_stopped',
    'The process was killed, and the test runtime was stopped before another one began.',
  )
}
