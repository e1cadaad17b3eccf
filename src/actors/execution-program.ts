/**
 * The program of one execution: live or only stored.
 *
 * Owns: the last good snapshot, which a failed one never replaces; when a live program must be taken again; and telling
 * the lifecycle what has become of the program, before the commit that holds it.
 */
import type { AnyActorRef, AnyEventObject } from 'xstate'
import { isStatewardError, toErrorRecord } from '../errors.js'
import type { ExecutionEvent, PauseRecord } from '../events/execution-events.js'
import { encode } from '../persistence/snapshot-codec.js'
import { backoffDelay } from './backoff.js'
import type { ExecutionPort, HeldExecution } from './execution-port.js'
import { programOf, withFrozenTimers } from './execution-state.js'
import { ProgramHost } from './program-host.js'
import type { ProgramPort } from './program-port.js'

/** What a program needs of its execution. */
export interface ProgramWatcher extends HeldExecution {
  readonly ref: AnyActorRef
  readonly lifecycle: {
    readonly value: unknown
    readonly attempt: number
    readonly maxAttempts: number
    readonly isMended: boolean
  }
  tell(event: ExecutionEvent): void
  touch(): void
  publish(type: string, data: unknown): void
  stopping(): { inFlight: boolean; stopBy: number }
  /** The program has ended with this output, as stored. */
  ended(output: string | null): void
}

/** One program. */
export class ExecutionProgram implements ProgramPort {
  /** Its stored form as of the last commit made. */
  text: string | undefined
  readonly #port: ExecutionPort
  readonly #execution: ProgramWatcher
  readonly #input: unknown
  #host: ProgramHost | undefined
  #dirty = false
  #returning = 0
  /** Its actors are gone: what was committed last is what remains of it. */
  #stopped = false
  /** Its last promise has ended; told with the next commit, after what that promise made of the program. */
  #drained = false

  constructor(port: ExecutionPort, execution: ProgramWatcher, input: unknown, text: string | undefined) {
    this.#port = port
    this.#execution = execution
    this.#input = input
    this.text = text
  }

  get isLive(): boolean {
    return this.#host !== undefined
  }

  get owes(): boolean {
    return this.#host?.owes ?? false
  }

  get inFlight(): boolean {
    return this.#host?.inFlight ?? false
  }

  get nextTimer(): number | undefined {
    return this.#host?.nextTimer
  }

  /** True once a step has come to its end here. */
  get hasProgressed(): boolean {
    return this.#host?.hasProgressed ?? false
  }

  // ── for its execution ─────────────────────────────────────────────────────────────────────────────────────────────

