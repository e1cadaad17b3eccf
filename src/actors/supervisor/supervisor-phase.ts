/**
 * How far a supervisor is in its life.
 *
 * Owns: the phases, what each lets through, and the refusals of the others. The supervisor machine hears of them and shows them to an
 * inspector. It can't hold them: an actor starts once, while a runtime that could not start may be started again, with another actor;
 * and a runtime that only asks its store has no actor that runs.
 */
import type { StatewardError } from '../../errors.js'
import { draining, notRunning } from './refusals.js'

/** The name of a phase. */
export type PhaseName = 'idle' | 'starting' | 'running' | 'draining' | 'stopping' | 'stopped'

/** What a phase lets through. `begun`: calls that concern streams. `up`: executions that are taken into memory. `over`: nothing, for ever. */
const phases: Readonly<Record<PhaseName, { readonly begun: boolean; readonly up: boolean; readonly over: boolean }>> = {
  idle: { begun: false, up: false, over: false },
  starting: { begun: true, up: false, over: false },
  running: { begun: true, up: true, over: false },
  draining: { begun: true, up: true, over: false },
  stopping: { begun: false, up: false, over: true },
  stopped: { begun: false, up: false, over: true },
}

/** The phase of one supervisor. */
export class SupervisorPhase {
  #name: PhaseName = 'idle'
  /** The reason why the supervisor gave up, if it did. */
  failure: unknown

  get name(): PhaseName {
    return this.#name
  }

  enter(name: PhaseName): void {
    this.#name = name
  }

  /** True if calls may concern streams. */
  get isBegun(): boolean {
    return phases[this.#name].begun
  }

  /** True if executions may be taken into memory. */
  get isUp(): boolean {
    return phases[this.#name].up
  }

  /** True from the call of `stop` on. */
  get isOver(): boolean {
    return phases[this.#name].over
  }

  /** The refusal of a call in this phase: `not_started` or `already_stopped`. */
  get refusal(): StatewardError {
    return notRunning(this.#name, this.failure)
  }

  /** Throws `not_started`, `already_stopped`. */
  checkBegun(): void {
    if (!this.isBegun) throw this.refusal
  }

  /** Throws `draining`, `already_stopped`. */
  checkOpen(): void {
    if (this.#name === 'draining') throw draining()
    if (this.isOver) throw this.refusal
  }

  /** Throws `draining`, and what `checkBegun` throws. */
  checkAccepting(): void {
    if (this.#name === 'draining') throw draining()
    this.checkBegun()
  }
}
