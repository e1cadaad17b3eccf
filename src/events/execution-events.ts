/**
 * The events of an execution's lifecycle, and the records that it keeps.
 *
 * Owns: the events of the execution machine and the records of interventions, limits and endings that are persisted with it.
 */
import type { ErrorRecord } from '../errors.js'
import type { TerminalStatus } from './execution-status.js'

/** Who stopped or moved an execution, when and why. */
export interface Intervention {
  readonly at: number
  readonly reason?: string
  readonly actor?: string
  /** The scope of the command: the execution itself, its stream, the group of its entry point or the whole runtime; default the execution. */
  readonly scope?: 'execution' | 'stream' | 'group' | 'runtime' | 'parent'
}

/** How an execution is paused: at the next boundary between steps, or at once. */
export type PauseMode = 'boundary' | 'now'

/** A pause with its mode. */
export interface PauseRecord extends Intervention {
  readonly mode: PauseMode
  /** Why the runtime itself paused the execution. */
  readonly error?: ErrorRecord
}

/** The clock limits of an execution, as absolute times in ms. */
export interface Limits {
  readonly queueUntil?: number
  readonly timeoutAt?: number
  readonly deadlineAt?: number
  readonly retryAt?: number
  /** When a pause or a cancel stops waiting for promises that do not heed their signal. */
  readonly stopBy?: number
}

/** Which limit was reached. */
export type LimitName = 'queueTimeout' | 'timeout' | 'deadline' | 'stop'

/** How an execution ends; `output` of a completed one is stored beside it. */
export type Ending =
  | { readonly status: 'completed' }
  | { readonly status: 'failed'; readonly error: ErrorRecord }
  | { readonly status: 'cancelled'; readonly intervention: Intervention; readonly error?: ErrorRecord }
  | { readonly status: 'timed_out'; readonly limit: LimitName }
  | { readonly status: 'rejected'; readonly reason: string }

/** What an execution keeps of the triggers that it has taken in. */
export interface Gathering {
  /** `debounce`: the input is that of the last one. `batch`: it is the list of all. */
  readonly kind: 'debounce' | 'batch'
  /** The key under which it takes more in. */
  readonly key: string
  /** When the first one came. */
  readonly since: number
  /** How many there are. */
  readonly count: number
  /** Of the elements of a batch, in characters. */
  readonly length: number
  /** The name of the last one: no two commits that take triggers in are alike. */
  readonly last: string
  /** True if it takes no more in, although it has not started. */
  readonly isFull: boolean
}

/** What the execution machine keeps; plain data, part of every commit. */
export interface ExecutionContext {
  readonly executionId: string
  readonly entryPoint: string
  /** 1 for the first; invariant: only grows. */
  readonly attempt: number
  readonly maxAttempts: number
  readonly onExhausted: 'fail' | 'pause'
  /** True if the program gets an event to compensate when it is cancelled. */
  readonly compensates: boolean
  /** How long it may run from its first slot on, in ms. */
  readonly timeout?: number
  /** The time before which it must not start, if one was given. By the wall clock, however that is set. */
  readonly startAt?: number
  /** How long it may wait in the queue from then on, in ms; of an execution that is to start later. */
  readonly queueTimeout?: number
  readonly limits: Limits
  /** Set if a step of another execution has started it: what becomes of it when that is left, and which one it replaces. */
  readonly child?: { readonly whenLeft: 'cancel' | 'leave'; readonly retryOf?: string | undefined }
  /** Of one that takes further triggers in, or has. */
  readonly gathering?: Gathering
  /** The keys under which it is counted; absent: none. */
  readonly keys?: { readonly concurrency: string | null; readonly rate: string | null }
  readonly pause?: PauseRecord
  readonly resume?: Intervention
  readonly cancel?: Intervention
  readonly ending?: Ending
  /** The error of the last attempt that failed. */
  readonly failure?: ErrorRecord
}

/** The events of the execution machine. `inFlight`: promises run that must end first. */
export type ExecutionEvent =
  | { readonly type: 'slot.granted'; readonly at: number }
  | { readonly type: 'slot.missing' }
  /** The time before which it must not start has come: its time in the queue begins. */
  | { readonly type: 'start.due' }
  /** The turn of a suspect has come. `stopBy`: its time begins now. */
  | { readonly type: 'turn.given'; readonly stopBy: number }
  | { readonly type: 'program.busy'; readonly granted: boolean }
  | { readonly type: 'program.idle' }
  | { readonly type: 'program.done'; readonly inFlight: boolean }
  | {
      readonly type: 'program.failed'
      readonly error: ErrorRecord
      readonly retryAt: number
      readonly final: boolean
      readonly inFlight: boolean
      readonly stopBy: number
      readonly at: number
    }
  | { readonly type: 'program.drained' }
  | { readonly type: 'program.held'; readonly pause: PauseRecord; readonly inFlight: boolean; readonly stopBy: number }
  | { readonly type: 'retry.due'; readonly granted: boolean; readonly at: number }
  | { readonly type: 'limit.reached'; readonly limit: LimitName; readonly inFlight: boolean; readonly stopBy: number }
  | { readonly type: 'execution.pause'; readonly pause: PauseRecord; readonly inFlight: boolean; readonly stopBy: number }
  | {
      readonly type: 'execution.resume'
      readonly resume: Intervention
      readonly granted: boolean
      readonly retry: boolean
      readonly at: number
    }
  | {
      readonly type: 'execution.cancel'
      readonly cancel: Intervention
      readonly started: boolean
      readonly inFlight: boolean
      /** The program is only stored, with actions that run as soon as it is restored. */
      readonly repeatsActions: boolean
      readonly stopBy: number
    }
  | { readonly type: 'execution.reject'; readonly reason: string }
  | { readonly type: 'clock.set_back'; readonly limits: Limits }
  | { readonly type: 'commit.acknowledged' }

/**
 * What moved a program to where a checkpoint found it, the last thing before the commit: its `start`; an `event` that was sent to
 * the execution; a `timer`, by the event that it sent; a `step`, by the path of the actor that ended or said something.
 */
export type CheckpointCause =
  | { readonly type: 'start' }
  | { readonly type: 'event'; readonly event: string }
  | { readonly type: 'timer'; readonly event: string }
  | { readonly type: 'step'; readonly step: string }

/** How much the journal tells of an execution. Each tells what the one before it does as well. */
export type History = 'lifecycle' | 'steps' | 'transitions'

/** The types of the events in the journal. `journal.gap` stands for events that were not kept (see the entry point's `journal`). */
export type JournalEventType =
  | 'journal.gap'
  | 'execution.accepted'
  | 'execution.queued'
  | 'execution.debounced'
  | 'execution.batched'
  | 'execution.started'
  | 'execution.running'
  | 'execution.waiting'
  | 'execution.pausing'
  | 'execution.paused'
  | 'execution.resumed'
  | 'execution.cancelling'
  | 'execution.retrying'
  | 'execution.recovered'
  | 'execution.emitted'
  | 'execution.progress'
  | 'execution.action_failed'
  | 'schedule.set'
  | 'schedule.paused'
  | 'schedule.resumed'
  | 'schedule.removed'
  | 'schedule.ended'
  | 'schedule.failed'
  | 'schedule.skipped'
  | 'execution.transition'
  | 'step.started'
  | 'step.completed'
  | 'step.failed'
  | 'step.retrying'
  | 'step.left'
  | 'trigger.failed'
  | 'trigger.skipped'
  | `execution.${TerminalStatus}`
