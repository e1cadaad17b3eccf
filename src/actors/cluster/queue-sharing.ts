/**
 * Shares queues between the processes on one store: a process with free slots takes executions from the queues of others.
 *
 * Owns: when a process with free slots reads the queues of others. A process that got as many as it asked for asks again
 * as soon as a slot is free. The store decides who owns an execution: the former owner finds that its commits are stale, or
 * checks its queue before that.
 * Does not know: leases and claims, see `takeover.ts`; the queues, see `stream-host.ts`.
 */
import { nextTurn } from '../../clock.js'

/** The parts of the runtime that are used. */
export interface QueueSharingPort {
  /** Those that serve now. */
  entryPoints(): readonly string[]
  /** True while other processes are on the same store. */
  hasOthers(): boolean
  /** How many executions of an entry point could start here at once, if they were here. */
  freeSlots(entryPoint: string): number
  /** Drops the executions that others have taken out of the queues here. */
  checkQueues(): Promise<void>
  /** Takes up to that many executions out of the queues of others; resolves with how many. */
  take(entryPoint: string, limit: number): Promise<number>
  failed(error: unknown): void
}

/** The part of one process in the sharing. */
export class QueueSharing {
  readonly #port: QueueSharingPort
  /** Entry points that may have more executions to take. */
  readonly #more = new Set<string>()
  #taking: Promise<void> | undefined
  #isDue = false

  constructor(port: QueueSharingPort) {
    this.#port = port
  }

  /** A part of each poll. */
  async poll(): Promise<void> {
    if (!this.#port.hasOthers()) return
    await this.#port.checkQueues()
    await this.#take(this.#port.entryPoints())
  }

  /** An execution of an entry point has moved here: there may be a free slot. */
  moved(entryPoint: string): void {
    if (this.#isDue || !this.#more.has(entryPoint) || this.#port.freeSlots(entryPoint) === 0) return
    this.#isDue = true
    nextTurn(() => {
      this.#isDue = false
      this.#take([...this.#more]).catch((error: unknown) => this.#port.failed(error))
    })
  }

  /** An entry point was removed. */
  forget(entryPoint: string): void {
    this.#more.delete(entryPoint)
  }

  /** One request at a time: executions on their way here have no slot yet. */
  async #take(entryPoints: readonly string[]): Promise<void> {
    while (this.#taking) await this.#taking.catch(() => undefined)
    this.#taking = this.#takeEach(entryPoints).finally(() => (this.#taking = undefined))
    await this.#taking
  }

  async #takeEach(entryPoints: readonly string[]): Promise<void> {
    for (const entryPoint of entryPoints) {
      const free = this.#port.freeSlots(entryPoint)
      if (free === 0) continue
      const taken = await this.#port.take(entryPoint, free)
      if (taken === free) this.#more.add(entryPoint)
      else this.#more.delete(entryPoint)
    }
  }
}
