/** What a path looks like. Owns its form: how one is found and run is others'. */
import type { AnyActorLogic, AnyEventObject, SnapshotFrom } from 'xstate'
import type { PathState } from './path-state.js'

/** The context of a machine's snapshots. */
export type ContextOf<TProgram extends AnyActorLogic> =
  SnapshotFrom<TProgram> extends { context: infer TContext } ? TContext : unknown

type ValueOf<TProgram extends AnyActorLogic> = SnapshotFrom<TProgram> extends { value: infer TValue } ? TValue : unknown

/** Something that happens on a path, and the state that it leads to. */
export interface PathStep<TProgram extends AnyActorLogic = AnyActorLogic> {
  /** `send`: an event from outside. `done`, `error`: a step ends. `after`: time passes until a timer fires. */
  readonly kind: 'send' | 'done' | 'error' | 'after'
  readonly event: AnyEventObject
  /** The step that ends, by the id that it was given, or its `src`. */
  readonly step?: string
  /** Such as `charge ends with 42`. */
  readonly description: string
  readonly state: PathState<ValueOf<TProgram>, ContextOf<TProgram>>
}

/** A way through a program, from its start. */
export interface ExecutionPath<TProgram extends AnyActorLogic = AnyActorLogic> {
  /** What happens, and the state that it ends in: `APPROVE → charge ends → done`. */
  readonly description: string
  /** Before the first step. */
  readonly initial: PathState<ValueOf<TProgram>, ContextOf<TProgram>>
  readonly steps: readonly PathStep<TProgram>[]
  /** After the last step. */
  readonly state: PathState<ValueOf<TProgram>, ContextOf<TProgram>>
  /**
   * Runs the path on a test runtime of its own: once as it is, once for each step with a crash and a restart after it (and
   * once before the first), and once with one after every step. After each step, what is stored must be what was walked.
   *
   * The program's steps are replaced by ones that end when the path says so, without the retries and limits of `fromStep`;
   * the entry point's `retry`, `timeout` and `queueTimeout` don't count. Custom actions run, as often as there are runs.
   * Errors: `path_diverged`, with the path, the step, the run, and what was expected and found in `details`;
   * `invalid_option` for a step to crash after that there is not.
   */
  run(options?: PathRunOptions): Promise<void>
}

/** How a path is run. */
export interface PathRunOptions {
  /** After how many steps to crash, a run for each; default: 0 and all further ones. An empty list: it only runs as it is. */
  readonly crashAfter?: readonly number[]
}
