/**
 * Runs one program, and holds each output back until the commit that holds its cause is durable.
 *
 * Owns: the gate (outputs wait for a commit's number), the program's timers, its steps' visits, its outbox.
 * Talks to: the program system below (XState), the execution host above through `ProgramPort`.
 * Does not know: lifecycles, stores, slots. The execution host says which commits are durable.
 * Longer than others because the way of an output, from its cause to its acknowledgement or its error, reads as one story.
 */
import type { AnyActorRef, AnyEventObject, StateValue } from 'xstate'
import { StatewardError, isStatewardError, toErrorRecord } from '../../errors.js'
import type { CheckpointCause } from '../../events/execution-events.js'
import { encode } from '../../codec/snapshot-codec.js'
import { AfterCommit } from './after-commit.js'
import { joinProgram, type ProgramText } from './stored-program.js'
import { misfit, mismatch } from './snapshot-compatibility.js'
import { passages, type Passage, type ProgramMode } from '../../events/program-mode.js'
import { ProgramHistory } from './program-history.js'
import { ProgramOutbox, type RepeatedAction } from './program-outbox.js'
import type {
  EndOutput,
  ProgramActor,
  ProgramOutput,
  ProgramSystemHost,
  ProgramTimer,
  StepEnd,
  StepOutput,
} from './program-output.js'
import type { ProgramOutcome, ProgramPort, ProgramSettings } from './program-port.js'
import {
  persistedProgram,
  persistedStrays,
  type PausedTimers,
  type PersistedProgram,
  type ProgramRecord,
} from './program-record.js'
import { standOf, type Stand } from './stand.js'
import { ProgramSteps } from './program-steps.js'
import { ProgramSystem } from './xstate/program-system.js'
import { isPromise } from './xstate/user-code.js'
import { ProgramTimers } from './program-timers.js'

interface Held {
  /** The commit that holds the output's cause; 0: not made yet. */
  revision: number
  readonly output: ProgramOutput | EndOutput
  /** Its entry in the outbox. */
  readonly entry: number
}

/** What a program host is made with. */
export interface ProgramHostOptions {
  /** The execution's id. */
  readonly id: string
  readonly settings: ProgramSettings
  /** The actor under which an inspector shows the program. */
  readonly owner: AnyActorRef | undefined
  /** A fresh program begins with its input, a stored one with its record. */
  readonly from: { readonly input: unknown } | { readonly record: ProgramRecord }
  readonly port: ProgramPort
}

/** One program, from its start or its restoration to its end. */
export class ProgramHost implements ProgramSystemHost {
  readonly #settings: ProgramSettings
  readonly #id: string
  readonly #port: ProgramPort
  readonly #timers: ProgramTimers
  readonly #system: ProgramSystem
  readonly #held: Held[] = []
  readonly #afterCommit: AfterCommit
  readonly #steps: ProgramSteps
  readonly #outbox: ProgramOutbox
  /** Undefined: the journal tells nothing of it besides its lifecycle. */
  readonly #history: ProgramHistory | undefined
  /** How far the program may go; only `setMode` sets it. */
  mode: ProgramMode = 'running'
  #hasMoved = false
  #hasActed: boolean
  /** What moved the program last: an event, a timer or a step. */
  #cause: CheckpointCause = { type: 'start' }
  /** The entry of the output that was let out last. */
  #running = 0
  /** How many asynchronous actions have not settled. */
  #unsettled = 0
  /** The actions that were pending when the program was stopped, by their place in the stored form. */
  #left: readonly number[] = []
  /** How the program has ended: set once all the actions that it asked for before its end have run. */
  outcome: ProgramOutcome | undefined

