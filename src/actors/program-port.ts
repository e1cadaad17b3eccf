/** What a program host is given and what it tells the execution that runs it. Owns no behaviour. */
import type { AnyActorLogic } from 'xstate'
import type { WallClock } from './wall-clock.js'
import type { Interposition } from './interposition.js'

/** How a program ended. */
export type ProgramOutcome =
  | { readonly status: 'done'; readonly output: unknown }
  | { readonly status: 'error'; readonly error: unknown }

/** What a program host tells the execution that runs it. */
export interface ProgramPort {
  /** There is something to commit. */
  dirty(): void
  /** A step that may have run before the crash asks for a person (`onRecovery: 'hold'`). */
  doubt(path: string): void
  /** The last promise of a stopped or held program has come to its end. */
  drained(): void
  publish(type: string, data: unknown): void
  execute(entryPoint: string, input: unknown, key: string, signal: AbortSignal): Promise<unknown>
}

/** What all programs of an entry point share. */
export interface ProgramSettings {
  readonly logic: AnyActorLogic
  readonly version: string
  readonly hash: string
  readonly durability: 'strict' | 'relaxed'
  readonly maxIterations: number
  readonly clock: WallClock
  readonly random: () => number
  readonly logger: (...args: unknown[]) => void
  readonly interposition?: Interposition | undefined
}
