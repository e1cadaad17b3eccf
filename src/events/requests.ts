/**
 * The requests to a supervisor, by call or by event, and its answers to events.
 *
 * Owns: the options of each request and their checks, which are the same for both ways. Times are milliseconds.
 */
import type { AnyActorRef } from 'xstate'
import { StatewardError, type ErrorRecord } from '../errors.js'
import { isId } from '../ids.js'
import { refuseUnknown, type OptionNames } from '../known-options.js'
import { checkWhere, type ExecutionWhere } from './execution-filter.js'
import type { PauseMode } from './execution-events.js'
import type {
  NoSchedule,
  ScheduleFilter,
  ScheduleList,
  ScheduleOptions,
  SchedulePauseOutcome,
  ScheduleRecord,
  ScheduleRemoveOutcome,
  ScheduleResumeOutcome,
  SetOutcome,
} from './schedule.js'
import type { AddOutcome, CommandOutcome, RemoveOutcome, ResultOutcome, SendOutcome } from './outcomes.js'

/** What may be said about an execution when it is triggered. Times are milliseconds. */
export interface TriggerOptions {
  /** An id of your own; default a fresh one. Errors: `invalid_id`, `duplicate_execution`. */
  readonly id?: string | undefined
  /** Default the execution's id. */
  readonly correlationId?: string | undefined
  /** 1 to 512 characters, none of them U+0000 or half a surrogate pair. The same key on the same entry point gives the same execution, however often it is triggered. Errors: `invalid_id`, `idempotency_conflict` with another input. */
  readonly idempotencyKey?: string | undefined
  /** A key that many executions may share. */
  readonly sessionId?: string | undefined
  /** What it is started for, such as the id of another execution, or `#` and the `seq` of an event: the `causationId` of all its events. 1 to 512 characters. Default none. Error: `invalid_id`. */
  readonly causationId?: string | undefined
  /** Words to find it by: at most 32, each of 1 to 128 characters. They never change; those of its machine's states come beside them. Error: `invalid_option`. */
  readonly tags?: readonly string[] | undefined
  /** Default the entry point's. */
  readonly priority?: number | undefined
  /** From the first slot to the end, pauses not counted; default the entry point's. */
  readonly timeout?: number | undefined
  /** In the queue, before the first slot, from `startAt` on; default the entry point's. */
  readonly queueTimeout?: number | undefined
  /** Absolute, in ms since the epoch; pauses count, and so does the time before `startAt`, which must be earlier. */
  readonly deadline?: number | undefined
  /**
   * The time before which it must not start: ms since the epoch, or a date. It is accepted at once, and queued until then: outside
   * memory, without a slot, and not counted in `maxQueued`. When the time has come it takes its place in the queue as if it had been
   * accepted then; its `queueTimeout` begins at that time, its `timeout` with its first slot. Goes by the wall clock of the process that starts it:
   * a clock that is set back delays the start. A time that is past starts it now. Default: now. Error: `invalid_option`.
   */
  readonly startAt?: number | Date | undefined
}

/**
 * What a step may say about an execution that it starts. Its id and its idempotency key are made of the step's, so that it is started
 * once; what it is started for is its parent.
 */
export type ChildOptions = Omit<TriggerOptions, 'id' | 'idempotencyKey' | 'causationId'>

/** Who does something and why; both are kept with the execution. */
export interface By {
  readonly reason?: string | undefined
  readonly actor?: string | undefined
}

/**
 * Beside the options of a command to many: to all that this finds, of those that have not ended, each for itself. Executions that are
 * triggered later are not concerned; one that moves on after it was found is.
 */
export interface ToWhere {
  readonly where?: ExecutionWhere | undefined
}

/** `mode`: `boundary` (default) lets steps in flight finish, `now` aborts them. `timeout`: how long to wait for it, in ms. */
export interface PauseOptions extends By {
  readonly mode?: PauseMode | undefined
  readonly timeout?: number | undefined
}

/** `timeout`: how long to wait for the end, in ms; the cancel itself goes on. */
export interface CancelOptions extends By {
  readonly timeout?: number | undefined
}

/** `retry`: with as many attempts as at first. */
export interface ResumeOptions extends By {
  readonly retry?: boolean | undefined
  /** Events to deliver first, in this order. */
  readonly events?: readonly { readonly type: string }[] | undefined
}

/** Which executions an event goes to: all of this correlation, of this session, or of both, that have not ended. */
export interface SendTarget {
  /** What they were triggered with; an execution that was given none has its own id. */
  readonly correlationId?: string | undefined
  readonly sessionId?: string | undefined
  /** Only those of this entry point. */
  readonly entryPoint?: string | undefined
  /** Only those of the entry points of this group. */
  readonly group?: string | undefined
  /** All that this finds, of those that have not ended; without the others. */
  readonly where?: ExecutionWhere | undefined
}

const targetNames: OptionNames<SendTarget> = { correlationId: true, sessionId: true, entryPoint: true, group: true, where: true }

