/** `npm run test:laws`: every law, a thousand random runs each (`STATEWARD_RUNS`), on both stores and under both builds. */
import { defineConfig } from 'vitest/config'
import { project } from './vitest.config.js'

process.env['STATEWARD_RUNS'] ??= '1000'

const include = ['test/properties/**/*.test.ts']

export default defineConfig({
  test: { maxWorkers: '100%', projects: [project('development', include), project('production', include)] },
})
