/** The crash tests: real processes and real SIGKILL, against compiled sources, one file at a time. */
import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    name: 'crash',
    include: ['test/crash/**/*.test.ts'],
    pool: 'forks',
    fileParallelism: false,
    testTimeout: 120_000,
    hookTimeout: 60_000,
    retry: 0,
  },
})
