/** Triggers with ticks in simulated time. Owns: an entry point that notes the ticks of its executions, and letting days pass quickly. */
import { fromPromise } from 'xstate'
import { defineEntryPoint, type ActiveTrigger, type EntryPoint, type Runtime, type SnapshotStore } from '../../src/index.js'
import type { SimulatedClock } from '../../src/testing/clock/simulated-clock.js'
import { begin } from './begin.js'
import { turns } from './eventually.js'

export const minute = 60_000
export const hour = 60 * minute
export const day = 24 * hour
const year = 365 * day

/** Nothing but ticks happens by itself. */
export const quiet = { pollInterval: year, lease: 10 * year, retentionInterval: year }

/** What the program of a tick is given. */
export interface TickInput {
  readonly at: number
}

/** For the triggers of these tests. */
export const input = ({ at }: { readonly at: number }): TickInput => ({ at })

/** An entry point whose executions note their ticks, and end at once; or, if it `hangs`, once they are cancelled. */
export class TickShop {
  /** The ticks whose executions ran, in the order in which they did. */
  readonly ran: string[] = []
  readonly logged: string[] = []
  readonly entryPoint: EntryPoint
  readonly clock: SimulatedClock

  constructor(trigger: ActiveTrigger<TickInput>, options: { readonly clock: SimulatedClock; readonly hangs?: boolean }) {
    const { clock, hangs = false } = options
    this.clock = clock
    const program = fromPromise(async ({ input: given, signal }: { input: TickInput; signal: AbortSignal }) => {
      this.ran.push(iso(given.at))
      if (hangs) await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)))
    })
    this.entryPoint = defineEntryPoint({ id: 'ticks', program, trigger })
  }

  /** A process that runs it. */
  async begin(store: SnapshotStore, id = 'process', options: { readonly pollInterval?: number } = {}): Promise<Runtime> {
    const logger = (...args: unknown[]) => void this.logged.push(args.map(String).join(' '))
    const runtime = await begin({ ...quiet, ...options, store, clock: this.clock, entryPoints: [this.entryPoint], id, logger })
    await turns(20)
    return runtime
  }

  /** Lets time pass, and what is due happen at its time. */
  async pass(ms: number): Promise<void> {
    await this.clock.advance(ms, () => turns(12))
    await turns(30)
  }
}

/** An instant, as people read it. */
export const iso = (at: number) => new Date(at).toISOString().replace(':00.000Z', 'Z')

/** The ticks of all executions that the store has, in order, each as often as it has one. */
export async function storedTicks(store: SnapshotStore): Promise<string[]> {
  const { executions } = await store.query({ entryPoint: 'ticks', limit: 10_000 })
  return executions.map(({ idempotencyKey }) => iso(Date.parse(/\d{4}-[^#]*/.exec(idempotencyKey ?? '')?.[0] ?? ''))).toSorted()
}
