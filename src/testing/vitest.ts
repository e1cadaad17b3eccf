/**
 * `stateward/testing/vitest`: teaches vitest the snapshot serialiser, for all tests of the file, or of
 * every file as one of `setupFiles`.
 *
 * Owns: nothing but that. It is the only module that imports vitest.
 */
import { expect } from 'vitest'
import { executionSerializer } from './snapshots/execution-serializer.js'

expect.addSnapshotSerializer(executionSerializer)
