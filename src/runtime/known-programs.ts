/** Which program an entry point has, by its id, and what a trigger of it takes. Owns types alone. */
import type { AnyActorLogic, InputFrom } from 'xstate'
import type { TriggerOptions } from '../events/requests.js'
import type { EntryPoint } from './entry-point.js'

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
  unknown extends InputFrom<ProgramOf<TEntryPoints, TId>>
    ? [input?: unknown, options?: TriggerOptions]
    : [input: InputFrom<ProgramOf<TEntryPoints, TId>>, options?: TriggerOptions]
