/**
 * How far a live program may go.
 *
 * Owns: the modes, and what each lets through. A program in `muted` or `stopped` never goes on: it is dropped, and
 * restored from its durable form.
 */

/**
 * `no-new-steps`: there is no slot for a step. `frozen`: it stops at the next boundary. `muted`: the next commit is its last here.
 * `stopped`: its signals have fired, and only the ends of its promises are awaited.
 */
export type ProgramMode = 'running' | 'no-new-steps' | 'frozen' | 'muted' | 'stopped'

/** What a mode lets through. */
export interface Passage {
  /** Steps that want to start; otherwise they are parked. */
  readonly starts: boolean
  readonly timers: boolean
  /** Events from outside. */
  readonly events: boolean
  /** Events of its own steps and actors. */
  readonly answers: boolean
  /** Outputs whose commit is durable. */
  readonly outputs: boolean
}

/** Each mode lets through less than the one before. */
export const passages: Readonly<Record<ProgramMode, Passage>> = {
  running: { starts: true, timers: true, events: true, answers: true, outputs: true },
  'no-new-steps': { starts: false, timers: true, events: true, answers: true, outputs: true },
  frozen: { starts: false, timers: false, events: false, answers: true, outputs: true },
  muted: { starts: false, timers: false, events: false, answers: false, outputs: true },
  stopped: { starts: false, timers: false, events: false, answers: false, outputs: false },
}
