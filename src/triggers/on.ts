/**
 * The trigger that fires for events of the journal.
 *
 * Owns: which events fire; one execution for each of them, over all processes and crashes (the idempotency key is made of the event's
 * `seq`); and the bound on chains of executions that start each other by their events. Does not know: how far it has come
 * (`event-place.ts`).
 */
import { fromPromise } from 'xstate'
import type { ActiveTrigger, FireOptions, TriggerPort } from '../actors/trigger/trigger.js'
import { isStatewardError, StatewardError, type StatewardErrorCode } from '../errors.js'
import { checkEventFilter, isGap } from '../events/event-filter.js'
import type { RuntimeEvent } from '../events/runtime-event.js'
import { refuseUnknown, type OptionNames } from '../known-options.js'
import { EventPlace } from './event-place.js'
import { refuse } from './refusal.js'

/** The options of `on`. All that is given of the event must fit. */
export interface OnOptions<TInput = unknown> {
  /** Of the executions of this entry point. */
  readonly entryPoint?: string | undefined
  /** Of the executions of the entry points of this group. */
  readonly group?: string | undefined
  readonly sessionId?: string | undefined
  readonly correlationId?: string | undefined
  /** Called with each event that fits otherwise: false leaves it out. If it throws, the event is given up: `trigger.failed` says so. */
  readonly where?: ((event: RuntimeEvent) => boolean) | undefined
  /** True: what the executions and the trigger of this entry point itself publish fires as well. Default false. */
  readonly own?: boolean | undefined
  /** Where it begins the first time that it runs on a store; afterwards it goes on where it was. Default `now`. */
  readonly from?: 'now' | 'start' | undefined
  /**
   * How many executions one after the other may have been started by an event of the one before. What is beyond starts nothing and is
   * reported as `causation_depth`. From 1 to 1,000; default 16.
   */
  readonly maxDepth?: number | undefined
  /**
   * Makes the input of an event's execution; default none. Make it of the event alone: each process makes its own, and the first one
   * counts. If it throws, or its value can't be stored, the event is given up: `trigger.failed` says so.
   */
  readonly input?: ((event: RuntimeEvent) => TInput) | undefined
  /** What else is said of the execution. It has the event's correlation id unless another one is said here. */
  readonly options?: ((event: RuntimeEvent) => Omit<FireOptions, 'idempotencyKey' | 'causationId'>) | undefined
}

const optionNames: OptionNames<OnOptions> = {
  entryPoint: true,
  group: true,
  sessionId: true,
  correlationId: true,
  where: true,
  own: true,
  from: true,
  maxDepth: true,
  input: true,
  options: true,
}

/** How many events are handled at a time. */
const AT_ONCE = 50

/** A chain of parents is followed so far. */
const FAR = 100

/**
 * Fires for each event of the journal that fits: of one type, of several, or of all that begin with `order.` (`order.*`).
 *
 * None is missed over a restart or while the stream is paused, unless `retention` has taken it away in between, which is reported as
 * skipped. The execution's `causationId` is `#` and the event's `seq`. Errors: `invalid_definition`, with `details.option`.
 *
 * @example
 * ```ts
 * const ship = defineEntryPoint({
 *   id: 'ship',
 *   program: fromPromise(async ({ input }: { input: { order: string } }) => `shipped ${input.order}`),
 *   trigger: on('order.paid', { input: ({ data }) => data as { order: string } }),
 * })
 * console.log(ship.trigger.type) // prints on
 * ```
 */
export function on(
  type: string | readonly string[],
  options?: OnOptions<undefined> & { readonly input?: undefined },
): ActiveTrigger<undefined>
export function on<TInput>(
  type: string | readonly string[],
  options: OnOptions<TInput> & { readonly input: (event: RuntimeEvent) => TInput },
): ActiveTrigger<TInput>
export function on<TInput>(type: string | readonly string[], options: OnOptions<TInput> = {}): ActiveTrigger<TInput> {
  const checked = { ...checkedOptions(type, options), type }
  const logic = fromPromise<void, TriggerPort<TInput>>(({ input: port }) => new EventRun(port, checked).run())
  return { type: 'on', logic }
}

type Checked<TInput> = OnOptions<TInput> & {
  readonly type: string | readonly string[]
  readonly own: boolean
  readonly maxDepth: number
}

/** One life of a trigger for events. */
class EventRun<TInput> {
  readonly #port: TriggerPort<TInput>
  readonly #of: Checked<TInput>
  readonly #place: EventPlace
  readonly #pending = new Set<Promise<void>>()
  readonly #stop = new AbortController()
  #failure: { readonly error: unknown } | undefined

  constructor(port: TriggerPort<TInput>, of: Checked<TInput>) {
    this.#port = port
    this.#of = of
    this.#place = new EventPlace(port.cursor)
  }