/** Throws `invalid_option` for a target that names neither a correlation nor a session, or that no execution can be. */
export function checkTarget(to: SendTarget): void {
  const subject = 'The executions to send an event to'
  const refuse = (option: string, value: unknown, wanted: string) => {
    throw new StatewardError('invalid_option', `${subject}: \`${option}\` is ${String(value)}; it must be ${wanted}.`, {
      details: { option, value: String(value) },
    })
  }
  if (typeof to !== 'object' || to === null) refuse('to', to, 'an object with a `correlationId`, a `sessionId` or a `where`')
  refuseUnknown('invalid_option', subject, to, targetNames)
  if (to.where !== undefined) {
    for (const option of ['correlationId', 'sessionId', 'entryPoint', 'group'] as const)
      if (to[option] !== undefined) refuse(option, to[option], 'in `where`, if that is given')
    return checkWhere(subject, to.where)
  }
  for (const option of ['correlationId', 'sessionId'] as const)
    if (to[option] !== undefined && !isId(to[option])) refuse(option, JSON.stringify(to[option]), 'an id')
  if (to.group !== undefined && !isId(to.group)) refuse('group', JSON.stringify(to.group), 'the name of a group')
  if (to.correlationId === undefined && to.sessionId === undefined)
    refuse('correlationId', undefined, 'given, unless there is a `sessionId` or a `where`')
}

/** Every option of a trigger; beside it those of the commands. */
export const triggerNames: OptionNames<TriggerOptions> = {
  id: true,
  correlationId: true,
  idempotencyKey: true,
  sessionId: true,
  causationId: true,
  tags: true,
  priority: true,
  timeout: true,
  queueTimeout: true,
  deadline: true,
  startAt: true,
}
const { id: _id, idempotencyKey: _key, causationId: _cause, ...ofChildren } = triggerNames
/** Every option of an execution that a step starts. */
export const childNames: OptionNames<ChildOptions> = ofChildren
const byNames: OptionNames<By> = { reason: true, actor: true }

/** The options of each command. */
export const commandNames = {
  pause: { ...byNames, mode: true, timeout: true } satisfies OptionNames<PauseOptions>,
  resume: { ...byNames, retry: true, events: true } satisfies OptionNames<ResumeOptions>,
  cancel: { ...byNames, timeout: true } satisfies OptionNames<CancelOptions>,
  retry: byNames,
} as const

/** Throws `invalid_option` for options of a command that it does not have (`names`: those that it has), or that are not what they must be. */
export function checkCommand(
  command: keyof typeof commandNames,
  of: string,
  options: unknown,
  names: Readonly<Record<string, true>> = commandNames[command],
): void {
  const subject = `The ${command} of ${of}`
  refuseUnknown('invalid_option', subject, options, names)
  const { mode, timeout, events } = (options ?? {}) as PauseOptions & ResumeOptions
  const refuse = (option: string, value: unknown, wanted: string): never => {
    throw new StatewardError('invalid_option', `${subject}: \`${option}\` is ${String(value)}; it must be ${wanted}.`, {
      details: { option, value: String(value) },
    })
  }
  if (mode !== undefined && mode !== 'boundary' && mode !== 'now') refuse('mode', mode, 'boundary or now')
  if (timeout !== undefined && !(typeof timeout === 'number' && timeout >= 0)) refuse('timeout', timeout, 'a number of ms from 0')
  if (events !== undefined && !Array.isArray(events)) refuse('events', typeof events, 'a list of events')
}

/** Which entry points are removed: the one with this id, or all of a group. */
export type RemoveTarget = string | { readonly group: string }

/** How entry points are removed. */
export interface RemoveOptions {
  /**
   * True: what is queued or runs comes to its end or to rest before, however long that takes; a number: at most so many ms. Default
   * false: steps in flight are aborted, and run again where the entry point is then.
   */
  readonly drain?: boolean | number | undefined
}

const removeNames: OptionNames<RemoveOptions> = { drain: true }
const removeTargetNames = { group: true } as const

/** How long a drain may take, in ms. Throws `invalid_option`. */
export function checkRemove(target: RemoveTarget, options: RemoveOptions): number {
  refuseUnknown('invalid_option', 'The removal', options, removeNames)
  checkScope('The removal', target)
  const { drain = false } = options ?? {}
  if (typeof drain === 'boolean') return drain ? Infinity : 0
  if (typeof drain === 'number' && drain >= 0) return drain
  throw notOne('The removal', 'drain', drain, 'true, false or a number of ms from 0')
}

/** Throws `invalid_option` for what is neither the id of an entry point nor a group. */
export function checkScope(subject: string, target: RemoveTarget): void {
  if (typeof target === 'string') return
  if (typeof target !== 'object' || target === null)
    throw notOne(subject, 'target', target, 'the id of an entry point, or { group }')
  if ('program' in target) throw notOne(subject, 'target', 'an entry point', 'its id, or { group }')
  refuseUnknown('invalid_option', subject, target, removeTargetNames)
  if (typeof target.group !== 'string') throw notOne(subject, 'group', target.group, 'the name of a group')
}

