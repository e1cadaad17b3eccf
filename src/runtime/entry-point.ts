/**
 * The definition of an entry point, and its checks.
 *
 * Owns: the options of an entry point, their defaults and limits. Everything that can be wrong with a definition is
 * said here, before anything runs or is written.
 */
import type { AnyActorLogic, AnyEventObject, EventFromLogic, InputFrom } from 'xstate'
import type { Backoff } from '../backoff.js'
import { eventProblem } from '../actors/execution/external-event.js'
import { isProgramMachine } from '../actors/program/xstate/program-logic.js'
import { structureHash } from '../actors/program/program-hash.js'
import type { History } from '../events/execution-events.js'
import type { PausedTimers, PersistedProgram } from '../actors/program/program-record.js'
import type { KeyOf } from '../actors/flow/flow-limits.js'
import type { BatchLimit } from '../actors/flow/gathering-limits.js'
import { pathProblem } from '../actors/trigger/route-table.js'
import type { RoutedTrigger, Trigger, TriggerRoute } from '../actors/trigger/trigger.js'
import { checkSteps } from '../actors/program/step.js'
import { definitionFormat, formatKey, type StreamDefinition } from '../actors/stream/stream-definition.js'
import { isId, isWholeText, wholeTextWanted } from '../ids.js'
import { refuseUnknown, type OptionNames } from '../known-options.js'
import { checkGathering, gatheringRules, type BatchOptionsOf, type DebounceOptions, type ElementOf } from './gathering-options.js'
import {
  backoff,
  group,
  invalid,
  isLogic,
  number,
  oneOf,
  optional,
  optionalFunction,
  programs,
  readOptions,
  text,
  whole,
  type OptionPlace,
  type Rule,
} from './entry-point-rules.js'

/** What is remembered of executions that have ended. */
export interface Retention {
  /** In ms since the end; default 7 days. */
  readonly maxAge?: number | undefined
  /** How many; default 100,000. */
  readonly keep?: number | undefined
}

/** What is remembered of the journal of one execution. */
export interface JournalRetention {
  /**
   * How many of its events, those that came last; at least 1, default all, until the execution itself is forgotten. For
   * executions that live for ever. In the place of those that go stands one event of type `journal.gap`.
   */
  readonly keep?: number | undefined
}

/** How many executions may run under one key, over all processes on the store. */
export interface ConcurrencyOptions<TInput = unknown> {
  /** Of the input: 1 to 512 characters. Asked once, when an execution is accepted. Default: all executions have the same key. A trigger for whose input it throws or gives no such text fails with `invalid_key`. */
  readonly key?: ((input: TInput) => string) | undefined
  /** How many have started and not ended, waiting and paused ones too; at least 1. */
  readonly limit: number
  /** What becomes of one whose key is taken. `queue`: it waits. `skip`: it ends as `rejected`, reason `busy`. `replace`: those before it are cancelled, reason `replaced`. Default `queue`. */
  readonly onBusy?: 'queue' | 'skip' | 'replace' | undefined
}

/** How many executions may start in a time, over all processes on the store; more wait. */
export interface RateOptions<TInput = unknown> {
  /** How many start in any `per` ms, at most; at least 1. */
  readonly limit: number
  /** In ms; at least 1. */
  readonly per: number
  /** Like the key of `concurrency`. Default: all executions have the same key. */
  readonly key?: ((input: TInput) => string) | undefined
}

