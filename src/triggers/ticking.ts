/**
 * Fires an entry point at its ticks.
 *
 * Owns: one execution for each tick, over all processes and crashes (the idempotency key is made of the tick); and what becomes of ticks
 * that were missed, or that come while the execution of the one before has not ended. First a tick fires, then its position is
 * written: a crash in between fires it again, as a duplicate. Does not know: when ticks are.
 */
import { createHash } from 'node:crypto'
import { fromPromise } from 'xstate'
import { isStatewardError, StatewardError } from '../errors.js'
import { isTerminal } from '../events/execution-status.js'
import type { ActiveTrigger, TriggerPort } from '../actors/trigger/trigger.js'
import { TickPlace } from './tick-place.js'
import type { TickFireOptions, TickSettings } from './tick-options.js'

/** When ticks are. */
export interface Ticks {
  /** The first tick after `at`; null: there is none any more. */
  after(at: number): number | null
  /** The last `limit` ticks after `after` and until `until`, oldest first. */
  between(after: number, until: number, limit: number): readonly number[]
}

/** When ticks are, and from when they are counted. */
export interface Timing {
  /** All that decides when ticks are, as a text: another one begins anew. */
  readonly schedule: string
  readonly ticks: Ticks
  /** The instant from which ticks are counted when nothing is stored of them; `isNew`: nor of another schedule. */
  begin(now: number, isNew: boolean): number
  /**
   * What is done once the clock was set back to before the last tick. Absent: ticks go by what the clock shows, and one that was handled
   * before is a duplicate by its instant. Else they are counted anew, once the position has not moved for `patience` ms: other machines,
   * whose clocks are ahead, would move it.
   */
  readonly recount?: { readonly patience: number; from(now: number): number } | undefined
}

/** What has ticks. */
export interface Ticking<TInput> extends Timing {
  /** The idempotency keys of its ticks begin with it. */
  readonly type: string
  /** Default its entry point: for people, and what `jitter` is made of. */
  readonly name?: string | undefined
  readonly settings: TickSettings<TInput>
}

/** A tick that could not fire for so many ms counts as missed. */
const LATE = 10_000

/** A position so many ms ahead of the clock was written before that was set back; less may be the clock of another machine. */
const AHEAD = 60_000

/** More ticks than this within `LATE` are not told from those that were missed. */
const MANY = 1_000

/** The trigger that fires at these ticks. */
export function ticking<TInput>(of: Ticking<TInput>): ActiveTrigger<TInput> {
  const logic = fromPromise<void, TriggerPort<TInput>>(({ input: port }) => new TickRun(port, of).run())
  return { type: of.type, logic, ...(of.settings.overlap === 'replace' ? { replaces: true } : {}) }
}

/** One life of a trigger with ticks, or of a schedule. */
export class TickRun<TInput> {
  readonly #port: TriggerPort<TInput>
  readonly #of: Ticking<TInput>
  readonly #place: TickPlace

  constructor(port: TriggerPort<TInput>, of: Ticking<TInput>) {
    this.#port = port
    this.#of = of
    this.#place = new TickPlace(port.cursor, of.schedule, (at) => of.ticks.after(at))
  }

  /** Resolves once there are no ticks any more. What it rejects with has ended nothing: the tick at hand is handled again. */
  async run(): Promise<void> {
    const { clock } = this.#port
    await this.#place.open((isNew) => this.#of.begin(clock.now(), isNew))
    for (;;) {
      if (this.#place.position.at > clock.now() + AHEAD) {
        await this.#goBack()
        continue
      }
      await this.#catchUp()
      const { at } = this.#place.position
      const next = this.#of.ticks.after(at)
      if (next === null) return
      await this.#until(Math.max(this.#due(at), this.#due(next)))
    }
  }

  /** The position is ahead of the clock: that was set back. */
  async #goBack(): Promise<void> {
    const { clock } = this.#port
    const { recount } = this.#of
    if (!recount) return this.#place.reset(clock.now())
    const { at } = this.#place.position
    await this.#until(clock.now() + recount.patience)
    const now = clock.now()
    if (this.#place.position.at === at && at > now + AHEAD) await this.#place.reset(recount.from(now))
  }

