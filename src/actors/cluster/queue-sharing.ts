/**
 * Shares the queues of the processes on one store: what stands in one is taken by another that has free slots.
 *
 * Owns: when a process with free slots looks into the queues of others, and that one which took all it asked for asks again
 * as soon as a slot is free. The store decides who has an execution: whoever lost it finds that its commits are stale, or
 * looks after its queue first.
 * Does not know: leases and claims, see `takeover.ts`; the queues, see `stream-host.ts`.
 */
import { nextTurn } from '../../clock.js'

/** What it asks of the runtime. */
export interface QueueSharingPort {
  readonly entryPoints: readonly string[]
  /** True while other processes are on the same store. */
  hasOthers(): boolean
  /** How many executions of an entry point could start here at once, if they were here. */
  freeSlots(entryPoint: string): number
  /** Lets go of what others have taken out of the queues here. */
  checkQueues(): Promise<void>
  /** Takes up to so many out of the queues of others; resolves with how many. */
  take(entryPoint: string, limit: number): Promise<number>
  failed(error: unknown): void
}

/** The part of one process in the sharing. */
export class QueueSharing {
  readonly #port: QueueSharingPort
  /** Entry points of which there may be more than was taken. */
  readonly #more = new Set<string>()
  #taking: Promise<void> | undefined
  #isDue = false

  constructor(port: QueueSharingPort) {
    this.#port = port
  }

  /** Part of each look. */
  async poll(): Promise<void> {
    if (!this.#port.hasOthers()) return
    await this.#port.checkQueues()
    await this.#take(this.#port.entryPoints)
  }

  /** Something of an entry point has moved here: there may be a free slot. */
  moved(entryPoint: string): void {
    if (this.#isDue || !this.#more.has(entryPoint) || this.#port.freeSlots(entryPoint) === 0) return
    this.#isDue = true
    nextTurn(() => {
      this.#isDue = false
      this.#take([...this.#more]).catch((error: unknown) => this.#port.failed(error))
    })
  }

  /** One at a time: what is on its way here has no slot yet. */
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
