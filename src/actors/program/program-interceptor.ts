/**
 * What may stand between a program and everything that it reaches: the seam of the testing kit.
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
  /** Where it stands below the root; the root's is empty. */
  readonly path: string
  readonly logic: AnyActorLogic
}

/** Replaces logic, and stands around outputs. */
export interface ProgramInterceptor {
  /** The logic that the actor runs; its own, unless it is to be another. Asked again at each restoration. */
  logic(actor: InterceptedActor): AnyActorLogic
  /** What an inspector of the program alone would see. */
  inspected(event: InspectionEvent): void
  /** An output of an execution is due: it happens if `run` is called. */
  output(execution: string, output: ProgramOutput, run: () => void): void
  /** A commit is made that holds these events: they came straight to the program, and stand in no inbox. */
  committing(execution: string, revision: number, events: readonly string[]): void
}
