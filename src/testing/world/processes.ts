/**
 * The processes of a test runtime, one after the other.
 *
 * Owns: which one lives, and how it dies and is followed by another. Calls that outlive them are in `surviving-calls.ts`.
 */
import { SurvivingCalls } from './surviving-calls.js'
import type { Process } from './process.js'
import type { World } from './world.js'

/** What processes ask of their runtime. */
export interface ProcessesPort {
  readonly world: World
  /** A process that has not started yet. */
  make(): Process
  /** Starts the one that was made last. */
  start(): Promise<void>
  /** The process that lives stops, as it should. */
  stop(): Promise<void>
}

/** All processes of one test runtime. */
export class Processes {
  readonly survivingCalls: SurvivingCalls
  #process: Process
  readonly #port: ProcessesPort
  #begun: Promise<void> | undefined

  constructor(port: ProcessesPort) {
    this.#port = port
    this.#process = port.make()
    this.survivingCalls = new SurvivingCalls({ world: port.world, start: () => this.start() })
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
    this.survivingCalls.died()
  }

  /** As a deploy does: it stops as it should, and another one begins. */
  async replace(): Promise<void> {
    const { life } = this.#port.world
    if (this.isUp && !life.isLeaving) {
      life.leave()
      await Promise.race([this.#port.stop(), life.death])
    }
    await this.restart()
  }

  /** Passivates an execution, if it waits once all is quiet, and no due timer or pending action would bring it back at once. */
  async passivate(id: string): Promise<void> {
    const { activity, time, life } = this.#port.world
    await time.settle()
    if (!this.isUp) return
    for (const { executions } of this.#process.source.parts().supervisor.streams.all) {
      const execution = executions.get(id)
      execution?.program.observe()
      if (execution?.mayLeave) await time.until(activity.during(Promise.race([execution.giveBack(), life.death])))
    }
  }

  /** Another one, on the same store. */
  async restart(): Promise<void> {
    this.crash()
    const life = this.#port.world.begin()
    this.#process = this.#port.make()
    this.#begun = undefined
    await Promise.race([this.start(), life.death])
    if (!life.isDead) this.survivingCalls.reborn()
  }
}
