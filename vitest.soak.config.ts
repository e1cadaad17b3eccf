/** What takes long, or measures: one file at a time, with the machine to itself, against compiled sources as users run them. */
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

const built = (path: string) => fileURLToPath(new URL(`dist/${path}`, import.meta.url))

export default defineConfig({
  resolve: {
    alias: [
      { find: /^stateward$/, replacement: built('index.js') },
      { find: /^stateward\/testing$/, replacement: built('testing/index.js') },
    ],
  },
  test: {
    name: 'soak',
    include: ['test/soak/**/*.test.ts'],
    pool: 'forks',
    fileParallelism: false,
    testTimeout: 240_000,
    retry: 0,
  },
})
