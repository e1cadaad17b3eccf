/**
 * The program of one execution: live or only stored.
 *
 * Owns: the last good snapshot, which a failed one never replaces; when a live program must be taken again; and telling
 * the lifecycle what has become of the program, before the commit that holds it.
 * Longer than others because what is live and what is only stored are the two forms of one program, and each call knows both.
 */
import type { AnyActorRef, AnyEventObject } from 'xstate'
import { isStatewardError, toErrorRecord, type StatewardError } from '../../errors.js'
import type { CheckpointCause, ExecutionEvent, PauseRecord } from '../../events/execution-events.js'
import { encode } from '../../codec/snapshot-codec.js'
import { backoffDelay } from '../../backoff.js'
import type { ExecutionPort, HeldExecution } from './execution-port.js'
import { leftReason } from '../../events/stop-reason.js'
import { pendingActions, withoutErrors } from '../program/program-outbox.js'
import {
  clearedProgram,
  hasComeToItsEnd,
  paidProgram,
  programOf,
  withFrozenTimers,
  type ProgramText,
} from '../program/stored-program.js'
import { ProgramHost } from '../program/program-host.js'
import { passages, type ProgramMode } from '../../events/program-mode.js'
import type { ProgramPort } from '../program/program-port.js'

/** What a program needs of its execution. */
export interface ProgramWatcher extends HeldExecution {
  readonly ref: AnyActorRef
  readonly delivery: { readonly inbox: { lose(): void }; putBack(): Promise<void> }
  /** True while it makes good what it has done: no further attempt is made. */
  readonly isCompensating: boolean
  /** False once it is settled that the program never goes on. */
  readonly goesOn: boolean
  /** True until it is known that it is no other one, accepted before. */
  readonly mayBeAnother: boolean
  readonly lifecycle: {
    readonly value: unknown
    readonly attempt: number
    readonly maxAttempts: number
    readonly isMended: boolean
  }
  /** Why it stops, if it does. */
  readonly stopReason: StatewardError
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
  /** As it was taken here last; its stored form may have become another one since. */
  taken: ProgramText | undefined
  readonly #port: ExecutionPort
  readonly #execution: ProgramWatcher
  readonly #input: unknown
  #host: ProgramHost | undefined
  /** Those that were dropped while functions of their steps ran. */
  #former: readonly ProgramHost[] = []
  /** True until it has begun here. */
  #recovering: boolean
  #dirty = false
  /** Its stored form when it was last asked whether it has moved. */
  #known: string | undefined
  #returning = 0
  /** True once it has ended, and what it still owes can't be run here. */
  isUnpaid = false
  /** True once the lifecycle was told of the outcome. */
  #isJudged = false
  /** True while it stops for a further attempt, or for good since it can't be stored. */
  #isDropping = false
  /** True once it was run here, or could not be. */
  #hasBegun = false
  /** Its last promise has ended; told with the next commit, after what that promise made of the program. */
  #drained = false

  /** `text`: a stored program to begin with. `recovering`: its steps may have been in flight when a process died, or a commit was lost. */
  constructor(
    port: ExecutionPort,
    execution: ProgramWatcher,
    { input, text, recovering }: { input: unknown; text: string | undefined; recovering: boolean },
  ) {
    this.#port = port
    this.#execution = execution
    this.#input = input
    this.text = text
    this.#recovering = recovering
    this.#known = text
  }

  get isLive(): boolean {
    return this.#host !== undefined
  }

  /** True if an event from outside would reach it now. */
  get takesEvents(): boolean {
    return this.#host?.takesEvents ?? false
  }

