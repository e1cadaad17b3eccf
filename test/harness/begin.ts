/** Starting runtimes in a test. Owns: that each is stopped when its test ends. */
import { onTestFinished } from 'vitest'
import { createRuntime, type EntryPoint, type Runtime, type RuntimeOptions } from '../../src/index.js'

/** A started runtime; it stops with the test. */
export async function begin<const TEntryPoints extends readonly EntryPoint[]>(
  options: RuntimeOptions<TEntryPoints>,
): Promise<Runtime<TEntryPoints>> {
  const runtime = createRuntime<TEntryPoints>({ pollInterval: 5, ...options })
  onTestFinished(() => runtime.stop().catch(() => undefined))
  await runtime.start()
  return runtime
}
