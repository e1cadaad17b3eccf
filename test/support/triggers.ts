/** Triggers for tests. Owns: one that fires what a test puts into its letterbox, as a consumer of a queue does. */
import { fromPromise } from 'xstate'
import type { ActiveTrigger, TriggerPort } from '../../src/index.js'

/** A trigger whose port the test uses by itself; each spawn is noted. */
export class HandTrigger<TInput> {
  /** The ports of all spawns, the last one last. */
  readonly ports: TriggerPort<TInput>[] = []
  /** Called by each spawn; what it rejects with ends the trigger's actor. */
  run: (port: TriggerPort<TInput>, spawn: number) => Promise<void> = ({ signal }) =>
    new Promise((resolve) => signal.addEventListener('abort', () => resolve()))

  readonly trigger: ActiveTrigger<TInput> = {
    type: 'hand',
    logic: fromPromise<void, TriggerPort<TInput>>(({ input: port }) => {
      this.ports.push(port)
      return this.run(port, this.ports.length)
    }),
  }

  /** The port of the spawn that lives. */
  get port(): TriggerPort<TInput> {
    const port = this.ports.at(-1)
    if (!port || port.signal.aborted) throw new Error('the trigger does not run')
    return port
  }

  get isRunning(): boolean {
    return this.ports.at(-1)?.signal.aborted === false
  }
}
