/**
 * Lets the testing kit replace a program's logic and intercept its outputs.
 *
 * Owns no behaviour. A stream whose definition has none runs its programs as they are.
 */
import type { AnyActorLogic, InspectionEvent } from 'xstate'
import type { ProgramOutput } from './program-output.js'

/** An actor of a program, as its machine names it. */
export interface InterceptedActor {
  /** Its `src` in the machine; empty for the root. */
  readonly src: string
  readonly id: string
  /** Its path below the root; the root's is empty. */
  readonly path: string
  readonly logic: AnyActorLogic
}

/** Replaces logic, and decides when outputs happen. */
export interface ProgramInterceptor {
  /** The logic that the actor runs: its own or a replacement. Called again at each restoration. */
  logic(actor: InterceptedActor): AnyActorLogic
  /** Gets the inspection events of the program alone. */
  inspected(event: InspectionEvent): void
  /** An output of an execution is due; it happens when `run` is called. */
  output(execution: string, output: ProgramOutput, run: () => void): void
  /** A commit is made that holds these direct events, which no inbox holds. */
  committing(execution: string, revision: number, events: readonly string[]): void
}
