/** Which test runtime gave a handle out. Owns nothing but that. */
import type { ExecutionHandle } from '../../execution-handle.js'
import type { TestRuntime } from './test-runtime.js'

const runtimes = new WeakMap<object, TestRuntime>()

/** The runtime that gave a handle out, if it was a test runtime. */
export const testRuntimeOf = (handle: object): TestRuntime | undefined => runtimes.get(handle)

/** The same handle, known to be given out by that runtime. */
export function owned<T extends ExecutionHandle>(handle: T, runtime: object): T {
  runtimes.set(handle, runtime as TestRuntime)
  return handle
}
