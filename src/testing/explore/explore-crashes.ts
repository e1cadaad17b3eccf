/**
 * Kills the process everywhere.
 *
 * Owns: which crashes are tried: before and after every commit and around every output, and pairs of them; what a run that was
 * killed must have in common with one that was not.
 */
import { seeded } from '../world/seeded-ids.js'
import { differences } from './differences.js'
import { Exploration } from './exploration.js'
import type { ExplorationReport } from './report.js'
import type { ExplorationOptions } from './exploration-options.js'
import type { Explored, Scenario } from './scenario.js'

/**
 * Runs a scenario once, then again with a crash at each of its points (before and after every commit, around the start and the
 * end of every step, every custom action, every emitted event), then with pairs of crashes.
 *
 * Each must come out as the undisturbed run: status, output, error, context, emitted events, the steps that ran, how often inline
 * actions ran, and what the scenario resolved with. Resolves with a report; rejects with an `ExplorationError` (code
 * `exploration_failed`) that names the smallest failing point, its cause, and shows both stories.
 *
 * Gotchas: named actions and steps in flight may run again after a crash; that shows only in what the scenario resolves with, such
 * as a ledger, which must then be idempotent as the real world has to be. The scenario must do the same each time.
 *
 * @example
 * ```ts
 * const report = await exploreCrashes(payments, async (runtime) => {
 *   runtime.mock('charge', ({ input }) => `${input} charged`)
 *   await runtime.trigger('payments', { amount: 42 })
 * })
 * console.log(report.failures.length) // prints 0
 * ```
 */
export async function exploreCrashes<TExplored extends Explored>(
  explored: TExplored,
  scenario: Scenario<TExplored>,
  options: ExplorationOptions = {},
): Promise<ExplorationReport> {
  const exploration = new Exploration({
    what: 'crashes',
    explored,
    scenario: scenario as never,
    options,
    compare: (expected, actual) => differences(expected, actual, options.inlineActions),
  })
  const undisturbed = await exploration.begin()
  const counts = new Map<number, number>()
  for (let at = 1; at <= undisturbed.points.length; at++) {
    const run = await exploration.disturb([{ at, what: 'crash' }])
    if (run) counts.set(at, run.points.length)
  }
  if (!exploration.hasFailed) {
    const random = seeded(options.seed ?? 1)
    // after a crash at the very end there is no other one
    const firsts = [...counts].filter(([first, last]) => last > first)
    const tried = new Set<string>()
    for (let pair = 0; pair < (options.pairs ?? 40) && firsts.length > 0; pair++) {
      const [first, last] = firsts[Math.floor(random() * firsts.length)] as [number, number]
      const second = first + 1 + Math.floor(random() * (last - first))
      if (tried.has(`${first} ${second}`)) continue
      tried.add(`${first} ${second}`)
      await exploration.disturb([
        { at: first, what: 'crash' },
        { at: second, what: 'crash' },
      ])
    }
  }
  return exploration.end()
}