/** The options of an entry point. Times are milliseconds. */
export interface EntryPointOptions<TProgram extends AnyActorLogic = AnyActorLogic, TId extends string = string> {
  readonly id: TId
  /** Any XState actor logic; a machine needs an `id` of its own. */
  readonly program: TProgram
  /** Of the program; part of every commit. Default '1'. */
  readonly version?: string | undefined
  /**
   * What fires it, beside `runtime.trigger`, which always may. Default `manual()`: nothing. `api()` is the same by another name,
   * for people; `cron(…)`, `every(…)`, `webhook(…)` and others are in `stateward/triggers`, and yours may be beside them. What it gives as input must
   * fit the program's.
   */
  readonly trigger?: Trigger<InputFrom<TProgram>> | undefined
  /** How many may run under one key, over all processes; default no such limit. See docs/flow-control.md. */
  readonly concurrency?: ConcurrencyOptions<InputFrom<TProgram>> | undefined
  /** How many may start in a time, over all processes; default no such limit. See docs/flow-control.md. */
  readonly rate?: RateOptions<InputFrom<TProgram>> | undefined
  /**
   * Triggers that come soon after one another make one execution, with the last input; default: each makes one of its own. Not beside
   * `batch`, `concurrency`, `rate` or `relaxed` durability. See docs/flow-control.md.
   */
  readonly debounce?: DebounceOptions<InputFrom<TProgram>> | undefined
  /** Triggers make one execution together, whose input is the list of theirs: a trigger gives one element. Not beside the same as `debounce`. See docs/flow-control.md. */
  readonly batch?: BatchOptionsOf<TProgram> | undefined
  /** How many may run at the same time in one process; default 10. */
  readonly maxConcurrent?: number | undefined
  /** How many may wait for a slot; default 10,000. */
  readonly maxQueued?: number | undefined
  /** What happens to one more: `reject` refuses it with `queue_full`, `drop_oldest` ends the oldest queued one as `rejected`. Default `reject`. */
  readonly overflow?: 'reject' | 'drop_oldest' | undefined
  /** Higher goes first; default 0. */
  readonly priority?: number | undefined
  /** How much waiting outweighs one level of priority; default 10,000 ms. */
  readonly ageing?: number | undefined
  /** How its executions share state: `shared`, which is the default. Others are refused: they are not built yet. */
  readonly isolation?: 'shared' | undefined
  /** `strict`: outputs wait for the commit that caused them. `relaxed`: they do not, and a crash may repeat or lose them. Default `strict`. */
  readonly durability?: 'strict' | 'relaxed' | undefined
  /** Attempts of the program, each from the last good commit; default one. `onExhausted: 'pause'` keeps the execution for a person to mend. */
  readonly retry?:
    | {
        readonly maxAttempts: number
        readonly backoff?: Backoff | undefined
        readonly onExhausted?: 'fail' | 'pause' | undefined
      }
    | undefined
  /** From the first slot to the end, pauses not counted; default none. */
  readonly timeout?: number | undefined
  /** In the queue, before the first slot, pauses not counted; default none. */
  readonly queueTimeout?: number | undefined
  /** Sent to the program on cancel, so that it may compensate until its final state: an event object, such as `{ type: 'UNDO' }`; default: steps are aborted. */
  readonly cancelEvent?: EventFromLogic<TProgram> | undefined
  /** How long steps (or the compensation) may take to end; default 10,000 ms. */
  readonly cancelTimeout?: number | undefined
  /** What timers do during a pause; default `freeze`. */
  readonly pausedTimers?: PausedTimers | undefined
  /** How long a waiting execution stays in memory; default 30,000 ms. */
  readonly passivateAfter?: number | undefined
  /** How many processes in a row it may bring down; default 5. */
  readonly maxRecoveries?: number | undefined
  /** How many commits of an execution are kept as checkpoints; default 0: only the last one can be forked. */
  readonly checkpoints?: number | undefined
  /** How much is remembered of what an execution that lives on has published. */
  readonly journal?: JournalRetention | undefined
  /**
   * What the journal tells of its executions: `lifecycle` (default) nothing of their insides; `steps` also `step.started`,
   * `.completed`, `.failed`, `.retrying` and `.left`; `transitions` also `execution.transition`. See docs/events.md.
   */
  readonly history?: History | undefined
  readonly retention?: Retention | undefined
  /** The limit on microsteps of one event, so that an endless loop fails instead of hanging; default 10,000. Ten times as many events may go between the program's actors at a stretch. */
  readonly maxIterations?: number | undefined
  /** Older programs that executions in flight go on with, by version. */
  readonly versions?: Readonly<Record<string, AnyActorLogic>> | undefined
  /** Makes a snapshot of another version (or structure) fit this one. */
  readonly migrate?:
    | ((snapshot: PersistedProgram, from: { readonly version: string; readonly hash: string }) => PersistedProgram)
    | undefined
  /** Whether a stream that failed is started again: always, never, or only after an error. Default `permanent`. */
  readonly restart?: 'permanent' | 'transient' | 'temporary' | undefined
}

/** An entry point with every default filled in. */
export interface EntryPoint<
  TProgram extends AnyActorLogic = AnyActorLogic,
  TId extends string = string,
> extends StreamDefinition {
  readonly id: TId
  readonly program: TProgram
  readonly isolation: 'shared'
}

