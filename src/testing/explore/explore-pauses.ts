/** Pauses everywhere. Owns which pauses are tried: both modes, at every point, each followed by a resume. */
import { differences } from './differences.js'
import { Exploration } from './exploration.js'
import type { ExplorationReport } from './report.js'
import type { ExplorationOptions } from './exploration-options.js'
import { pointsOfChildren } from './run.js'
import type { Explored, Scenario } from './scenario.js'

/**
 * Runs a scenario once, then again with a pause (`boundary`, and `now`) at each of its points, and so also against the start and
 * the end of every step; each pause is followed by a resume as soon as it is answered. Where an execution
 * was started by another one, that one is paused as well.
 *
 * Each must come out as the undisturbed run, as with `exploreCrashes`. Resolves with a report; rejects with an
 * `ExplorationError` (code `exploration_failed`).
 *
 * Gotcha: a pause that waits for a step in flight holds the timers meanwhile, so that a step may win against a time limit that it
 * would have lost: cause `timer_race`; say `accept: ['timer_race']` if that is as it should be.
 *
 * @example
 * ```ts
 * const report = await explorePauses(tickets, async (runtime) => {
 *   const ticket = await runtime.trigger('tickets', { id: 1 })
 *   await ticket.send({ type: 'APPROVE' })
 * })
 * console.log(report.failures.length) // prints 0
 * ```
 */
export async function explorePauses<TExplored extends Explored>(
  explored: TExplored,
  scenario: Scenario<TExplored>,
  options: ExplorationOptions = {},
): Promise<ExplorationReport> {
  const exploration = new Exploration({
    what: 'pauses',
    explored,
    scenario: scenario as never,
    options,
    compare: (expected, actual) => differences(expected, actual, options.inlineActions),
  })
  const undisturbed = await exploration.begin()
  for (const what of ['pause', 'pause now'] as const)
    for (const { n: at } of undisturbed.points) await exploration.disturb([{ at, what }])
  for (const what of ['pause of the parent', 'pause now of the parent'] as const)
    for (const at of pointsOfChildren(undisturbed)) await exploration.disturb([{ at, what }])
  return exploration.end()
}
