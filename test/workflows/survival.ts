/**
 * One promise about workflows: each scenario survives whatever disturbs it, at any of its points.
 *
 * Owns: running every exploration on every scenario of an entry point. An exploration that fails says at which point, why,
 * and shows both stories.
 */
import { expect, test } from 'vitest'
import type { EntryPoint } from '../../src/index.js'
import { exploreCancels } from '../../src/testing/explore/explore-cancels.js'
import { exploreCrashes } from '../../src/testing/explore/explore-crashes.js'
import { explorePauses } from '../../src/testing/explore/explore-pauses.js'
import { exploreRestarts } from '../../src/testing/explore/explore-restarts.js'
import type { Scenario } from '../../src/testing/explore/scenario.js'

/** A hundred runs and more, beside others, on a slow machine. */
const PATIENCE = 60_000

const explorations = {
  'a crash': exploreCrashes,
  'a pause': explorePauses,
  'a cancel': exploreCancels,
  'a restart or a passivation': exploreRestarts,
}

/** A test for each scenario and each exploration. */
export function survives<TEntryPoint extends EntryPoint>(
  entryPoint: TEntryPoint,
  scenarios: Readonly<Record<string, Scenario<TEntryPoint>>>,
): void {
  for (const [name, scenario] of Object.entries(scenarios)) {
    for (const [what, explore] of Object.entries(explorations)) {
      test(
        `${entryPoint.id}, ${name}: ${what} at any point`,
        async () => {
          const report = await explore(entryPoint, scenario)
          expect(report.leftOut).toBe(0)
        },
        PATIENCE,
      )
    }
  }
}