/** The options of an entry point that batches: what fires it gives one element of its program's input. */
export interface BatchedOptions<TProgram extends AnyActorLogic, TId extends string> extends Omit<
  EntryPointOptions<TProgram, TId>,
  'batch' | 'trigger'
> {
  readonly batch: BatchOptionsOf<TProgram>
  readonly trigger?: Trigger<ElementOf<TProgram>> | undefined
}

/** An entry point that batches. */
export interface BatchedEntryPoint<TProgram extends AnyActorLogic, TId extends string> extends EntryPoint<TProgram, TId> {
  readonly batch: BatchLimit
}

const day = 24 * 60 * 60 * 1000

/** What each option may be, and what it is if it is not given. What is not here, or is no option, does not compile. */
const rules = {
  version: text('1'),
  trigger: triggerOption,
  concurrency: optional(
    group({ key: optionalFunction<KeyOf>(), limit: whole({ from: 1 }), onBusy: oneOf(['queue', 'skip', 'replace']) }),
  ),
  rate: optional(group({ limit: whole({ from: 1 }), per: whole({ from: 1 }), key: optionalFunction<KeyOf>() })),
  ...gatheringRules,
  maxConcurrent: whole({ from: 1, otherwise: 10 }),
  maxQueued: whole({ from: 0, otherwise: 10_000 }),
  overflow: oneOf(['reject', 'drop_oldest']),
  priority: whole({ otherwise: 0 }),
  ageing: number({ from: 1, otherwise: 10_000 }),
  isolation: oneOf(['shared'], ['isolated', 'synchronized']),
  durability: oneOf(['strict', 'relaxed']),
  retry: optional(group({ maxAttempts: whole({ from: 1, otherwise: 1 }), backoff, onExhausted: oneOf(['fail', 'pause']) })),
  timeout: optional(number({ from: 1 })),
  queueTimeout: optional(number({ from: 1 })),
  cancelEvent: eventOption,
  cancelTimeout: number({ from: 0, otherwise: 10_000 }),
  pausedTimers: oneOf(['freeze', 'run', 'restart']),
  passivateAfter: number({ from: 0, otherwise: 30_000, endless: true }),
  maxRecoveries: whole({ from: 0, otherwise: 5 }),
  checkpoints: whole({ from: 0, otherwise: 0 }),
  journal: (value, at) => group({ keep: optional(whole({ from: 1 })) })(value, at).keep,
  history: oneOf(['lifecycle', 'steps', 'transitions']),
  retention: group({ maxAge: number({ from: 0, otherwise: 7 * day }), keep: whole({ from: 0, otherwise: 100_000 }) }),
  maxIterations: whole({ from: 1, otherwise: 10_000 }),
  versions: programs,
  migrate: optionalFunction<NonNullable<EntryPointOptions['migrate']>>(),
  restart: oneOf(['permanent', 'transient', 'temporary']),
} satisfies { readonly [K in Exclude<keyof EntryPointOptions, 'id' | 'program'>]-?: Rule<unknown> }

const ruled = Object.fromEntries(Object.keys(rules).map((option) => [option, true])) as Record<keyof typeof rules, true>
const optionNames: OptionNames<EntryPointOptions> = { id: true, program: true, ...ruled }

/**
 * Checks a definition and fills in its defaults.
 *
 * Errors: `invalid_definition`, naming the option, its value and what it must be.
 *
 * @example
 * ```ts
 * const tickets = defineEntryPoint({ id: 'tickets', program: ticketMachine, version: '3', maxConcurrent: 10 })
 * ```
 */
export function defineEntryPoint<TProgram extends AnyActorLogic, const TId extends string>(
  options: BatchedOptions<TProgram, TId>,
): BatchedEntryPoint<TProgram, TId>
export function defineEntryPoint<TProgram extends AnyActorLogic, const TId extends string>(
  options: EntryPointOptions<TProgram, TId>,
): EntryPoint<TProgram, TId>
export function defineEntryPoint<TProgram extends AnyActorLogic, const TId extends string>(
  options: EntryPointOptions<TProgram, TId>,
): EntryPoint<TProgram, TId> {
  const { id, program } = options ?? {}
  const entryPoint = typeof id === 'string' ? id : '(without id)'
  const at = (option: string) => ({ entryPoint, option })
  if (typeof options !== 'object' || options === null) invalid(at('options'), options, 'an object')
  refuseUnknown('invalid_definition', `Entry point ${entryPoint}`, options, optionNames, { entryPoint })
  if (!isId(id)) invalid(at('id'), id, '1 to 128 letters, digits, or . _ : - inside, never two dots in a row')
  if (!isLogic(program)) invalid(at('program'), program, 'XState actor logic, such as a machine or fromPromise(…)')
  if (isProgramMachine(program) && (program.id === '(machine)' || program.id === ''))
    invalid(at('program.id'), program.id, 'set: give the machine an `id`, its snapshots are found by it')
  if (isProgramMachine(program) && !isWholeText(program.id))
    invalid(at('program.id'), JSON.stringify(program.id), `a text ${wholeTextWanted}`)
  checkSteps(program)
  const read = readOptions(rules, options, at)
  checkGathering(read, at)
  const programId = isProgramMachine(program) ? program.id : id
  const defined = { [formatKey]: definitionFormat, id, program, programId, hash: structureHash(program), ...read }
  return shownById(defined)
}

