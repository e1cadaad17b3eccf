/**
 * One trial: runtimes on one store, a day's work, and faults in between, in simulated time.
 *
 * Owns: the processes, simulated time, coming to rest, and letting everything come to its end. What is done is in
 * `trial-script.ts`, which faults come when in `trial-plan.ts`, what must hold afterwards in `trial-laws.ts`.
 */
import { nextTurn, realTime } from '../../clock.js'
import { isTerminal } from '../../events/execution-status.js'
import type { ExecutionHandle } from '../../runtime/execution-handle.js'
import type { IdSource } from '../../ids.js'
import type { SnapshotStore, StoredExecution } from '../../persistence/snapshot-store.js'
import { createRuntime, type Runtime } from '../../runtime/runtime.js'
import { SimulatedClock } from '../clock/simulated-clock.js'
import { faultyStore, type FaultyStore } from './faulty-store.js'
import { seededIds } from '../world/seeded-ids.js'
import { type CallAbout, TrialCalls } from './trial-calls.js'
import { TrialLedger } from './trial-ledger.js'
import type { TrialPlan, TrialStage } from './trial-plan.js'
import { trialEntryPoint, trialSlots } from './trial-program.js'
import { type TrialHands, trialScript } from './trial-script.js'

/** One runtime with its connection. */
export interface TrialProcess {
  readonly name: string
  readonly store: FaultyStore
  readonly runtime: Runtime<readonly [ReturnType<typeof trialEntryPoint>]>
}

/** Times are milliseconds. */
const settings = { pollInterval: 1_000, retentionInterval: 2_000, shutdownTimeout: 1_000 }

/** Turns of the event loop without a call after which all is quiet. */
const QUIET = 12

const turn = () => new Promise<void>((resolve) => nextTurn(resolve))

/** What is tried on which store. */
export interface TrialOptions {
  readonly plan: TrialPlan
  readonly seed: number
  /** Open; what the first process works on. */
  readonly store: SnapshotStore
  /** Gives each further process its connection. */
  connect(): Promise<SnapshotStore>
  /** How long a call of the store may take, in ms of real time; default 5,000. */
  readonly patience?: number
}

/** One trial, from the first call to the end of every execution. */
export class Trial implements TrialStage {
  readonly clock = new SimulatedClock()
  readonly ledger = new TrialLedger()
  readonly calls = new TrialCalls()
  readonly processes: TrialProcess[] = []
  readonly plan: TrialPlan
  readonly random: () => number
  /** Label → the id that it was accepted under. */
  readonly accepted = new Map<string, string>()
  /** What a trial of the slots came to, when all was over. */
  fresh: readonly (string | undefined)[] = []
  health: unknown
  readonly #store: SnapshotStore
  readonly #connect: () => Promise<SnapshotStore>
  readonly #ids: IdSource
  readonly #patience: number
  #pings = 0
  /** Calls that the store itself never answered. */
  #lost: readonly string[] = []

  constructor({ plan, seed, store, connect, patience = 5_000 }: TrialOptions) {
    this.#patience = patience
    this.plan = plan
    this.#ids = seededIds(seed)
    this.random = () => this.#ids.random()
    this.#store = store
    this.#connect = connect
  }

