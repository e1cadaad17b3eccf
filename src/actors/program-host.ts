/**
 * Runs one program, and lets nothing out before the commit that holds its cause is durable.
 *
 * Owns: the gate (outputs wait for a commit's number), the program's timers, its steps' visits, its outbox.
 * Talks to: the program system below (XState), the execution actor above through `ProgramPort`.
 * Does not know: lifecycles, stores, slots; it is told when outputs may go.
 */
import type { AnyActorRef, AnyEventObject } from 'xstate'
import { StatewardError, isStatewardError, toErrorRecord } from '../errors.js'
import { encode } from '../persistence/snapshot-codec.js'
import { misfit } from './program-fit.js'
import { ProgramOutbox } from './program-outbox.js'
import type { ProgramOutput } from './program-output.js'
import type { ProgramOutcome, ProgramPort, ProgramSettings } from './program-port.js'
import {
  frozenTimers,
  persistedProgram,
  thawedTimers,
  type PausedTimers,
  type PersistedProgram,
  type ProgramRecord,
} from './program-record.js'
import { ProgramSteps } from './program-steps.js'
import { createProgramSystem, type ProgramSystem } from './xstate/program-system.js'
import { ProgramTimers } from './program-timers.js'

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
  readonly #steps: ProgramSteps
  readonly #outbox: ProgramOutbox
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
    const record = 'record' in from ? from.record : undefined
    this.#steps = new ProgramSteps(id, settings, port, record?.steps ?? {}, record?.visits ?? 0)
    this.#outbox = new ProgramOutbox(id, record?.outbox)
    this.#timers = new ProgramTimers(settings.clock, (timer) => this.#dead || this.#system.fire(timer))
    if (record) this.#refuseMisfit(record.snapshot)
    this.#system = createProgramSystem(
      settings.logic,
      {
        id,
        owner,
        maxIterations: settings.maxIterations,
        logger: settings.logger,
        clock: settings.clock,
        interposition: settings.interposition,
        ...('record' in from ? { snapshot: from.record.snapshot } : { input: from.input }),
      },
      {
        changed: () => this.#dead || port.dirty(),
        output: (output) => this.#take(output),
        stepGone: (step) => this.#steps.gone(step),
        stepLeft: (step) => this.#steps.left(step),
        schedule: (timer) => {
          const named = timer.id ?? `~${this.#steps.nextVisit()}`
          this.#timers.set({ ...timer, id: named, dueAt: settings.clock.now() + timer.delay })
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
    const unrestored = this.#system.unrestored()
    if (unrestored !== undefined) throw this.#mismatch(unrestored)
    for (const timer of thawedTimers(record?.timers ?? [], settings.clock.now(), settings.clock.setBack)) this.#timers.set(timer)
  }

  /** Starts the program. `recovering`: its steps may have been in flight when a process died. */
  start(options: { recovering?: boolean; mayStart?: boolean } = {}): void {
    this.#steps.recovering = options.recovering ?? false
    this.#steps.mayStart = options.mayStart ?? true
    if (!this.#outbox.isEmpty) this.#repeatOwed()
    this.#system.start()
    this.#port.dirty()
  }

  get outcome(): ProgramOutcome | undefined {
    return this.#outcome
  }

  /** True once a step has come to its end here. */
  get hasProgressed(): boolean {
    return this.#steps.hasProgressed
  }

  /** True while a step is in flight or about to be. */
  get busy(): boolean {
    return this.#steps.busy
  }

  get owes(): boolean {
    return !this.#outbox.isEmpty
  }

  /** True while a promise runs that has not come to its end. */
  get inFlight(): boolean {
    return this.#steps.inFlight
  }

  get nextTimer(): number | undefined {
    return this.#timers.next()
  }

  /** The clock was set back: what its timers had left stays. */
  retime = (): void => void (this.#timers.retime() && this.#port.dirty())

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
    const steps = this.#steps.records()
    const timers = this.#timers.records()
    const record: ProgramRecord = {
      version: this.#settings.version,
      hash: this.#settings.hash,
      snapshot: this.#persisted(),
      visits: this.#steps.visits,
      ...(timers ? { timers: paused ? frozenTimers(timers, paused, this.#settings.clock.now()) : timers } : {}),
      ...(steps ? { steps } : {}),
      ...(this.#outbox.isEmpty ? {} : { outbox: this.#outbox.texts }),
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

  /** Lets what is parked go with the next commit, and from now on every step with its own. */
  allowSteps(): void {
    for (const step of this.#steps.allow()) this.#gate({ seq: 0, output: step, owed: 0 })
  }

  /** The program has failed: what it asked for since the last commit is not to happen. */
  forgetUncommitted(): void {
    for (const { seq, owed } of this.#held) if (seq === 0) this.#outbox.acknowledge(owed)
    this.#held.splice(0, Infinity, ...this.#held.filter(({ seq }) => seq > 0))
  }

  /** No further step starts, no timer fires; promises in flight go on. */
  hold(): void {
    this.#steps.mayStart = false
    this.#timers.halt()
  }

  /** As `hold`, and nothing that still arrives moves the program: the next commit is its last here. */
  quiet(): void {
    this.hold()
    this.#system.mute()
  }

  /** Timers fire, but no further step starts before `allowSteps`: there is no slot for it. */
  park(): void {
    this.#steps.mayStart = false
    this.#timers.run()
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
    this.#steps.stop()
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
    if (output.kind === 'step') this.#steps.add(output)
    if (output.kind === 'emit') this.#port.publish('execution.emitted', output.value)
    const held: Held = { seq: 0, output, owed: output.kind === 'action' ? this.#outbox.owe(output) : 0 }
    this.#gate(held)
  }

  /** A restored step waits as well: only a commit tells that the execution is still this process's own. */
  #gate(held: Held): void {
    if (this.#settings.durability === 'relaxed') return this.#run(held)
    this.#held.push(held)
    this.#port.dirty()
  }

  #run(held: Held): void {
    this.#past(held.output, () => this.#let(held))
  }

  #past(output: ProgramOutput, run: () => void): void {
    const { interposition } = this.#settings
    if (interposition) interposition.output(this.#id, output, run)
    else run()
  }

  #let({ output, owed }: Held): void {
    if (output.kind === 'step') return this.#steps.release(output)
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
    this.#outbox.acknowledge(n)
    this.#port.dirty()
  }

  #repeatOwed(): void {
    const { root, find } = this.#system
    for (const { n, run, ...action } of this.#outbox.repeated(this.#settings.logic, root, find)) {
      const { path, name } = action
      if (!run) throw this.#mismatch(`there is no action '${name}' any more, and one is owed`)
      const again = { ...action, run: () => this.#system.attempt(path, run) }
      this.#past(again, () => {
        this.#effect(name, again.run)
        this.#acknowledge(n)
      })
    }
  }

  #refuseMisfit(snapshot: PersistedProgram): void {
    const { logic, interposition } = this.#settings
    const reason = misfit(logic, snapshot, interposition)
    if (reason) throw this.#mismatch(reason)
  }

  #mismatch(reason: string): StatewardError {
    return new StatewardError('program_mismatch', `The snapshot of execution ${this.#id} does not fit its program: ${reason}.`, {
      details: { id: this.#id, reason },
    })
  }
}