/** In JSON (an inspector's, a log's) a definition is its names, never its program. */
export function shownById<T extends StreamDefinition>(definition: T): T {
  const { id, programId, version, trigger } = definition
  const shown = { id, programId, version, trigger: trigger.type }
  return Object.freeze(Object.defineProperty(definition, 'toJSON', { value: () => shown }))
}

const passive = ['manual', 'api'] as const
const triggerWanted =
  'manual() or api(), or have actor `logic` or HTTP `routes`: such as cron(…), every(…) or webhook(…) of stateward/triggers, or a trigger of your own'

function triggerOption(value: unknown, at: OptionPlace): Trigger {
  if (value === undefined) return { type: 'manual' }
  if (Array.isArray(value))
    return invalid({ ...at, option: 'trigger' }, 'a list', 'one trigger: give each one an entry point, of the same program')
  const { type, logic, routes, replaces } = (typeof value === 'object' && value !== null ? value : {}) as Partial<RoutedTrigger>
  if (passive.includes(type as 'manual')) return group({ type: oneOf(passive) })(value, at)
  if (typeof type !== 'string' || type === '') return invalid({ ...at, option: 'trigger.type' }, type, triggerWanted)
  if (logic === undefined && routes === undefined) return invalid({ ...at, option: 'trigger.type' }, type, triggerWanted)
  if (logic !== undefined && !isLogic(logic))
    return invalid({ ...at, option: 'trigger.logic' }, logic, 'XState actor logic, such as fromPromise(…)')
  const anything: Rule<unknown> = (given) => given
  group({ type: anything, logic: anything, routes: anything, replaces: anything })(value, at)
  if (replaces !== undefined && typeof replaces !== 'boolean')
    return invalid({ ...at, option: 'trigger.replaces' }, replaces, 'true or false')
  const replacing = replaces ? { replaces } : {}
  return routes === undefined
    ? { type, logic: logic as NonNullable<typeof logic>, ...replacing }
    : { type, logic, ...replacing, routes: routesOption(routes, { ...at, option: 'trigger.routes' }) }
}

function routesOption(value: unknown, at: OptionPlace): readonly TriggerRoute[] {
  if (!Array.isArray(value) || value.length === 0) return invalid(at, value, 'a list of routes, and not empty')
  return value.map((each: unknown, index) => {
    const place = (option: string) => ({ ...at, option: `${at.option}.${index}.${option}` })
    const anything: Rule<unknown> = (given) => given
    group({ path: anything, methods: anything, handle: anything })(each ?? {}, { ...at, option: `${at.option}.${index}` })
    const { path, methods, handle } = (each ?? {}) as Partial<TriggerRoute>
    const wanted = pathProblem(path)
    if (wanted !== undefined) return invalid(place('path'), path, wanted)
    const isMethods = Array.isArray(methods) && methods.length > 0 && methods.every((method) => /^[A-Z]+$/.test(String(method)))
    if (!isMethods) return invalid(place('methods'), String(methods), "a list of methods in capitals, such as ['POST']")
    if (typeof handle !== 'function') return invalid(place('handle'), handle, 'a function')
    return { path: path as string, methods: [...methods], handle }
  })
}

function eventOption(event: unknown, at: OptionPlace): AnyEventObject | undefined {
  if (event === undefined || eventProblem(event) === undefined) return event as AnyEventObject | undefined
  const type = typeof event === 'string' && event !== '' ? event : 'UNDO'
  return invalid(at, event, `an event object, such as { type: '${type}' }, and none of XState's own`)
}
