/**
 * Processes on one store whose executions belong to tenants, in simulated time, and an oracle beside them.
 *
 * Owns: the work that tenants ask for, and what the rows of the store say of the limits. The oracle makes the keys itself, from the inputs.
 */
import { expect } from 'vitest'
import { defineEntryPoint, fromStep, type EntryPointOptions } from '../../src/index.js'
import { decode } from '../../src/codec/snapshot-codec.js'
import { isTerminal } from '../../src/events/execution-status.js'
import type { SnapshotStore, StoredExecution } from '../../src/persistence/snapshot-store.js'
import { SimulatedClock } from '../../src/testing/index.js'
import type { Connection } from '../../src/testing/world/shared-store.js'
import { begin } from './begin.js'
import { turns } from './eventually.js'
import type { StorePlace } from './store-place.js'

/** What a tenant asks for: work that takes so many ms. */
export interface TenantWork {
  readonly tenant: string
  readonly n: number
  readonly length?: number
}

/** The limits of the entry point. */
export type TenantLimits = Pick<
  EntryPointOptions,
  'maxConcurrent' | 'maxQueued' | 'overflow' | 'durability' | 'queueTimeout' | 'retention' | 'ageing'
> & {
  readonly concurrency?: { readonly limit: number; readonly onBusy?: 'queue' | 'skip' | 'replace'; readonly isKeyed?: boolean }
  readonly rate?: { readonly limit: number; readonly per: number; readonly isKeyed?: boolean }
}

/** Which work began, in order. */
export interface Began {
  readonly process: string
  readonly work: TenantWork
  readonly at: number
}

/** A step that works for a while by the clock. */
const working = (clock: SimulatedClock, began: (work: TenantWork) => void) =>
  fromStep<string, TenantWork>(async ({ input, signal }) => {
    began(input)
    await new Promise<void>((resolve) => {
      clock.setTimeout(resolve, input.length ?? 100)
      signal.addEventListener('abort', () => resolve(), { once: true })
    })
    return `${input.tenant}${input.n}`
  })

/** Makes processes on one store. */
export function tenants(shared: StorePlace, { concurrency, rate, ...limits }: TenantLimits) {
  const clock = new SimulatedClock()
  const began: Began[] = []
  const keyOf = ({ tenant }: TenantWork) => tenant
  const keyed = (isKeyed = true) => (isKeyed ? { key: keyOf } : {})
  const entryPointOf = (name: string) =>
    defineEntryPoint({
      id: 'work',
      program: working(clock, (work) => began.push({ process: name, work, at: clock.now() })),
      ...(concurrency && {
        concurrency: {
          limit: concurrency.limit,
          ...keyed(concurrency.isKeyed),
          ...(concurrency.onBusy && { onBusy: concurrency.onBusy }),
        },
      }),
      ...(rate && { rate: { limit: rate.limit, per: rate.per, ...keyed(rate.isKeyed) } }),
      ...limits,
    })
  const start = async (
    name: string,
    over?: (store: SnapshotStore) => Partial<SnapshotStore>,
    change: Partial<EntryPointOptions> = {},
    store: Connection = shared.connect(over),
  ) => {
    const logged: unknown[][] = []
    const logger = (...args: unknown[]) => void logged.push(args)
    const entryPoints = [{ ...entryPointOf(name), ...change } as ReturnType<typeof entryPointOf>] as const
    const runtime = await begin({ store, id: name, clock, entryPoints, logger, pollInterval: 100 })
    const queued = () => runtime.registry.streams.getSnapshot().context['work']?.queued ?? 0
    const trigger = (tenant: string, n: number, options: object = {}, length?: number) =>
      runtime.trigger('work', length === undefined ? { tenant, n } : { tenant, n, length }, options)
    return { runtime, store, queued, logged, trigger }
  }
  const reader = shared.connect()
  const rows = async (): Promise<StoredExecution[]> => {
    await reader.open()
    const found: StoredExecution[] = []
    for (let cursor: string | undefined, goesOn = true; goesOn; goesOn = cursor !== undefined) {
      const page = await reader.query({ entryPoint: 'work', limit: 1_000, ...(cursor ? { cursor } : {}) })
      found.push(...page.executions)
      cursor = page.cursor
    }
    return found
  }
  const keyIn = (row: StoredExecution, isKeyed = true) =>
    isKeyed ? decode<TenantWork>(row.input, { id: row.id, what: 'input' }).tenant : ''
  /** What the rows say breaks a limit; to be asked at any instant. */
  const check = async () => {
    const all = await rows()
    if (concurrency) {
      const held = new Map<string, string[]>()
      for (const row of all) {
        if (row.startedAt === null || isTerminal(row.status)) continue
        const key = keyIn(row, concurrency.isKeyed)
        held.set(key, [...(held.get(key) ?? []), `${row.id} ${row.status}`])
      }
      for (const [key, ids] of held) expect(ids.length, `${key}: ${ids.join(', ')}`).toBeLessThanOrEqual(concurrency.limit)
    }
    if (rate) {
      const starts = new Map<string, number[]>()
      for (const row of all) {
        if (row.startedAt === null) continue
        const key = keyIn(row, rate.isKeyed)
        starts.set(key, [...(starts.get(key) ?? []), row.startedAt])
      }
      for (const [key, times] of starts) {
        const sorted = times.toSorted((a, b) => a - b)
        const tooSoon = sorted.filter((at, index) => at - (sorted[index - rate.limit] ?? -Infinity) < rate.per)
        expect(tooSoon, `${key}: ${sorted.join(', ')}`).toEqual([])
      }
    }
    return all
  }
  /** Lets time pass, and looks at the limits at each step of it. */
  const pass = async (ms: number, step = 25) => {
    await turns(12)
    for (let passed = 0; passed < ms; passed += step) {
      await clock.advance(step, () => turns(12))
      await turns(12)
      await check()
    }
  }
  return { clock, began, entryPointOf, start, pass, check, rows, order: () => began.map(({ work }) => `${work.tenant}${work.n}`) }
}