  /** Makes the program; nothing of it starts before `start`. */
  constructor({ id, settings, owner, from, port }: ProgramHostOptions) {
    this.#settings = settings
    this.#id = id
    this.#port = port
    const record = 'record' in from ? from.record : undefined
    this.#hasActed = record === undefined
    this.#afterCommit = new AfterCommit(
      settings,
      port,
      (step) => this.#isOver || this.#gate({ revision: 0, output: step, entry: 0 }),
    )
    if (settings.history !== 'lifecycle') this.#history = new ProgramHistory(settings, port)
    this.#steps = new ProgramSteps({ id, settings, port, afterCommit: this.#afterCommit, record, history: this.#history })
    this.#outbox = new ProgramOutbox(id, record)
    this.#timers = new ProgramTimers(id, settings.clock, (timer) => this.#fire(timer))
    if (record) this.#refuseMisfit(record.snapshot)
    this.#system = new ProgramSystem(
      settings.logic,
      {
        id,
        owner,
        maxIterations: settings.maxIterations,
        logger: settings.logger,
        clock: settings.clock,
        interceptor: settings.interceptor,
        ...('record' in from
          ? { snapshot: from.record.snapshot, lastNumber: from.record.ids, strays: from.record.strays }
          : { input: from.input }),
      },
      this,
    )
    this.#history?.stands(this.snapshot.value)
    const unrestored = this.#system.unrestored()
    if (unrestored !== undefined) throw mismatch(this.#id, unrestored)
    this.#timers.restore(record?.timers ?? [], this.#system)
  }

  /** What moved an actor of the program since the last call; undefined: nothing did. */
  takeCause(): CheckpointCause | undefined {
    if (!this.#hasMoved) return undefined
    this.#hasMoved = false
    return this.#cause
  }

  #fire(timer: ProgramTimer): void {
    if (!this.#lets.timers) return
    this.#hasActed = true
    this.#system.fire(timer)
    this.#cause = { type: 'timer', event: timer.event.type }
    // that the timer has fired is committed even if no transition takes its event
    this.#port.dirty()
  }

  /** Starts the program. `recovering`: its steps may have been in flight when a process died, or a commit was lost. */
  start(options: { recovering?: boolean; mode?: ProgramMode } = {}): void {
    this.#steps.recovering = options.recovering ?? false
    this.setMode(options.mode ?? 'running')
    if (!this.#outbox.isEmpty) this.#repeatPending()
    if (!this.outcome) this.#system.start()
    this.#port.dirty()
    this.#steps.children.resume()
  }

  /** True if the program takes no events any more: it has ended, or will have once its actions have run. */
  get hasEnded(): boolean {
    return this.outcome !== undefined || this.snapshot.status !== 'active'
  }

  get steps(): Pick<ProgramSteps, 'again' | 'awaited' | 'children' | 'halt' | 'hasGuarded'> {
    return this.#steps
  }

  /** True once a step has ended here. */
  get hasProgressed(): boolean {
    return this.#steps.hasProgressed
  }

  /** True once the program has begun here, got something or run an action: what it has only been restored to says nothing of it. */
  get hasActed(): boolean {
    return this.#hasActed
  }

  /** True while a step is in flight or about to be. */
  get busy(): boolean {
    return this.#steps.busy
  }

  /** True while actions are pending. The end of an actor moves its parent, so that in a silenced program it waits for the next restoration. */
  get hasPendingActions(): boolean {
    if (this.#lets.answers) return !this.#outbox.isEmpty
    // the outcome of an inline action that runs in a silenced program needs a further commit
    return this.#outbox.hasMoreThanEnds || this.#held.some(({ output, entry }) => output.kind === 'action' && entry === 0)
  }

  /** True while a pending action runs or is about to run. */
  get isPaying(): boolean {
    return this.#unsettled > 0 || this.#held.length > 0
  }

  get inFlight(): boolean {
    return this.#steps.inFlight
  }

  giveUp(): void {
    this.#steps.giveUp()
  }

  /** When the program must be in memory again: at once if an end or an error is still to be reported to a parent. */
  get nextTimer(): number | undefined {
    return this.#outbox.isAwaited ? this.#settings.clock.now() : this.#timers.next()
  }

  /** The clock was set back: the timers keep the time that they had left. */
  retime = (): void => void (this.#timers.retime() && this.#port.dirty())

  /** The live snapshot of the program's root. */
  get snapshot(): PersistedProgram {
    return this.#system.root.getSnapshot() as PersistedProgram
  }

  /** Where it stands now. */
  get stand(): Stand {
    return standOf(this.#settings.logic, this.snapshot.value as StateValue | undefined)
  }

  /** True if an event from outside would reach the program now. */
  get takesEvents(): boolean {
    return this.#lets.events && !this.hasEnded
  }

  /** Hands an event to the program. True if it took the event: a machine that has a transition for it, or any other logic. */
  send(event: AnyEventObject): boolean {
    if (!this.takesEvents) return false
    this.#hasActed = true
    const isTaken = this.#system.send(event)
    this.#cause = { type: 'event', event: event.type }
    return isTaken
  }

  /** Sets how far the program may go; timers that are due fire with the next commit. Invariant: from `muted` only `stopped` may follow, and nothing after `stopped`. */
  setMode(mode: ProgramMode): void {
    if (!this.#lets.answers && mode !== 'stopped') return
    this.mode = mode
    const { starts, timers, answers, outputs } = this.#lets
    this.#steps.mode = mode
    if (timers) this.#timers.run()
    else this.#timers.halt()
    if (starts) for (const step of this.#steps.unparked()) this.#gate({ revision: 0, output: step, entry: 0 })
    if (!answers) this.#system.mute()
    if (outputs) return
    this.#left = this.#outbox.numbers
    this.#held.length = 0
    this.#afterCommit.close()
    this.#steps.stop()
    this.#system.stop(() => this.#port.stopReason)
  }

  /** The persisted form as of now; every output so far waits for commit `revision`. `paused`: how the timers are stored. Throws `not_storable`. */
  collect(revision: number, paused?: PausedTimers): ProgramText {
    for (const held of this.#held) {
      if (this.#history && held.revision === 0 && held.output.kind === 'step') this.#steps.starting(held.output)
      held.revision ||= revision
    }
    this.#afterCommit.collected(revision)
    const steps = this.#steps.records(this.#system)
    const timers = this.#timers.text(this.#system, paused)
    const strays = persistedStrays(this.#system.strays(), this.#id)
    const record: ProgramRecord = {
      version: this.#settings.version,
      hash: this.#settings.hash,
      snapshot: this.#persisted(),
      visits: this.#steps.visits,
      ...(this.#system.lastNumber > 0 ? { ids: this.#system.lastNumber } : {}),
      ...(strays.length > 0 ? { strays } : {}),
      ...(steps ? { steps } : {}),
      ...this.#steps.children.record,
      ...this.#outbox.record(this.#system),
    }
    const text = joinProgram(encode(record, { id: this.#id, what: 'program' }, this.#system.named), timers)
    this.#history?.collected()
    this.#steps.collected()
    return text
  }

  /** Commit `revision` is durable: lets its outputs out, in order; with `relaxed` durability, all outputs. */
  committed(revision: number): void {
    this.#afterCommit.committed(revision)
    const hadPendingActions = this.hasPendingActions
    this.#system.together(() => {
      while (this.#lets.outputs) {
        const held = this.#held[0]
        if (!held || (this.#settings.durability === 'strict' && (held.revision === 0 || held.revision > revision))) return
        this.#held.shift()
        this.#run(held)
      }
    })
    if (hadPendingActions && !this.hasPendingActions) this.#port.dirty()
  }

  /** The program has failed: the outputs since the last commit must not happen. */
  forgetUncommitted(): void {
    for (const { revision, entry } of this.#held) if (revision === 0) this.#outbox.acknowledge(entry)
    this.#history?.failed()
    this.#steps.failed()
    this.#held.splice(0, Infinity, ...this.#held.filter(({ revision }) => revision > 0))
  }

  // ── for its system: methods, since a set of closures for each program takes more memory than most programs ─────────

  changed(): void {
    if (this.#isOver) return
    this.#hasMoved = true
    this.#port.dirty()
  }

  stirred(path: string): void {
    this.#hasActed = true
    this.#cause = { type: 'step', step: path }
  }

  output(output: ProgramOutput): void {
    this.#take(output)
  }

  ending(end: EndOutput): void {
    this.#take(end)
  }

  hasUnfinishedActions(): boolean {
    return this.#held.some(({ output }) => output.kind === 'action')
  }

  failedAside(what: string, error: unknown): void {
    if (this.#isOver) this.#settings.logger(`${what} of execution ${this.#id} has failed after its program was stopped`, error)
    else this.#port.publish('execution.action_failed', { action: what, error: toErrorRecord(error) })
  }

  failedMuted(actor: ProgramActor, path: string, error: unknown): boolean {
    if (this.mode !== 'muted' || !this.#port.goesOn) return false
    if (this.#running > 0) this.#outbox.keep(this.#running)
    else this.#outbox.failsLater(actor, path, error, this.#nextOf(actor))
    this.#port.dirty()
    return true
  }

  stepGone(step: StepOutput): void {
    this.#steps.gone(step)
  }

  stepLeft(step: StepOutput, end: StepEnd): void {
    this.#steps.left(step, end)
  }

  moved(event: string, value: unknown): void {
    if (!this.#isOver) this.#history?.moved(event, value)
  }

  schedule(timer: Omit<ProgramTimer, 'id'> & { id: string | undefined }): void {
    const named = timer.id ?? `~${this.#steps.nextVisit()}`
    this.#timers.set({ ...timer, id: named, dueAt: this.#settings.clock.now() + timer.delay })
    this.#port.dirty()
  }

  cancel(source: ProgramActor, timer: string): void {
    this.#timers.cancel(source, timer)
  }

  cancelAll(source: ProgramActor): void {
    this.#timers.cancelAll(source)
  }

  settled(outcome: ProgramOutcome): void {
    this.outcome ??= outcome
    this.#port.dirty()
  }

  // ── inside ────────────────────────────────────────────────────────────────────────────────────────────────────────

  get #lets(): Passage {
    return passages[this.mode]
  }

  get #isOver(): boolean {
    return this.mode === 'stopped'
  }

  #persisted(): PersistedProgram {
    try {
      return persistedProgram(this.#system.persisted() as PersistedProgram, this.#id)
    } catch (error) {
      if (isStatewardError(error)) throw error
      // XState walks the context without looking for cycles; the codec names the place
      encode({ context: this.snapshot.context }, { id: this.#id, what: 'program' })
      throw new StatewardError('not_storable', `The snapshot of execution ${this.#id} could not be taken.`, {
        details: { id: this.#id, path: 'snapshot' },
        cause: error,
      })
    }
  }

  #take(output: ProgramOutput | EndOutput): void {
    if (this.#isOver) return
    const entry = this.#outbox.put(output, this.#system.named)
    if (output.kind === 'step') this.#steps.add(output)
    if (output.kind === 'emit' && !output.waits) this.#port.publish('execution.emitted', output.value)
    this.#gate({ revision: 0, output, entry })
  }

  /** A restored step waits as well: only a commit proves that this process still owns the execution. */
  #gate(held: Held): void {
    // an execution that was accepted before must not repeat its outputs
    if (this.#port.mayBeAnother) return this.#hold(held)
    if (this.#settings.durability === 'relaxed') return this.#run(held)
    this.#hold(held)
  }

  #hold(held: Held): void {
    this.#held.push(held)
    this.#port.dirty()
  }

  #run(held: Held): void {
    const { output, entry } = held
    if (output.kind !== 'step' && output.isVoid()) return this.#acknowledge(entry)
    if (this.#isBehindError(output)) return this.#outbox.keep(entry)
    if (output.kind === 'action') this.#hasActed = true
    if (output.kind !== 'end') return this.#past(output, () => this.#let(output, entry))
    if (!this.#lets.answers) return
    output.run()
    this.#acknowledge(entry)
  }

  #past(output: ProgramOutput, run: () => void): void {
    const { interceptor } = this.#settings
    if (interceptor) interceptor.output(this.#id, output, run)
    else run()
  }

  #let(output: ProgramOutput, entry: number): void {
    if (output.kind === 'step') return this.#steps.allow(output)
    if (output.kind === 'emit' && output.waits) this.#port.publish('execution.emitted', output.value)
    this.#effect(output.kind === 'action' ? (output.name ?? 'inline') : output.kind, entry, () => output.run())
  }

  /** Runs an action whose actor has ended: if it throws, no actor can fail with the error. An asynchronous action is pending until it has settled. */
  #effect(name: string, entry: number, run: () => unknown): void {
    let result: unknown
    try {
      this.#running = entry
      result = run()
    } catch (error) {
      this.failedAside(name, error)
    }
    this.#running = 0
    if (!isPromise(result)) return this.#acknowledge(entry)
    this.#unsettled++
    const failed = (error: unknown) => this.failedAside(name, error)
    void result.then(undefined, failed).then(() => this.#settled(entry))
  }

  #settled(entry: number): void {
    this.#unsettled--
    this.#acknowledge(entry)
    // the stored form is no longer taken
    if (this.#isOver && this.#unsettled === 0) this.#port.paid(this.#done())
  }

  #done(): readonly number[] {
    const pending = new Set(this.#outbox.numbers)
    return [...this.#left.keys()].filter((place) => !pending.has(this.#left[place] as number))
  }

  /** True of an output behind an action that threw while the program was silenced: the restored program decides whether it happens. */
  #isBehindError(output: ProgramOutput | EndOutput): boolean {
    if (this.mode !== 'muted' || output.kind === 'step' || !output.actor) return false
    return this.#system.failsLater(output.actor)
  }

  /** The outbox entry of the actor's next output. */
  #nextOf(actor: ProgramActor): number | undefined {
    return this.#held.find(({ output, entry }) => entry > 0 && output.kind !== 'step' && output.actor === actor)?.entry
  }

  #acknowledge(n: number): void {
    if (n === 0) return
    this.#outbox.acknowledge(n)
    if (!this.#isOver) this.#port.dirty()
  }

  #repeatPending(): void {
    const system = this.#system
    for (const path of this.#outbox.unheard) system.keepEndPending(path)
    for (const pending of this.#outbox.repeated(this.#settings.logic, system)) {
      const { n, path, hasEnded } = pending
      if (!hasEnded && system.hasFailed(path)) this.#acknowledge(n)
      else if (pending.kind === 'end') {
        if (!this.#lets.answers) continue
        if (!hasEnded) system.tellEnd(path)
        this.#acknowledge(n)
      } else if (pending.kind === 'fail') {
        if (!this.#lets.answers) continue
        if (!hasEnded && pending.error !== null) system.attempt(path, () => thrown(pending.error))
        this.#acknowledge(n)
      } else if (pending.kind === 'emit') {
        this.#port.publish('execution.emitted', pending.value)
        this.#acknowledge(n)
      } else this.#repeatAction(pending)
    }
  }

  #repeatAction({ n, run, hasEnded, ...action }: RepeatedAction): void {
    const { path, name } = action
    if (!run) {
      const error = mismatch(this.#id, `there is no action '${name}' any more, and one is owed`)
      // an execution that has ended can't be paused; the action stays pending for the next process
      if (this.#lets.answers) throw error
      return this.#port.unpaid(name, error)
    }
    const again = hasEnded
      ? { ...action, isVoid: () => false, run }
      : { ...action, isVoid: () => this.#system.hasFailed(path), run: () => this.#system.attempt(path, run) }
    this.#past(again, () => this.#effect(name, n, again.run))
  }

  #refuseMisfit(snapshot: PersistedProgram): void {
    const { logic, interceptor } = this.#settings
    const reason = misfit(logic, snapshot, interceptor)
    if (reason) throw mismatch(this.#id, reason)
  }
}

function thrown(error: unknown): never {
  throw error
}
