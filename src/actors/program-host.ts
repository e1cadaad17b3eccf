/**
 * Runs one program, and lets nothing out before the commit that holds its cause is durable.
 *
 * Owns: the gate (outputs wait for a commit's number), the program's timers, its steps' visits, its outbox.
 * Talks to: the program system below (XState), the execution actor above through `ProgramPort`.
 * Does not know: lifecycles, stores, slots; it is told when outputs may go.
 */
import type { AnyActorLogic, AnyActorRef, AnyEventObject } from 'xstate'
import type { Clock } from '../clock.js'
import { StatewardError, isStatewardError, toErrorRecord } from '../errors.js'
import { decode, encode } from '../persistence/snapshot-codec.js'
import {
  createProgramSystem,
  type ActionOutput,
  type ProgramOutput,
  type ProgramSystem,
  type StepOutput,
} from './program-system.js'
import {
  actionAt,
  frozenTimers,
  misfit,
  persistedProgram,
  thawedTimers,
  type OwedAction,
  type PausedTimers,
  type PersistedProgram,
  type ProgramRecord,
  type StepRecord,
} from './program-record.js'
import { ProgramTimers } from './program-timers.js'
import { stepOptionsOf, type StepContext } from './step.js'

/** How a program ended. */
export type ProgramOutcome =
  | { readonly status: 'done'; readonly output: unknown }
  | { readonly status: 'error'; readonly error: unknown }

/** What a program host tells the execution that runs it. */
export interface ProgramPort {
  /** There is something to commit. */
  dirty(): void
  /** A step that may have run before the crash asks for a person (`onRecovery: 'hold'`). */
  hold(path: string): void
  /** The last promise of a stopped or held program has come to its end. */
  drained(): void
  publish(type: string, data: unknown): void
  execute(entryPoint: string, input: unknown, key: string, signal: AbortSignal): Promise<unknown>
}

/** What all programs of an entry point share. */
export interface ProgramSettings {
  readonly logic: AnyActorLogic
  readonly version: string
  readonly hash: string
  readonly durability: 'strict' | 'relaxed'
  readonly maxIterations: number
  readonly clock: Clock
  readonly random: () => number
  readonly logger: (...args: unknown[]) => void
}

interface Held {
  /** The commit that holds its cause; 0: none yet. */
  seq: number
  readonly output: ProgramOutput
  /** Its entry in the outbox. */
  readonly owed: number
}

/** One program, from its start or its restoration to its end. */
export class ProgramHost {
  readonly #settings: ProgramSettings
  readonly #id: string
  readonly #port: ProgramPort
  readonly #timers: ProgramTimers
  readonly #system: ProgramSystem
  readonly #held: Held[] = []
  /** Released starts that wait for a slot, or for ever while the execution pauses. */
  readonly #parked: StepOutput[] = []
  /** Steps whose actor is active, started or not. */
  readonly #steps = new Map<StepOutput, StepRecord>()
  /** Promises that run, wanted or not. */
  readonly #bodies = new Set<StepOutput>()
  readonly #restoredSteps: Readonly<Record<string, StepRecord>>
  #outbox: { readonly n: number; readonly text: string }[] = []
  #owedActions = 0
  #visits: number
  #mayStart: boolean
  #recovering = false
  #isDurable = true
  #progressed = false
  #dead = false
  #outcome: ProgramOutcome | undefined

