/** Schedules in simulated time. Owns: an entry point that notes what its executions were given and when they ran, and processes that run it. */
import { fromPromise } from 'xstate'
import { createClient, defineEntryPoint, type SnapshotStore } from '../../src/index.js'
import { SimulatedClock } from '../../src/testing/clock/simulated-clock.js'
import { begin } from './begin.js'
import { turns } from './eventually.js'
import { iso, quiet } from './ticks.js'

/** The input of a job. */
export interface JobInput {
  readonly name: string
}

/** Jobs that note when they ran, and end at once; or, if they `hang`, once they are cancelled. */
export class JobShop {
  /** Name and instant of all that ran, in the order in which they did. */
  readonly ran: string[] = []
  readonly logged: string[] = []
  readonly clock = new SimulatedClock(Date.UTC(2026, 0, 5, 12))
  readonly #hangs: boolean

  constructor({ hangs = false }: { readonly hangs?: boolean } = {}) {
    this.#hangs = hangs
  }

  readonly entryPoint = defineEntryPoint({
    id: 'jobs',
    program: fromPromise<void, JobInput>(async ({ input, signal }) => {
      this.ran.push(`${input.name} ${iso(this.clock.now())}`)
      if (this.#hangs) await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)))
    }),
  })

  /** A process that runs them; of others it notices nothing by itself unless it has another `pollInterval`. */
  async begin(store: SnapshotStore, id = 'process', options: { readonly pollInterval?: number } = {}) {
    const logger = (...args: unknown[]) => void this.logged.push(args.map(String).join(' '))
    const runtime = await begin({ ...quiet, ...options, store, clock: this.clock, entryPoints: [this.entryPoint], id, logger })
    await turns(20)
    return runtime
  }

  client(store: SnapshotStore) {
    return createClient({ store, clock: this.clock, entryPoints: [this.entryPoint] })
  }

  /** Lets time pass, and what is due happen at its time. */
  async pass(ms: number): Promise<void> {
    await this.clock.advance(ms, () => turns(16))
    await turns(40)
  }
}

/** The types of the events of schedules, each with the schedule. */
export async function scheduleEvents(store: SnapshotStore): Promise<string[]> {
  const events = await store.events({ since: 0, limit: 10_000 })
  return events
    .filter(({ type }) => type.startsWith('schedule.'))
    .map(
      ({ type, data }) =>
        `${type} ${(JSON.parse(data ?? '{}') as { json?: { schedule?: string } }).json?.schedule ?? /"schedule":"([^"]*)"/.exec(data ?? '')?.[1] ?? ''}`,
    )
}
