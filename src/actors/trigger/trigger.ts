/**
 * What fires an entry point: the definition of a trigger, and the port through which its actor reaches the runtime.
 *
 * Owns: the contract between a trigger and the runtime. A trigger is any actor logic; the core knows no kind of it. The stream
 * spawns it while it admits executions, under its own actor; `trigger-host.ts` serves the port. A trigger may also answer requests
 * over HTTP: `runtime.fetch` finds its routes and serves theirs.
 */
import type { AnyActorLogic } from 'xstate'
import type { ErrorRecord } from '../../errors.js'
import type { ExecutionStatus } from '../../events/execution-status.js'
import type { TriggerOptions } from '../../events/requests.js'
import type { EventFilter } from '../../events/event-filter.js'
import type { RuntimeEvent } from '../../events/runtime-event.js'
import type { LevelLogger } from '../../logger.js'

/** Actor logic whose input is a trigger's port: `fromPromise`, `fromCallback`, a machine, … */
export type TriggerLogic<TInput = never> = Omit<AnyActorLogic, 'getInitialSnapshot'> & {
  readonly getInitialSnapshot: (scope: never, input: TriggerPort<TInput>) => unknown
}

/** A trigger that fires nothing by itself: calls do, such as `runtime.trigger`. */
export interface PassiveTrigger {
  readonly type: 'manual' | 'api'
  readonly logic?: undefined
  readonly routes?: undefined
  readonly replaces?: undefined
}

/** A trigger that fires by itself. `TInput` is what it gives its entry point's program as input. */
export interface ActiveTrigger<TInput = unknown> {
  /** A word for people, such as `cron`; any but `manual` and `api`. */
  readonly type: string
  /** Spawned by the stream while it admits executions, with a `TriggerPort` as its input. */
  readonly logic: TriggerLogic<TInput>
  readonly routes?: undefined
  /** True if it cancels executions to make room for others: it is refused where an execution may hold what other callers gave. Default false. */
  readonly replaces?: boolean | undefined
}

/** A trigger that is fired by requests over HTTP, which `runtime.fetch` brings. */
export interface RoutedTrigger<TInput = unknown> {
  /** A word for people, such as `webhook`; any but `manual` and `api`. */
  readonly type: string
  /** At least one. No other entry point of the runtime may have one of the same path and method. */
  readonly routes: readonly TriggerRoute<TInput>[]
  /** Spawned as that of an `ActiveTrigger`; it gets a `RouteAnswered` for each request that was answered meanwhile. */
  readonly logic?: TriggerLogic<TInput> | undefined
  /** As that of an `ActiveTrigger`. */
  readonly replaces?: boolean | undefined
}

/** What fires an entry point: `manual()`, `api()`, `cron(…)`, `every(…)`, `webhook(…)` of `stateward/triggers`, or one of your own. */
export type Trigger<TInput = unknown> = PassiveTrigger | ActiveTrigger<TInput> | RoutedTrigger<TInput>

/** One way in over HTTP. */
export interface TriggerRoute<TInput = unknown> {
  /** As it stands in a URL: begins with `/`, without a query. It is compared as it is, a slash at its end too. */
  readonly path: string
  /** In capitals, such as `POST`; at least one. */
  readonly methods: readonly string[]
  /**
   * Answers a request; called while the runtime accepts executions, also while the stream is paused, as `runtime.trigger` may be.
   * What it throws is answered by its code: 429 for `queue_full`, 503 for what may be tried again, 400 for an invalid id, option or
   * value, else 500, which says nothing of the error and gives it to the logger.
   */
  readonly handle: (request: Request, port: RoutePort<TInput>) => Response | Promise<Response>
}

/** What a route reaches of the runtime. */
export interface RoutePort<TInput = never> extends Pick<TriggerPort<TInput>, 'entryPoint' | 'logger' | 'fire'> {
  /** Ms since the epoch; simulated in tests. */
  readonly now: () => number
  /** A key that nothing else has, for what is never to be the same as another. */
  readonly freshKey: () => string
}

/** A request that was answered, for the trigger's actor and for inspectors. It holds nothing that only its sender may know. */
export interface RouteAnswered {
  readonly type: 'route.answered'
  readonly method: string
  /** Of the route. */
  readonly path: string
  /** Of the response. */
  readonly status: number
  /** The execution that it fired, or had fired before; null: none. */
  readonly execution: string | null
}

/** What may be said about an execution when a trigger fires. */
export interface FireOptions extends Omit<TriggerOptions, 'id' | 'idempotencyKey'> {
  /**
   * What fires, by a name that every process gives it: the instant of a tick, the id of a delivery. 1 to 512 characters. However
   * often it fires, in whichever process, and after whatever crash, it starts one execution of the entry point.
   */
  readonly idempotencyKey: string
}

