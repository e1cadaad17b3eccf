/** What is explored: entry points, and what a scenario does with them. Owns the forms in which both may be given. */
import type { EntryPoint } from '../../runtime/entry-point.js'
import type { TestRuntime } from '../world/test-runtime.js'

/** One entry point, several, or a function that makes them anew for each run (so that what their machines close over is fresh). */
export type Explored = EntryPoint | readonly EntryPoint[] | (() => EntryPoint | readonly EntryPoint[])

type Made<T> = T extends () => infer TMade ? TMade : T
type ListOf<T> = T extends readonly EntryPoint[] ? T : T extends EntryPoint ? readonly [T] : never

/** The entry points of what is explored, as a list. */
export type EntryPointsOf<TExplored extends Explored> = ListOf<Made<TExplored>>

/**
 * Sets its mocks, triggers, sends, lets time pass. What it resolves with is compared, such as a ledger of what was charged.
 * It may be async, must do the same in each run, and leave judging to the exploration.
 */
export type Scenario<TExplored extends Explored> = (runtime: TestRuntime<EntryPointsOf<TExplored>>) => unknown

/** The entry points for one run. */
export function entryPointsFor(explored: Explored): readonly EntryPoint[] {
  const made = typeof explored === 'function' ? explored() : explored
  return Array.isArray(made) ? (made as readonly EntryPoint[]) : [made as EntryPoint]
}
