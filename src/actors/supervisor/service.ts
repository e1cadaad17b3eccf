/** What acts in a process beside its streams. Owns no behaviour: a capability above the supervisor implements it. */

/** A part of a runtime that acts by itself while it runs; the supervisor says when it may. */
export interface Service {
  /** The streams run. Rejects if the runtime can't start. */
  start(): Promise<void>
  /** The stream of an entry point starts what fires it, or stops it: it is paused, drains, or is not here any more. Also before `start`. */
  admits(entryPoint: string, isAdmitting: boolean): void
  /** The runtime stops; also after a start that failed, after which another one may follow. */
  stop(): void
}
