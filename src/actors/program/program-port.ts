/** What a program host is given and what it tells the execution that runs it. Owns no behaviour. */
import type { AnyActorLogic } from 'xstate'
import type { StatewardError } from '../../errors.js'
import type { ChildPort } from './child-port.js'
import type { WallClock } from '../../wall-clock.js'
import type { ProgramInterceptor } from './program-interceptor.js'
import type { StepBodies } from './step-bodies.js'

/** How a program ended. */
export type ProgramOutcome =
  | { readonly status: 'done'; readonly output: unknown }
  | { readonly status: 'error'; readonly error: unknown }

/** What a program host tells the execution that runs it. */
export interface ProgramPort {
  /** True if it is taken up again after it was silenced, and has not come to an end. */
  readonly goesOn: boolean
  /** True until it is known that its execution is no other one, accepted before. */
  readonly mayBeAnother: boolean
  /** There is something to commit. */
  dirty(): void
  /** The stored form is not what it was any more; the next commit, whenever that is made, is to hold the new one. */
  stale(): void
  /** False while nobody could be asked: it makes good what it has done. */
  readonly canHold: boolean
  /** A step that may have begun before asks for a person (`onRecovery: 'hold'`). */
  doubt(path: string): void
  /** The program has ended, and an action that it still owes can't be run; it stays owed. */
  unpaid(action: string, error: unknown): void
  /** What a stopped program had owed at these places, when its form was taken last, is done. */
  paid(places: readonly number[]): void
  /** The last promise of a stopped or held program has come to its end. */
  drained(): void
  /** Why the program stops, asked when it does. */
  readonly stopReason: StatewardError
  publish(type: string, data: unknown): void
}

/** What all programs of a runtime share. */
export interface SharedByPrograms {
  readonly bodies: StepBodies
  readonly children: ChildPort
  /** False if this process was frozen, and others have taken over what it holds. */
  readonly isOwner: () => Promise<boolean>
}

/** What all programs of an entry point share. */
export interface ProgramSettings extends SharedByPrograms {
  readonly logic: AnyActorLogic
  readonly version: string
  readonly hash: string
  readonly durability: 'strict' | 'relaxed'
  readonly maxIterations: number
  /** How long a step that nobody wants any more may take to end, in ms. */
  readonly cancelTimeout: number
  readonly clock: WallClock
  readonly random: () => number
  readonly logger: (...args: unknown[]) => void
  readonly interceptor?: ProgramInterceptor | undefined
}