  /** True if it has ended, well or not, and the lifecycle does not know it yet: the next commit will. */
  get isEnding(): boolean {
    const host = this.#host
    if (!host || this.#isJudged) return false
    return host.outcome !== undefined || (passages[host.mode].answers && host.hasEnded)
  }

  /** True if it is only stored, and had ended before its actions on the way there had run: it needs no slot to come to its end. */
  get isLeftAtEnd(): boolean {
    // one that owes nothing has told its end with the commit that holds it
    return !this.#host && this.text?.includes('"outbox":') === true && hasComeToItsEnd(this.text, this.#execution.id)
  }

  get mayBeAnother(): boolean {
    return this.#execution.mayBeAnother
  }

  /** True if it has moved since the last commit was made. */
  get hasMoved(): boolean {
    return this.#dirty
  }

  get hasPendingActions(): boolean {
    if (this.#host || this.isUnpaid) return this.#host?.hasPendingActions ?? true
    // one that ended where it was only stored has its actions run once that is durable
    return !this.#hasBegun && !this.goesOn && !!this.text?.includes('"outbox":') && this.#pendingActions().length > 0
  }

  /** True while an action that it owes runs or is about to. */
  get isPaying(): boolean {
    return this.#host?.isPaying ?? false
  }

  /** True while the function of one of its steps runs, wanted or not, and has not run out of the time that it has to end. */
  get inFlight(): boolean {
    return this.#host?.inFlight === true || this.#former.some((host) => host.inFlight)
  }

  /** True while a step is in flight that is not to run twice unasked. */
  get isGuarded(): boolean {
    return this.#host?.steps.hasGuarded ?? false
  }

  /** The executions that it waits for, if it waits for nothing else; undefined: something of its own goes on. */
  get awaited(): readonly string[] | undefined {
    return this.#former.some(({ inFlight }) => inFlight) ? undefined : this.#host?.steps.awaited
  }

  /** True while a step is in flight or about to be. */
  get isBusy(): boolean {
    return this.#host?.busy ?? false
  }

  get nextTimer(): number | undefined {
    return this.#host?.nextTimer
  }

  /** True once a step has come to its end here. */
  get hasProgressed(): boolean {
    return this.#host?.hasProgressed ?? false
  }

  // ── for its execution ─────────────────────────────────────────────────────────────────────────────────────────────

  /**
   * Starts it, from its input or from its last good snapshot; a live one goes on, one that is silenced is restored from what
   * is durable. One that does not fit is held, one that can't start fails.
   */
  run(mode: 'running' | 'no-new-steps'): void {
    if (this.#host && !passages[this.#host.mode].answers) this.drop()
    if (this.#host) return this.#host.setMode(mode)
    const problem = this.#started(mode)
    if (problem) this.#refused(problem.error)
  }

  /** Runs what an ended execution still owes, and nothing else of it. What can't be run stays owed, for the next process, and is told. */
  repeatPendingActions(): void {
    this.#recovering = false
    const problem = this.#started('muted')
    if (problem === undefined) return
    this.drop()
    this.isUnpaid = true
    for (const action of this.#pendingActions()) this.unpaid(action, problem.error)
  }

  /** Nothing of what an ended execution still owes is tried any more; each action is told. What can't be read stays owed, and is not run. */
  forgoPendingActions(error: unknown): void {
    for (const action of this.#pendingActions()) this.unpaid(action, error)
    try {
      this.text = this.text === undefined ? undefined : clearedProgram(this.text, this.#execution.id)
      this.#hasBegun = true
    } catch {
      this.isUnpaid = true // it was told as `unreadable`
    }
  }

  /** What the program has become moves the lifecycle, before the commit is made. */
  observe(): void {
    if (this.#dirty) this.#notifyLifecycle()
    // one that ends is no longer to be paused
    if (this.#drained && !this.inFlight && !this.isEnding) this.#execution.tell({ type: 'program.drained' })
    this.#drained = false
  }

  /** Takes its snapshot for the next commit, if it has changed. The program fails if that can't be stored, and keeps its last good one. */
  take(isPaused: boolean): void {
    const problem = this.#taken(isPaused)
    if (problem === undefined) return
    this.drop()
    this.fail(problem, { isFinal: true })
  }

  /** What has moved the program since the last commit that was asked about; undefined: its stored form is as it was. */
  moved(): CheckpointCause | undefined {
    const cause = this.#host?.takeCause()
    if (cause === undefined || this.text === this.#known) return undefined
    this.#known = this.text
    return cause
  }

  /** `isFinal`: trying again would not help. */
  fail(cause: unknown, { isFinal }: { readonly isFinal: boolean }): void {
    const { delivery, isCompensating, lifecycle, tell } = this.#execution
    const { attempt, maxAttempts, isMended } = lifecycle
    const now = this.#port.clock.now()
    const retryAt = now + backoffDelay(this.#port.definition.retry?.backoff, attempt, this.#port.random)
    // the program that took these events is gone, and another attempt is made, now or when a person has mended it
    if (!isFinal && !isCompensating && (attempt < maxAttempts || isMended)) {
      this.#noteForNext()
      void this.#giveBack()
    } else delivery.inbox.lose()
    const failed = { error: toErrorRecord(cause), retryAt, final: isFinal, inFlight: this.inFlight, at: now }
    tell.call(this.#execution, { type: 'program.failed', ...failed })
  }

  /** What the failed attempt has found out of its steps goes with the stored form that the next one begins from. */
  #noteForNext(): void {
    if (!this.#host || this.text === undefined) return
    const stored = programOf(this.text, this.#execution.id)
    const { id } = this.#execution
    const steps = stored.steps && this.#host.steps.again(stored.steps)
    const outbox = stored.outbox?.some((text) => text.includes('"fail":')) ? withoutErrors(stored.outbox, id) : undefined
    if (steps ?? outbox)
      this.text = encode({ ...stored, ...(steps ? { steps } : {}), ...(outbox ? { outbox } : {}) }, { id, what: 'program' })
  }

  /** True if executions that its steps have started may live. */
  get hasChildren(): boolean {
    if (!this.#host)
      return this.#former.some(({ steps }) => steps.children.some) || this.text?.includes('"children":true') === true
    return [this.#host, ...this.#former].some(({ steps }) => steps.children.some)
  }

  /** What its steps have started is to stop for that reason; resolves once what was just being started has. */
  async stopChildren(reason: StatewardError): Promise<void> {
    await Promise.all([this.#host, ...this.#former].map(async (host) => host?.steps.children.stop(reason)))
  }

  /** None lives any more that was to end with it. */
  childrenEnded(): void {
    const { children } = this.#host?.steps ?? {}
    if (!children?.some) return
    children.ended()
    this.dirty()
  }

  /** True until what a failed attempt had taken is in the inbox again: only then may a commit say that the attempt is over. */
  get isReturning(): boolean {
    return this.#returning > 0
  }

  /** Gives it back to its stored form: what it did since the last commit is gone. */
  drop(): void {
    this.#isDropping = true
    this.#host?.setMode('stopped')
    this.#isDropping = false
    this.#former = [...this.#former, ...(this.#host ? [this.#host] : [])].filter(
      ({ inFlight, steps }) => inFlight || steps.children.some,
    )
    this.#host = undefined
    this.#isJudged = false
    this.#dirty = false
  }

  /** True if it took the event. */
  send(event: AnyEventObject): boolean {
    return this.#host?.send(event) ?? false
  }

  release(revision: number): void {
    this.#host?.release(revision)
  }

  /** The clock was set back: what its timers had left stays. */
  retime(): void {
    this.#host?.retime()
  }

  /** What still runs of its steps is waited for no longer. */
  giveUp(): void {
    for (const host of [...this.#former, ...(this.#host ? [this.#host] : [])]) host.giveUp()
  }

  /** How far it may go. One that is stopped says `drained` once no promise runs any more. */
  setMode(mode: ProgramMode): void {
    // what was owed at the last commit is done by now
    if (mode === 'stopped') this.#host?.steps.halt()
    if (mode === 'stopped' && this.#dirty) this.#taken(false)
    this.#host?.setMode(mode)
    if (mode === 'stopped' && !this.inFlight) this.drained()
  }

  // ── for its host ──────────────────────────────────────────────────────────────────────────────────────────────────

  dirty(): void {
    this.#dirty = true
    this.#execution.touch()
  }

  unpaid(action: string, error: unknown): void {
    this.#port.unpaid(this.#execution, action, error)
    this.publish('execution.action_failed', { action, error: toErrorRecord(error) })
  }

  /** Of one that was dropped, the actions are another's now. */
  paid(places: readonly number[]): void {
    if (this.#host?.mode !== 'stopped' || this.text === undefined) return
    this.text = paidProgram(this.text, this.#execution.id, places)
    this.dirty()
  }

  stale(): void {
    this.#dirty = true
  }

  get goesOn(): boolean {
    return this.#execution.goesOn
  }

  get canHold(): boolean {
    return !this.#execution.isCompensating
  }

  doubt(path: string): void {
    this.holdFor(`step_in_doubt: ${path}`)
  }

  drained(): void {
    this.#drained = true
    this.#execution.touch()
  }

  get stopReason(): StatewardError {
    return this.#isDropping ? leftReason(this.#execution.id) : this.#execution.stopReason
  }

  publish(type: string, data: unknown): void {
    this.#execution.publish(type, data)
  }

  // ── inside ────────────────────────────────────────────────────────────────────────────────────────────────────────

  #notifyLifecycle(): void {
    const { value } = this.#execution.lifecycle
    const { outcome, busy, hasEnded } = this.#host ?? {}
    if (outcome) this.#isJudged = true
    if (outcome?.status === 'error') this.fail(outcome.error, { isFinal: false })
    else if (outcome) this.#done(outcome.output)
    // what it asked for on the way to its end happens first
    else if (hasEnded) return
    else if (value === 'running' && !busy) this.#execution.tell({ type: 'program.idle' })
    else if (value === 'waiting' && busy) this.#askForSlot()
  }

  async #giveBack(): Promise<void> {
    this.#returning++
    await this.#execution.delivery.putBack()
    this.#returning--
    this.#execution.touch()
  }

  #askForSlot(): void {
    const granted = this.#port.acquire(this.#execution)
    if (!granted) this.#host?.setMode('frozen')
    this.#execution.tell({ type: 'program.busy', granted })
  }

  /** The end counts only if its snapshot and its output can be stored. */
  #done(output: unknown): void {
    const problem = this.#taken(false)
    if (problem !== undefined) return this.fail(problem, { isFinal: true })
    try {
      this.#execution.ended(output === undefined ? null : encode(output, { id: this.#execution.id, what: 'output' }))
    } catch (error) {
      return this.fail(error, { isFinal: true })
    }
    this.#execution.tell({ type: 'program.done', inFlight: this.inFlight })
  }

  /** Why its snapshot can't be stored; undefined if it was taken. */
  #taken(isPaused: boolean): unknown {
    const { id, revision } = this.#execution
    const policy = isPaused ? this.#port.definition.pausedTimers : undefined
    const failed = this.#host?.outcome?.status === 'error'
    const live = this.#host?.mode === 'stopped' ? undefined : this.#host
    try {
      if (live && !failed && (this.#dirty || policy)) this.text = (this.taken = live.collect(revision + 1, policy)).text
      else if (!live && policy && this.text !== undefined) this.text = withFrozenTimers(this.text, id, policy, this.#port.clock)
      if (failed) this.#host?.forgetUncommitted()
      this.#dirty = false
      return undefined
    } catch (error) {
      return error
    }
  }

  #pendingActions(): string[] {
    try {
      return pendingActions(programOf(this.text as string, this.#execution.id))
    } catch {
      return ['unreadable'] // what is told with it says why
    }
  }

  /** Makes it and lets it begin; why it could not. */
  #started(mode: 'running' | 'no-new-steps' | 'muted'): { readonly error: unknown } | undefined {
    const { id, ref } = this.#execution
    const recovering = this.#recovering
    this.#recovering = false
    this.#hasBegun = true
    try {
      const stored = this.text === undefined ? undefined : programOf(this.text, id)
      const { settings, record } = this.#port.programFor(stored)
      this.#host = new ProgramHost({ id, settings, owner: ref, from: record ? { record } : { input: this.#input }, port: this })
      this.#host.start({ recovering, mode })
      return undefined
    } catch (error) {
      return { error }
    }
  }

  #refused(error: unknown): void {
    if (isStatewardError(error, 'program_mismatch')) this.holdFor(`program_mismatch: ${error.message}`)
    else this.fail(error, { isFinal: true })
  }

  /** The runtime itself pauses it, until a person has looked. */
  holdFor(reason: string, error?: StatewardError): void {
    if (this.isEnding) return
    const why = error ? { reason, error: toErrorRecord(error) } : { reason }
    const pause: PauseRecord = { mode: 'now', at: this.#port.clock.now(), ...why }
    this.#execution.tell({ type: 'program.held', pause, ...this.#execution.stopping() })
  }
}