/** The answer to a fire. `joined`: an execution that was there has taken it in. `duplicate`: what fired had started this execution, or joined it, before. */
export interface Fired {
  readonly status: 'accepted' | 'joined' | 'duplicate'
  /** Of the execution. */
  readonly id: string
  /** True for a duplicate whose execution was started with another input, which it keeps. */
  readonly differs: boolean
}

/** The runtime's clock; simulated in tests. */
export interface TriggerClock {
  /** Ms since the epoch. */
  now(): number
  /**
   * Calls back once the wall clock reads `at`, also if it is set forward to there; and at the latest when as much time has passed
   * as is left now, so that a clock that is set back delays nothing: look at `now` again. Until the returned function is called or
   * the trigger is stopped.
   */
  alarm(at: number, ring: () => void): () => void
}

/** What is in a cursor. `revision`: 0 and a null text before it is written for the first time. */
export interface CursorState {
  readonly text: string | null
  readonly revision: number
}

/**
 * A small text that survives restarts, one for each entry point: how far its trigger has come. All processes on the store share it, so
 * it is written by compare-and-set.
 */
export interface TriggerCursor {
  read(): Promise<CursorState>
  /**
   * Writes `text` if the cursor still has the given revision. Resolves with what is there now: with another text than yours, another
   * process has been faster. Fire first, then write: a crash in between fires the same thing again, which is a duplicate.
   */
  write(text: string, revision: number): Promise<CursorState>
}

/** Something that a trigger leaves out, for people. */
export interface Skipped {
  /** In a word or a few, such as `overlap` or `missed`. */
  readonly reason: string
  /** The times at which it would have fired, in ms since the epoch: the first one and the last one. */
  readonly from: number
  readonly to: number
}

/**
 * All that a trigger's actor reaches of the runtime; its input. Each spawn gets one of its own. Members are functions, which may be
 * taken off it.
 */
export interface TriggerPort<TInput = never> {
  /** The id of the entry point. */
  readonly entryPoint: string
  /** Fires when the trigger is stopped: the stream is paused, drains or stops, or the trigger is started anew. */
  readonly signal: AbortSignal
  readonly clock: TriggerClock
  readonly cursor: TriggerCursor
  /** Gets what an operator must know; never throws. */
  readonly logger: LevelLogger
  /**
   * Starts an execution of the entry point; resolves once its acceptance is durable.
   *
   * Errors: `queue_full`, `not_storable`, `invalid_option`, `invalid_id`, `store_failed`; `stopping` once the trigger is stopped. What
   * is not caught ends the logic as an error, and it is started again with back-off; or give it to `failed`.
   */
  readonly fire: (input: TInput, options: FireOptions) => Promise<Fired>
  /** Follows the journal, from `since` or from now on; ends when the trigger is stopped. */
  readonly events: (filter?: EventFilter) => AsyncGenerator<RuntimeEvent, void>
  /** The `seq` of the last event of the journal; 0: there is none. */
  readonly lastSeq: () => Promise<number>
  /** What an execution was started for: its `causationId`, or else its parent. Undefined: nothing is known, or there is no such execution (any more). */
  readonly causeOf: (id: string) => Promise<string | undefined>
  /** The status of an execution as it is stored; undefined: there is none (any more). */
  readonly status: (id: string) => Promise<ExecutionStatus | undefined>
  /** Cancels an execution; resolves once it has ended. */
  readonly cancel: (id: string, reason: string) => Promise<void>
  /** Says when it fires next, for people; null: it does not know. Shown in `runtime.registry.triggers`. */
  readonly upcoming: (at: number | null) => void
  /**
   * Says that it has left out something on purpose: by the event `trigger.skipped` in the journal, and to the logger, the inspector and
   * `runtime.registry.triggers`. Resolves once the event is durable, or can't be, which the logger then says; never rejects. The same
   * thing that several processes leave out stands in the journal once.
   */
  readonly skipped: (what: Skipped) => Promise<void>
  /** Says that something has failed which it does not try again, by the event `trigger.failed` and likewise. The trigger goes on. Never rejects. */
  readonly failed: (error: unknown) => Promise<void>
}

/** How a trigger is doing in this process. */
export interface TriggerHealth {
  readonly type: string
  /** `stopped`: its stream does not admit executions. `restarting`: it has failed and waits. `ended`: its logic has come to its end. */
  readonly status: 'running' | 'restarting' | 'ended' | 'stopped'
  /** When it fires next, in ms since the epoch, if it says so. */
  readonly next: number | null
  /** How many executions it has started here, how often it has left out something, and how often it has failed. */
  readonly fired: number
  readonly skipped: number
  readonly failures: number
  /** What has failed last; null once it has fired since. */
  readonly error: ErrorRecord | null
}
