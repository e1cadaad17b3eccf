/**
 * The program of one execution, whether it is live or only stored.
 *
 * Owns: the last good snapshot, which a failed program never replaces; when the snapshot of a live program is taken again; and
 * reporting the program's end or failure to the lifecycle, before the commit that holds it.
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
  doubtedProgram,
  hasComeToItsEnd,
  paidProgram,
  programOf,
  withFrozenTimers,
  type ProgramText,
} from '../program/stored-program.js'
import { ProgramHost } from '../program/program-host.js'
import type { Stand } from '../program/stand.js'
import { passages, type ProgramMode } from '../../events/program-mode.js'
import type { ProgramPort } from '../program/program-port.js'
import type { StepBody } from '../program/step-bodies.js'

/** The parts of an execution that its program uses. */
export interface ProgramWatcher extends HeldExecution {
  readonly ref: AnyActorRef
  readonly delivery: HeldExecution['delivery'] & { readonly inbox: { lose(): void }; putBack(): Promise<void> }
  /** True while the program compensates: no further attempt is made. */
  readonly isCompensating: boolean
  /** False once it is certain that the program never goes on. */
  readonly goesOn: boolean
  /** True until the store has said that the execution was not accepted before. */
  readonly mayBeAnother: boolean
  readonly lifecycle: {
    readonly value: unknown
    readonly attempt: number
    readonly maxAttempts: number
    readonly isMended: boolean
  }
  /** The reason that the steps' signals get if the program stops. */
  readonly stopReason: StatewardError
  tell(event: ExecutionEvent): void
  touch(): void
  publish(type: string, data: unknown): void
  /** The next commit holds how this run of a step has ended. */
  streamed(run: string, end: 'committed' | 'abandoned'): void
  stopping(): { inFlight: boolean; stopBy: number }
  /** The program has ended with this output, as stored. */
  ended(output: string | null): void
}

/** The program of one execution. */
export class ExecutionProgram implements ProgramPort {
  /** Its stored form as of the last commit made. */
  text: string | undefined
  /** The form as it was taken here last; `text` may have changed since. */
  taken: ProgramText | undefined
  readonly #port: ExecutionPort
  readonly #execution: ProgramWatcher
  readonly #input: unknown
  #host: ProgramHost | undefined
  /** Hosts that were dropped while functions of their steps still ran. */
  #former: readonly ProgramHost[] = []
  /** Functions of its steps that still ran here when the execution was last taken into memory. */
  #left: Set<StepBody> | undefined
  /** True until the program has begun in this process. */
  #recovering: boolean
  #dirty = false
  #stand: Stand | undefined
  /** The stored form at the last call of `moved`. */
  #known: string | undefined
  #returning = 0
  /** True once the execution has ended and its pending actions can't be run here. */
  isUnpaid = false
  /** True once the outcome was reported to the lifecycle. */
  #isJudged = false
  /** True while the program stops: for a further attempt, or for good because it can't be stored. */
  #isDropping = false
  /** True once the program was run here, or could not be run. */
  #hasBegun = false
  /** The last promise of the program has ended. The lifecycle hears of that with the next commit, after the promise's own effect on the program. */
  #drained = false

