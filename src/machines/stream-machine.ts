/**
 * The lifecycle of a stream: whether it admits executions, and how it ends.
 *
 * Owns: which commands a stream takes when. Executions are its children in the actor system, but stand in no context:
 * XState copies `children` at every spawn, which makes thousands quadratic.
 * Its effects are named and not implemented: the stream host implements them (`actors/stream/stream-host.ts`).
 */
import { setup } from 'xstate'
import type { ErrorRecord } from '../errors.js'
import type { Intervention } from '../events/execution-events.js'

/** What a stream is given. */
export interface StreamInput {
  readonly entryPoint: string
  readonly maxConcurrent: number
  readonly pause?: Intervention
}

/** The events of a stream. */
export type StreamEvent =
  | { readonly type: 'stream.pause'; readonly pause: Intervention }
  | { readonly type: 'stream.resume' }
  | { readonly type: 'stream.drain' }
  | { readonly type: 'stream.stop' }
  | { readonly type: 'stream.crash'; readonly error: unknown }
  /** Its trigger could not fire, or has failed and is started again. */
  | { readonly type: 'trigger.failed'; readonly error: ErrorRecord }
  /** Its trigger has left out something on purpose, between these times. */
  | { readonly type: 'trigger.skipped'; readonly reason: string; readonly from: number; readonly to: number }

/** The lifecycle of a stream; give its effects with `provide`. */
export const streamMachine = setup({
  types: { context: {} as StreamInput, events: {} as StreamEvent, input: {} as StreamInput },
  actions: {
    openAdmission: () => undefined,
    closeAdmission: () => undefined,
    /** What fires the entry point acts while executions are admitted. */
    startTrigger: () => undefined,
    stopTrigger: () => undefined,
    /** Ends the stream as an error, which its supervisor hears. */
    crash: ({ event }) => {
      if (event.type === 'stream.crash') throw event.error
    },
  },
}).createMachine({
  id: 'stream',
  context: ({ input }) => input,
  initial: 'deciding',
  on: {
    'stream.stop': '.stopped',
    'stream.crash': { actions: 'crash' },
    // the stream handles the end of an execution when its commit is durable
    'xstate.done.actor.*': {},
    'xstate.error.actor.*': {},
    // for inspectors; the host of the trigger acts on them
    'trigger.failed': {},
    'trigger.skipped': {},
  },
  states: {
    deciding: { always: [{ guard: ({ context }) => context.pause !== undefined, target: 'paused' }, { target: 'running' }] },
    running: {
      entry: ['openAdmission', 'startTrigger'],
      exit: 'stopTrigger',
      on: { 'stream.pause': 'paused', 'stream.drain': 'draining' },
    },
    paused: {
      entry: 'closeAdmission',
      on: { 'stream.resume': 'running', 'stream.drain': 'draining' },
    },
    /** Accepted executions go on to their end; no new one is admitted. */
    draining: {},
    stopped: { type: 'final', entry: 'closeAdmission' },
  },
})
