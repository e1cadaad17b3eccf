/**
 * The steps of one program: which are active, which run, which wait until they may start.
 *
 * Owns: visit numbers, and so idempotency keys; what a step gets from its host; and whether a step that may have begun before
 * runs again. `step-doubts.ts` knows which steps these are.
 */
import { StatewardError } from '../../errors.js'
import type { AfterCommit } from './after-commit.js'
import { passages, type ProgramMode } from '../../events/program-mode.js'
import type { ProgramHistory } from './program-history.js'
import type { ActorNaming, StepEnd, StepOutput } from './program-output.js'
import type { ProgramPort, ProgramSettings } from './program-port.js'
import type { StepRecord } from './program-record.js'
import { ProgramStreams } from './program-streams.js'
import { settled } from './step-attempts.js'
import { StepChildren, type StepsParts } from './step-children.js'
import { StepDoubts } from './step-doubts.js'
import type { StepBody } from './step-bodies.js'
import { waitsForExecution, type StepContext } from './step.js'

const none: readonly never[] = []

/** The steps of one program. */
export class ProgramSteps {
  readonly #id: string
  readonly #settings: ProgramSettings
  readonly #port: ProgramPort
  readonly #afterCommit: AfterCommit
  readonly #history: ProgramHistory | undefined
  readonly #restored: Readonly<Record<string, StepRecord>>
  // many programs have no step: these are made with the first one
  /** Steps whose actor is active, started or not. */
  #active: Map<StepOutput, StepRecord> | undefined
  /** Starts whose commit is durable and that wait for a slot, or for ever while the execution pauses. */
  readonly #parked: StepOutput[] = []
  /** The functions that run, wanted or not, and that the program still waits for. */
  #bodies: Set<StepBody> | undefined
  #bodyOf: Map<StepOutput, StepBody> | undefined
  /** By visit: what a failed attempt has learnt of steps in the last commit. */
  #changes: Map<number, Partial<StepRecord>> | undefined
  readonly children: StepChildren
  readonly #doubts = new StepDoubts()
  /** Undefined: none of them has streamed. */
  #streams: ProgramStreams | undefined
  #progressed = false
  #mode: ProgramMode = 'running'
  /** The last visit number given out. Invariant: only grows. */
  #visits: number

  constructor(parts: StepsParts & { readonly history: ProgramHistory | undefined }) {
    const { id, settings, port, afterCommit, record, history } = parts
    this.#history = history
    this.#id = id
    this.#settings = settings
    this.#port = port
    this.#afterCommit = afterCommit
    this.#restored = record?.steps ?? {}
    this.#visits = record?.visits ?? 0
    this.children = new StepChildren(parts)
  }

  /** True while a step is in flight or about to be. */
  get busy(): boolean {
    return this.#actives > 0 || this.inFlight
  }

  /** True while the function of a promise runs and its time to end has not run out. */
  get inFlight(): boolean {
    return this.#bodies !== undefined && this.#bodies.size > 0
  }

