/**
 * The definition of one way in, and its checks.
 *
 * Owns: the options of an entry point, their defaults and limits. Everything that can be wrong with a definition is
 * said here, before anything runs or is written.
 */
import type { AnyActorLogic, EventFromLogic } from 'xstate'
import { checkBackoff, type Backoff } from '../backoff.js'
import { eventProblem } from '../actors/execution/external-event.js'
import { isProgramMachine } from '../actors/program/xstate/program-logic.js'
import { structureHash } from '../actors/program/program-hash.js'
import type { PausedTimers, PersistedProgram } from '../actors/program/program-record.js'
import { checkSteps } from '../actors/program/step.js'
import { definitionFormat, formatKey, type StreamDefinition } from '../actors/stream/stream-definition.js'
import { StatewardError } from '../errors.js'
import { isId, isWholeText, wholeTextWanted } from '../ids.js'
import { refuseUnknown, type OptionNames } from '../known-options.js'

/** What fires an entry point; `manual` and `api` are fired by `runtime.trigger` alone. */
export type Trigger =
  | { readonly type: 'manual' | 'api' }
  | { readonly type: 'webhook'; readonly path: string; readonly secret?: string }
  | { readonly type: 'timer'; readonly cron?: string; readonly every?: number }
  | { readonly type: 'event'; readonly events: readonly string[] }

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

/** The options of an entry point. Times are milliseconds. */
export interface EntryPointOptions<TProgram extends AnyActorLogic = AnyActorLogic, TId extends string = string> {
  readonly id: TId
  /** Any XState actor logic; a machine needs an `id` of its own. */
  readonly program: TProgram
  /** Of the program; part of every commit. Default '1'. */
  readonly version?: string | undefined
  /** Default `manual`. */
  readonly trigger?: Trigger | undefined
  /** How many may run at the same time; default 10. */
  readonly maxConcurrent?: number | undefined
  /** How many may wait for a slot; default 10,000. */
  readonly maxQueued?: number | undefined
  /** What happens to one more: `reject` refuses it with `queue_full`, `drop_oldest` ends the oldest queued one as `rejected`. Default `reject`. */
  readonly overflow?: 'reject' | 'drop_oldest' | undefined
  /** Higher goes first; default 0. */
  readonly priority?: number | undefined
  /** How much waiting outweighs one level of priority; default 10,000 ms. */
  readonly ageing?: number | undefined
  /** How its executions share state; default `shared`. */
  readonly isolation?: 'isolated' | 'shared' | 'synchronized' | undefined
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
  readonly trigger: Trigger
  readonly isolation: 'isolated' | 'shared' | 'synchronized'
}

const optionNames: OptionNames<EntryPointOptions> = {
  id: true,
  program: true,
  version: true,
  trigger: true,
  maxConcurrent: true,
  maxQueued: true,
  overflow: true,
  priority: true,
  ageing: true,
  isolation: true,
  durability: true,
  retry: true,
  timeout: true,
  queueTimeout: true,
  cancelEvent: true,
  cancelTimeout: true,
  pausedTimers: true,
  passivateAfter: true,
  maxRecoveries: true,
  checkpoints: true,
  journal: true,
  retention: true,
  maxIterations: true,
  versions: true,
  migrate: true,
  restart: true,
}
const retryNames: OptionNames<NonNullable<EntryPointOptions['retry']>> = { maxAttempts: true, backoff: true, onExhausted: true }
const retentionNames: OptionNames<Retention> = { maxAge: true, keep: true }
const journalNames: OptionNames<JournalRetention> = { keep: true }

