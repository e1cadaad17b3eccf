/** The workflows and the sound machines, disturbed at every point, under both of XState's builds; and the long trials of the kit, under one. */
import { defineConfig } from 'vitest/config'
import { explorations, project, trials } from './vitest.config.js'

export default defineConfig({
  test: {
    maxWorkers: '100%',
    projects: [project('development', [explorations]), project('production', [explorations, ...trials])],
  },
})
