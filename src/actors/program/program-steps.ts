/**
 * The steps of one program: which are active, which run, which wait to be allowed.
 *
 * Owns: visit numbers and so idempotency keys, what a step gets from its host, and what becomes of a step that may have
 * begun before. Which ones that are stands in `step-doubts.ts`.
 */
import { StatewardError } from '../../errors.js'
import type { CommitGate } from './commit-gate.js'
import { passages, type ProgramMode } from '../../events/program-mode.js'
import type { ActorNaming, StepOutput } from './program-output.js'
import type { ProgramPort, ProgramSettings } from './program-port.js'
import type { StepRecord } from './program-record.js'
import { settled } from './step-attempts.js'
import { StepChildren, type StepsParts } from './step-children.js'
import { StepDoubts } from './step-doubts.js'
import type { StepBody } from './step-bodies.js'
import { waitsForExecution, type StepContext } from './step.js'

const none: readonly never[] = []

/** Where a program's steps stand. */
export class ProgramSteps {
  readonly #id: string
  readonly #settings: ProgramSettings
  readonly #port: ProgramPort
  readonly #gate: CommitGate
  readonly #restored: Readonly<Record<string, StepRecord>>
  // many programs have no step: what is needed for one is made with the first
  /** Those whose actor is active, started or not. */
  #active: Map<StepOutput, StepRecord> | undefined
  /** Released starts that wait for a slot, or for ever while the execution pauses. */
  readonly #parked: StepOutput[] = []
  /** The functions of its promises that run, wanted or not, and have not been given up. */
  #bodies: Set<StepBody> | undefined
  #bodyOf: Map<StepOutput, StepBody> | undefined
  /** By visit: what a failed program has found out of steps that stand in its last commit. */
  #changes: Map<number, Partial<StepRecord>> | undefined
  readonly children: StepChildren
  readonly #doubts = new StepDoubts()
  #progressed = false
  #mode: ProgramMode = 'running'
  /** The last visit number given out. Invariant: only grows. */
  #visits: number

  constructor(parts: StepsParts) {
    const { id, settings, port, gate, record } = parts
    this.#id = id
    this.#settings = settings
    this.#port = port
    this.#gate = gate
    this.#restored = record?.steps ?? {}
    this.#visits = record?.visits ?? 0
    this.children = new StepChildren(parts)
  }

  /** True while a step is in flight or about to be. */
  get busy(): boolean {
    return this.#actives > 0 || this.inFlight
  }

  /** True while the function of a promise runs that has not come to its end, or run out of the time it has for that. */
  get inFlight(): boolean {
    return this.#bodies !== undefined && this.#bodies.size > 0
  }