const day = 24 * 60 * 60 * 1000

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
  options: EntryPointOptions<TProgram, TId>,
): EntryPoint<TProgram, TId> {
  if (typeof options !== 'object' || options === null) invalid('(without id)', 'options', options, 'an object')
  const { id, program, retry } = options
  const at = typeof id === 'string' ? id : '(without id)'
  checkNames(at, options as EntryPointOptions)
  if (!isId(id)) invalid(at, 'id', id, '1 to 128 letters, digits, or . _ : - inside, never two dots in a row')
  if (!isLogic(program)) invalid(at, 'program', program, 'XState actor logic, such as a machine or fromPromise(…)')
  if (isProgramMachine(program) && (program.id === '(machine)' || program.id === ''))
    invalid(at, 'program.id', program.id, 'set: give the machine an `id`, its snapshots are found by it')
  if (isProgramMachine(program) && !isWholeText(program.id))
    invalid(at, 'program.id', JSON.stringify(program.id), `a text ${wholeTextWanted}`)
  checkSteps(program)
  const count = (name: keyof EntryPointOptions, least: number, fallback: number) =>
    number(at, name, options[name], least, fallback, true)
  const ms = (name: keyof EntryPointOptions, fallback: number) => number(at, name, options[name], 0, fallback, false)
  const limit = (name: 'timeout' | 'queueTimeout') =>
    options[name] === undefined ? undefined : number(at, name, options[name], 1, 1, false)
  const maxAge = number(at, 'retention.maxAge', options.retention?.maxAge, 0, 7 * day, false)
  const keep = number(at, 'retention.keep', options.retention?.keep, 0, 100_000, true)
  if (retry) number(at, 'retry.maxAttempts', retry.maxAttempts, 1, 1, true)
  const one = <T extends string>(name: keyof EntryPointOptions, allowed: readonly T[], fallback: T): T => {
    const value = (options[name] as T | undefined) ?? fallback
    return allowed.includes(value) ? value : invalid(at, name, value, `one of ${allowed.join(', ')}`)
  }
  const trigger = options.trigger ?? { type: 'manual' }
  if (!['manual', 'api', 'webhook', 'timer', 'event'].includes(trigger.type))
    invalid(at, 'trigger.type', trigger.type, 'one of manual, api, webhook, timer, event')
  return shownById({
    [formatKey]: definitionFormat,
    id,
    program,
    programId: isProgramMachine(program) ? program.id : id,
    version: text(at, 'version', options.version ?? '1'),
    hash: structureHash(program),
    trigger,
    maxConcurrent: count('maxConcurrent', 1, 10),
    maxQueued: count('maxQueued', 0, 10_000),
    overflow: one('overflow', ['reject', 'drop_oldest'] as const, 'reject'),
    priority: number(at, 'priority', options.priority, -Infinity, 0, true),
    ageing: number(at, 'ageing', options.ageing, 1, 10_000, false),
    isolation: one('isolation', ['isolated', 'shared', 'synchronized'] as const, 'shared'),
    durability: one('durability', ['strict', 'relaxed'] as const, 'strict'),
    retry,
    timeout: limit('timeout'),
    queueTimeout: limit('queueTimeout'),
    cancelEvent: eventOption(at, options.cancelEvent),
    cancelTimeout: ms('cancelTimeout', 10_000),
    pausedTimers: one('pausedTimers', ['freeze', 'run', 'restart'] as const, 'freeze'),
    passivateAfter: options.passivateAfter === Infinity ? Infinity : ms('passivateAfter', 30_000),
    maxRecoveries: count('maxRecoveries', 0, 5),
    checkpoints: count('checkpoints', 0, 0),
    journal: options.journal?.keep === undefined ? undefined : number(at, 'journal.keep', options.journal.keep, 1, 1, true),
    retention: { maxAge, keep },
    maxIterations: count('maxIterations', 1, 10_000),
    versions: options.versions ?? {},
    migrate: options.migrate,
    restart: one('restart', ['permanent', 'transient', 'temporary'] as const, 'permanent'),
  })
}

function checkNames(at: string, options: EntryPointOptions): void {
  const details = { entryPoint: at }
  refuseUnknown('invalid_definition', `Entry point ${at}`, options, optionNames, details)
  refuseUnknown('invalid_definition', `Entry point ${at}'s \`retry\``, options.retry, retryNames, details)
  refuseUnknown('invalid_definition', `Entry point ${at}'s \`retention\``, options.retention, retentionNames, details)
  refuseUnknown('invalid_definition', `Entry point ${at}'s \`journal\``, options.journal, journalNames, details)
  checkBackoff('invalid_definition', `Entry point ${at}'s \`retry\``, options.retry?.backoff, details)
  const { versions, migrate, retry } = options
  if (migrate !== undefined && typeof migrate !== 'function') invalid(at, 'migrate', migrate, 'a function')
  for (const [version, old] of Object.entries(versions ?? {})) {
    if (!isWholeText(version)) invalid(at, 'versions', JSON.stringify(version), `known by texts ${wholeTextWanted}`)
    if (!isLogic(old)) invalid(at, `versions.${version}`, old, 'XState actor logic')
  }
  if (retry?.onExhausted !== undefined && retry.onExhausted !== 'fail' && retry.onExhausted !== 'pause')
    invalid(at, 'retry.onExhausted', retry.onExhausted, 'fail or pause')
}

/** In JSON (an inspector's, a log's) a definition is its names: never its program, nor a secret of its trigger. */
function shownById<T extends StreamDefinition & { readonly trigger: Trigger }>(definition: T): T {
  const { id, programId, version, trigger } = definition
  const shown = { id, programId, version, trigger: trigger.type }
  return Object.freeze(Object.defineProperty(definition, 'toJSON', { value: () => shown }))
}

function isLogic(value: unknown): value is AnyActorLogic {
  const logic = value as Partial<AnyActorLogic> | null | undefined
  return (
    typeof logic?.transition === 'function' &&
    typeof logic.getInitialSnapshot === 'function' &&
    typeof logic.getPersistedSnapshot === 'function'
  )
}

function number(at: string, name: string, value: unknown, least: number, fallback: number, whole: boolean): number {
  if (value === undefined) return fallback
  const fits = typeof value === 'number' && Number.isFinite(value) && value >= least && (!whole || Number.isInteger(value))
  const from = least === -Infinity ? '' : ` from ${least}`
  return fits ? value : invalid(at, name, value, `a ${whole ? 'whole ' : ''}number${from}`)
}

function eventOption<T>(at: string, event: T): T {
  if (event === undefined || eventProblem(event) === undefined) return event
  const type = typeof event === 'string' && event !== '' ? event : 'UNDO'
  return invalid(at, 'cancelEvent', event, `an event object, such as { type: '${type}' }, and none of XState's own`)
}

function text(at: string, name: string, value: unknown): string {
  if (typeof value === 'string' && !isWholeText(value)) invalid(at, name, JSON.stringify(value), `a text ${wholeTextWanted}`)
  return typeof value === 'string' && value.length > 0 && value.length <= 128
    ? value
    : invalid(at, name, value, 'a text of 1 to 128 characters')
}

function invalid(entryPoint: string, option: string, value: unknown, wanted: string): never {
  const shown = typeof value === 'object' || typeof value === 'function' ? typeof value : String(value as number)
  throw new StatewardError('invalid_definition', `Entry point ${entryPoint}: \`${option}\` is ${shown}; it must be ${wanted}.`, {
    details: { entryPoint, option, value: shown },
  })
}
