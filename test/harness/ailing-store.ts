/**
 * A store that fails on command.
 *
 * Owns: which calls fail, how often, and whether before they have had their effect or after it.
 */
import type { SnapshotStore } from '../../src/index.js'

/** A call of the contract. */
export type StoreCall = Exclude<keyof SnapshotStore, 'name' | 'location' | 'open' | 'close'>

/** The calls that write. */
export const writes: readonly StoreCall[] = [
  'commit',
  'enqueue',
  'register',
  'heartbeat',
  'retire',
  'claim',
  'setControl',
  'prune',
]

/** The calls that only read. */
export const reads: readonly StoreCall[] = [
  'load',
  'absence',
  'query',
  'counts',
  'events',
  'lastSeq',
  'checkpoints',
  'checkpoint',
  'inbox',
  'answer',
  'owners',
  'orphans',
  'nextDue',
  'control',
]

/** What every failing call throws: nothing typed, as a driver would. */
export const trouble = new Error('the disk is on fire')

/** A store over another one. */
export interface AilingStore extends SnapshotStore {
  /** From now on these calls throw. */
  fail(calls: readonly StoreCall[]): void
  /** The `n`-th call from now on (from 1) throws, once or so many `times`: before it has had its effect, or after. */
  failOnce(call: StoreCall, n?: number, when?: 'before' | 'after', times?: number): void
  heal(): void
  /** How many calls there were of each kind. */
  readonly calls: Partial<Record<string, number>>
  /** How many of them threw. */
  readonly failures: number
}

/** Wraps a store, which works until it is told otherwise. */
export function ailingStore(store: SnapshotStore): AilingStore {
  const failing = new Set<string>()
  const once = new Map<string, { left: number; times: number; when: 'before' | 'after' }>()
  const calls: Partial<Record<string, number>> = {}
  let failures = 0
  const toThrow = () => {
    failures++
    return trouble
  }
  const own = {
    calls,
    fail: (which: readonly StoreCall[]) => which.forEach((call) => failing.add(call)),
    failOnce: (call: StoreCall, n = 1, when: 'before' | 'after' = 'before', times = 1) =>
      void once.set(call, { left: n, times, when }),
    heal() {
      failing.clear()
      once.clear()
    },
  }
  const ail =
    (name: string, member: (...args: unknown[]) => Promise<unknown>) =>
    async (...args: unknown[]) => {
      calls[name] = (calls[name] ?? 0) + 1
      const now = once.get(name)
      const fails = now !== undefined && --now.left <= 0
      if (fails && --now.times === 0) once.delete(name)
      if (failing.has(name) || (fails && now.when === 'before')) throw toThrow()
      const result = await member(...args)
      if (fails) throw toThrow()
      return result
    }
  const ailing = Object.entries(store).map(([name, member]: [string, unknown]) => [
    name,
    typeof member === 'function' ? ail(name, member as (...args: unknown[]) => Promise<unknown>) : member,
  ])
  return {
    ...(Object.fromEntries(ailing) as SnapshotStore),
    ...own,
    get failures() {
      return failures
    },
  }
}
