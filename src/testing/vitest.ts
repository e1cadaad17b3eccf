/**
 * `stateward/testing/vitest`: teaches vitest the matchers and the snapshot serialiser, for all tests of the file, or of
 * every file as one of `setupFiles`.
 *
 * Owns: nothing but that. It is the only module that imports vitest.
 */
import { expect } from 'vitest'
import { executionSerializer } from './snapshots/execution-serializer.js'
import { matchers, type ExecutionMatchers } from './snapshots/matchers.js'

expect.extend(matchers)
expect.addSnapshotSerializer(executionSerializer)

declare module 'vitest' {
  interface Matchers<T> extends ExecutionMatchers<T> {}
}
