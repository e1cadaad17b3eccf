/**
 * The form of an execution's snapshot.
 *
 * Owns: what is in it, and the mark by which serialisers and matchers know one. All times are milliseconds, relative:
 * `at` since the acceptance, `left` until something is due. Own and related ids are `<id>`, `<id:2>`, `<parent>`.
 */
import type { StateValue } from 'xstate'
import type { ErrorRecord } from '../../errors.js'
import type { PauseMode } from '../../events/execution-events.js'
import type { RuntimeEventType } from '../../events/runtime-event.js'
import type { ExecutionStatus } from '../../events/execution-status.js'
import { jsonSections } from './json-form.js'

/** An actor inside of a program that is no step. */
export interface ChildSnapshot {
  /** The name of its logic; absent if it is inline. */
  readonly source?: string
  readonly status: string
  readonly value?: StateValue
  readonly context?: unknown
  readonly output?: unknown
  readonly error?: unknown
  readonly children: Readonly<Record<string, ChildSnapshot>>
}

/** A step that is in flight, or about to be. */
export interface StepSnapshot {
  /** The name of its logic, else its id. */
  readonly step: string
  readonly idempotencyKey: string
  readonly attempt: number
  readonly input?: unknown
}

/** An execution that a step of this one started. */
export interface StartedSnapshot {
  readonly id: string
  readonly entryPoint: string
  readonly status: ExecutionStatus
  readonly value?: StateValue
  readonly idempotencyKey?: string
}

/** A timer that is set. */
export interface TimerSnapshot {
  /** In ms; 0 is due. */
  readonly left: number
  /** True while a pause keeps what is left. */
  readonly frozen: boolean
  /** The delay with which it was set: its name if it has one, else ms. */
  readonly delay: string | number
  /** The state whose `after` it is. */
  readonly state?: string
  /** The event that it sends, if it is no `after`. */
  readonly event?: unknown
  /** The paths of the actors between which it runs; '' is the program itself. */
  readonly source: string
  readonly target: string
}

/** A message that stands in the durable inbox: an event, or the name of a command. */
export type InboxSnapshot = { readonly event: unknown } | { readonly command: string }

/** An event of the journal. */
export interface EventSnapshot {
  readonly at: number
  readonly type: RuntimeEventType
  readonly data?: unknown
}

/** Who paused or cancelled, and why. */
export interface InterventionSnapshot {
  readonly at: number
  readonly mode?: PauseMode
  readonly reason?: string
  readonly actor?: string
  readonly scope?: string
}

/** How often the function of a step was called: attempts and what a crash made to run again included. */
export interface RanSnapshot {
  readonly step: string
  readonly times: number
}

/** An execution as of its last commit, without anything that differs from run to run. */
export interface ExecutionSnapshot {
  readonly id: string
  readonly entryPoint: string
  readonly status: ExecutionStatus
  readonly attempt: number
  readonly idempotencyKey?: string
  readonly value?: StateValue
  readonly context?: unknown
  readonly steps: readonly StepSnapshot[]
  readonly children: Readonly<Record<string, ChildSnapshot>>
  readonly executions: readonly StartedSnapshot[]
  readonly timers: readonly TimerSnapshot[]
  /** What is left of `timeout`, `queueTimeout`, `deadline`, of a cancel's `stop`, and until the next `retry`. */
  readonly limits: Readonly<Record<string, number>>
  readonly inbox: readonly InboxSnapshot[]
  readonly events: readonly EventSnapshot[]
  readonly pause?: InterventionSnapshot
  readonly cancel?: InterventionSnapshot
  readonly output?: unknown
  readonly error?: ErrorRecord
  /** Absent where nobody has counted: outside of a test runtime. */
  readonly ran?: readonly RanSnapshot[]
}

/** The same in every copy of this package. */
const mark = Symbol.for('stateward.execution-snapshot')

/** What a snapshot knows and does not show: of which execution it is, and the last event of the journal that it knows of. */
interface Origin {
  readonly of: string
  readonly seq: number
  /** The names of all actors of its test runtime's programs; absent for that of another runtime. */
  readonly actors?: ReadonlySet<string>
}

/** Marks a snapshot. */
export function marked(form: ExecutionSnapshot, origin: Origin): ExecutionSnapshot {
  const hidden = { [mark]: { value: origin }, toJSON: { value: () => jsonSections(form) } }
  return Object.freeze(Object.defineProperties(form, hidden))
}

/** True for what `executionSnapshot`, `snapshotOf` and `snapshotOfRecord` make. */
export function isExecutionSnapshot(value: unknown): value is ExecutionSnapshot {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, mark)
}

/** Where a snapshot comes from. */
export const originOf = (snapshot: ExecutionSnapshot): Origin => (snapshot as unknown as { readonly [mark]: Origin })[mark]
