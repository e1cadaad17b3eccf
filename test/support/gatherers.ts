/**
 * Processes on one store whose triggers go into executions together, in simulated time, and an oracle beside them.
 *
 * Owns: what was asked for, when it was acknowledged and what ran, in one order; and what must hold of that at the end. The oracle knows
 * nothing of how triggers are gathered: it compares what callers were told with what programs got.
 */
import { expect } from 'vitest'
import { defineEntryPoint, fromStep, type EntryPoint, type StepArguments } from '../../src/index.js'
import { storedInput } from '../../src/actors/execution/execution-record.js'
import type { SnapshotStore, StoredExecution } from '../../src/persistence/snapshot-store.js'
import { SimulatedClock } from '../../src/testing/index.js'
import type { Connection } from '../../src/testing/world/shared-store.js'
import { begin } from './begin.js'
import { turns } from './eventually.js'
import type { StorePlace } from './store-place.js'

/** How triggers are gathered. */
export type Gathers =
  | { readonly debounce: { readonly quiet: number; readonly atMost?: number } }
  | { readonly batch: { readonly size: number; readonly within: number } }

/** One trigger, and what its caller was told. Places are those in the order of all that happened. */
interface Asked {
  readonly n: number
  readonly process: string
  readonly calledAt: number
  ackedAt: number
  id: string | undefined
}

interface Ran {
  readonly ns: readonly number[]
  readonly place: number
}

/** Makes processes on one store. */
export function gatherers(shared: StorePlace, gathers: Gathers) {
  const clock = new SimulatedClock()
  const asked: Asked[] = []
  const ran: Ran[] = []
  let happened = 0
  const next = () => ++happened
  const isBatch = 'batch' in gathers

  const entryPoint = (): EntryPoint => {
    // some take their time, so that triggers come while they run
    const logs = fromStep(async ({ input, signal }: StepArguments<unknown>) => {
      const ns = isBatch ? (input as number[]) : [input as number]
      ran.push({ ns, place: next() })
      const length = ((ns[0] ?? 0) % 3) * 200
      if (length === 0) return
      await new Promise<void>((resolve) => {
        clock.setTimeout(resolve, length)
        signal.addEventListener('abort', () => resolve(), { once: true })
      })
    })
    return defineEntryPoint({ id: 'gather', program: logs as never, maxConcurrent: 1, ...gathers } as never) as never
  }

  const start = async (name: string, store: Connection = shared.connect()) => {
    const runtime = await begin({ store, id: name, clock, entryPoints: [entryPoint()], pollInterval: 100, lease: 1_000 })
    /** Never rejects: a process that dies answers nobody. */
    const trigger = async (options: object = {}): Promise<void> => {
      const call: Asked = { n: asked.length, process: name, calledAt: next(), ackedAt: Infinity, id: undefined }
      asked.push(call)
      const { id } = await runtime.trigger('gather', call.n, options)
      call.id = id
      call.ackedAt = next()
    }
    return { runtime, store, trigger, name }
  }

  const reader = shared.connect()
  const rows = async (): Promise<StoredExecution[]> => {
    await reader.open()
    return [...(await reader.query({ entryPoint: 'gather', limit: 1_000 })).executions].toReversed()
  }
  const inputOf = (row: StoredExecution) => (isBatch ? (storedInput(row) as number[]) : [storedInput(row) as number])

  /** What must hold once nothing is under way any more. */
  const check = async () => {
    const all = await rows()
    expect(all.filter(({ status }) => status !== 'completed' && status !== 'cancelled')).toEqual([])
    const acked = asked.filter(({ id }) => id !== undefined)
    for (const { id } of acked) expect(all.map((row) => row.id)).toContain(id)
    for (const row of all) {
      const input = inputOf(row)
      const own = acked.filter(({ id }) => id === row.id)
      const runs = ran.filter(({ ns }) => ns.join() === input.join())
      // what completed has run with the input that is stored, and no other ran
      if (row.status === 'completed') expect(runs.length, `runs of ${input.join()}`).toBeGreaterThan(0)
      const began = Math.min(Infinity, ...runs.map(({ place }) => place))
      for (const { n, calledAt } of own) expect(calledAt, `${n} joined one that had started`).toBeLessThan(began)
      if (isBatch) continue
      // the last: no other one of it was asked for after this one had been acknowledged
      const last = asked.find(({ n }) => n === input[0]) as Asked
      for (const other of own) expect(other.calledAt, `${other.n} after ${last.n}`).toBeLessThan(last.ackedAt)
    }
    if (isBatch) {
      const elements = all.flatMap((row) => inputOf(row).map((n) => ({ n, id: row.id })))
      expect(new Set(elements.map(({ n }) => n)).size, 'each once').toBe(elements.length)
      for (const { n, id } of acked) expect(elements).toContainEqual({ n, id })
      for (const row of all) expect(inputOf(row).length).toBeLessThanOrEqual((gathers as { batch: { size: number } }).batch.size)
      // a caller that waits for each answer finds its elements in its order
      for (const name of new Set(asked.map((call) => call.process))) {
        const mine = elements.filter(({ n }) => asked[n]?.process === name && asked[n]?.id !== undefined).map(({ n }) => n)
        expect(mine).toEqual(mine.toSorted((a, b) => a - b))
      }
    }
    const known = new Set(all.map((row) => inputOf(row).join()))
    for (const { ns } of ran) expect(known, `what ran: ${ns.join()}`).toContain(ns.join())
    return all
  }

  const pass = async (ms: number, step = 50) => {
    await turns(12)
    for (let passed = 0; passed < ms; passed += step) {
      await clock.advance(Math.min(step, ms - passed), () => turns(8))
      await turns(8)
    }
  }
  return { clock, asked, ran, start, pass, check, rows, inputOf }
}

/** A connection whose answers can be held back, as those of a process that is stopped. */
export function freezable(shared: StorePlace): { readonly store: Connection; freeze(): void; thaw(): void } {
  let gate: Promise<void> | undefined
  let open: () => void = () => undefined
  const store = shared.connect((own) => {
    const held = Object.entries(own).map(([name, call]: [string, unknown]) => {
      if (typeof call !== 'function' || name === 'open' || name === 'close') return [name, call]
      const through = async (...args: unknown[]): Promise<unknown> => {
        if (gate) await gate
        const answer: unknown = await (call as (...given: unknown[]) => unknown)(...args)
        if (gate) await gate
        return answer
      }
      return [name, through]
    })
    return Object.fromEntries(held) as Partial<SnapshotStore>
  })
  return {
    store,
    freeze() {
      gate ??= new Promise((resolve) => (open = resolve))
    },
    thaw() {
      gate = undefined
      open()
    },
  }
}