  /** The executions that all steps wait for; undefined if no step, or another kind of step, is in flight. */
  get awaited(): readonly string[] | undefined {
    if (!this.#active || this.#actives === 0 || this.inFlight) return undefined
    for (const step of this.#active.keys()) if (!waitsForExecution(step.logic)) return undefined
    const { awaited } = this.children
    return awaited.length === this.#actives ? awaited : undefined
  }

  /** True once a step has ended here. */
  get hasProgressed(): boolean {
    return this.#progressed
  }

  /** Sets whether the death of a process, or a commit without an answer, may have interrupted the restored steps. */
  set recovering(recovering: boolean) {
    this.#doubts.recovering = recovering
  }

  /** How far the program may go: decides whether a step that wants to start is parked, which the stored form says. */
  set mode(mode: ProgramMode) {
    this.#mode = mode
    if (this.#mayStart || this.#isOver) return
    const isUnbegun = ([step, { begun }]: [StepOutput, StepRecord]) => begun !== true && this.#doubts.concerns(step)
    if ([...(this.#active ?? none)].some(isUnbegun)) this.#port.stale()
  }

  /** The program is about to stop: a step that has not begun does not begin here. */
  halt(): void {
    if (this.#mayStart) this.mode = 'no-new-steps'
  }

  /** True if a step has begun that must not run twice without being asked for (`onRecovery`). */
  get hasGuarded(): boolean {
    for (const [step, { begun }] of this.#active ?? none) if (begun === true && this.#doubts.concerns(step)) return true
    return false
  }

  get visits(): number {
    return this.#visits
  }

  nextVisit(): number {
    return ++this.#visits
  }

  /** The active ones by their address, as far as a restoration finds them; undefined if there are none. */
  records(naming: ActorNaming): Record<string, StepRecord> | undefined {
    if (!this.#active || this.#actives === 0) return undefined
    const records: Record<string, StepRecord> = {}
    for (const [step, record] of this.#active) {
      const address = naming.addressOf(step.actor)
      if (address !== undefined) records[address] = this.#doubts.stored(step, record, this.#mayStart)
    }
    return records
  }

  /** A step wants to start. */
  add(step: StepOutput): void {
    const restored = step.restored ? this.#restored[step.path] : undefined
    const active = (this.#active ??= new Map<StepOutput, StepRecord>())
    active.set(step, restored ? this.#doubts.restored(step, restored) : { visit: this.nextVisit(), attempt: 1 })
    if (waitsForExecution(step.logic)) this.children.expected()
  }

  /** Only the mode may still hold its start back. */
  allow(step: StepOutput): void {
    if (!this.#mayStart) this.#parked.push(step)
    else if (this.#settings.durability === 'strict' && this.#doubts.isHeldBack(step)) this.#afterCommit.start(step)
    else this.#begin(step)
  }

  /** Takes the parked starts out. */
  unparked(): StepOutput[] {
    return this.#parked.splice(0)
  }

  /** The promise behind a step has settled. */
  gone(step: StepOutput): void {
    this.#progressed = true
    this.#bodyOf?.get(step)?.over()
  }

  /** A commit is made: it holds how streams have ended. */
  collected(): void {
    this.#streams?.collected()
  }

  /** The program has failed. */
  failed(): void {
    this.#streams?.failed()
  }

  /** A commit is made, and the start of the step waits for it. */
  starting(step: StepOutput): void {
    const record = this.#active?.get(step)
    const waits = this.#settings.durability === 'strict' && this.#doubts.isHeldBack(step)
    if (record && this.#mayStart && !waits) this.#history?.started(step, this.#keyOf(step, record), record)
  }

  /** The actor of a step is no longer active. */
  left(step: StepOutput, end: StepEnd): void {
    // a function that has ended needs no time to end
    if (!step.hasSettled) this.#bodyOf?.get(step)?.unwanted(this.#settings.cancelTimeout)
    const record = this.#active?.get(step)
    if (!record) return
    this.#doubts.left(step)
    // the next attempt of the program after that error must run the step again
    if (end.status === 'error' && record.begun === true) this.#change(step, record.visit, { begun: false })
    this.#active?.delete(step)
    if (this.#isOver) return
    this.#history?.ended(step, this.#keyOf(step, record), record, end)
    this.#streams?.left(step, end, record.attempt)
    this.children.left(this.#keyOf(step, record))
    this.#port.dirty()
  }

  /** No step starts any more, and no active step counts; promises that run are known until they end or their time to end is over. */
  stop(): void {
    this.#streams?.stop()
    for (const body of [...(this.#bodies ?? []), ...(this.#bodyOf?.values() ?? [])]) body.unwanted(this.#settings.cancelTimeout)
    this.#parked.length = 0
    this.#active?.clear()
  }

  /** The program no longer waits for functions that still run. The same step, if begun again, waits for them until their time to end is over. */
  giveUp(): void {
    for (const body of [...(this.#bodies ?? [])]) this.#uncount(body)
  }

  get #actives(): number {
    return this.#active?.size ?? 0
  }

  get #mayStart(): boolean {
    return passages[this.#mode].starts
  }

  get #isOver(): boolean {
    return this.#mode === 'stopped'
  }

  #begin(step: StepOutput): void {
    const record = this.#active?.get(step)
    if (!record || this.#isOver || !step.isActive()) return
    const earlier = this.#settings.bodies.over(this.#id, this.#keyOf(step, record))
    // it was interrupted here, and must not run twice at the same time
    if (earlier) return void earlier.then(() => this.#afterCommit.start(step))
    if (this.#asksFirst()) return
    if (this.#doubts.has(step)) return step.fail(this.#interrupted(step))
    if (this.#doubts.concerns(step)) {
      this.#change(step, record.visit, { begun: true })
      this.#port.stale()
    }
    // a pause that waited for a step whose child execution is paused as well would wait for ever
    if (step.ends && !waitsForExecution(step.logic)) {
      const body = this.#track(this.#keyOf(step, record))
      const bodyOf = (this.#bodyOf ??= new Map<StepOutput, StepBody>())
      bodyOf.set(step, body)
      body.whenOver(() => bodyOf.delete(step))
    }
    this.#history?.begun(step, this.#keyOf(step, record), record)
    step.run({ step: this.#context(step, record) })
  }

  /** Asks a person about all steps that may have begun, before any other step begins; a resume lets them run. */
  #asksFirst(): boolean {
    const held = this.#port.canHold ? this.#doubts.takeHeld() : []
    const [first] = held
    if (!first) return false
    for (const step of held) {
      const record = this.#active?.get(step)
      if (record) this.#active?.set(step, { ...record, begun: false })
    }
    this.#port.stale()
    this.#port.doubt(first.path)
    return true
  }

  #context(step: StepOutput, record: StepRecord): StepContext {
    const { clock, random, logger } = this.#settings
    const idempotencyKey = this.#keyOf(step, record)
    return {
      executionId: this.#id,
      idempotencyKey,
      attempt: record.attempt,
      clock,
      random,
      logger,
      progress: (data) => this.#isOver || this.#port.publish('execution.progress', { step: step.path, data }),
      stream: (attempt, chunk) => {
        const streams = (this.#streams ??= new ProgramStreams(this.#id, this.#settings, this.#port))
        return streams.of(step, idempotencyKey, attempt, this.#isOver).write(chunk)
      },
      flushed: (attempt) => this.#streams?.flushed(step, attempt),
      attempted: (attempt, error) =>
        new Promise<void>((resolve) => {
          const now = this.#active?.get(step)
          if (!now) return
          this.#active?.set(step, { ...now, attempt })
          this.#history?.retrying(step, idempotencyKey, attempt, error)
          this.#afterCommit.run(() => {
            this.#history?.begun(step, idempotencyKey, { ...now, attempt })
            resolve()
          })
        }),
      outlived: (promise) => this.#outlived(step, idempotencyKey, promise),
      execute: (asked) => {
        const turn = this.#active?.get(step)?.child ?? { n: 1 }
        const which = { key: idempotencyKey, turn, isAgain: step.restored }
        return this.children.start(which, asked, (child) => this.#change(step, record.visit, { child }))
      },
    }
  }

  /** Notes something about a step for the next attempt of the program. */
  #change(step: StepOutput, visit: number, change: Partial<StepRecord>): void {
    const changes = (this.#changes ??= new Map())
    changes.set(visit, { ...changes.get(visit), ...change })
    const now = this.#active?.get(step)
    if (now) this.#active?.set(step, { ...now, ...change })
  }

  /** The steps of a stored program as the next attempt begins them; undefined if nothing has to change. */
  again(steps: Readonly<Record<string, StepRecord>>): Readonly<Record<string, StepRecord>> | undefined {
    const changes = this.#changes
    if (!changes || !Object.values(steps).some(({ visit }) => changes.has(visit))) return undefined
    return Object.fromEntries(Object.entries(steps).map(([at, record]) => [at, { ...record, ...changes.get(record.visit) }]))
  }

  #keyOf({ path }: StepOutput, { visit }: StepRecord): string {
    return `${this.#id}/${path}#${visit}`
  }

  /** A function begins to run; it counts as in flight until it is over. */
  #track(key: string): StepBody {
    const body = this.#settings.bodies.begin(this.#id, key, this.#settings.clock)
    ;(this.#bodies ??= new Set()).add(body)
    body.whenOver(() => this.#uncount(body))
    return body
  }

  #uncount(body: StepBody): void {
    if (!this.#bodies?.delete(body) || this.inFlight) return
    if (!this.#mayStart) this.#port.drained()
    else if (this.#actives === 0) this.#port.dirty()
  }

  #outlived(step: StepOutput, key: string, promise: Promise<unknown>): Promise<void> {
    if (waitsForExecution(step.logic)) return settled(promise)
    const body = this.#track(key)
    body.unwanted(this.#settings.cancelTimeout)
    void settled(promise).then(() => body.over())
    return new Promise((resolve) => body.whenOver(resolve))
  }

  #interrupted({ path }: StepOutput): StatewardError {
    const message = `Step ${path} of execution ${this.#id} may have been in flight when it was interrupted.`
    return new StatewardError('step_interrupted', message, { details: { id: this.#id, path } })
  }
}
