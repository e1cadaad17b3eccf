/**
 * The steps of one program: which are active, which run, which wait to be allowed.
 *
 * Owns: visit numbers and so idempotency keys, what a step gets from its host, and what becomes of a step that may have
 * been in flight when its process died.
 */
import { StatewardError } from '../errors.js'
import type { CommitGate } from './commit-gate.js'
import { passages, type ProgramMode } from '../events/program-mode.js'
import type { ActorNaming, StepOutput } from './program-output.js'
import type { ProgramPort, ProgramSettings } from './program-port.js'
import type { ProgramRecord, StepRecord } from './program-record.js'
import { settled } from './step-attempts.js'
import { StepChildren } from './step-children.js'
import type { StepBody } from './step-bodies.js'
import { stepOptionsOf, waitsForExecution, type StepContext } from './step.js'

/** Where a program's steps stand. */
export class ProgramSteps {
  /** True while a process's death may have cut off the restored steps. */
  recovering = false
  /** How far the program may go: whether a step that wants to start is parked. */
  mode: ProgramMode = 'running'
  readonly #id: string
  readonly #settings: ProgramSettings
  readonly #port: ProgramPort
  readonly #gate: CommitGate
  readonly #restored: Readonly<Record<string, StepRecord>>
  /** Those whose actor is active, started or not. */
  readonly #active = new Map<StepOutput, StepRecord>()
  /** Released starts that wait for a slot, or for ever while the execution pauses. */
  readonly #parked: StepOutput[] = []
  /** The functions of its promises that run, wanted or not. */
  readonly #bodies = new Set<StepBody>()
  readonly #bodyOf = new Map<StepOutput, StepBody>()
  /** By visit: what a failed program has found out of steps that stand in its last commit. */
  readonly #changes = new Map<number, Partial<StepRecord>>()
  readonly children: StepChildren
  #progressed = false
  /** The last visit number given out. Invariant: only grows. */
  #visits: number

  constructor(id: string, settings: ProgramSettings, port: ProgramPort, gate: CommitGate, record: ProgramRecord | undefined) {
    this.#id = id
    this.#settings = settings
    this.#port = port
    this.#gate = gate
    this.#restored = record?.steps ?? {}
    this.#visits = record?.visits ?? 0
    this.children = new StepChildren(id, settings, port, gate, record)
  }

  /** True while a step is in flight or about to be. */
  get busy(): boolean {
    return this.#active.size > 0 || this.#bodies.size > 0
  }

  /** True while the function of a promise runs that has not come to its end, or run out of the time it has for that. */
  get inFlight(): boolean {
    return this.#bodies.size > 0
  }

  /** True once a step has come to its end here. */
  get hasProgressed(): boolean {
    return this.#progressed
  }

  get visits(): number {
    return this.#visits
  }

  nextVisit(): number {
    return ++this.#visits
  }