const notOne = (subject: string, option: string, value: unknown, wanted: string) =>
  new StatewardError('invalid_option', `${subject}: \`${option}\` is ${String(value)}; it must be ${wanted}.`, {
    details: { option, value: String(value) },
  })

/** Where the answer to a request by event goes, and what it is known by there. */
export interface ReplyAddress {
  readonly replyTo?: AnyActorRef
  readonly requestId?: string
}

/** A request by event. */
export type SupervisorRequest = ReplyAddress &
  (
    | {
        readonly type: 'execution.trigger'
        readonly entryPoint: string
        readonly input?: unknown
        readonly options?: TriggerOptions
      }
    | { readonly type: 'execution.send'; readonly id: string; readonly event: { readonly type: string } }
    | { readonly type: 'execution.pause'; readonly id: string; readonly options?: PauseOptions }
    | { readonly type: 'execution.resume'; readonly id: string; readonly options?: ResumeOptions }
    | { readonly type: 'execution.cancel'; readonly id: string; readonly options?: CancelOptions }
    /** What was made with `defineEntryPoint` or `defineGroup`. */
    | { readonly type: 'supervisor.add'; readonly entryPoints: readonly { readonly id: string }[] }
    | { readonly type: 'supervisor.remove'; readonly target: RemoveTarget; readonly options?: RemoveOptions }
    | ManyRequest
    | ScheduleRequest
  )

/** A request that concerns many executions. `target`: those of one entry point or group; absent: all of the runtime. */
export type ManyRequest =
  | { readonly type: 'supervisor.pause'; readonly target?: RemoveTarget; readonly options?: PauseOptions & ToWhere }
  | { readonly type: 'supervisor.resume'; readonly target?: RemoveTarget; readonly options?: By & ToWhere }
  | { readonly type: 'supervisor.cancel'; readonly target?: RemoveTarget; readonly options?: CancelOptions & ToWhere }
  | { readonly type: 'supervisor.send'; readonly to: SendTarget; readonly event: { readonly type: string } }
  | { readonly type: 'supervisor.count'; readonly where?: ExecutionWhere }

/** A request about a schedule, as the call of the same name of `runtime.schedules`. */
export type ScheduleRequest =
  | { readonly type: 'schedule.set'; readonly id: string; readonly options: ScheduleOptions }
  | { readonly type: 'schedule.get' | 'schedule.remove'; readonly id: string }
  | { readonly type: 'schedule.list'; readonly options?: ScheduleFilter }
  | { readonly type: 'schedule.pause' | 'schedule.resume'; readonly id: string; readonly options?: By }
  | { readonly type: 'schedule.fire'; readonly id: string; readonly options?: TriggerOptions }
  | { readonly type: 'schedule.upcoming'; readonly id: string; readonly count?: number }

/** What each request about a schedule is answered with. */
export interface ScheduleOutcomes {
  readonly 'schedule.set': SetOutcome
  readonly 'schedule.get': ScheduleRecord | NoSchedule
  readonly 'schedule.list': ScheduleList
  readonly 'schedule.pause': SchedulePauseOutcome
  readonly 'schedule.resume': ScheduleResumeOutcome
  readonly 'schedule.remove': ScheduleRemoveOutcome
  /** `id`: of the execution that was started; `execution.settled` follows at its end. */
  readonly 'schedule.fire': { readonly status: 'fired'; readonly id: string } | NoSchedule
  readonly 'schedule.upcoming': readonly number[]
}

/**
 * The answer to a request by event; `requestId` is the request's own. A trigger is answered twice: `accepted` once
 * that is durable (`created`: false if it was accepted before; `joined`: an execution that was there has taken it in), `settled` at the end. `refused` stands where a call would have rejected.
 */
export type SupervisorReply = { readonly requestId?: string } & (
  | { readonly type: 'execution.accepted'; readonly id: string; readonly created: boolean; readonly joined?: true }
  | { readonly type: 'execution.settled'; readonly id: string; readonly outcome: ResultOutcome }
  | { readonly type: 'execution.answered'; readonly id: string; readonly outcome: SendOutcome | CommandOutcome }
  | { readonly type: 'supervisor.added'; readonly outcome: AddOutcome }
  | { readonly type: 'supervisor.removed'; readonly outcome: RemoveOutcome }
  /** How many executions gave which answer. */
  | {
      readonly type: 'supervisor.answered'
      readonly request: Exclude<ManyRequest['type'], 'supervisor.count'>
      readonly outcome: Readonly<Record<string, number>>
    }
  | { readonly type: 'supervisor.counted'; readonly count: number }
  | ScheduleReply
  | { readonly type: 'execution.refused'; readonly request: SupervisorRequest['type']; readonly error: ErrorRecord }
)

type ScheduleReply = {
  readonly [TType in keyof ScheduleOutcomes]: {
    readonly type: 'schedule.answered'
    readonly request: TType
    readonly outcome: ScheduleOutcomes[TType]
  }
}[keyof ScheduleOutcomes]
