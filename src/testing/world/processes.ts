/**
 * The processes of a test runtime, one after the other.
 *
 * Owns: which one lives, how it dies and is followed by another, and that a call outlives the process that it was made to.
 */
import { isStatewardError } from '../../errors.js'
import { deferred, type Deferred } from './deferred.js'
import type { Process } from './process.js'
import { TimedPromise } from './timed-promise.js'
import type { World } from './world.js'

/** What processes ask of their runtime. */
export interface ProcessesPort {
  readonly world: World
  /** A process that has not started yet. */
  make(): Process
  /** Starts the one that was made last. */
  start(): Promise<void>
  /** What was on its way is gone. */
  died(): void
}

/** All processes of one test runtime. */
export class Processes {
  #process: Process
  readonly #port: ProcessesPort
  #begun: Promise<void> | undefined
  /** While the process is dead; resolves when the next one has begun. */
  #rebirth: Deferred | undefined

  constructor(port: ProcessesPort) {
    this.#port = port
    this.#process = port.make()
  }

  /** The last one, dead or alive. */
  get current(): Process {
    return this.#process
  }

  /** True until it is killed, if it has been started. */
  get isUp(): boolean {
    return !this.isDead && this.#begun !== undefined
  }

  get isDead(): boolean {
    return this.#port.world.life.isDead
  }

  /** Starts the process, once; concurrent callers join. */
  start(): Promise<void> {
    this.#begun ??= this.#port.world.activity.during(this.#port.start()).catch((error: unknown) => {
      this.#begun = undefined
      throw error
    })
    return this.#begun
  }

  /** As SIGKILL. */
  crash(): void {
    if (this.isDead) return
    this.#port.world.kill()
    this.#process.connection.cut()
    this.#port.died()
    this.#rebirth ??= deferred()
  }

  /** Another one, on the same store. */
  async restart(): Promise<void> {
    this.crash()
    const life = this.#port.world.begin()
    this.#process = this.#port.make()
    this.#begun = undefined
    await Promise.race([this.start(), life.death])
    if (life.isDead) return
    this.#rebirth?.resolve()
    this.#rebirth = undefined
  }

  /** Resolves once one lives and has started. */
  async alive(): Promise<void> {
    while (this.#rebirth) await this.#rebirth.promise
    await this.start()
  }

  /** Makes a call, again and again until a process has lived long enough to answer it. */
  async surviving<T>(call: (again: boolean) => Promise<T>): Promise<T> {
    for (let again = false; ; again = true) {
      await this.alive()
      const { life } = this.#port.world
      try {
        const answer = await Promise.race([call(again).then((value) => ({ value })), life.death])
        if (answer) return answer.value
      } catch (error) {
        if (!life.isDead || isStatewardError(error, 'invalid_option')) throw error
      }
    }
  }

  /** The same, and lets time pass once somebody awaits it. */
  timed<T>(call: () => Promise<T>): Promise<T> {
    return TimedPromise.over(
      this.surviving(() => call()),
      (work) => this.#port.world.time.until(work),
    )
  }

  /** An iteration that goes on in the next process, from where `after` of the last item says. */
  async *following<T>(follow: (after: T | undefined) => AsyncGenerator<T, void>): AsyncGenerator<T, void> {
    for (let last: T | undefined; ;) {
      await this.alive()
      const { life } = this.#port.world
      const items = follow(last)
      for (;;) {
        const next = await Promise.race([items.next(), life.death])
        if (!next) break
        if (next.done) return
        yield (last = next.value)
      }
    }
  }
}
