/**
 * One simulated process: a runtime with its own connection and timers, which can die, freeze and wake.
 *
 * Owns: that its death leaves nothing behind but what is stored. Steps run until a command lets them end.
 */
import {
  createRuntime,
  defineEntryPoint,
  type EntryPoint,
  type IdSource,
  type Runtime,
  type StepArguments,
} from '../../src/index.js'
import type { SimulatedClock } from '../../src/testing/clock/simulated-clock.js'
import type { Connection, SharedStore } from '../../src/testing/world/shared-store.js'
import { turn } from '../support/eventually.js'
import { Fate } from './fate.js'
import { firedEntryPoints, type FiresSpec } from './fired.js'
import { gatheredEntryPoints, type GathersSpec } from './gathered.js'
import type { Ledger, Output } from './ledger.js'
import { limitsOf } from './limited.js'
import type { Pace } from './pace.js'
import { machineOf, type ProgramOutputs, type StepInput } from './random-program.js'
import type { StreamSpec } from './script.js'
import { watchedStore } from './watched-store.js'

/** A step that runs. */
export interface Flight {
  readonly process: string
  readonly id: string
  readonly key: string
  readonly signal: AbortSignal
  readonly heeds: boolean
  readonly lingers: boolean
  /** Its place among all observations. */
  readonly n: number
  /** When it came to an error by itself. */
  failedAt: number | undefined
  over: boolean
  /** Its place when it was over. */
  overAt: number
  /** When it was told to stop. */
  abortedAt: number | undefined
  /** Its process was frozen meanwhile, or is leaving: others may have taken over what it does. */
  isTaken: boolean
  end(ok: boolean): void
}

/** True of a step that goes on for some time after it was told to stop. */
const outlasts = ({ heeds, lingers }: Pick<Flight, 'heeds' | 'lingers'>) => !heeds || lingers

/** A callback that has begun and was not cleaned up. */
export interface LiveCallback {
  readonly process: string
  readonly id: string
}

/** The `cancelTimeout` of the entry points. */
export const HEEDED = 10_000

/** How long a step takes that ends by itself, in ms. */
const SOON = 300

/** How long one takes that lingers after it was told to stop, in ms. */
const LINGERS = 2_000

/** What processes share. */
export interface Surroundings {
  readonly clock: SimulatedClock
  readonly ids: IdSource
  readonly shared: SharedStore
  readonly ledger: Ledger
  readonly streams: readonly StreamSpec[]
  readonly fires: FiresSpec | undefined
  readonly gathers: GathersSpec | undefined
  readonly flights: Flight[]
  readonly callbacks: Set<LiveCallback>
  /** True if steps end by themselves, soon: one that runs for long beside what ends its process may be blamed with it. */
  readonly endsSoon: boolean
  readonly delay: Pace
}

/** One process. */
export class SimulatedProcess {
  readonly fate: Fate
  readonly runtime: Runtime
  readonly health: string[] = []
  hasBeenFrozen = false
  /** It was told to stop. */
  isLeaving = false
  /** By the monotonic clock. */
  readonly begunAt: number
  readonly #around: Surroundings
  readonly #connection: Connection