  /** Starts it, from its input or from its last good snapshot; a live one goes on. One that does not fit is held, one that can't start fails. */
  run(options: { recovering: boolean; mayStart: boolean }): void {
    if (this.#stopped) this.drop()
    if (this.#host) return options.mayStart ? this.#host.unhold() : this.#host.park()
    const { id, ref } = this.#execution
    try {
      const stored = this.text === undefined ? undefined : programOf(this.text, id)
      const { settings, record } = this.#port.programFor(stored)
      const host = new ProgramHost(settings, id, ref, record ? { record } : { input: this.#input }, this)
      this.#host = host
      host.start(options)
    } catch (error) {
      this.#refused(error)
    }
  }

  /** Runs what an ended execution still owes, and nothing else of it. */
  repay(): void {
    this.run({ recovering: false, mayStart: false })
    this.#host?.quiet()
  }

  /** What the program has become moves the lifecycle, before the commit is made. */
  observe(): void {
    if (this.#dirty) this.#told()
    if (this.#drained && !this.inFlight) this.#execution.tell({ type: 'program.drained' })
    this.#drained = false
  }

  /** Takes its snapshot for the next commit, if it has changed. The program fails if that can't be stored, and keeps its last good one. */
  take(isPaused: boolean): void {
    const problem = this.#taken(isPaused)
    if (problem === undefined) return
    this.drop()
    this.fail(problem, true)
  }

  /** `final`: trying again would not help. */
  fail(cause: unknown, final: boolean): void {
    const { mail, lifecycle, tell } = this.#execution
    const { attempt, maxAttempts, isMended } = lifecycle
    const now = this.#port.clock.now()
    const retryAt = now + backoffDelay(this.#port.definition.retry?.backoff, attempt, this.#port.random)
    // the program that took these events is gone, and another attempt is made, now or when a person has mended it
    if (!final && (attempt < maxAttempts || isMended)) for (const event of mail.giveBack()) void this.#giveBack(event)
    tell.call(this.#execution, { type: 'program.failed', error: toErrorRecord(cause), retryAt, final, at: now })
  }

  /** True until what a failed attempt had taken is in the inbox again: only then may a commit say that the attempt is over. */
  get isReturning(): boolean {
    return this.#returning > 0
  }

  /** Gives it back to its stored form: what it did since the last commit is gone. */
  drop(): void {
    this.#host?.stop()
    this.#host = undefined
    this.#stopped = false
    this.#dirty = false
  }

  send(event: AnyEventObject): void {
    this.#host?.send(event)
  }

  release(revision: number): void {
    this.#host?.release(revision)
  }

  /** The clock was set back: what its timers had left stays. */
  retime(): void {
    this.#host?.retime()
  }

  startSteps(): void {
    this.#host?.allowSteps()
  }

  hold(): void {
    this.#host?.hold()
  }

  quiet(): void {
    this.#host?.quiet()
  }

  /** Abort signals fire; says `drained` once no promise runs any more. */
  stop(): void {
    // what was owed at the last commit is done by now
    if (this.#dirty && !this.#stopped) this.#taken(false)
    this.#stopped = true
    this.#host?.stop()
    if (!this.inFlight) this.drained()
  }

  // ── for its host ──────────────────────────────────────────────────────────────────────────────────────────────────

  dirty(): void {
    this.#dirty = true
    this.#execution.touch()
  }

  doubt(path: string): void {
    this.#heldFor(`step_in_doubt: ${path}`)
  }

  drained(): void {
    this.#drained = true
    this.#execution.touch()
  }

  publish(type: string, data: unknown): void {
    this.#execution.publish(type, data)
  }

  execute(entryPoint: string, input: unknown, key: string, signal: AbortSignal): Promise<unknown> {
    return this.#port.execute(this.#execution, entryPoint, input, key, signal)
  }

  // ── inside ────────────────────────────────────────────────────────────────────────────────────────────────────────

  #told(): void {
    const { value } = this.#execution.lifecycle
    const { outcome, busy } = this.#host ?? {}
    if (outcome?.status === 'error') this.fail(outcome.error, false)
    else if (outcome) this.#done(outcome.output)
    else if (value === 'running' && !busy) this.#execution.tell({ type: 'program.idle' })
    else if (value === 'waiting' && busy) this.#askForSlot()
  }

  async #giveBack(event: AnyEventObject): Promise<void> {
    this.#returning++
    await this.#port.reenqueue(this.#execution, event)
    this.#returning--
    this.#execution.touch()
  }

  #askForSlot(): void {
    const granted = this.#port.acquire(this.#execution)
    if (!granted) this.#host?.hold()
    this.#execution.tell({ type: 'program.busy', granted })
  }

  /** The end counts only if its snapshot and its output can be stored. */
  #done(output: unknown): void {
    const problem = this.#taken(false)
    if (problem !== undefined) return this.fail(problem, true)
    try {
      this.#execution.ended(output === undefined ? null : encode(output, { id: this.#execution.id, what: 'output' }))
    } catch (error) {
      return this.fail(error, true)
    }
    this.#execution.tell({ type: 'program.done' })
  }

  /** Why its snapshot can't be stored; undefined if it was taken. */
  #taken(isPaused: boolean): unknown {
    const { id, revision } = this.#execution
    const policy = isPaused ? this.#port.definition.pausedTimers : undefined
    const failed = this.#host?.outcome?.status === 'error'
    const live = this.#stopped ? undefined : this.#host
    try {
      if (live && !failed && (this.#dirty || policy)) this.text = live.collect(revision + 1, policy)
      else if (!live && policy && this.text !== undefined)
        this.text = withFrozenTimers(this.text, id, policy, this.#port.clock.now())
      if (failed) this.#host?.forgetUncommitted()
      this.#dirty = false
      return undefined
    } catch (error) {
      return error
    }
  }

  #refused(error: unknown): void {
    if (isStatewardError(error, 'program_mismatch')) this.#heldFor(`program_mismatch: ${error.message}`)
    else this.fail(error, true)
  }

  #heldFor(reason: string): void {
    const pause: PauseRecord = { mode: 'now', at: this.#port.clock.now(), reason }
    this.#execution.tell({ type: 'program.held', pause, ...this.#execution.stopping() })
  }
}
