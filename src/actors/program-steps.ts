/**
 * The steps of one program: which are active, which run, which wait to be allowed.
 *
 * Owns: visit numbers and so idempotency keys, what a step gets from its host, and what becomes of a step that may have
 * been in flight when its process died.
 */
import { StatewardError } from '../errors.js'
import type { StepOutput } from './program-output.js'
import type { ProgramPort, ProgramSettings } from './program-port.js'
import type { StepRecord } from './program-record.js'
import { stepOptionsOf, waitsForExecution, type StepContext } from './step.js'

/** Where a program's steps stand. */
export class ProgramSteps {
  /** True while a process's death may have cut off the restored steps. */
  recovering = false
  /** False: a step that wants to start is parked. */
  mayStart = true
  readonly #id: string
  readonly #settings: ProgramSettings
  readonly #port: ProgramPort
  readonly #restored: Readonly<Record<string, StepRecord>>
  /** Those whose actor is active, started or not. */
  readonly #active = new Map<StepOutput, StepRecord>()
  /** Released starts that wait for a slot, or for ever while the execution pauses. */
  readonly #parked: StepOutput[] = []
  /** Promises that run, wanted or not. */
  readonly #bodies = new Set<StepOutput>()
  #stopped = false
  #progressed = false
  /** The last visit number given out. Invariant: only grows. */
  #visits: number

  constructor(
    id: string,
    settings: ProgramSettings,
    port: ProgramPort,
    restored: Readonly<Record<string, StepRecord>>,
    visits: number,
  ) {
    this.#id = id
    this.#settings = settings
    this.#port = port
    this.#restored = restored
    this.#visits = visits
  }

  /** True while a step is in flight or about to be. */
  get busy(): boolean {
    return this.#active.size > 0
  }

  /** True while a promise runs that has not come to its end. */
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

  /** The active ones by path; undefined if there are none. */
  records(): Record<string, StepRecord> | undefined {
    if (this.#active.size === 0) return undefined
    const records: Record<string, StepRecord> = {}
    for (const [step, record] of this.#active) records[step.path] = record
    return records
  }

  /** A step wants to start. */
  add(step: StepOutput): void {
    const restored = step.restored ? this.#restored[step.path] : undefined
    this.#active.set(step, restored ?? { visit: this.nextVisit(), attempt: 1 })
  }

  /** Nothing holds its start back any more but `mayStart`. */
  release(step: StepOutput): void {
    if (this.mayStart) this.#begin(step)
    else this.#parked.push(step)
  }

  /** From now on steps may start; returns those that are parked. */
  allow(): StepOutput[] {
    this.mayStart = true
    return this.#parked.splice(0)
  }

  /** The promise behind a step has come to its end. */
  gone(step: StepOutput): void {
    this.#progressed = true
    if (this.#bodies.delete(step) && this.#bodies.size === 0 && (this.#stopped || !this.mayStart)) this.#port.drained()
  }

  /** A step's actor is no longer active. */
  left(step: StepOutput): void {
    if (this.#active.delete(step) && !this.#stopped) this.#port.dirty()
  }

  /** No step starts or counts any more; promises that run are still known. */
  stop(): void {
    this.#stopped = true
    this.#parked.length = 0
    this.#active.clear()
  }

  #begin(step: StepOutput): void {
    const record = this.#active.get(step)
    if (!record || this.#stopped || !step.isActive()) return
    if (step.restored && this.recovering) {
      const policy = stepOptionsOf(step.logic)?.onRecovery ?? 'rerun'
      if (policy === 'hold') return this.#port.doubt(step.path)
      if (policy === 'fail') return step.fail(this.#interrupted(step))
    }
    // a pause that waited for an execution that is paused as well would wait for ever
    if (step.ends && !waitsForExecution(step.logic)) this.#bodies.add(step)
    step.run({ step: this.#context(step, record) })
  }

  #context(step: StepOutput, record: StepRecord): StepContext {
    const { clock, random, logger } = this.#settings
    const idempotencyKey = `${this.#id}/${step.path}#${record.visit}`
    return {
      executionId: this.#id,
      idempotencyKey,
      attempt: record.attempt,
      clock,
      random,
      logger,
      progress: (data) => this.#stopped || this.#port.publish('execution.progress', { step: step.path, data }),
      attempted: (attempt) => {
        if (!this.#active.has(step)) return
        this.#active.set(step, { ...record, attempt })
        this.#port.dirty()
      },
      execute: (entryPoint, input, signal) => this.#port.execute(entryPoint, input, idempotencyKey, signal),
    }
  }

  #interrupted({ path }: StepOutput): StatewardError {
    const message = `Step ${path} of execution ${this.#id} may have been in flight when its process died.`
    return new StatewardError('step_interrupted', message, { details: { id: this.#id, path } })
  }
}