  /** The `n`th process, from 1. */
  constructor(n: number, around: Surroundings) {
    const { clock, ids, shared, ledger, delay } = around
    const fate = new Fate(n, clock)
    this.fate = fate
    this.begunAt = clock.monotonic()
    this.#around = around
    this.#connection = shared.connect((store) => watchedStore(store, { fate, ledger, delay }))
    this.runtime = createRuntime({
      store: this.#connection,
      entryPoints: [
        ...around.streams.map((spec, index) => this.#entryPoint(spec, index)),
        ...(around.fires ? firedEntryPoints(around.fires) : []),
        ...(around.gathers ? gatheredEntryPoints(around.gathers) : []),
      ],
      clock: fate.life.clock,
      ids,
      lease: 15_000,
      pollInterval: 4_000,
      logger: (...args) => this.health.push(args.map(String).join(' ')),
    })
    this.runtime.registry.health.subscribe(({ context }) => this.health.push(`${context.status} ${context.error?.message ?? ''}`))
  }

  get name(): string {
    return this.fate.name
  }

  get lives(): boolean {
    return !this.fate.dead
  }

  /** As SIGSTOP. */
  freeze(): void {
    this.hasBeenFrozen = true
    this.fate.freeze()
    for (const flight of this.#around.flights) if (flight.process === this.name) flight.isTaken = true
  }

  /** It is told to stop, without grace: what of it does not heed that runs on beside the next owner's, and ends with it. */
  leave(): void {
    this.isLeaving = true
    for (const flight of this.#around.flights) if (flight.process === this.name && outlasts(flight)) flight.isTaken = true
  }

  /** As SIGKILL: no call is answered any more, no timer fires, no step goes on. */
  kill(): void {
    this.fate.kill()
    this.#connection.cut()
    for (const flight of this.#around.flights) {
      if (flight.process !== this.name || flight.over) continue
      flight.over = true
      flight.overAt = this.#around.ledger.next()
    }
    for (const live of this.#around.callbacks) if (live.process === this.name) this.#around.callbacks.delete(live)
  }

  #entryPoint({ program, options, limits }: StreamSpec, index: number): EntryPoint {
    const { compensates, ...rest } = options
    const next = index + 1 < this.#around.streams.length ? `stream${index + 1}` : undefined
    const below = limits?.nests ? `stream${index}` : next
    return defineEntryPoint({
      id: `stream${index}`,
      program: machineOf(program, this.#outputs(), below, limits?.nests),
      ...rest,
      ...limitsOf(limits),
      ...(compensates ? { cancelEvent: { type: 'STOP' } } : {}),
    }) as EntryPoint
  }

  #outputs(): ProgramOutputs {
    const { ledger, flights, callbacks, clock, endsSoon, delay } = this.#around
    const { name, fate } = this
    const output = (
      kind: Output['kind'],
      id: string,
      tick: number,
      key: string,
      { again = false, stopped = false, unasked = false } = {},
    ) => {
      if (fate.dead) return
      ledger.outputs.push({
        n: ledger.next(),
        kind,
        process: name,
        id,
        tick,
        key,
        again,
        stopped,
        unasked,
        durableTick: ledger.durableTick(name, id),
      })
    }
    return {
      now: () => clock.monotonic(),
      pass: async () => {
        const end = ledger.activity.real('action')
        for (let left = delay('action'); left > 0; left--) await turn()
        end()
        ledger.next()
      },
      action: (id, tick) => output('action', id, tick, `action ${tick}`),
      undoes: (id) => void ledger.undoings.add(id),
      late: (id) => output('late', id, 0, 'an action after one that throws'),
      callback: (id) => {
        const live = { process: name, id }
        callbacks.add(live)
        ledger.next()
        return () => {
          callbacks.delete(live)
          ledger.next()
        }
      },
      dies: () => {
        if (!fate.dead) queueMicrotask(() => this.kill())
      },
      step: ({ executionId, idempotencyKey, signal, input }: StepArguments<StepInput>) => {
        // one that was told to stop and does not heed that is waited for as long as a cancel waits
        const isUp = ({ abortedAt = Infinity }: Flight) => clock.monotonic() - abortedAt < HEEDED
        const again = flights.some(
          (flight) => flight.key === idempotencyKey && !flight.over && !flight.isTaken && isUp(flight) && !fate.dead,
        )
        const before = flights.findLast(({ key }) => key === idempotencyKey)
        // an attempt of the program that failed with it begins anew, once that is durable in whichever process
        const hasFailed = (at: number) =>
          before?.process === name || ledger.history(executionId).some(({ n, process }) => n > at && process === before?.process)
        const isAsked =
          (before?.failedAt !== undefined && hasFailed(before.failedAt)) ||
          (input.once === 'hold' && ledger.resumes.some((n) => n > (before?.n ?? 0)))
        const unasked = input.once !== undefined && before !== undefined && !isAsked
        output('step', executionId, input.tick, idempotencyKey, { again, stopped: signal.aborted, unasked })
        if (input.kills && !fate.dead) queueMicrotask(() => this.kill())
        return new Promise((resolve, reject) => {
          const flight: Flight = {
            process: name,
            id: executionId,
            key: idempotencyKey,
            signal,
            heeds: input.heeds,
            lingers: input.lingers === true,
            n: ledger.next(),
            failedAt: undefined,
            over: fate.dead,
            overAt: Infinity,
            isTaken: this.isLeaving && outlasts({ heeds: input.heeds, lingers: input.lingers === true }),
            abortedAt: signal.aborted ? clock.monotonic() : undefined,
            end(ok) {
              if (flight.over) return
              flight.over = true
              const n = (flight.overAt = ledger.next())
              if (!ok && !signal.aborted) flight.failedAt = n
              if (ok) resolve({ key: idempotencyKey })
              else reject(new Error(`step ${idempotencyKey} failed`))
            },
          }
          flights.push(flight)
          if (endsSoon) fate.life.clock.setTimeout(() => flight.end(true), SOON)
          signal.addEventListener('abort', () => (flight.abortedAt = clock.monotonic()), { once: true })
          const stop = () =>
            input.lingers ? void fate.life.clock.setTimeout(() => flight.end(false), LINGERS) : flight.end(false)
          if (input.heeds) signal.addEventListener('abort', stop, { once: true })
        })
      },
    }
  }
}
