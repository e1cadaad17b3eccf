/** Starting runtimes in a test. Owns: that each is stopped when its test ends. */
import { onTestFinished } from 'vitest'
import { createRuntime, type EntryPoint, type Runtime, type RuntimeOptions } from '../../src/index.js'
import type { Connection } from '../../src/testing/world/shared-store.js'

/** A started runtime; it stops with the test. */
export async function begin<const TEntryPoints extends readonly EntryPoint[]>(
  options: RuntimeOptions<TEntryPoints>,
): Promise<Runtime<TEntryPoints>> {
  // in simulated time every poll is a step of its own
  const pollInterval = options.clock ? 10_000 : 5
  const runtime = createRuntime<TEntryPoints>({ pollInterval, ...options })
  onTestFinished(async () => {
    // the dead don't stop
    if (!(options.store as Partial<Connection>).isCut) await runtime.stop().catch(() => undefined)
  })
  await runtime.start()
  return runtime
}
