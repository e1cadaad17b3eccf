/** `npm run test:quick`: one build of XState, without what plays through long worlds: under a minute on two cores. */
import { defineConfig } from 'vitest/config'
import { exclude, include, project, sharing } from './vitest.config.js'

/** Random laws, explorations, trials of stores, and pages whose code is run. */
const slow = [
  'test/properties/**',
  'test/workflows/**',
  'test/testing/explore/**',
  'test/docs/{testing,readme,examples,pages,compile}.test.ts',
  'test/examples/**',
  'test/public-api/**',
  'test/programs/{states,bare-logic,children}.test.ts',
]

export default defineConfig({
  test: { maxWorkers: '100%', projects: [sharing(project('production', include, [...exclude, ...slow]))] },
})