  /** `text`: a stored program to begin with. `recovering`: its steps may have been in flight when a process died or a commit was lost. */
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
    for (const body of port.bodies.of(execution.id)) this.#waitFor(body)
  }

  get isLive(): boolean {
    return this.#host !== undefined
  }

  /** True if an event from outside would reach the program now. */
  get takesEvents(): boolean {
    return this.#host?.takesEvents ?? false
  }

  /** True if the program has ended or failed and the lifecycle does not know yet: it is reported before the next commit. */
  get isEnding(): boolean {
    const host = this.#host
    if (!host || this.#isJudged) return false
    return host.outcome !== undefined || (passages[host.mode].answers && host.hasEnded)
  }

  /** True if the program is only stored, and had ended before all of its actions had run. It needs no slot to finish. */
  get isLeftAtEnd(): boolean {
    // without pending actions the commit that holds the end has reported it
    return !this.#host && this.text?.includes('"outbox":') === true && hasComeToItsEnd(this.text, this.#execution.id)
  }

  get mayBeAnother(): boolean {
    return this.#execution.mayBeAnother
  }

  /** True if the program has moved since the last commit was made. */
  get hasMoved(): boolean {
    return this.#dirty
  }

  get hasPendingActions(): boolean {
    if (this.#host || this.isUnpaid) return this.#host?.hasPendingActions ?? true
    // a program that ended while it was only stored has its actions run once that end is durable
    return !this.#hasBegun && !this.goesOn && !!this.text?.includes('"outbox":') && this.#pendingActions().length > 0
  }

  /** True if the program is only stored, and has actions pending: they run as soon as it is restored. */
  get repeatsActions(): boolean {
    return !this.#host && this.text?.includes('"outbox":') === true
  }

  /** True while a pending action runs or is about to run. */
  get isPaying(): boolean {
    return this.#host?.isPaying ?? false
  }

  /** True while the function of a step runs, wanted or not, and its time to end has not run out. */
  get inFlight(): boolean {
    return this.#host?.inFlight === true || this.#hasLeft
  }

  /** True while a step is in flight that must not run twice without being asked for (`onRecovery`). */
  get isGuarded(): boolean {
    return this.#host?.steps.hasGuarded ?? false
  }

  /** The executions that the program waits for; undefined if it does anything else besides. */
  get awaited(): readonly string[] | undefined {
    return this.#hasLeft ? undefined : this.#host?.steps.awaited
  }

  /** True while a step is in flight or about to be. */
  get isBusy(): boolean {
    return this.#host?.busy ?? false
  }

  /** Where the program stood when it was taken here last; undefined: it was not. */
  get stand(): Stand | undefined {
    return this.#stand
  }

  get nextTimer(): number | undefined {
    return this.#host?.nextTimer
  }

  /** True once a step has ended here. */
  get hasProgressed(): boolean {
    return this.#host?.hasProgressed ?? false
  }

  /** True once the program has begun here, got something or run an action. */
  get hasActed(): boolean {
    return this.#host?.hasActed ?? false
  }

  // ── for its execution ─────────────────────────────────────────────────────────────────────────────────────────────

  /**
   * Starts the program from its input or from its last good snapshot. A live program goes on; a silenced one is restored from
   * its durable form. A snapshot that does not fit pauses the execution; a program that can't start fails.
   */
  run(mode: 'running' | 'no-new-steps'): void {
    if (this.#host && !passages[this.#host.mode].answers) this.drop()
    if (this.#host) return this.#host.setMode(mode)
    const problem = this.#started(mode)
    if (problem) this.#refused(problem.error)
  }

  /** Runs the pending actions of an execution that has ended, and nothing else of it. An action that can't be run stays pending for the next process, and is reported. */
  repeatPendingActions(): void {
    this.#recovering = false
    const problem = this.#started('muted')
    if (problem === undefined) return
    this.drop()
    this.isUnpaid = true
    for (const action of this.#pendingActions()) this.unpaid(action, problem.error)
  }

  /** Gives up the pending actions of an execution that has ended, and reports each. If they can't be read they stay pending, and are not run. */
  forgoPendingActions(error: unknown): void {
    for (const action of this.#pendingActions()) this.unpaid(action, error)
    try {
      this.text = this.text === undefined ? undefined : clearedProgram(this.text, this.#execution.id)
      this.#hasBegun = true
    } catch {
      this.isUnpaid = true // reported as `unreadable`
    }
  }

  /** Stores that steps may have begun in a process that died: the one that starts the program may have to be told so by the store. */
  keepDoubts(): void {
    if (!this.#recovering || this.#host || this.text === undefined) return
    try {
      this.text = doubtedProgram(this.text, this.#execution.id)
    } catch {
      return // what can't be read is reported when it is run
    }
  }

  /** Reports the program's end or failure to the lifecycle, before the commit is made. */
  observe(): void {
    if (this.#dirty) this.#notifyLifecycle()
    // a program that has ended can no longer be paused
    if (this.#drained && !this.inFlight && !this.isEnding) this.#execution.tell({ type: 'program.drained' })
    this.#drained = false
  }

  /** Takes the snapshot for the next commit, if it has changed. If it can't be stored the program fails, and keeps its last good snapshot. */
  take(isPaused: boolean): void {
    const problem = this.#taken(isPaused)
    if (problem === undefined) return
    this.drop()
    this.fail(problem, { isFinal: true })
  }

  /** What moved the program since the last call; undefined: its stored form has not changed. */
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
    // the program that took these events is gone; another attempt is made, now or once a person has resumed the execution
    if (!isFinal && !isCompensating && (attempt < maxAttempts || isMended)) {
      this.#noteForNext()
      void this.#giveBack()
    } else delivery.inbox.lose()
    const { inFlight, stopBy } = this.#execution.stopping()
    const failed = { error: toErrorRecord(cause), retryAt, final: isFinal, inFlight, stopBy, at: now }
    tell.call(this.#execution, { type: 'program.failed', ...failed })
  }

  /** Writes what the failed attempt has learnt of its steps into the stored form that the next attempt begins with. */
  #noteForNext(): void {
    if (!this.#host || this.text === undefined) return
    const stored = programOf(this.text, this.#execution.id)
    const { id } = this.#execution
    const steps = stored.steps && this.#host.steps.again(stored.steps)
    const outbox = stored.outbox?.some((text) => text.includes('"fail":')) ? withoutErrors(stored.outbox, id) : undefined
    if (steps ?? outbox)
      this.text = encode({ ...stored, ...(steps ? { steps } : {}), ...(outbox ? { outbox } : {}) }, { id, what: 'program' })
  }

  /** True if executions that the program's steps have started may still live. */
  get hasChildren(): boolean {
    if (!this.#host)
      return this.#former.some(({ steps }) => steps.children.some) || this.text?.includes('"children":true') === true
    return [this.#host, ...this.#former].some(({ steps }) => steps.children.some)
  }

  /** Stops the child executions for that reason; resolves once those that were just being started have stopped. */
  async stopChildren(reason: StatewardError): Promise<void> {
    await Promise.all([this.#host, ...this.#former].map(async (host) => host?.steps.children.stop(reason)))
  }

  /** No child lives any more that was to end with the program. */
  childrenEnded(): void {
    const { children } = this.#host?.steps ?? {}
    if (!children?.some) return
    children.ended()
    this.dirty()
  }

  /** True until the events of a failed attempt are in the inbox again: only then may a commit say that the attempt is over. */
  get isReturning(): boolean {
    return this.#returning > 0
  }

  /** Drops the live program, and with it everything since the last commit; only the stored form is left. */
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

  /** True if the program took the event. */
  send(event: AnyEventObject): boolean {
    return this.#host?.send(event) ?? false
  }

  committed(revision: number): void {
    this.#host?.committed(revision)
  }

  /** The clock was set back: the timers keep the time that they had left. */
  retime(): void {
    this.#host?.retime()
  }

  /** No longer waits for functions of steps that still run. */
  giveUp(): void {
    for (const host of [...this.#former, ...(this.#host ? [this.#host] : [])]) host.giveUp()
    this.#left?.clear()
  }

  /** Sets how far the program may go. A stopped program reports `drained` once no promise runs any more. */
  setMode(mode: ProgramMode): void {
    // the actions that were pending at the last commit are done by now
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

  /** The actions of a dropped program belong to the next one now. */
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

  get epoch(): number {
    return this.#execution.epoch
  }

  streamed(run: string, end: 'committed' | 'abandoned'): void {
    this.#execution.streamed(run, end)
  }

  // ── inside ────────────────────────────────────────────────────────────────────────────────────────────────────────

  /** True while functions run of which the present program knows nothing. */
  get #hasLeft(): boolean {
    return (this.#left?.size ?? 0) > 0 || this.#former.some(({ inFlight }) => inFlight)
  }

  #waitFor(body: StepBody): void {
    const left = (this.#left ??= new Set()).add(body)
    body.whenOver(() => {
      if (left.delete(body) && !this.inFlight) this.drained()
    })
  }

  #notifyLifecycle(): void {
    const { value } = this.#execution.lifecycle
    const { outcome, busy, hasEnded } = this.#host ?? {}
    // each end is told once, however often the program is looked at before a commit can be made
    if (outcome && this.#isJudged) return
    if (outcome) this.#isJudged = true
    if (outcome?.status === 'error') this.fail(outcome.error, { isFinal: false })
    else if (outcome) this.#done(outcome.output)
    // the actions that it asked for before its end come first
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

  /** An end counts only if the snapshot and the output can be stored. */
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

  /** Takes the snapshot: the reason why it can't be stored, or undefined. */
  #taken(isPaused: boolean): unknown {
    const { id, revision } = this.#execution
    const policy = isPaused ? this.#port.definition.pausedTimers : undefined
    const failed = this.#host?.outcome?.status === 'error'
    const live = this.#host?.mode === 'stopped' ? undefined : this.#host
    try {
      if (live && !failed && (this.#dirty || policy)) {
        this.text = (this.taken = live.collect(revision + 1, policy)).text
        this.#stand = live.stand
      } else if (!live && policy && this.text !== undefined) this.text = withFrozenTimers(this.text, id, policy, this.#port.clock)
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

  /** Makes the live program and starts it: the reason why that was not possible, or undefined. */
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

  /** The runtime itself pauses the execution, until a person has looked at it. */
  holdFor(reason: string, error?: StatewardError): void {
    if (this.isEnding) return
    const why = error ? { reason, error: toErrorRecord(error) } : { reason }
    const pause: PauseRecord = { mode: 'now', at: this.#port.clock.now(), ...why }
    this.#execution.tell({ type: 'program.held', pause, ...this.#execution.stopping() })
  }
}
