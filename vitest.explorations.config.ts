/** The workflows and the sound machines, disturbed at every point, under both of XState's builds. */
import { defineConfig } from 'vitest/config'
import { explorations, project } from './vitest.config.js'

export default defineConfig({
  test: { maxWorkers: '100%', projects: [project('development', [explorations]), project('production', [explorations])] },
})
