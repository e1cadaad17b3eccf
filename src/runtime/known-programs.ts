/** Which program an entry point has, by its id, and what a trigger of it takes. Owns types alone. */
import type { AnyActorLogic, InputFrom } from 'xstate'
import type { TriggerOptions } from '../events/requests.js'
import type { EntryPoint } from './entry-point.js'
import type { ElementOf } from './gathering-options.js'
import type { BatchLimit } from '../actors/flow/gathering-limits.js'

/** The program of the entry point with that id. */
export type ProgramOf<TEntryPoints extends readonly EntryPoint[], TId> = ProgramById<TEntryPoints[number], TId>

/** Also of an entry point whose id is known as one of several, or as a string alone. */
type ProgramById<TEntryPoint, TId> = TEntryPoint extends {
  readonly id: infer TOwnId
  readonly program: infer TProgram extends AnyActorLogic
}
  ? TId extends TOwnId
    ? TProgram
    : never
  : never

/** What `trigger` takes after the entry point: an input, unless its program asks for none. */
export type TriggerArguments<TEntryPoints extends readonly EntryPoint[], TId> =
  unknown extends TriggerInput<TEntryPoints[number], TId>
    ? [input?: unknown, options?: TriggerOptions]
    : [input: TriggerInput<TEntryPoints[number], TId>, options?: TriggerOptions]

/** The input of a trigger: that of the program, or of an entry point that batches one element of it. */
export type TriggerInput<TEntryPoint, TId> = TEntryPoint extends {
  readonly id: infer TOwnId
  readonly program: infer TProgram extends AnyActorLogic
}
  ? TId extends TOwnId
    ? TEntryPoint extends { readonly batch: BatchLimit }
      ? ElementOf<TProgram>
      : InputFrom<TProgram>
    : never
  : never
