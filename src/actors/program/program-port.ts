/** What a program host is given, and what it reports to its execution. Owns no behaviour. */
import type { AnyActorLogic } from 'xstate'
import type { StatewardError } from '../../errors.js'
import type { History } from '../../events/execution-events.js'
import type { ChildPort } from './child-port.js'
import type { WallClock } from '../../wall-clock.js'
import type { ProgramInterceptor } from './program-interceptor.js'
import type { StepStreams } from './step-streams.js'
import type { StepBodies } from './step-bodies.js'

/** How a program ended. */
export type ProgramOutcome =
  | { readonly status: 'done'; readonly output: unknown }
  | { readonly status: 'error'; readonly error: unknown }

/** What a program host asks of its execution, and reports to it. */
export interface ProgramPort {
  /** True if the program is restored again after it was silenced and has not ended. */
  readonly goesOn: boolean
  /** True until the store has said that the execution was not accepted before. */
  readonly mayBeAnother: boolean
  /** There is something to commit. */
  dirty(): void
  /** The stored form has changed: the next commit must hold the new form, whenever that commit is made. */
  stale(): void
  /** False while no person can be asked, because the program compensates. */
  readonly canHold: boolean
  /** A step that may have begun before asks for a person (`onRecovery: 'hold'`). */
  doubt(path: string): void
  /** The program has ended and a pending action can't be run; the action stays pending. */
  unpaid(action: string, error: unknown): void
  /** The actions at these places of the last stored form are done, although the program is stopped. */
  paid(places: readonly number[]): void
  /** The last promise of a stopped or held program has settled. */
  drained(): void
  /** The reason that the steps' signals get; asked when the program stops. */
  readonly stopReason: StatewardError
  publish(type: string, data: unknown): void
  /** The epoch under which this process owns the execution. */
  readonly epoch: number
  /** The next commit holds how this run of a step has ended. */
  streamed(run: string, end: 'committed' | 'abandoned'): void
}

/** Shared by all programs of a runtime. */
export interface SharedByPrograms {
  readonly bodies: StepBodies
  readonly streams: StepStreams
  readonly children: ChildPort
  /** False if this process was frozen and others have taken over its executions. */
  readonly isOwner: () => Promise<boolean>
}

/** Shared by all programs of an entry point. */
export interface ProgramSettings extends SharedByPrograms {
  readonly logic: AnyActorLogic
  readonly version: string
  readonly hash: string
  readonly durability: 'strict' | 'relaxed'
  readonly maxIterations: number
  /** How much the journal tells of it. */
  readonly history: History
  /** How long a step that is no longer wanted may take to end, in ms. */
  readonly cancelTimeout: number
  readonly clock: WallClock
  readonly random: () => number
  readonly logger: (...args: unknown[]) => void
  readonly interceptor?: ProgramInterceptor | undefined
}