  /** Makes the program, fresh from `input` or as `record` says; nothing of it starts before `start`. */
  constructor(
    settings: ProgramSettings,
    id: string,
    owner: AnyActorRef | undefined,
    from: { input: unknown } | { record: ProgramRecord },
    port: ProgramPort,
  ) {
    this.#settings = settings
    this.#id = id
    this.#port = port
    this.#mayStart = true
    const record = 'record' in from ? from.record : undefined
    this.#visits = record?.visits ?? 0
    this.#restoredSteps = record?.steps ?? {}
    this.#timers = new ProgramTimers(settings.clock, (timer) => this.#dead || this.#system.fire(timer))
    if (record) this.#refuseMisfit(record.snapshot)
    this.#system = createProgramSystem(
      settings.logic,
      {
        id,
        owner,
        maxIterations: settings.maxIterations,
        logger: settings.logger,
        ...('record' in from ? { snapshot: from.record.snapshot } : { input: from.input }),
      },
      {
        changed: () => this.#dead || port.dirty(),
        output: (output) => this.#take(output),
        stepGone: (step) => this.#gone(step),
        stepLeft: (step) => this.#left(step),
        schedule: (timer) => {
          const id = timer.id ?? `~${++this.#visits}`
          this.#timers.set({ ...timer, id, dueAt: settings.clock.now() + timer.delay })
          port.dirty()
        },
        cancel: (source, timer) => void this.#timers.cancel(source, timer),
        cancelAll: (source) => void this.#timers.cancelAll(source),
        settled: (outcome) => {
          this.#outcome = outcome
          port.dirty()
        },
      },
    )
    const status = this.#system.root.getSnapshot().status
    if (record && status === 'error' && record.snapshot.status !== 'error') {
      throw this.#mismatch(String((this.#system.root.getSnapshot() as { error?: Error }).error?.message))
    }
    for (const timer of thawedTimers(record?.timers ?? [], settings.clock.now())) this.#timers.set(timer)
    for (const text of record?.outbox ?? []) this.#outbox.push({ n: ++this.#owedActions, text })
  }

  /** Starts the program. `recovering`: its steps may have been in flight when a process died. `isDurable: false`: a fork, which is not stored yet. */
  start(options: { recovering?: boolean; mayStart?: boolean; isDurable?: boolean } = {}): void {
    this.#isDurable = options.isDurable ?? true
    this.#recovering = options.recovering ?? false
    this.#mayStart = options.mayStart ?? true
    if (this.#outbox.length > 0) this.#repeatOwed()
    this.#system.start()
    this.#port.dirty()
  }

  get outcome(): ProgramOutcome | undefined {
    return this.#outcome
  }

  /** True once a step has come to its end here. */
  get hasProgressed(): boolean {
    return this.#progressed
  }

  /** True while a step is in flight or about to be. */
  get busy(): boolean {
    return this.#steps.size > 0
  }

  get owes(): boolean {
    return this.#outbox.length > 0
  }

  /** True while a promise runs that has not come to its end. */
  get inFlight(): boolean {
    return this.#bodies.size > 0
  }

  get nextTimer(): number | undefined {
    return this.#timers.next()
  }

  /** The live snapshot of the program's root. */
  get snapshot(): PersistedProgram {
    return this.#system.root.getSnapshot() as PersistedProgram
  }

  send(event: AnyEventObject): void {
    if (!this.#dead && !this.#outcome) this.#system.send(event)
  }

  /** The persisted form as of now; every output taken so far goes with commit `seq`. `paused`: what becomes of its timers. Throws `not_storable`. */
  collect(seq: number, paused?: PausedTimers): string {
    for (const held of this.#held) held.seq ||= seq
    const steps: Record<string, StepRecord> = {}
    for (const [step, record] of this.#steps) steps[step.path] = record
    const timers = this.#timers.records()
    const record: ProgramRecord = {
      version: this.#settings.version,
      hash: this.#settings.hash,
      snapshot: this.#persisted(),
      visits: this.#visits,
      ...(timers ? { timers: paused ? frozenTimers(timers, paused, this.#settings.clock.now()) : timers } : {}),
      ...(this.#steps.size > 0 ? { steps } : {}),
      ...(this.#outbox.length > 0 ? { outbox: this.#outbox.map(({ text }) => text) } : {}),
    }
    return encode(record, { id: this.#id, what: 'program' })
  }

  /** Commit `seq` is durable: lets go what waited for it, in order. */
  release(seq: number): void {
    while (!this.#dead) {
      const held = this.#held[0]
      if (!held || held.seq === 0 || held.seq > seq) return
      this.#held.shift()
      this.#run(held)
    }
  }

  /** Starts what is parked, and from now on every step at once. */
  allowSteps(): void {
    this.#mayStart = true
    for (const step of this.#parked.splice(0)) this.#begin(step)
  }

  /** The program has failed: what it asked for since the last commit is not to happen. */
  forgetUncommitted(): void {
    const kept = this.#held.filter(({ seq }) => seq > 0)
    const gone = new Set(this.#held.filter(({ seq }) => seq === 0).map(({ owed }) => owed))
    this.#held.splice(0, Infinity, ...kept)
    this.#outbox = this.#outbox.filter(({ n }) => !gone.has(n))
  }

  /** No further step starts, no timer fires; promises in flight go on. */
  hold(): void {
    this.#mayStart = false
    this.#timers.halt()
  }

  /** As `hold`, and nothing that still arrives moves the program: the next commit is its last here. */
  quiet(): void {
    this.hold()
    this.#system.mute()
  }

  /** Undoes `hold`. */
  unhold(): void {
    this.#timers.run()
    this.allowSteps()
  }

  /** Abort signals fire and every actor stops; nothing of the program is heard any more, but the end of its promises. */
  stop(): void {
    this.#dead = true
    this.#timers.halt()
    this.#held.length = 0
    this.#parked.length = 0
    this.#steps.clear()
    this.#system.stop()
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

  #take(output: ProgramOutput): void {
    if (this.#dead) return
    if (output.kind === 'step') this.#steps.set(output, this.#visit(output))
    if (output.kind === 'emit') this.#port.publish('execution.emitted', output.value)
    const held: Held = { seq: 0, output, owed: output.kind === 'action' ? this.#owe(output) : 0 }
    // a restored step's cause is durable already
    const isRestored = output.kind === 'step' && output.restored && this.#isDurable
    if (this.#settings.durability === 'relaxed' || isRestored) return this.#run(held)
    this.#held.push(held)
    this.#port.dirty()
  }

  #visit(step: StepOutput): StepRecord {
    const restored = step.restored ? this.#restoredSteps[step.path] : undefined
    return restored ?? { visit: ++this.#visits, attempt: 1 }
  }

  /** Puts a named action with storable parameters into the outbox; others run at most once. */
  #owe(action: ActionOutput): number {
    if (action.name === undefined) return 0
    const { path, via, name, params, event, context } = action
    const n = ++this.#owedActions
    try {
      const owed: OwedAction = { n, path, via, name, event, context, ...(params === undefined ? {} : { params }) }
      this.#outbox.push({ n, text: encode(owed, { id: this.#id, what: 'action' }) })
      return n
    } catch (error) {
      if (isStatewardError(error, 'not_storable')) return 0
      throw error
    }
  }

  #run({ output, owed }: Held): void {
    if (output.kind === 'step') return this.#mayStart ? this.#begin(output) : void this.#parked.push(output)
    this.#effect(output.kind === 'action' ? (output.name ?? 'inline') : output.kind, () => output.run())
    if (owed > 0) this.#acknowledge(owed)
  }

  #effect(name: string, run: () => void): void {
    try {
      run()
    } catch (error) {
      // the actor that asked has ended, so the error can't be its own any more
      this.#port.publish('execution.action_failed', { action: name, error: toErrorRecord(error) })
    }
  }

  #acknowledge(n: number): void {
    this.#outbox = this.#outbox.filter((owed) => owed.n !== n)
    this.#port.dirty()
  }

  #repeatOwed(): void {
    const { logic } = this.#settings
    for (const { n, text } of [...this.#outbox]) {
      const owed = decode<OwedAction>(text, { id: this.#id, what: 'action' })
      const exec = actionAt(logic, owed.via, owed.name)
      const self = this.#system.find(owed.path) ?? this.#system.root
      if (!exec) throw this.#mismatch(`there is no action '${owed.name}' any more, and one is owed`)
      this.#effect(owed.name, () => exec({ context: owed.context, event: owed.event, self, system: self.system }, owed.params))
      this.#acknowledge(n)
    }
  }

  #begin(step: StepOutput): void {
    const record = this.#steps.get(step)
    if (!record || this.#dead || !step.isActive()) return
    if (step.restored && this.#recovering) {
      const policy = stepOptionsOf(step.logic)?.onRecovery ?? 'rerun'
      if (policy === 'hold') return this.#port.hold(step.path)
      if (policy === 'fail') return step.fail(this.#interrupted(step))
    }
    if (step.ends) this.#bodies.add(step)
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
      progress: (data) => this.#dead || this.#port.publish('execution.progress', { step: step.path, data }),
      attempted: (attempt) => {
        if (!this.#steps.has(step)) return
        this.#steps.set(step, { ...record, attempt })
        this.#port.dirty()
      },
      execute: (entryPoint, input, signal) => this.#port.execute(entryPoint, input, idempotencyKey, signal),
    }
  }

  #gone(step: StepOutput): void {
    this.#progressed = true
    if (this.#bodies.delete(step) && this.#bodies.size === 0 && (this.#dead || !this.#mayStart)) this.#port.drained()
  }

  #left(step: StepOutput): void {
    if (this.#steps.delete(step) && !this.#dead) this.#port.dirty()
  }

  #refuseMisfit(snapshot: PersistedProgram): void {
    const reason = misfit(this.#settings.logic, snapshot)
    if (reason) throw this.#mismatch(reason)
  }

  #mismatch(reason: string): StatewardError {
    return new StatewardError('program_mismatch', `The snapshot of execution ${this.#id} does not fit its program: ${reason}.`, {
      details: { id: this.#id, reason },
    })
  }

  #interrupted(step: StepOutput): StatewardError {
    return new StatewardError(
      'step_interrupted',
      `Step ${step.path} of execution ${this.#id} may have been in flight when its process died.`,
      {
        details: { id: this.#id, path: step.path },
      },
    )
  }
}
