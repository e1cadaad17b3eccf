/**
 * One simulated process: a runtime with its own connection, timers and ids, which can die, freeze and wake.
 *
 * Owns: that its death leaves nothing behind but what is stored. Steps run until a command lets them end.
 */
import type { SimulatedClock } from '../../src/testing/clock/simulated-clock.js'
import {
  createRuntime,
  defineEntryPoint,
  type Clock,
  type EntryPoint,
  type IdSource,
  type Runtime,
  type StepArguments,
} from '../../src/index.js'
import type { SnapshotStore } from '../../src/persistence/snapshot-store.js'
import type { Ledger } from './ledger.js'
import { machineOf, type ProgramOutputs, type StepInput } from './random-program.js'
import type { StreamSpec } from './script.js'
import { Fate, watchedStore } from './watched-store.js'

/** A step that runs. */
export interface Flight {
  readonly process: string
  readonly id: string
  readonly key: string
  readonly signal: AbortSignal
  over: boolean
  end(ok: boolean): void
}

/** What processes share. */
export interface Surroundings {
  readonly clock: SimulatedClock
  readonly ledger: Ledger
  readonly streams: readonly StreamSpec[]
  readonly flights: Flight[]
  random(): number
  connect(): Promise<SnapshotStore>
  isDead(ownerKey: string): boolean
}

/** One process. */
export class SimulatedProcess {
  readonly fate: Fate
  readonly runtime: Runtime
  readonly health: string[] = []
  readonly #around: Surroundings

  private constructor(fate: Fate, store: SnapshotStore, around: Surroundings) {
    this.fate = fate
    this.#around = around
    this.runtime = createRuntime({
      store,
      entryPoints: around.streams.map((spec, index) => this.#entryPoint(spec, index)),
      clock: clockOf(fate, around.clock),
      ids: idsOf(fate.name, around),
      lease: 15_000,
      pollInterval: 4_000,
      logger: (...args) => this.health.push(args.map(String).join(' ')),
    })
    this.runtime.registry.health.subscribe(({ context }) => this.health.push(`${context.status} ${context.error?.message ?? ''}`))
  }

  static async begin(name: string, around: Surroundings): Promise<SimulatedProcess> {
    const fate = new Fate(name)
    const delay = () => Math.floor(around.random() * 3)
    const store = watchedStore(await around.connect(), { fate, ledger: around.ledger, delay, isDead: around.isDead })
    return new SimulatedProcess(fate, store, around)
  }

  get name(): string {
    return this.fate.name
  }

  get lives(): boolean {
    return !this.fate.dead
  }

  /** As SIGKILL: no call is answered any more, no timer fires, no step goes on. */
  kill(): void {
    this.fate.dead = true
    this.fate.thaw()
    for (const flight of this.#around.flights) if (flight.process === this.name) flight.over = true
  }

  #entryPoint({ program, options }: StreamSpec, index: number): EntryPoint {
    const { compensates, ...rest } = options
    return defineEntryPoint({
      id: `stream${index}`,
      program: machineOf(program, this.#outputs()),
      ...rest,
      ...(compensates ? { cancelEvent: { type: 'STOP' } } : {}),
    }) as EntryPoint
  }

  #outputs(): ProgramOutputs {
    const { ledger, flights } = this.#around
    const { name, fate } = this
    const output = (kind: 'step' | 'action', id: string, tick: number, key: string, again: boolean) => {
      if (fate.dead) return
      ledger.outputs.push({ n: ++ledger.n, kind, process: name, id, tick, key, again, durableTick: ledger.durableTick(name, id) })
    }
    return {
      action: (id, tick) => output('action', id, tick, `action ${tick}`, false),
      step: ({ executionId, idempotencyKey, signal, input }: StepArguments<StepInput>) => {
        const again = flights.some(
          ({ key, over, process, signal: { aborted } }) => key === idempotencyKey && !over && !aborted && process === name,
        )
        output('step', executionId, input.tick, idempotencyKey, again)
        return new Promise((resolve, reject) => {
          const flight: Flight = {
            process: name,
            id: executionId,
            key: idempotencyKey,
            signal,
            over: fate.dead,
            end(ok) {
              if (flight.over) return
              flight.over = true
              ledger.n++
              if (ok) resolve({ key: idempotencyKey })
              else reject(new Error(`step ${idempotencyKey} failed`))
            },
          }
          flights.push(flight)
          if (input.heeds) signal.addEventListener('abort', () => flight.end(false), { once: true })
        })
      },
    }
  }
}

/** The shared clock as one process sees it: its timers die with it, and wait while it is frozen. */
function clockOf(fate: Fate, clock: SimulatedClock): Clock {
  const fired = async (fn: () => void) => {
    if (fate.frozen) await fate.thawed()
    if (!fate.dead) fn()
  }
  return {
    now: () => clock.now(),
    setTimeout(fn, ms) {
      const timer = { cancelled: false, handle: undefined as unknown }
      timer.handle = clock.setTimeout(() => {
        if (!fate.frozen) return void (fate.dead || fn())
        void fired(() => timer.cancelled || fn())
      }, ms)
      return timer
    },
    clearTimeout(handle) {
      if (handle === undefined) return
      const timer = handle as { cancelled: boolean; handle: unknown }
      timer.cancelled = true
      clock.clearTimeout(timer.handle)
    },
  }
}

function idsOf(name: string, { random }: Surroundings): IdSource {
  let count = 0
  return { execution: () => `${name}x${++count}`, key: () => `${name}key${++count}`, random }
}