  /** The executions that all of its steps wait for; undefined if another step is in flight, or none. */
  get awaited(): readonly string[] | undefined {
    if (!this.#active || this.#actives === 0 || this.inFlight) return undefined
    for (const step of this.#active.keys()) if (!waitsForExecution(step.logic)) return undefined
    const { awaited } = this.children
    return awaited.length === this.#actives ? awaited : undefined
  }

  /** True once a step has come to its end here. */
  get hasProgressed(): boolean {
    return this.#progressed
  }

  /** True: a process's death, or a commit of which nothing was heard, may have cut off the restored steps. */
  set recovering(recovering: boolean) {
    this.#doubts.recovering = recovering
  }

  /** How far the program may go: whether a step that wants to start is parked, which its stored form is to say. */
  set mode(mode: ProgramMode) {
    this.#mode = mode
    if (this.#mayStart || this.#isOver) return
    const isUnbegun = ([step, { begun }]: [StepOutput, StepRecord]) => begun !== true && this.#doubts.concerns(step)
    if ([...(this.#active ?? none)].some(isUnbegun)) this.#port.stale()
  }

  /** The program is about to stop: what has not begun by now does not begin here. */
  halt(): void {
    if (this.#mayStart) this.mode = 'no-new-steps'
  }

  /** True if a step has begun that is not to run twice unasked. */
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

  /** Nothing holds its start back any more but the mode. */
  release(step: StepOutput): void {
    if (!this.#mayStart) this.#parked.push(step)
    else if (this.#settings.durability === 'strict' && this.#doubts.isHeldBack(step)) this.#gate.start(step)
    else this.#begin(step)
  }

  /** Takes out those that are parked. */
  unparked(): StepOutput[] {
    return this.#parked.splice(0)
  }

  /** The promise behind a step has come to its end. */
  gone(step: StepOutput): void {
    this.#progressed = true
    this.#bodyOf?.get(step)?.over()
  }

  /** A step's actor is no longer active. `hasFailed`: it has ended by itself, with an error. */
  left(step: StepOutput, hasFailed: boolean): void {
    this.#bodyOf?.get(step)?.unwanted(this.#settings.cancelTimeout)
    const record = this.#active?.get(step)
    if (!record) return
    this.#doubts.left(step)
    // an attempt of the program that begins anew after that error is to run it again
    if (hasFailed && record.begun === true) this.#change(step, record.visit, { begun: false })
    this.#active?.delete(step)
    if (this.#isOver) return
    this.children.left(this.#keyOf(step, record))
    this.#port.dirty()
  }

  /** No step starts or counts any more; promises that run are still known, for as long as they have to end. */
  stop(): void {
    for (const body of [...(this.#bodies ?? []), ...(this.#bodyOf?.values() ?? [])]) body.unwanted(this.#settings.cancelTimeout)
    this.#parked.length = 0
    this.#active?.clear()
  }

  /** The program waits no longer for what still runs; the same step, begun again, does for as long as that has to end. */
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
    const earlier = this.#settings.bodies.over(this.#keyOf(step, record))
    // it was interrupted here, and does not run twice at once
    if (earlier) return void earlier.then(() => this.#gate.start(step))
    if (this.#asksFirst()) return
    if (this.#doubts.has(step)) return step.fail(this.#interrupted(step))
    if (this.#doubts.concerns(step)) {
      this.#change(step, record.visit, { begun: true })
      this.#port.stale()
    }
    // a pause that waited for an execution that is paused as well would wait for ever
    if (step.ends && !waitsForExecution(step.logic)) {
      const body = this.#track(this.#keyOf(step, record))
      const bodyOf = (this.#bodyOf ??= new Map<StepOutput, StepBody>())
      bodyOf.set(step, body)
      body.whenOver(() => bodyOf.delete(step))
    }
    step.run({ step: this.#context(step, record) })
  }

  /** A person is asked about all that may have begun at once, before any other begins; whoever resumes it lets them run. */
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
      attempted: (attempt) =>
        new Promise<void>((resolve) => {
          const now = this.#active?.get(step)
          if (!now) return
          this.#active?.set(step, { ...now, attempt })
          this.#gate.run(resolve)
        }),
      outlived: (promise) => this.#outlived(step, idempotencyKey, promise),
      execute: (asked) => {
        const turn = this.#active?.get(step)?.child ?? { n: 1 }
        const which = { key: idempotencyKey, turn, isAgain: step.restored }
        return this.children.start(which, asked, (child) => this.#change(step, record.visit, { child }))
      },
    }
  }

  /** Something is known of a step that a further attempt of the program begins with. */
  #change(step: StepOutput, visit: number, change: Partial<StepRecord>): void {
    const changes = (this.#changes ??= new Map())
    changes.set(visit, { ...changes.get(visit), ...change })
    const now = this.#active?.get(step)
    if (now) this.#active?.set(step, { ...now, ...change })
  }

  /** The steps of a stored program as the next attempt begins them; undefined if nothing is known that is not in it. */
  again(steps: Readonly<Record<string, StepRecord>>): Readonly<Record<string, StepRecord>> | undefined {
    const changes = this.#changes
    if (!changes || !Object.values(steps).some(({ visit }) => changes.has(visit))) return undefined
    return Object.fromEntries(Object.entries(steps).map(([at, record]) => [at, { ...record, ...changes.get(record.visit) }]))
  }

  #keyOf({ path }: StepOutput, { visit }: StepRecord): string {
    return `${this.#id}/${path}#${visit}`
  }

  /** A function begins to run; it counts until it is over. */
  #track(key: string): StepBody {
    const body = this.#settings.bodies.begin(key, this.#settings.clock)
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