  /** Resolves when the trigger is stopped. What it rejects with has ended nothing: the events at hand are handled again. */
  async run(): Promise<void> {
    const { type, entryPoint, group, sessionId, correlationId, from } = this.#of
    const since = await this.#place.open(from === 'start' ? async () => 0 : this.#port.lastSeq)
    const { signal } = this.#stop
    for await (const event of this.#port.events({ type, entryPoint, group, sessionId, correlationId, since, signal })) {
      if (this.#pending.size >= AT_ONCE) await Promise.race(this.#pending)
      this.#place.begin(event.seq)
      const work = this.#handle(event)
        .then(() => this.#place.handled(event.seq))
        .catch((error: unknown) => {
          this.#failure ??= { error }
          this.#stop.abort()
        })
        .finally(() => this.#pending.delete(work))
      this.#pending.add(work)
    }
    await Promise.all(this.#pending)
    if (this.#failure) throw this.#failure.error
  }

  async #handle(event: RuntimeEvent): Promise<void> {
    const { type, own, where, input, options, maxDepth } = this.#of
    // events that fit may be missing
    if (isGap(event, type)) return this.#port.skipped({ reason: 'pruned', from: event.at, to: event.at })
    if (!own && this.#isOwn(event)) return undefined
    let made: { readonly input: TInput; readonly options: Omit<FireOptions, 'idempotencyKey' | 'causationId'> }
    try {
      if (where && !where(event)) return undefined
      // without a function for it the program takes none, as its type says
      made = { input: input?.(event) as TInput, options: options?.(event) ?? {} }
    } catch (error) {
      return this.#giveUp(event, error)
    }
    const depth = 1 + (await this.#depthOf(event.causationId))
    if (depth > maxDepth) return this.#giveUp(event, tooDeep(maxDepth))
    const { correlationId } = event
    const causationId = depth === 1 ? `#${event.seq}` : `#${event.seq}.${depth}`
    const ids = { idempotencyKey: `on:${event.seq}`, causationId, ...(correlationId === undefined ? {} : { correlationId }) }
    try {
      await this.#port.fire(made.input, { ...ids, ...made.options })
    } catch (error) {
      if (!isStatewardError(error) || error.retryable || byState.has(error.code)) throw error
      return this.#giveUp(event, error)
    }
  }

  #isOwn({ entryPoint, type, data }: RuntimeEvent): boolean {
    const own = this.#port.entryPoint
    return entryPoint === own || (type.startsWith('trigger.') && (data as { entryPoint?: unknown }).entryPoint === own)
  }

  /** How many executions in a row were started by an event until the one with this cause was. */
  async #depthOf(causationId: string | undefined): Promise<number> {
    for (let cause = causationId, n = 0; cause !== undefined && n < FAR; n++) {
      const [isEvent, depth] = /^#\d+(?:\.(\d+))?$/.exec(cause) ?? []
      if (isEvent !== undefined) return Number(depth ?? 1)
      cause = await this.#port.causeOf(cause)
    }
    return 0
  }

  async #giveUp({ seq, type }: RuntimeEvent, cause: unknown): Promise<void> {
    const { entryPoint, failed } = this.#port
    const message = cause instanceof Error ? cause.message : String(cause)
    const code = isStatewardError(cause) ? cause.code : 'invalid_option'
    await failed(
      new StatewardError(code, `The event ${seq}, ${type}, starts no execution of ${entryPoint}: ${message}`, {
        details: { entryPoint, seq, type, ...(isStatewardError(cause) ? cause.details : {}) },
        cause,
      }),
    )
  }
}

/** A later attempt may find the runtime, as it may after every error that is `retryable`. */
const byState: ReadonlySet<StatewardErrorCode> = new Set(['already_stopped', 'store_closed'])

const tooDeep = (maxDepth: number) =>
  new StatewardError('causation_depth', `${maxDepth} executions have started each other by their events, one after the other.`, {
    details: { maxDepth },
  })

function checkedOptions<TInput>(type: unknown, options: OnOptions<TInput>) {
  refuseUnknown('invalid_definition', 'The trigger on', options, optionNames, { trigger: 'on' })
  const { entryPoint, group, sessionId, correlationId, own = false, from = 'now', maxDepth = 16 } = options
  if (type === undefined) refuse('on', 'type', type, 'the type of an event, or a list of such')
  try {
    checkEventFilter('The trigger on', { type: type as string, entryPoint, group, sessionId, correlationId })
  } catch (error) {
    if (!isStatewardError(error)) throw error
    throw new StatewardError('invalid_definition', error.message, { details: { trigger: 'on', ...error.details }, cause: error })
  }
  if (typeof own !== 'boolean') refuse('on', 'own', own, 'true or false')
  if (!['now', 'start'].includes(from)) refuse('on', 'from', from, 'one of now, start')
  if (!(Number.isInteger(maxDepth) && maxDepth >= 1 && maxDepth <= 1_000))
    refuse('on', 'maxDepth', maxDepth, 'a whole number from 1 to 1,000')
  for (const option of ['where', 'input', 'options'] as const)
    if (options[option] !== undefined && typeof options[option] !== 'function')
      refuse('on', option, options[option], 'a function')
  return { ...options, own, from, maxDepth }
}