  get #process(): TrialProcess {
    return this.processes.at(-1) as TrialProcess
  }

  /** Why this trial goes on no more; undefined while all is well. */
  get stuck(): string | undefined {
    if (this.ledger.isExhausted) return 'the runtime never comes to rest'
    return this.#lost.length === 0 ? undefined : `${this.#lost.join(', ')} did not come back within ${this.#patience} ms`
  }

  /** Runs the script, with the plan's faults before each line of it, then lets everything come to its end. */
  async run(): Promise<void> {
    await this.begin()
    const hands = this.#hands()
    for (const [index, line] of trialScript.entries()) {
      if (this.stuck !== undefined) return
      await this.plan.before(this, index)
      this.calls.askAgain()
      line(hands)
      await this.pass(20 + Math.floor(this.random() * 150))
    }
    await this.#finish()
  }

  /** A further process, which gets all calls from now on. */
  async begin(): Promise<void> {
    const name = `process${this.processes.length}`
    const { clock, ledger } = this
    const connection = this.processes.length === 0 ? this.#store : await this.#connect()
    const store = faultyStore(ledger.connect(connection, name))
    const entryPoints = [trialEntryPoint(name, ledger, clock)] as const
    const runtime = createRuntime({ store, entryPoints, clock, ids: this.#ids, id: name, ...settings })
    this.processes.push({ name, store, runtime })
    this.calls.ask('start', { again: true }, () => runtime.start())
    await this.settle()
  }

  /** Until nothing moves any more but time. */
  async settle(): Promise<void> {
    const { ledger } = this
    let since = realTime.now()
    for (let quiet = 0; quiet < QUIET && this.stuck === undefined;) {
      const { ended, underWay } = ledger
      await turn()
      quiet = underWay.size === 0 && ledger.ended === ended && ledger.underWay.size === 0 ? quiet + 1 : 0
      if (ledger.ended !== ended || quiet > 0) since = realTime.now()
      else if (realTime.now() - since > this.#patience) this.#lost = [...underWay]
    }
  }

  /** Lets time pass. */
  async pass(ms: number): Promise<void> {
    await this.settle()
    await this.clock.advance(ms, () => this.settle())
  }

  /** Every row, as the store itself has it. */
  async rows(): Promise<readonly StoredExecution[]> {
    return (await this.#store.query({ limit: 200 })).executions
  }

  /** What the script may do, on the runtime that gets the calls then. */
  #hands(): TrialHands {
    const { calls } = this
    const on = (label: string, what: string, run: (handle: ExecutionHandle) => Promise<unknown>, about: CallAbout = {}) => {
      const id = this.accepted.get(label)
      if (id !== undefined) calls.ask(what, { id, ...about }, () => run(this.#process.runtime.execution(id)))
    }
    const again = { again: true }
    return {
      trigger: (...labels) => labels.forEach((label) => this.#trigger(label)),
      ping: (label) => {
        const n = ++this.#pings
        on(label, 'send', (handle) => handle.send({ type: 'PING', n }), { ping: n })
      },
      go: (label) => on(label, 'send', (handle) => handle.send({ type: 'GO' })),
      pause: (label) => on(label, 'pause', (handle) => handle.pause(), again),
      resume: (label) => on(label, 'resume', (handle) => handle.resume(), again),
      cancel: (label) => on(label, 'cancel', (handle) => handle.cancel(), again),
      pauseAll: () => calls.ask('stream pause', again, () => this.#process.runtime.stream('trial').pause()),
      resumeAll: () => calls.ask('stream resume', again, () => this.#process.runtime.stream('trial').resume()),
      publish: (id) =>
        calls.ask('publish', { publication: id, ...again }, () => this.#process.runtime.publish('noted', { id }, { id })),
      poll: () => this.#poll(),
    }
  }

  #trigger(label: string): void {
    this.calls.ask(`trigger ${label}`, { again: true }, async () => {
      const { id } = await this.#process.runtime.trigger('trial', label, { idempotencyKey: label })
      this.accepted.set(label, id)
    })
  }

  /** Questions, whose answers are compared with nothing while faults are about. */
  #poll(): void {
    const { runtime } = this.#process
    this.calls.ask('list', {}, () => runtime.executions())
    this.calls.ask('get', {}, () => runtime.execution('nobody').get())
    this.calls.ask('follow', {}, () => runtime.events({ since: 0 }).next())
  }

  async #finish(): Promise<void> {
    for (const { store } of this.processes) store.heal()
    for (let round = 0; this.stuck === undefined && round < 30; round++) {
      await this.pass(round < 10 ? 1_000 : 20_000)
      const again = this.calls.askAgain()
      const open = (await this.rows()).filter(({ status }) => !isTerminal(status))
      if (round === 2) this.calls.ask('stream resume', {}, () => this.#process.runtime.stream('trial').resume())
      for (const { id, status } of open) {
        const handle = this.#process.runtime.execution(id)
        if (status === 'paused' && round > 2) this.calls.ask('resume', { id }, () => handle.resume())
      }
      if (again === 0 && open.length === 0 && round > 2) break
    }
    if (this.stuck === undefined) await this.#tryAnew()
  }

  /** As many as there are slots, at the same time: each needs one. */
  async #tryAnew(): Promise<void> {
    const { runtime } = this.#process
    const labels = Array.from({ length: trialSlots }, (_, index) => `fresh${index}`)
    const fresh: (string | undefined)[] = labels.map(() => undefined)
    for (const [index, label] of labels.entries())
      this.calls.ask('fresh', {}, async () => {
        const handle = await runtime.trigger('trial', label)
        fresh[index] = (await handle.result()).status
      })
    await this.pass(5_000)
    this.fresh = fresh
    this.health = runtime.registry.health.getSnapshot().context.status
    for (const process of this.processes) this.calls.ask('stop', {}, () => process.runtime.stop())
    await this.pass(2_000)
  }
}