  /** The active ones by their address, as far as a restoration finds them; undefined if there are none. */
  records({ addressOf }: ActorNaming): Record<string, StepRecord> | undefined {
    if (this.#active.size === 0) return undefined
    const records: Record<string, StepRecord> = {}
    for (const [step, record] of this.#active) {
      const address = addressOf(step.actor)
      if (address !== undefined) records[address] = record
    }
    return records
  }

  /** A step wants to start. */
  add(step: StepOutput): void {
    const restored = step.restored ? this.#restored[step.path] : undefined
    this.#active.set(step, restored ?? { visit: this.nextVisit(), attempt: 1 })
    if (waitsForExecution(step.logic)) this.children.expected()
  }

  /** Nothing holds its start back any more but the mode. */
  release(step: StepOutput): void {
    if (this.#mayStart) this.#begin(step)
    else this.#parked.push(step)
  }

  /** Takes out those that are parked. */
  unparked(): StepOutput[] {
    return this.#parked.splice(0)
  }

  /** The promise behind a step has come to its end. */
  gone(step: StepOutput): void {
    this.#progressed = true
    this.#bodyOf.get(step)?.over()
  }

  /** A step's actor is no longer active. */
  left(step: StepOutput): void {
    this.#bodyOf.get(step)?.unwanted(this.#settings.cancelTimeout)
    const record = this.#active.get(step)
    if (!record) return
    this.#active.delete(step)
    if (this.#isOver) return
    this.children.left(this.#keyOf(step, record))
    this.#port.dirty()
  }

  /** No step starts or counts any more; promises that run are still known, for as long as they have to end. */
  stop(): void {
    for (const body of this.#bodies) body.unwanted(this.#settings.cancelTimeout)
    this.#parked.length = 0
    this.#active.clear()
  }

  /** What still runs is waited for no longer. */
  giveUp(): void {
    for (const body of [...this.#bodies]) body.over()
  }

  get #mayStart(): boolean {
    return passages[this.mode].starts
  }

  get #isOver(): boolean {
    return this.mode === 'stopped'
  }

  #begin(step: StepOutput): void {
    const record = this.#active.get(step)
    if (!record || this.#isOver || !step.isActive()) return
    const earlier = this.#settings.bodies.over(this.#keyOf(step, record))
    // it was interrupted here, and does not run twice at once
    if (earlier) return void earlier.then(() => this.#gate.start(step))
    if (step.restored && this.recovering) {
      const policy = stepOptionsOf(step.logic)?.onRecovery ?? 'rerun'
      if (policy === 'hold') return this.#port.doubt(step.path)
      if (policy === 'fail') return step.fail(this.#interrupted(step))
    }
    // a pause that waited for an execution that is paused as well would wait for ever
    if (step.ends && !waitsForExecution(step.logic)) {
      const body = this.#track(this.#keyOf(step, record))
      this.#bodyOf.set(step, body)
      body.whenOver(() => this.#bodyOf.delete(step))
    }
    step.run({ step: this.#context(step, record) })
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
          const now = this.#active.get(step)
          if (!now) return
          this.#active.set(step, { ...now, attempt })
          this.#gate.run(resolve)
        }),
      outlived: (promise) => this.#outlived(step, idempotencyKey, promise),
      execute: (asked) =>
        this.children.start(idempotencyKey, asked, this.#active.get(step)?.child ?? { n: 1 }, (next) =>
          this.#change(step, record.visit, { child: next }),
        ),
    }
  }

  /** Something is known of a step that a further attempt of the program begins with. */
  #change(step: StepOutput, visit: number, change: Partial<StepRecord>): void {
    this.#changes.set(visit, { ...this.#changes.get(visit), ...change })
    const now = this.#active.get(step)
    if (now) this.#active.set(step, { ...now, ...change })
  }

  /** The steps of a stored program as the next attempt begins them; undefined if nothing is known that is not in it. */
  again(steps: Readonly<Record<string, StepRecord>>): Readonly<Record<string, StepRecord>> | undefined {
    if (!Object.values(steps).some(({ visit }) => this.#changes.has(visit))) return undefined
    return Object.fromEntries(
      Object.entries(steps).map(([at, record]) => [at, { ...record, ...this.#changes.get(record.visit) }]),
    )
  }

  #keyOf({ path }: StepOutput, { visit }: StepRecord): string {
    return `${this.#id}/${path}#${visit}`
  }

  /** A function begins to run; it counts until it is over. */
  #track(key: string): StepBody {
    const body = this.#settings.bodies.begin(key, this.#settings.clock)
    this.#bodies.add(body)
    body.whenOver(() => {
      this.#bodies.delete(body)
      if (this.#bodies.size > 0) return
      if (!this.#mayStart) this.#port.drained()
      else if (this.#active.size === 0) this.#port.dirty()
    })
    return body
  }

  #outlived(step: StepOutput, key: string, promise: Promise<unknown>): Promise<void> {
    if (waitsForExecution(step.logic)) return settled(promise)
    const body = this.#track(key)
    body.unwanted(this.#settings.cancelTimeout)
    void settled(promise).then(() => body.over())
    return new Promise((resolve) => body.whenOver(resolve))
  }

  #interrupted({ path }: StepOutput): StatewardError {
    const message = `Step ${path} of execution ${this.#id} may have been in flight when its process died.`
    return new StatewardError('step_interrupted', message, { details: { id: this.#id, path } })
  }
}