  /** Handles all ticks that are due. */
  async #catchUp(): Promise<void> {
    const { ticks, settings } = this.#of
    const now = this.#port.clock.now()
    const { at } = this.#place.position
    const current = ticks.between(Math.max(at, now - LATE - settings.jitter), now, MANY)
    const recent = ticks.between(at, now, settings.maxMissed + current.length)
    // ticks fire in their order: one that is due earlier than the one before fires with it
    let latest = this.#due(at)
    const dues = recent
      .map((tick) => ({ tick, due: (latest = Math.max(latest, this.#due(tick))) }))
      .filter(({ due }) => due <= now)
    const last = dues.at(-1)?.tick
    if (last === undefined) return
    const onTime = dues.filter(({ due }) => now - due < LATE).map(({ tick }) => tick)
    const missed = dues.slice(0, dues.length - onTime.length).map(({ tick }) => tick)
    const kept = { none: [], once: onTime.length > 0 ? [] : missed.slice(-1), all: missed.slice(-settings.maxMissed) }
    const fires = [...kept[settings.missed], ...onTime]
    await this.#leaveOut(at, fires[0] ?? last, fires.length > 0)
    for (const tick of fires) {
      if (this.#place.position.at < tick) await this.#handle(tick)
    }
  }

  /** Tells of the ticks after `at` that do not fire: those before `until`, and itself unless it fires. */
  async #leaveOut(at: number, until: number, fires: boolean): Promise<void> {
    const from = this.#of.ticks.after(at)
    const to = fires ? this.#of.ticks.between(at, until - 1, 1)[0] : until
    if (from === null || to === undefined) return
    await this.#port.skipped({ reason: 'missed', from, to })
    await this.#place.handled(to)
  }

  async #handle(tick: number): Promise<void> {
    const { overlap } = this.#of.settings
    const { last } = this.#place.position
    // one that was started for this very tick, or a later one, is not in its way
    const status = overlap !== 'queue' && last && last.at < tick ? await this.#port.status(last.id) : undefined
    const isBusy = status !== undefined && !isTerminal(status)
    if (isBusy && overlap === 'skip') {
      await this.#port.skipped({ reason: 'overlap', from: tick, to: tick })
      return this.#place.handled(tick)
    }
    if (isBusy && last && !(await this.#cancel(last.id, tick))) return this.#place.handled(tick)
    await this.#place.handled(tick, await this.#fire(tick))
  }

  /** False: the execution of an earlier tick can't be cancelled, which is reported. */
  async #cancel(id: string, tick: number): Promise<boolean> {
    try {
      await this.#port.cancel(id, `replaced by the tick of ${isoOf(tick)}`)
      return true
    } catch (error) {
      if (!isStatewardError(error, 'invalid_option')) throw error
      await this.#giveUp(tick, error)
      return false
    }
  }

  /** The id of the tick's execution; undefined: there can't be one, which is reported. */
  async #fire(tick: number): Promise<string | undefined> {
    const { type, settings, recount } = this.#of
    const { resets } = this.#place.position
    const count = recount && resets > 0 ? `#${resets}` : ''
    let input: TInput
    let options: TickFireOptions | undefined
    try {
      // without a function for it the program takes none, as its type says
      input = settings.input?.({ at: tick }) as TInput
      options = settings.options?.({ at: tick })
    } catch (error) {
      return this.#giveUp(tick, error)
    }
    try {
      const { id } = await this.#port.fire(input, { ...options, idempotencyKey: `${type}:${isoOf(tick)}${count}` })
      return id
    } catch (error) {
      if (!isStatewardError(error) || error.retryable || error.code === 'already_stopped') throw error
      return this.#giveUp(tick, error)
    }
  }

  async #giveUp(tick: number, cause: unknown): Promise<undefined> {
    const { entryPoint, failed } = this.#port
    const name = this.#of.name ?? entryPoint
    const message = cause instanceof Error ? cause.message : String(cause)
    const code = isStatewardError(cause) ? cause.code : 'invalid_option'
    await failed(
      new StatewardError(code, `The tick of ${isoOf(tick)} of ${name} starts no execution: ${message}`, {
        details: { entryPoint, tick, ...(isStatewardError(cause) ? cause.details : { option: 'input' }) },
        cause,
      }),
    )
  }

  /** When a tick fires. */
  #due(tick: number): number {
    const { jitter } = this.#of.settings
    return jitter === 0 ? tick : tick + Math.floor(fractionOf(`${this.#of.name ?? this.#port.entryPoint} ${tick}`) * jitter)
  }

  /** Waits until the clock reads that time, or may do so, and takes over what others have handled by then; rejects when the trigger is stopped. */
  async #until(time: number): Promise<void> {
    this.#port.upcoming(time)
    await this.#alarm(time)
    await this.#place.refresh()
  }

  #alarm(time: number): Promise<void> {
    const { clock, signal } = this.#port
    return new Promise((resolve, reject) => {
      const stopped = () => reject(signal.reason as Error)
      if (signal.aborted) return stopped()
      signal.addEventListener('abort', stopped, { once: true })
      clock.alarm(time, () => {
        signal.removeEventListener('abort', stopped)
        resolve()
      })
    })
  }
}

const isoOf = (at: number) => new Date(at).toISOString()

/** From 0 to 1, the same for the same text. */
function fractionOf(text: string): number {
  return createHash('sha256').update(text).digest().readUInt32BE(0) / 2 ** 32
}
