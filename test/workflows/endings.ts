/**
 * One promise about workflows: each scenario ends as it should.
 *
 * Owns: running a scenario once, undisturbed, and comparing its end and its effects.
 */
import { expect, test } from 'vitest'
import type { EntryPoint } from '../../src/index.js'
import { createTestRuntime, type TestRuntime } from '../../src/testing/world/test-runtime.js'

/** How a scenario ends: in which state, with which output, and what it resolves with. */
export type Ending = readonly [state: string, output: unknown, effects?: readonly string[]]

/** A test for each scenario, in simulated time. */
export function endsAs<TEntryPoint extends EntryPoint, TName extends string>(
  entryPoint: TEntryPoint,
  scenarios: Readonly<Record<TName, (runtime: TestRuntime<readonly [TEntryPoint]>) => unknown>>,
  endings: Readonly<Record<NoInfer<TName>, Ending>>,
): void {
  for (const name of Object.keys(scenarios) as TName[]) {
    test(`${entryPoint.id}: ${name}`, async () => {
      const runtime = createTestRuntime({ entryPoints: [entryPoint] })
      const effects = await scenarios[name](runtime)
      const { executions } = await runtime.executions()
      expect(executions.map(({ status, value, output }) => [status, value, output])).toEqual([
        ['completed', ...endings[name].slice(0, 2)],
      ])
      expect(effects).toEqual(endings[name][2])
      await runtime.stop()
    })
  }
}
