/**
 * Stops and starts, and empties memory, everywhere.
 *
 * Owns: which of that is tried: a stop and start at every point, pairs of them, a passivation after every commit, and one after
 * all of them; what such a run must have in common with one that nobody disturbed.
 */
import { seeded } from '../world/seeded-ids.js'
import { differences } from './differences.js'
import { Exploration } from './exploration.js'
import type { ExplorationReport } from './report.js'
import type { ExplorationOptions } from './exploration-options.js'
import type { Explored, Scenario } from './scenario.js'

/**
 * Runs a scenario once, then again with a deploy at each of its points (the process stops as it should, and another one begins),
 * with an execution leaving memory after each of its commits, with that after all of them, and with pairs of deploys. That is
 * what happens to every machine in earnest, without any crash.
 *
 * Each must come out as the undisturbed run, as with `exploreCrashes`. Where what is explored is a function, each process makes
 * its entry points anew, so that what a machine keeps in a closure is lost with its process (cause `memory_lost`). Resolves with
 * a report; rejects with an `ExplorationError` (code `exploration_failed`).
 *
 * Gotchas: what an execution waits for comes only after it has left memory, even where the scenario does not wait. Variables
 * of a module outlive a process here: make in the function what belongs to one.
 *
 * @example
 * ```ts
 * const report = await exploreRestarts(
 *   () => defineEntryPoint({ id: 'tickets', program: ticketMachine }),
 *   async (runtime) => {
 *     const ticket = await runtime.trigger('tickets', { id: 1 })
 *     await ticket.send({ type: 'APPROVE' })
 *   },
 * )
 * console.log(report.failures.length) // prints 0
 * ```
 */
export async function exploreRestarts<TExplored extends Explored>(
  explored: TExplored,
  scenario: Scenario<TExplored>,
  options: ExplorationOptions = {},
): Promise<ExplorationReport> {
  const all = { fresh: 'process', ...options } as const
  const exploration = new Exploration({
    what: 'restarts',
    explored,
    scenario: scenario as never,
    options: all,
    compare: (expected, actual) => differences(expected, actual, options.inlineActions),
  })
  const undisturbed = await exploration.begin()
  const counts: (readonly [number, number])[] = []
  for (const { n: at, kind, side } of undisturbed.points) {
    const run = await exploration.disturb([{ at, what: 'restart' }])
    if (run && run.points.length > at) counts.push([at, run.points.length])
    const isWrite = kind === 'commit' || kind === 'inbox'
    if (isWrite && side === 'after') await exploration.disturb([{ at, what: 'passivation' }])
  }
  await exploration.disturb([{ at: 'every commit', what: 'passivation' }])
  if (!exploration.hasFailed) {
    const random = seeded(options.seed ?? 1)
    for (let pair = 0; pair < (options.pairs ?? 20) && counts.length > 0; pair++) {
      const [first, last] = counts[Math.floor(random() * counts.length)] as readonly [number, number]
      const second = first + 1 + Math.floor(random() * (last - first))
      await exploration.disturb([
        { at: first, what: 'restart' },
        { at: second, what: 'restart' },
      ])
    }
  }
  return exploration.end()
}
